"""`train` and `resume`."""

import argparse
import shlex
import tomllib
from typing import Any

from workbench.cli.exit_codes import DONE, FAILED, INTERRUPTED, RunFailedError
from workbench.cli.experiments import experiment_of
from workbench.cli.foreground import Foreground
from workbench.cli.output import Output
from workbench.cli.readers import EventReader
from workbench.cli.settings import apply_cache_limit, runs_folder
from workbench.errors import UserError
from workbench.events import Finished
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import find_run

_EXIT_CODES = {"completed": DONE, "stopped": INTERRUPTED, "failed": FAILED}


def train(arguments: argparse.Namespace, output: Output) -> int:
    """Train an experiment as a new run."""
    experiment = experiment_of(arguments)
    for change in arguments.changes:
        experiment = apply_change(experiment, change)
    return _train(TrainRequest(experiment, str(runs_folder(arguments))), output)


def resume(arguments: argparse.Namespace, output: Output) -> int:
    """Go on with a run."""
    if arguments.epochs < 0:
        raise UserError(_("--epochs takes a total number of epochs, not {value}.").format(value=arguments.epochs))
    run = find_run(arguments.run, runs_folder(arguments))
    return _train(ResumeRequest(str(run.path), arguments.epochs), output)


def apply_change(experiment: Experiment, change: str) -> Experiment:
    """The experiment with one `section.key=value` applied; the value is TOML, or a text without quotes.

    Raises:
        UserError: it is not of that form, there is no such setting, or it does not take that value.
    """
    path, equals, text = change.partition("=")
    path, text = path.strip(), text.strip()
    if not equals or not path:
        raise UserError(
            _("--set takes section.key=value, as in training.epochs=5, not {change!r}.").format(change=change)
        )
    value = toml_value(text)
    try:
        return experiment.changed(path, value)
    except UserError:
        # A name like 5 or 2024-01-01 reads as a number or a date, and is meant as a text.
        if isinstance(value, str | list | dict):
            raise
        try:
            return experiment.changed(path, text)
        except UserError:
            pass
        raise


def toml_value(text: str) -> Any:
    """The value of a setting as it is typed: TOML, or a text without quotes.

    Raises:
        UserError: there is more than one value.
    """
    try:
        values = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    if list(values) != ["value"]:  # a line break ends the value; what follows must not be lost without a word
        raise UserError(_(
            "--set takes one value, but {text!r} goes on after a line break. Give --set once for each setting."
        ).format(text=text))  # fmt: skip
    return values["value"]


def settings_of(changes: list[str], example: str) -> dict[str, Any]:
    """The settings given by `--set key=value`, by name.

    Raises:
        UserError: one is not of that form; the message shows `example`.
    """
    settings: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals or not name.strip():
            raise UserError(_("--set takes key=value, as in {example}, not {change!r}.").format(
                example=example, change=change))  # fmt: skip
        settings[name.strip()] = toml_value(text.strip())
    return settings


def _train(request: TrainRequest | ResumeRequest, output: Output) -> int:
    apply_cache_limit()
    reader = EventReader(output)
    try:
        Foreground().run(request, reader)
    finally:
        reader.close()
    end = reader.finished
    if end is None:
        raise RuntimeError("the training told no end")
    if not output.as_json:
        _tell_end(end, output, reader.at_once)
    if end.state == "failed":
        raise RunFailedError(end.message)
    return _EXIT_CODES[end.state]


def _tell_end(end: Finished, output: Output, at_once: bool) -> None:
    words = {"completed": _("Completed"), "stopped": _("Stopped"), "failed": _("Failed")}
    numbers = "  ".join(f"{name} {value:.4f}" for name, value in end.metrics.items() if isinstance(value, float))
    best = ""
    if end.best_epoch >= 0 and not at_once:
        best = _("best epoch {epoch}").format(epoch=end.best_epoch + 1)
    seconds = _("{seconds:.1f} s").format(seconds=end.seconds)
    output.line("  ".join(part for part in (f"{words[end.state]}:", seconds, best, numbers) if part))
    output.line(end.run)
    if end.state == "stopped":
        output.line(_("Go on with: workbench resume {run}").format(run=shlex.quote(end.run)))
