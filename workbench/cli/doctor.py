"""`doctor`. Imports as little as possible: it is asked when something is broken."""

import argparse
import dataclasses

from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.settings import runs_folder
from workbench.doctor import examine


def doctor(arguments: argparse.Namespace, output: Output) -> int:
    """Tell what is installed, what is missing and where things lie."""
    section = ""
    for finding in examine(runs_folder(arguments)):
        if output.as_json:
            output.record(dataclasses.asdict(finding))
            continue
        if finding.section != section:
            output.line(f"{chr(10) if section else ''}{finding.section}")
            section = finding.section
        output.line(f"{' ' if finding.state == 'ok' else '!'} {finding.name}: {finding.value}")
        if finding.advice:
            output.line(f"    {finding.advice}")
    return DONE
