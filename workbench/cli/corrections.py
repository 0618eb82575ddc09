"""`corrections`: samples to leave out and labels to change, in a list beside the data."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.settings import runs_folder
from workbench.cli.tables import print_table
from workbench.errors import UserError
from workbench.experiment import Experiment, read_experiment
from workbench.experiment_toml import write_experiment
from workbench.i18n import _
from workbench.inspection.samples.correcting import ListChange, lines_of, place_of_list
from workbench.requests import CorrectRequest
from workbench.runs.folder import find_run


def corrections(arguments: argparse.Namespace, output: Output) -> int:
    """List the corrections of an experiment's data, or change them."""
    experiment, run = _subject(arguments)
    if arguments.action == "list":
        return _list(experiment, arguments, output)
    if arguments.action == "relabel" and not arguments.label:
        raise UserError(_("Name the new class: --label CLASS."))
    if arguments.samples and not run:
        raise UserError(_("--sample N counts in the split of a run. Name a run, or name the sample."))
    request = CorrectRequest(
        experiment,
        arguments.action,
        names=tuple(arguments.names),
        run=run,
        samples=tuple((arguments.split, number) for number in arguments.samples),
        label=arguments.label,
        note=arguments.note,
    )
    change: ListChange = ask(request, output)
    written = bool(arguments.write) and not run
    if written:
        named = {"file": change.file, "digest": ""}
        corrected = experiment.model_copy(update={"corrections": experiment.corrections.model_copy(update=named)})
        write_experiment(corrected, Path(arguments.subject).expanduser())
    if output.as_json:
        lines = [asdict(line) for line in change.after]
        output.record({"file": change.file, "names": list(change.names), "now": lines, "lines": change.lines})
        return DONE
    if not change.corrected:
        output.line(_("Nothing changed: the label is {label} already.").format(label=request.label))
        return DONE
    output.line(_("Changed: {count}. The list has {lines} lines now: {file}").format(
        count=change.corrected, lines=change.lines, file=change.file))  # fmt: skip
    used = experiment.corrections.file and not experiment.corrections.digest
    if not used and not written:
        text = _(
            "It is used by experiments that name it: workbench train EXPERIMENT.toml --set corrections.file={file}"
        )
        output.line(text.format(file=change.file))
    return DONE


def _subject(arguments: argparse.Namespace) -> tuple[Experiment, str]:
    """The experiment in the file that is named, or that of a run, with the run's folder."""
    if arguments.subject.endswith(".toml"):
        return read_experiment(Path(arguments.subject).expanduser()), ""
    run = find_run(arguments.subject, runs_folder(arguments))
    if arguments.write:
        raise UserError(_("--write is for an experiment's file; a run stays what it was."))
    return run.experiment(), str(run.path)


def _list(experiment: Experiment, arguments: argparse.Namespace, output: Output) -> int:
    if arguments.names or arguments.samples:
        raise UserError(_("`list` takes no samples. What is to be done with them: exclude, relabel or remove?"))
    lines: Sequence = lines_of(experiment)
    if output.as_json:
        for line in lines:
            output.record(asdict(line))
        return DONE
    output.line(str(place_of_list(experiment)))
    rows = [(line.name, line.action, line.label, line.note, line.date) for line in lines]
    if rows:
        print_table(output, (_("Sample"), _("Action"), _("Label"), _("Note"), _("Date")), rows)
    else:
        output.line(_("Nothing is corrected."))
    return DONE
