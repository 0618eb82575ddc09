"""`diagnose`: what keeps an experiment from learning, before an hour is lost."""

import argparse
import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE, FOUND
from workbench.cli.finding_lines import described
from workbench.cli.output import Output
from workbench.cli.saving import made, save_all
from workbench.cli.settings import runs_folder
from workbench.cli.training import settings_of
from workbench.diagnosis.tried import Tried
from workbench.errors import UserError
from workbench.experiment import Experiment, read_experiment
from workbench.finding import Finding
from workbench.i18n import _
from workbench.requests import DiagnoseRequest, FindRateRequest, OneBatchRequest
from workbench.runs.folder import find_run

_TRIES = (
    ("find_rate", FindRateRequest, "workbench.diagnosis.rate_finder:RateFinderSection"),
    ("one_batch", OneBatchRequest, "workbench.diagnosis.one_batch:OneBatchSection"),
)


def diagnose(arguments: argparse.Namespace, output: Output) -> int:
    """Print what the checks find, the worst first; exit 0 when they find no fault."""
    request = _request(arguments)
    tries = _tries(arguments, request.experiment)
    folder = made(Path(arguments.out).expanduser()) if arguments.out else None
    findings = _shown(ask(request, output), output)
    files: list[str] = []
    for name, asked in tries:
        tried: Tried = ask(asked, output)
        findings += _shown([finding for finding in tried.findings if finding not in findings], output)
        files += save_all(tried.figures, folder, name) if folder is not None else []
    faults = sum(finding.severity != "information" for finding in findings)
    if output.as_json:
        for path in files:
            output.record({"file": path})
        return FOUND if faults else DONE
    for path in files:
        output.line(path)
    if faults:
        output.line(_("Findings: {count}").format(count=faults))
    else:
        output.line(_("Nothing was found that would keep it from learning."))
    return FOUND if faults else DONE


def _shown(findings: Iterable[Finding], output: Output) -> list[Finding]:
    shown = list(findings)
    for finding in shown:
        if output.as_json:
            output.record(finding.to_json())
            continue
        for line in described(finding):
            output.line(line)
    return shown


def _request(arguments: argparse.Namespace) -> DiagnoseRequest:
    path = Path(arguments.subject).expanduser()
    if path.suffix == ".toml" or path.is_file():
        return DiagnoseRequest(read_experiment(path), read_data=not arguments.no_data, trial=arguments.trial)
    run = find_run(arguments.subject, runs_folder(arguments))
    return DiagnoseRequest(run.experiment(), run=str(run.path), read_data=not arguments.no_data, trial=arguments.trial)


def _tries(arguments: argparse.Namespace, experiment: Experiment) -> list[tuple[str, Any]]:
    """The checks that train for some steps, as requests by the names of their files."""
    params = settings_of(arguments.changes, "lowest=1e-5")
    if not arguments.find_rate and not arguments.one_batch:
        if params or arguments.out:
            raise UserError(_("--set and --out belong to --find-rate and --one-batch: give one of them, too."))
        return []
    if arguments.no_data:
        raise UserError(_("--find-rate and --one-batch train for some steps and need the data. Leave out --no-data."))
    wanted = [part for part in _TRIES if getattr(arguments, part[0])]
    known = {name: set(_fields(section)) for name, _request, section in wanted}
    tries = []
    for name, request, _section in wanted:
        of_others = set().union(*known.values()) - known[name]
        mine = {key: value for key, value in params.items() if key not in of_others}
        tries.append((name, request(experiment, mine)))
    return tries


def _fields(place: str) -> Iterable[str]:
    """The names of the settings of a section, given as `module:class`."""
    module, _colon, name = place.partition(":")
    return getattr(importlib.import_module(module), name).model_fields
