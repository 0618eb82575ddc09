"""`runs`: list, rename, delete, tag, group and note; comparing them is in `runs_compare`."""

import argparse
import dataclasses
import datetime

from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.readers import duration
from workbench.cli.runs_compare import compare_runs, report_runs
from workbench.cli.settings import runs_folder
from workbench.cli.tables import print_table
from workbench.errors import UserError
from workbench.i18n import _
from workbench.runs.folder import find_run
from workbench.runs.index import delete_run, list_runs, rename_run
from workbench.runs.notes import NotesChange, change_notes, read_notes
from workbench.runs.query import filtered


def runs(arguments: argparse.Namespace, output: Output) -> int:
    """Do what is asked; without an action, list.

    Raises:
        UserError: something else than a folder of runs was named.
    """
    folder = runs_folder(arguments)
    if folder.exists() and not folder.is_dir():
        raise UserError(_("{path} is not a folder. Name the folder in which the runs are.").format(path=folder))
    match arguments.action:
        case "rename":
            _rename(arguments, output)
        case "delete":
            _delete(arguments, output)
        case "tag":
            _tag(arguments, output)
        case "group":
            _change(arguments, arguments.names, NotesChange(group=arguments.to), output)
        case "note":
            _note(arguments, output)
        case "compare":
            compare_runs(arguments, output)
        case "report":
            report_runs(arguments, output)
        case _:
            _list(arguments, output)
    return DONE


def _list(arguments: argparse.Namespace, output: Output) -> None:
    text = getattr(arguments, "filter", "")  # `runs` alone lists, too
    every = list_runs(runs_folder(arguments))
    found = filtered(every, text) if text else every
    if output.as_json:
        for run in found:
            output.record(dataclasses.asdict(run))
        return
    if not found:
        if every:
            output.line(_("None of the {count} runs is like that.").format(count=len(every)))
        else:
            output.line(_("There are no runs in {folder}.").format(folder=runs_folder(arguments)))
        return
    noted = any(run.group or run.tags for run in found)
    rows = [
        (
            run.name,
            run.state,
            run.dataset,
            run.architecture,
            f"{run.epochs_done}/{run.epochs}",
            run.metric_name,
            run.metric,
            duration(run.seconds),
            _day(run.created),
            *((run.group, ", ".join(run.tags)) if noted else ()),
        )
        for run in found
    ]
    columns = (_("Name"), _("State"), _("Dataset"), _("Architecture"), _("Epochs"), _("Metric"), _("Best"), _("Time"))
    print_table(output, (*columns, _("Begun"), *((_("Group"), _("Tags")) if noted else ())), rows)
    for run in found:
        if run.problem:
            output.line(f"{run.name}: {run.problem}")


def _day(created: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):  # a number in the run's files that is no time
        return "-"


def _rename(arguments: argparse.Namespace, output: Output) -> None:
    renamed = rename_run(find_run(arguments.run, runs_folder(arguments)), arguments.name)
    if output.as_json:
        output.record({"run": str(renamed.path), "name": renamed.name})
    else:
        output.line(str(renamed.path))


def _delete(arguments: argparse.Namespace, output: Output) -> None:
    # All names are looked up first: a typo in the last one must not leave half of the work done.
    for run in [find_run(name, runs_folder(arguments)) for name in arguments.names]:
        delete_run(run)
        if output.as_json:
            output.record({"deleted": str(run.path)})
        else:
            output.line(_("{name} is in the trash now.").format(name=run.name))


def _tag(arguments: argparse.Namespace, output: Output) -> None:
    if not arguments.add and not arguments.remove:
        raise UserError(_("Say which tags: --add TAG or --remove TAG."))
    _change(arguments, arguments.names, NotesChange(add=tuple(arguments.add), remove=tuple(arguments.remove)), output)


def _note(arguments: argparse.Namespace, output: Output) -> None:
    if arguments.text is not None:
        _change(arguments, [arguments.run], NotesChange(note=arguments.text), output)
        return
    run = find_run(arguments.run, runs_folder(arguments))
    notes = read_notes(run.path)
    if output.as_json:
        output.record({"run": str(run.path), **dataclasses.asdict(notes)})
    else:
        output.line(notes.note)


def _change(arguments: argparse.Namespace, names: list[str], change: NotesChange, output: Output) -> None:
    # All names are looked up first: a typo in the last one must not leave half of the work done.
    found = [find_run(name, runs_folder(arguments)) for name in names]
    change_notes([run.path for run in found], change)
    for run in found:
        notes = read_notes(run.path)
        if output.as_json:
            output.record({"run": str(run.path), **dataclasses.asdict(notes)})
        else:
            parts = (run.name, notes.group, ", ".join(notes.tags), notes.note.partition("\n")[0])
            output.line("  ".join(part for part in parts if part))
