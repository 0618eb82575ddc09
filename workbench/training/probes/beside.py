"""Sets up the probes beside a training, or refuses what they cannot look at before there is a run."""

from typing import Any

from workbench.architectures.assembly import Network
from workbench.data.batches import Batches
from workbench.data.prepared import PreparedData
from workbench.events import Note
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.runs.probe_files import ProbeFiles, forget_weights_beyond
from workbench.training.execution import Execution
from workbench.training.probe import Probe
from workbench.training.probes.plan import make_plan
from workbench.training.probes.recorder import AfterEpochs, Recorder
from workbench.training.ready import Prepared

_BATCH = 16  # training samples for the gradients: they are computed step by step, not compiled


def refuse_what_cannot_be_probed(experiment: Experiment, prepared: Prepared) -> None:
    """Raise `UserError` where a layer, a sample or the method of the probes does not exist."""
    if experiment.probes.active:
        make_plan(experiment, prepared.data, prepared.network.model, experiment.probes)


def probes_beside(execution: Execution, epochs_done: int) -> AfterEpochs | None:
    """What a training that goes epoch by epoch does for its probes after each; None where nothing is asked for.

    Args:
        execution: the training, its network compiled.
        epochs_done: where it goes on.
    """
    settings, folder = execution.experiment.probes, execution.folder
    if not (settings.active or settings.keep_weights):
        return None
    forget_weights_beyond(folder.path, epochs_done)
    recorder = None
    model = execution.prepared.network.model
    if settings.active:
        plan = make_plan(execution.experiment, execution.prepared.data, model, settings)
        files = ProbeFiles(folder.path)
        teller = execution.teller
        prepared = execution.prepared
        probe = probe_of(execution.experiment, prepared.data, prepared.network, prepared.training)
        recorder = Recorder(plan, probe, files, teller.tell, teller.log, execution.control)
        recorder.go_on(epochs_done)

    def weights() -> list[Any]:
        return model.weights

    return AfterEpochs(
        recorder,
        settings.every,
        weights if settings.keep_weights else None,
        str(folder.path),
        execution.teller.tell,
        execution.teller.log,
    )


def probe_of(experiment: Experiment, data: PreparedData, network: Network, training: Batches) -> Probe:
    """Gives the gradients of the loss on a few training samples."""
    task = registry().tasks.get(experiment.task.name)
    return Probe(
        network.trainable,
        task.loss(experiment, data.target, network.from_logits),
        training.some(_BATCH, _BATCH),
        experiment.training.precision,
    )


def tell_that_there_are_no_epochs(execution: Execution) -> None:
    """Say that a trainer which finds all weights at once has nothing to be played back, where that was asked for."""
    settings = execution.experiment.probes
    if settings.active or settings.keep_weights:
        text = _("The trainer {name} finds all weights at once: there are no epochs to look at, and nothing to play.")
        execution.teller.tell(Note(text.format(name=execution.experiment.trainer.name)))
