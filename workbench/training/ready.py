"""Everything up to the first batch: the data, the network, and what speaks against training it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.architectures.assembly import Network, assemble
from workbench.control import Control
from workbench.data.batches import Batches
from workbench.data.prepare import PreparedData, prepare
from workbench.data.prepared import InputsOf
from workbench.errors import UserError
from workbench.events import Note
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.tasks.task import Task
from workbench.training.devices import use_device
from workbench.training.judge import Judge, make_judge
from workbench.training.teller import Teller
from workbench.training_settings import TrainingSection


@dataclass(frozen=True)
class Prepared:
    """Data and network, ready for the first batch; nothing is judged where all weights are found at once."""

    data: PreparedData
    network: Network
    settings: TrainingSection
    judge: Judge | None
    training: Batches
    validation: Batches | None


@contextlib.contextmanager
def ready_to_train(experiment: Experiment, teller: Teller, control: Control, anew: bool) -> Iterator[Prepared]:
    """Everything up to the first batch; begun `anew`, the network gets what its architecture knows from elsewhere."""
    import keras

    task = registry().tasks.get(experiment.task.name)
    trainer = registry().trainers.get(experiment.trainer.name)
    architecture = registry().architectures.get(experiment.architecture.name)
    with teller.phase("data"):
        data = prepare(experiment, teller.tell, control)
        train_indices, validation_indices = data.splits["train"], data.splits["validation"]
        _refuse_what_cannot_be_learned(task, experiment, data)
        settings = trainer.settings(experiment, len(train_indices))
        judge = None
        if not trainer.at_once:
            judge = make_judge(settings.monitor, task.metric_directions(), len(validation_indices) > 0)
        targets = task.encode(data.targets, data.target)
        weights = balanced_weights(task, data) if settings.class_weights == "balanced" else None
        training = Batches(data.inputs, targets, weights, train_indices, settings.batch_size)
        validation = None
        if len(validation_indices):
            validation = Batches(data.inputs, targets, None, validation_indices, settings.batch_size)
        statistics = registry().inputs.get(data.input.kind).statistics(data, experiment.preprocessing)
    control.check()
    with teller.phase("build"):
        _prepare_backend(settings.seed)
        scope = use_device(settings.device)
        keras.config.set_dtype_policy(settings.precision)
        try:
            with scope:
                network = assemble(experiment, data.input, data.target, statistics)
                trainer.refuse(experiment, data, network)
                if anew:
                    architecture.recall(experiment.architecture, network.model, data.input, teller.tell, control)
                prepared = Prepared(data, network, settings, judge, training, validation)
        except BaseException:
            keras.config.set_dtype_policy("float32")
            raise
    if validation is None and judge is not None:
        teller.tell(Note(_("There are no validation samples: the best epoch is judged by the training loss.")))
    try:
        with scope:
            yield prepared
    finally:
        keras.config.set_dtype_policy("float32")


def balanced_weights(task: Task, data: PreparedData) -> np.ndarray:
    """The weight of every sample that makes its class count as much as the others; 0 for what is in no split."""
    if not len(data.left_out):
        return task.sample_weights(data.targets, data.target)
    weights = np.zeros(len(data.targets), np.float32)
    weights[data.used] = task.sample_weights(data.targets[data.used], data.target)
    return weights


def _refuse_what_cannot_be_learned(task: Task, experiment: Experiment, data: PreparedData) -> None:
    if experiment.training.label_smoothing and not task.smooths_labels:
        raise UserError(
            _("The task {name} has no labels that can be smoothed. Set the label smoothing to 0.").format(
                name=_(task.title).lower()
            )
        )
    indices = data.splits["train"]
    # Masks stay on the disk.
    large = isinstance(data.targets, np.memmap)
    reason = task.unlearnable(InputsOf(data.targets, indices) if large else data.targets[indices], data.target)
    if reason:
        raise UserError(
            _(
                "What there is to learn lies outside the training split. Within it: {reason} Choose another seed for "
                "the splits, or make validation and test smaller."
            ).format(reason=reason)
        )


def _prepare_backend(seed: int) -> None:
    """Forget earlier models of this warm process and make everything follow from the seed."""
    import keras

    keras.utils.clear_session(free_memory=True)
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
