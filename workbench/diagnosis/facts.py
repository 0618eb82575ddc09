"""What is known of an experiment before it is trained, as far as it is known without the data and without Keras."""

from dataclasses import dataclass
from typing import Any

from workbench.architectures.layers import Layer
from workbench.architectures.table import LayerRow, LayerTable, extra_layers, hidden_layers, layer_table
from workbench.data.expected import expected_target
from workbench.data.report import DataReport
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.specs import InputSpec, OutputSpec, TargetSpec

_WEIGHTED = ("convolution", "conv2d", "separableconv", "depthwiseconv", "dense")
_JOINING = ("add", "concatenate", "multiply", "average", "maximum")


@dataclass(frozen=True)
class Facts:
    """An experiment with what follows from it.

    Attributes:
        experiment: what is looked at.
        input: what enters the network; None while the data have to be read for that.
        target: what is learned; a stand-in of the usual number of classes while the data are not read.
        output: what the network has to give; None where the target cannot be learned.
        table: its layers, or None where nobody counted them.
        problem: why the network cannot be built, or empty.
        report: of its data, or None.
        memory_bytes: free on the device that trains, 0 where unknown.
        factors: of the rescaling layers inside of a network that Keras code built.
    """

    experiment: Experiment
    input: InputSpec | None
    target: TargetSpec
    output: OutputSpec | None
    table: LayerTable | None = None
    problem: str = ""
    report: DataReport | None = None
    memory_bytes: int = 0
    factors: tuple[float, ...] = ()

    @property
    def uses_mini_batches(self) -> bool:
        """Whether it is trained as usual: by an optimizer with mini-batches."""
        uses = registry().trainers.get(self.experiment.trainer.name).uses
        return not uses or {"optimizer", "batch_size"} <= set(uses)

    @property
    def scales_itself(self) -> bool:
        """Whether the network scales its input by itself, as a base with weights does."""
        return registry().architectures.get(self.experiment.architecture.name).own_scaling

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """The layers before the output layer as far as they are specs: a builder's own are left out."""
        try:
            return (*(hidden_layers(self.experiment) or ()), *extra_layers(self.experiment))
        except UserError:
            return ()

    @property
    def rows(self) -> tuple[LayerRow, ...]:
        """The rows of the layer table."""
        return self.table.rows if self.table is not None else ()


def gather(experiment: Experiment, report: DataReport | None = None, **more: Any) -> Facts:
    """The facts of an experiment in plain Python; `more` are attributes of `Facts` that somebody found out.

    Where no `table` is given, the layers are counted if they can be without Keras.
    """
    kind = registry().inputs.get(registry().datasets.get(experiment.dataset.name).input_kind)
    task = registry().tasks.get(experiment.task.name)
    if report is not None and (report.input.kind != kind.name or report.target.kind != task.learns.kind):
        report = None  # of another dataset
    input = kind.planned(experiment.preprocessing) or (report.input if report is not None else None)
    target = report.target if report is not None else expected_target(experiment).target
    found: dict[str, Any] = {"table": None, "problem": ""}
    output = None
    try:
        output = task.output(target)
        if input is not None and "table" not in more:
            found["table"] = layer_table(experiment, input, output)
    except UserError as error:
        found["problem"] = str(error)
    found = {**found, **more}
    if found["table"] is not None and found["table"].problem:
        found["problem"] = found["table"].problem
    return Facts(experiment, input, target, output, report=report, **found)


def is_weighted(row: LayerRow) -> bool:
    """Whether a layer multiplies by weights: a convolution or a dense layer, by Keras or by us."""
    return _plain(row.kind).startswith(_WEIGHTED)


def is_normalization(row: LayerRow) -> bool:
    """Whether a layer inside of the network brings its values to one range."""
    return "normalization" in _plain(row.kind)


def joins(row: LayerRow) -> bool:
    """Whether branches come together here, so that a gradient has a short way round."""
    return _plain(row.kind) in _JOINING


def _plain(kind: str) -> str:
    return kind.replace("_", "").lower()
