"""`evaluate`, `predict`, `inspect`: what a trained model can do, and why."""

import argparse
import csv
import itertools
import re
from pathlib import Path
from typing import Any

from workbench.cli.answers import ask
from workbench.cli.exit_codes import BAD_INPUT, DONE
from workbench.cli.output import Output
from workbench.cli.saving import endings_of, made, save_all, unfolded
from workbench.cli.settings import runs_folder
from workbench.cli.tables import print_table
from workbench.cli.training import settings_of
from workbench.errors import UserError
from workbench.figures import Table
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import EvaluateRequest, InspectRequest, PredictRequest
from workbench.runs.folder import find_run

_QUOTED_VALUE = re.compile(r'(^|,)\s*([^",=]+)=\s*"')  # colour="light, dark", which is no CSV


def evaluate(arguments: argparse.Namespace, output: Output) -> int:
    """Judge a run's best model on a split."""
    run = str(find_run(arguments.run, runs_folder(arguments)).path)
    endings = endings_of(arguments.formats)
    folder = made(Path(arguments.out).expanduser()) if arguments.out else None
    evaluation = ask(EvaluateRequest(run, arguments.split), output)
    files = [] if folder is None else save_all(evaluation.figures, folder, endings=endings)
    if output.as_json:
        written = {"files": files} if folder is not None else {}
        output.record({"run": run, "split": arguments.split, **evaluation.numbers, **written})
        return DONE
    numbers = "  ".join(f"{name} {value:.4f}" for name, value in evaluation.numbers.items())
    output.line(f"{arguments.split}  {numbers}")
    for figure in unfolded(evaluation.figures):
        if isinstance(figure, Table):
            output.line(f"\n{figure.title}")
            print_table(output, figure.columns, figure.rows)
    for path in files:
        output.line(path)
    return DONE


def predict(arguments: argparse.Namespace, output: Output) -> int:
    """Predict pictures or rows, a line each. Bad input only when not one of them could be read."""
    if arguments.top < 1:
        raise UserError(_("--top takes 1 or more, not {value}.").format(value=arguments.top))
    if not all(path.strip() for path in arguments.paths):
        raise UserError(_("An empty text is no file: name files or folders; . is the folder you are in."))
    rows = tuple(row_of(text) for text in arguments.rows)
    folder = made(Path(arguments.save).expanduser()) if arguments.save else None
    request = PredictRequest(model_of(arguments), tuple(arguments.paths), top=arguments.top, rows=rows)
    items = ask(request, output).items
    taken: set[str] = set()
    for number, item in enumerate(items, 1):
        files: list[str] = []
        if folder is not None and item.answer is not None:
            files = save_all(item.answer.figures, folder, _free_name(Path(item.path).stem or str(number), taken))
        place = " ".join(part for part in (item.path, item.name) if part) or str(number)
        if output.as_json:
            output.record({**item.to_json(), **({"files": files} if folder is not None else {})})
        else:
            output.line(f"{place}\t-\t{item.error}" if item.answer is None else f"{place}\t{item.answer.text}")
    return DONE if any(item.answer is not None for item in items) else BAD_INPUT


def inspect(arguments: argparse.Namespace, output: Output) -> int:
    """Look into a model and write what is seen into a folder."""
    subject = registry().inspectors.get(arguments.method).subject
    if subject == "sample" and arguments.path is None and arguments.sample is None:
        raise UserError(_("Say what to look at: a picture, or --sample N of the run's own data."))
    if subject == "sample" and arguments.path is not None and arguments.sample is not None:
        raise UserError(_("Give either a picture or --sample N, and not both."))
    if subject != "sample" and not (arguments.path is None and arguments.sample is None):
        text = _("{method} looks at no single sample. Leave the picture and --sample away.")
        raise UserError(text.format(method=arguments.method))
    if arguments.path is not None and not arguments.path.strip():
        raise UserError(_("An empty text is no picture: name a file."))
    chosen = {"layer": arguments.layer, "target": arguments.target}
    params = {name: value for name, value in chosen.items() if value} | settings_of(arguments.changes, "count=16")
    request = InspectRequest(
        model_of(arguments),
        arguments.method,
        params,
        path=arguments.path or "",
        split=arguments.split,
        sample=arguments.sample or 0,
    )
    endings = endings_of(arguments.formats)
    folder = made(Path(arguments.out).expanduser())
    answer = ask(request, output)
    files = save_all(answer.figures, folder, endings=endings)
    if output.as_json:
        values = {"method": arguments.method, "layer": answer.layer, "target": answer.target, "files": files}
        notes = [figure.words for figure in answer.figures]
        output.record(values | {"layers": list(answer.layers), "notes": notes})
        return DONE
    about = [part for part in (answer.layer, answer.target) if part]
    output.line("  ".join((arguments.method, *about)))
    for figure in answer.figures:
        if figure.words:
            output.line(f"{figure.title}: {figure.words}")
    for path in files:
        output.line(path)
    return DONE


def model_of(arguments: argparse.Namespace) -> str:
    """A run, or a `.keras` file by itself."""
    path = Path(arguments.run).expanduser()
    if path.is_file():
        return str(path.resolve())
    return str(find_run(arguments.run, runs_folder(arguments)).path)


def row_of(text: str) -> dict[str, Any]:
    """A row from `column=value,column=value`; quotes around a pair or a value keep commas together, as in a CSV.

    Raises:
        UserError: it is not of that form, or a column comes twice.
    """
    quoted = _QUOTED_VALUE.sub(r'\1"\2=', text)
    pairs = [cell.partition("=") for cell in next(csv.reader([quoted], skipinitialspace=True), [])]
    if not pairs or any(not equals for _name, equals, _value in pairs):
        raise UserError(_('--row takes column=value,column=value, as in --row "area=80,rooms=3", not {text!r}.').format(
            text=text))  # fmt: skip
    names = [name.strip() for name, _equals, _value in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(_("--row gives {name!r} twice, in {text!r}. Give --row once for each row.").format(
            name=twice, text=text))  # fmt: skip
    return {name: value.strip() or None for name, (_name, _equals, value) in zip(names, pairs, strict=True)}


def _free_name(name: str, taken: set[str]) -> str:
    """The name, numbered where it was given before."""
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    free = next(each for each in itertools.chain([name], numbered) if each not in taken)
    taken.add(free)
    return free
