"""Makes the watch over a training: what it has to know of the experiment, its data and its network."""

from typing import Any

from workbench.architectures.summary import front_kinds, keras_table
from workbench.data.prepared import InputsOf
from workbench.events import Found
from workbench.registry import registry
from workbench.training.checkpoint import Checkpoint, read_checkpoint
from workbench.training.execution import Execution
from workbench.training.probe import Probe
from workbench.training.watch import Subject, Watch

_SAMPLES, _BATCH = 256, 32
_TARGETS = 512  # as many masks as need be read to know what guessing gives


def watch_over(execution: Execution) -> Watch:
    """A watch for a training that goes epoch by epoch."""
    experiment, prepared = execution.experiment, execution.prepared
    data, network = prepared.data, prepared.network
    task = registry().tasks.get(experiment.task.name)
    indices = data.splits["train"]
    if data.targets.ndim > 2:
        indices = indices[:: max(1, len(indices) // _TARGETS)]
    guessing = task.guessing(InputsOf(data.targets, indices)[:], data.target)

    def table() -> Any:
        return keras_table(network.model, front_kinds(data.input, experiment))

    probe = Probe(
        network.trainable,
        task.loss(experiment, data.target, network.from_logits),
        prepared.training.some(_SAMPLES, min(_BATCH, prepared.settings.batch_size)),
        experiment.training.precision,
    )
    steps = prepared.training.steps
    warmup = round(prepared.settings.warmup_epochs * steps)
    subject = Subject(experiment, data.input, data.target, guessing, table, warmup, steps)
    told = {event.finding["name"] for event in execution.folder.events() if isinstance(event, Found)}

    def saved() -> Checkpoint | None:
        path = execution.folder.checkpoint_path
        return read_checkpoint(path) if path.exists() else None

    return Watch(subject, probe, execution.teller.tell, execution.teller.log, told, saved)
