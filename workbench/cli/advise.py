"""`advise`: how to use a trained network for an experiment's data, and the experiment that does it."""

import argparse
from pathlib import Path

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.experiments import experiment_of
from workbench.cli.output import Output
from workbench.diagnosis.adviser import Advice
from workbench.errors import UserError
from workbench.experiment_toml import write_experiment
from workbench.i18n import _
from workbench.requests import AdviseRequest


def advise(arguments: argparse.Namespace, output: Output) -> int:
    """Print the advice with its reasons and what it sets; with --write, also the experiment."""
    if arguments.samples < 0 or arguments.classes < 0:
        raise UserError(_("A number of samples or classes is at least 1; leave it out to let them be counted."))
    request = AdviseRequest(
        experiment_of(arguments), arguments.similar, arguments.base, arguments.samples, arguments.classes
    )
    advice: Advice = ask(request, output)
    written = ""
    if arguments.write is not None:
        written = arguments.write or arguments.experiment
        _write(Path(written).expanduser(), advice)
    if output.as_json:
        output.record({**advice.to_json(), "written": written})
        return DONE
    _print(output, advice)
    if written:
        output.line("\n" + _("Written: {path}").format(path=written))
    return DONE


def _print(output: Output, advice: Advice) -> None:
    output.line(advice.title)
    for reason in advice.reasons:
        output.line(f"  {reason}")
    output.line()
    for path, value in advice.changes.items():
        output.line(f"  {path} = {value if value not in ('', (), [], None) else '-'}")


def _write(path: Path, advice: Advice) -> None:
    try:
        write_experiment(advice.experiment, path)
    except OSError as error:
        raise UserError(_("{path} cannot be written: {error}").format(path=path, error=error)) from None
