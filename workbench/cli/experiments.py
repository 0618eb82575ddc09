"""`new`, `data`, `summary`, `code`: what an experiment is, before it is trained."""

import argparse
from pathlib import Path

from workbench.architectures.fitting import begin_with
from workbench.architectures.table import LayerRow
from workbench.cli.answers import ask
from workbench.cli.exit_codes import BAD_INPUT, DONE
from workbench.cli.output import Output
from workbench.cli.tables import print_table
from workbench.experiment import Experiment, read_experiment
from workbench.experiment_toml import to_toml
from workbench.figures import Table
from workbench.i18n import _, counted
from workbench.recipes import recipe
from workbench.requests import CodeRequest, DataRequest, SummaryRequest


def new(arguments: argparse.Namespace, output: Output) -> int:
    """Print a complete, commented experiment."""
    if arguments.recipe:
        experiment = recipe(arguments.recipe).experiment()
    else:
        experiment = begin_with(arguments.dataset, arguments.architecture)
    output.raw(to_toml(experiment))
    return DONE


def data(arguments: argparse.Namespace, output: Output) -> int:
    """Print what there is to learn from."""
    report = ask(DataRequest(experiment_of(arguments), gallery=0), output)
    if output.as_json:
        output.record(report.to_json())
        return DONE
    shape = "x".join(str(side) for side in report.input.shape)
    counts = [counted("{samples} sample", "{samples} samples", report.samples).format(samples=report.samples)]
    if report.classes:
        classes = len(report.classes)
        counts.append(counted("{classes} class", "{classes} classes", classes).format(classes=classes))
    output.line(", ".join([*counts, _("input {shape}").format(shape=shape)]))
    output.line("  ".join(f"{name} {count}" for name, count in report.splits.items()))
    if report.classes:
        print_table(output, (_("Class"), _("Samples")), report.classes.items())
    for table in report.figures:
        if isinstance(table, Table) and table.rows:
            output.line(f"\n{table.title}")
            print_table(output, table.columns, table.rows)
    if report.corrections:
        used = [line.correction.action for line in report.corrections if not line.problem]
        excluded, relabelled = used.count("exclude"), used.count("relabel")
        parts = (
            counted("{count} sample left out", "{count} samples left out", excluded).format(count=excluded),
            counted("{count} label changed", "{count} labels changed", relabelled).format(count=relabelled),
            _("{count} without effect").format(count=len(report.corrections) - len(used)),
        )
        output.line("\n" + _("Corrections: {parts}").format(parts=", ".join(parts)))
    if report.problems:
        output.line("\n" + _("Left out or doubtful: {count}").format(count=len(report.problems)))
        for problem in report.problems:
            output.line(f"  {problem.where}: {problem.reason}")
    if report.leaks:
        output.line("\n" + _("The same picture in two splits: {count}").format(count=len(report.leaks)))
        for first, second in report.leaks:
            output.line(f"  {first} = {second}")
    return DONE


def summary(arguments: argparse.Namespace, output: Output) -> int:
    """Print the layer table; a network that cannot be built is bad input."""
    table = ask(SummaryRequest(experiment_of(arguments)), output)
    code = BAD_INPUT if any(row.problem for row in table.rows) else DONE
    if output.as_json:
        output.record(table.to_json())
        return code
    rows = [(row.name, _kind(row), _shape(row.output_shape), f"{row.parameters:,}", row.problem) for row in table.rows]
    columns = (_("Layer"), _("Kind"), _("Output"), _("Parameters"), _("Problem"))
    shown = len(columns) if code else len(columns) - 1
    print_table(output, columns[:shown], [row[:shown] for row in rows])
    output.line(_("{total:,} parameters, {trainable:,} trainable").format(total=table.total, trainable=table.trainable))
    if table.frozen:
        output.line(_("{frozen:,} frozen").format(frozen=table.frozen))
    return code


def _kind(row: LayerRow) -> str:
    return _("{kind}, frozen").format(kind=row.kind) if row.frozen else row.kind


def code(arguments: argparse.Namespace, output: Output) -> int:
    """Print the experiment as a Keras script."""
    text = ask(CodeRequest(experiment_of(arguments)), output)
    output.raw(text if text.endswith("\n") else text + "\n")
    return DONE


def experiment_of(arguments: argparse.Namespace) -> Experiment:
    """The experiment in the file the user names."""
    return read_experiment(Path(arguments.experiment).expanduser())


def _shape(shape: tuple[int | None, ...]) -> str:
    return " x ".join("?" if side is None else str(side) for side in shape) or "-"
