"""`runs`: list, rename, delete and compare."""

import argparse
import dataclasses
import datetime

from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.readers import duration
from workbench.cli.settings import runs_folder
from workbench.cli.tables import print_table
from workbench.errors import UserError
from workbench.figures import Curves
from workbench.i18n import _
from workbench.runs.comparison import compare
from workbench.runs.folder import find_run
from workbench.runs.index import delete_run, list_runs, rename_run


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
        case "compare":
            _compare(arguments, output)
        case _:
            _list(arguments, output)
    return DONE


def _list(arguments: argparse.Namespace, output: Output) -> None:
    found = list_runs(runs_folder(arguments))
    if output.as_json:
        for run in found:
            output.record(dataclasses.asdict(run))
        return
    if not found:
        output.line(_("There are no runs in {folder}.").format(folder=runs_folder(arguments)))
        return
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
            datetime.datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M"),
        )
        for run in found
    ]
    columns = (_("Name"), _("State"), _("Dataset"), _("Architecture"), _("Epochs"), _("Metric"), _("Best"), _("Time"))
    print_table(output, (*columns, _("Begun")), rows)
    for run in found:
        if run.problem:
            output.line(f"{run.name}: {run.problem}")


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


def _compare(arguments: argparse.Namespace, output: Output) -> None:
    if len(arguments.names) < 2:
        raise UserError(_("Comparing takes two runs or more."))
    found = [find_run(name, runs_folder(arguments)) for name in arguments.names]
    comparison = compare([run.path for run in found])
    curves = [figure for figure in comparison.figures if isinstance(figure, Curves)]
    names = [run.name for run in found]
    if output.as_json:
        output.record(
            {
                "runs": [str(run.path) for run in found],
                "differences": {key: values for key, *values in comparison.differences},
                "stages": dict(zip(names, comparison.stages, strict=True)),
                "curves": {figure.title: {curve.name: list(curve.y) for curve in figure.curves} for figure in curves},
            }
        )
        return
    if comparison.differences:
        print_table(output, (_("Setting"), *names), comparison.differences)
    else:
        output.line(_("Their experiments are the same."))
    output.line()
    titles = dict.fromkeys(title for begun in comparison.stages for title in begun.values())
    if titles:
        # Of every run, the epoch from which on; counted from 1.
        begins = [{title: epoch + 1 for epoch, title in begun.items()} for begun in comparison.stages]
        rows = [(title, *(of_run.get(title, "-") for of_run in begins)) for title in titles]
        print_table(output, (_("Phase, from epoch"), *names), rows)
        output.line()
    rows = []
    for figure in curves:
        last = {curve.name: float(curve.y[-1]) for curve in figure.curves if len(curve.y)}
        rows.append((figure.title, *(last.get(name) for name in names)))
    print_table(output, (_("After the last epoch"), *names), rows)
