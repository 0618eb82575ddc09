"""`measure`: how many pictures a second architectures take on this machine."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbench.architectures.speeds import Speed
from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.tables import print_table
from workbench.errors import UserError
from workbench.experiment import Experiment, new_experiment, read_experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import MeasureRequest


def measure(arguments: argparse.Namespace, output: Output) -> int:
    """Measure architectures one after the other; each is kept, and told as soon as it is there."""
    experiment, own = _experiment(arguments)
    names = arguments.architectures or ([experiment.architecture.name] if arguments.experiment else [])
    if not names:
        raise UserError(_("Say what to measure: names of `workbench list architectures`, or --experiment."))
    architectures = [registry().architectures.get(name) for name in names]  # all names, before the first is measured
    speeds: list[Speed] = []
    for architecture in architectures:
        with_it = experiment
        if architecture.name != experiment.architecture.name:
            with_it = experiment.changed("architecture.name", architecture.name)
        at_its_own = own or architecture.card is None
        for speed in ask(MeasureRequest(with_it, own=at_its_own, standard=not at_its_own), output):
            speeds.append(speed)
            if output.as_json:
                output.record(speed.to_json())
    if not output.as_json:
        _print(output, speeds)
    return DONE


def _experiment(arguments: argparse.Namespace) -> tuple[Experiment, bool]:
    """What the architectures are put into, and whether they are measured at its input rather than the standard one."""
    experiment = new_experiment()
    if arguments.experiment:
        experiment = read_experiment(Path(arguments.experiment).expanduser())
    for path, value in _changes(arguments):
        experiment = experiment.changed(path, value)
    return experiment, bool(arguments.experiment or arguments.size)


def _changes(arguments: argparse.Namespace) -> Iterable[tuple[str, Any]]:
    if arguments.size:
        yield "preprocessing.height", arguments.size
        yield "preprocessing.width", arguments.size
        if not arguments.experiment:
            yield "preprocessing.channels", 3
    if arguments.batch:
        yield "training.batch_size", arguments.batch
    if arguments.device:
        yield "training.device", arguments.device


def _print(output: Output, speeds: list[Speed]) -> None:
    columns = (_("Architecture"), _("Pixels"), _("Batch"), _("Predicting, images/s"), _("Training, images/s"))
    rows = [
        (speed.case.architecture, f"{speed.case.height} x {speed.case.width} x {speed.case.channels}", speed.batch,
         rate(speed.predicting), rate(speed.training))
        for speed in speeds
    ]  # fmt: skip
    print_table(output, columns, rows)
    output.line(_("Measured on {processor}.").format(processor=speeds[0].processor))


def rate(images_per_second: float) -> str:
    """Images a second for people; `-` for none."""
    if not images_per_second:
        return "-"
    return f"{images_per_second:,.0f}" if images_per_second >= 20 else f"{images_per_second:.2g}"
