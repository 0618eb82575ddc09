"""`export`: a run's model, or what its training told, in a format of others; also a model file of no run."""

import argparse

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE, RunFailedError
from workbench.cli.models import model_of
from workbench.cli.output import Output
from workbench.doctor import readable_bytes
from workbench.export.exporter import DiffersError
from workbench.requests import ExportRequest


def export(arguments: argparse.Namespace, output: Output) -> int:
    """Write it and tell how it compares with the model."""
    try:
        done = ask(ExportRequest(model_of(arguments), arguments.format, arguments.out, arguments.force), output)
    except DiffersError as error:  # nothing was wrong with what was asked for
        raise RunFailedError(str(error)) from error
    if output.as_json:
        output.record(done.to_json())
        return DONE
    output.line(f"{done.path}  {readable_bytes(done.bytes)}")
    if done.check is not None:
        output.line(done.check.text())
    for note in done.notes:
        output.line(note)
    return DONE
