"""What the checks of a training are handed while it goes on."""

from dataclasses import dataclass, field

from workbench.architectures.table import LayerTable
from workbench.experiment import Experiment
from workbench.specs import InputSpec, TargetSpec
from workbench.training.fault import Fault
from workbench.training.probe import Look


@dataclass(frozen=True)
class Observed:
    """A training so far.

    Attributes:
        experiment: what was asked for.
        input: a sample at the network's input.
        target: what is learned.
        epoch: the present one, 0-based.
        steps: batches done since the very beginning; `warmup_steps` of them with a rate that rises.
        steps_of_an_epoch: how many batches it has.
        start: the own losses of the first batches; in a run that goes on, the mean of its first epoch.
        recent: the own losses of the latest batches, in order.
        metrics: `loss` and the task's metrics over the training samples of the present epoch so far.
        error: how much of the error of guessing is left by these metrics, as `Task.error` tells it; None where unknown.
        history: a row for every finished epoch.
        guessing: the metrics of the best answer that is the same for all samples.
        samples: seen in the present epoch; the metrics are of these.
        look: what was last seen of the layers, or None.
        thorough: whether this look was made on so many samples, just now, that it proves something.
        table: the layers of the network, where they were counted.
        fault: a loss that is no number, or None.
    """

    experiment: Experiment
    input: InputSpec
    target: TargetSpec
    epoch: int
    steps: int
    start: tuple[float, ...]
    recent: tuple[float, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    error: float | None = None
    history: tuple[dict[str, float], ...] = ()
    guessing: dict[str, float] = field(default_factory=dict)
    samples: int = 0
    look: Look | None = None
    thorough: bool = False
    table: LayerTable | None = None
    fault: Fault | None = None
    warmup_steps: int = 0
    steps_of_an_epoch: int = 1
