"""`diagnose`: what keeps an experiment from learning, before an hour is lost."""

import argparse
from pathlib import Path

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE, FOUND
from workbench.cli.finding_lines import described
from workbench.cli.output import Output
from workbench.cli.settings import runs_folder
from workbench.experiment import read_experiment
from workbench.finding import Finding
from workbench.i18n import _
from workbench.requests import DiagnoseRequest
from workbench.runs.folder import find_run


def diagnose(arguments: argparse.Namespace, output: Output) -> int:
    """Print what the checks find, the worst first; exit 0 when they find no fault."""
    findings: tuple[Finding, ...] = ask(_request(arguments), output)
    faults = sum(finding.severity != "information" for finding in findings)
    code = FOUND if faults else DONE
    if output.as_json:
        for finding in findings:
            output.record(finding.to_json())
        return code
    for finding in findings:
        for line in described(finding):
            output.line(line)
    if faults:
        output.line(_("Findings: {count}").format(count=faults))
    else:
        output.line(_("Nothing was found that would keep it from learning."))
    return code


def _request(arguments: argparse.Namespace) -> DiagnoseRequest:
    path = Path(arguments.subject).expanduser()
    if path.suffix == ".toml" or path.is_file():
        return DiagnoseRequest(read_experiment(path), read_data=not arguments.no_data, trial=arguments.trial)
    run = find_run(arguments.subject, runs_folder(arguments))
    return DiagnoseRequest(run.experiment(), run=str(run.path), read_data=not arguments.no_data, trial=arguments.trial)
