"""Asks a job that is no training, showing how far it is."""

from typing import Any

from workbench.cli.foreground import Foreground
from workbench.cli.output import Output
from workbench.cli.readers import ProgressReader
from workbench.cli.settings import apply_cache_limit


def ask(request: Any, output: Output) -> Any:
    """The job's answer."""
    apply_cache_limit()
    reader = ProgressReader(output)
    try:
        return Foreground().run(request, reader)
    finally:
        reader.close()
