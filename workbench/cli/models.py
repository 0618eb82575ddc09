"""`evaluate`, `predict`, `inspect`: what a trained model can do, and why."""

import argparse
import re
from pathlib import Path
from typing import Any

from workbench.cli.answers import ask
from workbench.cli.exit_codes import BAD_INPUT, DONE
from workbench.cli.output import Output
from workbench.cli.settings import runs_folder
from workbench.cli.tables import print_table
from workbench.errors import UserError
from workbench.figure_files import save_figure
from workbench.figures import Figure, Table
from workbench.i18n import _
from workbench.requests import EvaluateRequest, InspectRequest, PredictRequest
from workbench.runs.folder import find_run


def evaluate(arguments: argparse.Namespace, output: Output) -> int:
    """Judge a run's best model on a split."""
    run = str(find_run(arguments.run, runs_folder(arguments)).path)
    evaluation = ask(EvaluateRequest(run, arguments.split), output)
    if output.as_json:
        output.record({"run": run, "split": arguments.split, **evaluation.numbers})
        return DONE
    numbers = "  ".join(f"{name} {value:.4f}" for name, value in evaluation.numbers.items())
    output.line(f"{arguments.split}  {numbers}")
    for figure in evaluation.figures:
        if isinstance(figure, Table):
            output.line(f"\n{figure.title}")
            print_table(output, figure.columns, figure.rows)
    return DONE


def predict(arguments: argparse.Namespace, output: Output) -> int:
    """Predict pictures, a line each. Bad input only when not one of them could be read."""
    if arguments.top < 1:
        raise UserError(_("--top takes 1 or more, not {value}.").format(value=arguments.top))
    if not all(path.strip() for path in arguments.paths):
        raise UserError(_("An empty text is no picture: name files or folders; . is the folder you are in."))
    request = PredictRequest(model_of(arguments), tuple(arguments.paths), top=arguments.top)
    items = ask(request, output).items
    for item in items:
        if output.as_json:
            output.record(item.to_json())
        elif item.answer is None:
            output.line(f"{item.path}\t-\t{item.error}")
        else:
            output.line(f"{item.path}\t{item.answer.text}")
    return DONE if any(item.answer is not None for item in items) else BAD_INPUT


def inspect(arguments: argparse.Namespace, output: Output) -> int:
    """Look into a model and write what is seen into a folder."""
    if (arguments.path is None) == (arguments.sample is None):
        raise UserError(_("Give either a picture or --sample N, and not both."))
    if arguments.path is not None and not arguments.path.strip():
        raise UserError(_("An empty text is no picture: name a file."))
    params = {"layer": arguments.layer, "target": arguments.target}
    request = InspectRequest(
        model_of(arguments),
        arguments.method,
        {name: value for name, value in params.items() if value},
        path=arguments.path or "",
        split=arguments.split,
        sample=arguments.sample or 0,
    )
    folder = _made(Path(arguments.out).expanduser())
    answer = ask(request, output)
    files = [str(path) for number, figure in enumerate(answer.figures, 1) for path in _save(figure, number, folder)]
    if output.as_json:
        values = {"method": arguments.method, "layer": answer.layer, "target": answer.target, "files": files}
        output.record(values | {"layers": list(answer.layers)})
        return DONE
    about = [part for part in (answer.layer, answer.target) if part]
    output.line("  ".join((arguments.method, *about)))
    for path in files:
        output.line(path)
    return DONE


def model_of(arguments: argparse.Namespace) -> str:
    """A run, or a `.keras` file by itself."""
    path = Path(arguments.run).expanduser()
    if path.is_file():
        return str(path.resolve())
    return str(find_run(arguments.run, runs_folder(arguments)).path)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(_("The folder {path} cannot be made: {error}.").format(path=folder, error=error)) from None
    return folder


def _save(figure: Figure, number: int, folder: Path) -> list[Path]:
    """PNG for what is a picture, CSV for everything; their paths."""
    name = f"{number:02}_{_file_name(figure)}"
    saved: list[Any] = []
    for ending in ("png", "csv"):
        path = folder / f"{name}.{ending}"
        try:
            save_figure(figure, path)
        except UserError:
            if ending == "csv":
                raise
            continue  # a table is no picture
        saved.append(path)
    return saved


def _file_name(figure: Figure) -> str:
    text = re.sub(r"[^\w-]+", "_", figure.title.lower()).strip("_")
    return text[:60] or figure.kind
