"""`runs compare` and `runs report`: what differs between runs, what came of it, and where their models disagree."""

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.answers import ask
from workbench.cli.output import Output
from workbench.cli.saving import endings_of, made, save_all
from workbench.cli.settings import runs_folder
from workbench.cli.tables import print_table
from workbench.errors import UserError
from workbench.figures import Curves, Table
from workbench.i18n import _
from workbench.requests import ReportRequest, SideBySideRequest
from workbench.runs.comparison import Comparison, compare
from workbench.runs.folder import find_run


def compare_runs(arguments: argparse.Namespace, output: Output) -> None:
    """Compare two runs or more.

    Raises:
        UserError: fewer than two, or their models cannot be asked the same.
    """
    if len(arguments.names) < 2:
        raise UserError(_("Comparing takes two runs or more."))
    if arguments.samples < 0:
        raise UserError(_("--samples takes 1 or more, not {value}.").format(value=arguments.samples))
    endings = endings_of(arguments.formats)
    found = [find_run(name, runs_folder(arguments)) for name in arguments.names]
    paths = tuple(str(run.path) for run in found)
    folder = made(Path(arguments.out).expanduser()) if arguments.out else None
    comparison = compare(paths, arguments.over)
    answer = None
    if arguments.samples:
        request = SideBySideRequest(paths, arguments.split, arguments.samples, arguments.method)
        answer = ask(request, output)
    figures = (*comparison.figures, *(answer.figures if answer is not None else ()))
    files = save_all(figures, folder, endings=endings) if folder is not None else []
    if output.as_json:
        output.record({"runs": list(paths), **_values(comparison), **_answered(answer), **_written(files)})
        return
    _print(comparison, output)
    if answer is not None:
        output.line()
        output.line("\n".join((answer.summary, *answer.problems)))
        for figure in answer.figures:
            if isinstance(figure, Table):
                output.line()
                print_table(output, figure.columns, figure.rows)
    for path in files:
        output.line(path)


def report_runs(arguments: argparse.Namespace, output: Output) -> None:
    """Write a run, or several side by side, as one HTML file.

    Raises:
        UserError: there is no such run, or the file cannot be written.
    """
    if arguments.samples < 0:
        raise UserError(_("--samples takes 0 or more, not {value}.").format(value=arguments.samples))
    paths = tuple(str(find_run(name, runs_folder(arguments)).path) for name in arguments.names)
    out = str(Path(arguments.out).expanduser().absolute())
    path = ask(ReportRequest(paths, out, arguments.split, arguments.samples, arguments.method), output)
    if output.as_json:
        output.record({"runs": list(paths), "file": path})
    else:
        output.line(path)


def _values(comparison: Comparison) -> dict[str, Any]:
    curves = [figure for figure in comparison.figures if isinstance(figure, Curves)]
    return {
        "differences": {key: values for key, *values in comparison.differences},
        "results": {key: values for key, *values in comparison.results},
        "stages": dict(zip(comparison.names, comparison.stages, strict=True)),
        "curves": {figure.title: {curve.name: list(curve.y) for curve in figure.curves} for figure in curves},
    }


def _answered(answer: Any) -> dict[str, Any]:
    if answer is None:
        return {}
    return {"common": answer.common, "disagreements": answer.disagreements, "problems": list(answer.problems)}


def _written(files: list[str]) -> dict[str, Any]:
    return {"files": files} if files else {}


def _print(comparison: Comparison, output: Output) -> None:
    names = comparison.names
    if comparison.differences:
        print_table(output, (_("Setting"), *names), comparison.figures[0].rows)
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
    print_table(output, (_("Best model"), *names), comparison.results)
    output.line()
    rows = []
    for figure in comparison.figures:
        if isinstance(figure, Curves):
            last = {curve.name: float(curve.y[-1]) for curve in figure.curves if len(curve.y)}
            rows.append((figure.title, *(last.get(name) for name in names)))
    print_table(output, (_("After the last epoch"), *names), rows)
