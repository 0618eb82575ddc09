"""The jobs `train` and `resume`: from an experiment to a run folder with a trained model.

Whatever is wrong with the experiment or its data shows before a run folder exists and is raised as `UserError`. From
then on a run ends with exactly one `Finished`, also when it failed.
"""

import contextlib
import datetime
import os
import platform
import sys
import time
import traceback
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from workbench.architectures.assembly import Network, assemble
from workbench.control import Control, Emit
from workbench.data.batches import Batches
from workbench.data.prepare import PreparedData, prepare
from workbench.data.prepared import InputsOf
from workbench.errors import UserError
from workbench.events import Finished, Note, RunStarted, StageStarted
from workbench.experiment import Experiment
from workbench.experiment_toml import write_experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import describe_model, save_model
from workbench.runs.writer import RunWriter, create_run_folder, store_evaluation
from workbench.tasks.task import Task
from workbench.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from workbench.training.devices import use_device
from workbench.training.evaluation import evaluate_model
from workbench.training.failure import explain_failure, unscaled_column
from workbench.training.judge import make_judge
from workbench.training.loop import TrainingLoop
from workbench.training.schedules import LearningRates
from workbench.training.steps import JointAugmentation
from workbench.training.teller import Teller
from workbench.training.trainer import Stage, Trainer
from workbench.training_settings import TrainingSection

_VERSIONS_OF = ("workbench", "keras", "tensorflow", "jax", "numpy", "opencv-python-headless")


def train(request: TrainRequest, emit: Emit, control: Control) -> str:
    """Train an experiment as a new run.

    Returns:
        The run folder. Whether it completed stands in its last event.

    Raises:
        UserError: the experiment or its data cannot be used; no run was made.
    """
    teller = Teller(emit)
    experiment = request.experiment
    with _ready_to_train(experiment, teller, control, anew=True) as prepared:
        source = registry().datasets.get(experiment.dataset.name)
        settled = source.settled(experiment.dataset, prepared.data.target)
        experiment = experiment.model_copy(update={"dataset": settled})
        folder = create_run_folder(experiment, Path(request.runs))
        with RunWriter(folder) as writer:
            _execute(_Execution(folder, writer, experiment, prepared, teller, control))
    return str(folder.path)


def resume(request: ResumeRequest, emit: Emit, control: Control) -> str:
    """Go on with a run from its checkpoint; `epochs` above its own extends it.

    Raises:
        UserError: there is nothing to go on with, or the data are not those it was trained on.
    """
    folder = RunFolder(request.run)
    experiment = folder.experiment()
    teller = Teller(emit)
    with RunWriter(folder) as writer:
        end = folder.end()
        state = end.state if end is not None else "interrupted"
        # Killed before its first epoch ended, it has none: it begins anew in its folder.
        checkpoint = read_checkpoint(folder.checkpoint_path) if folder.checkpoint_path.exists() else None
        wanted = request.epochs or experiment.training.epochs
        if state == "completed" and wanted <= experiment.training.epochs:
            raise UserError(
                _("The run {name!r} is complete with {epochs} epochs. Give a larger total number of epochs to go on.")
                .format(name=folder.name, epochs=experiment.training.epochs)
            )  # fmt: skip
        experiment = experiment.changed("training.epochs", wanted)
        with _ready_to_train(experiment, teller, control, anew=checkpoint is None) as prepared:
            _refuse_other_data(folder, prepared.data)
            if state == "completed" and checkpoint is not None:
                _refuse_what_is_done(folder, experiment, checkpoint, prepared.settings.epochs)
                _mark_as_extended(folder, writer, checkpoint, wanted)
            write_experiment(experiment, folder.path / "experiment.toml")
            execution = _Execution(folder, writer, experiment, prepared, teller, control, checkpoint)
            _execute(execution)
    return str(folder.path)


@dataclass(frozen=True)
class _Prepared:
    """Data, network and loop, ready for the first batch."""

    data: PreparedData
    network: Network
    settings: TrainingSection
    judge: Any
    training: Batches
    validation: Batches | None


@dataclass(frozen=True)
class _Execution:
    """Everything one run of the loop needs."""

    folder: RunFolder
    writer: RunWriter
    experiment: Experiment
    prepared: _Prepared
    teller: Teller
    control: Control
    checkpoint: Checkpoint | None = None

    @property
    def trainer(self) -> Trainer:
        """How the weights are found."""
        return registry().trainers.get(self.experiment.trainer.name)

    def stage(self, epoch: int) -> Stage:
        """The stage of an epoch."""
        return self.trainer.stage(self.experiment, self.prepared.settings, epoch)

    def rates(self, stage: Stage) -> LearningRates:
        """The learning rates of a stage."""
        first = max(self.schedule_begins, stage.first_epoch)
        return LearningRates(stage.settings, self.prepared.training.steps, first)

    @property
    def schedule_begins(self) -> int:
        """The epoch from which the schedule is computed: where the run was last extended, or 0."""
        extensions = self.folder.environment().get("extended", [])
        return extensions[-1]["at_epoch"] if extensions else 0


@contextlib.contextmanager
def _ready_to_train(experiment: Experiment, teller: Teller, control: Control, anew: bool) -> Any:
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
        judge = make_judge(settings.monitor, task.metric_directions(), len(validation_indices) > 0)
        targets = task.encode(data.targets, data.target)
        weights = task.sample_weights(data.targets, data.target) if settings.class_weights == "balanced" else None
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
                prepared = _Prepared(data, network, settings, judge, training, validation)
        except BaseException:
            keras.config.set_dtype_policy("float32")
            raise
    if validation is None:
        teller.tell(Note(_("There are no validation samples: the best epoch is judged by the training loss.")))
    try:
        with scope:
            yield prepared
    finally:
        keras.config.set_dtype_policy("float32")


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


def _execute(execution: _Execution) -> None:
    """Run the loop to its end and tell that end, whatever it is."""
    started = time.perf_counter()
    folder, teller, writer = execution.folder, execution.teller, execution.writer
    end = Finished("failed", str(folder.path), _("The training ended without saying why."))
    loop: TrainingLoop | None = None
    try:
        teller.write_to(writer)
        loop = _make_loop(execution)
        teller.tell(RunStarted(str(folder.path), folder.name, execution.prepared.settings.epochs, loop.position.epoch))
        _describe_environment(execution)
        writer.metrics(loop.history)
        if loop.position.epoch == 0:
            _tell_stage(execution, execution.stage(0))
        state = _run_epochs(execution, loop)
        metrics = _evaluate_at_the_end(execution, loop) if state == "completed" else _best_metrics(loop)
        end = Finished(state, str(folder.path), best_epoch=loop.judge.best_epoch, metrics=metrics)
    except Exception as error:  # whatever went wrong ends the run as failed, in words
        _log_traceback(writer)
        cause = unscaled_column(execution.prepared.data, execution.experiment.preprocessing)
        message = explain_failure(error, execution.prepared.settings.batch_size, cause)
        best = loop.judge.best_epoch if loop is not None else -1
        end = Finished("failed", str(folder.path), message, best, _best_metrics(loop) if loop else {})
    finally:
        _tell_the_end(teller, end, round(time.perf_counter() - started, 3))


def _tell_the_end(teller: Teller, end: Finished, seconds: float) -> None:
    # On a full disk the watcher has heard it already; the folder then reads as interrupted and can be resumed.
    with contextlib.suppress(OSError):
        teller.tell(replace(end, seconds=seconds))


def _make_loop(execution: _Execution) -> TrainingLoop:
    prepared = execution.prepared
    with execution.teller.phase("compile"):
        epoch = execution.checkpoint.values["position"]["epoch"] if execution.checkpoint is not None else 0
        stage = execution.stage(epoch)
        _compile(execution, stage)
        loop = TrainingLoop(
            prepared.network.trainable,
            prepared.training,
            prepared.validation,
            stage.settings,
            prepared.judge,
            execution.rates(stage),
            execution.teller,
            execution.control,
            _joint_augmentation(prepared),
        )
        loop.build()
        if execution.checkpoint is not None:
            loop.go_on_from(execution.checkpoint)
        execution.trainer.begin(loop, execution.folder)
    return loop


def _compile(execution: _Execution, stage: Stage) -> None:
    network, data = execution.prepared.network, execution.prepared.data
    task = registry().tasks.get(execution.experiment.task.name)
    network.trainable.compile(
        optimizer=execution.trainer.enter(stage, execution.experiment, network),
        loss=task.loss(execution.experiment, data.target, network.from_logits),
        metrics=task.metrics(data.target, network.from_logits),
        jit_compile=False,
    )


def _enter_next_stage(execution: _Execution, loop: TrainingLoop) -> None:
    """Where a stage begins with the present epoch, compile the network for it."""
    stage = execution.stage(loop.position.epoch)
    if stage.first_epoch == loop.position.epoch and not loop.finished:
        _compile(execution, stage)
        loop.change(stage.settings, execution.rates(stage))
        _tell_stage(execution, stage)


def _tell_stage(execution: _Execution, stage: Stage) -> None:
    if stage.title:
        execution.teller.tell(StageStarted(stage.first_epoch, stage.title, stage.text))


def _joint_augmentation(prepared: _Prepared) -> JointAugmentation | None:
    """What moves pictures and targets together, where the model alone cannot."""
    layer = prepared.network.change
    return None if layer is None else JointAugmentation(layer, prepared.data.target)


def _run_epochs(execution: _Execution, loop: TrainingLoop) -> str:
    """Train until the last epoch, early stopping or a request to stop; `completed` or `stopped`."""
    first_batch_told = False
    while not loop.finished:
        batches = loop.begin_epoch()
        go_on = True
        if not first_batch_told:
            with execution.teller.phase("first_batch"):
                go_on = loop.train(batches, limit=1)
            first_batch_told = True
        if go_on:
            go_on = loop.train(batches)
        if not loop.epoch_complete:
            _keep_everything_learned(execution, loop)
            return "stopped"
        execution.trainer.end_epoch(loop, execution.folder)
        is_best = loop.close_epoch()
        if is_best:
            _save_model(execution)
        _enter_next_stage(execution, loop)  # before the checkpoint: it holds the optimizer of the epoch to come
        write_checkpoint(execution.folder.checkpoint_path, loop.checkpoint())
        execution.writer.add_metrics(loop.history[-1])
        if not go_on and not loop.finished:
            return "stopped"
    if loop.stopped_early:
        execution.teller.tell(
            Note(
                _("Stopped early after epoch {epoch}: {monitor} was best at epoch {best}.").format(
                    epoch=loop.position.epoch, monitor=loop.judge.monitor, best=loop.judge.best_epoch + 1
                )
            )
        )
    return "completed"


def _keep_everything_learned(execution: _Execution, loop: TrainingLoop) -> None:
    if loop.judge.best_epoch < 0:
        _save_model(execution)
    write_checkpoint(execution.folder.checkpoint_path, loop.checkpoint())


def _save_model(execution: _Execution) -> None:
    data = execution.prepared.data
    about = describe_model(execution.experiment, data.input, data.target)
    save_model(execution.prepared.network.model, execution.folder.model_path, about)


def _best_metrics(loop: TrainingLoop) -> dict[str, float]:
    best = loop.judge.best_epoch
    row = loop.history[best] if 0 <= best < len(loop.history) else {}
    return {name: value for name, value in row.items() if name not in ("epoch", "learning_rate", "seconds")}


def _evaluate_at_the_end(execution: _Execution, loop: TrainingLoop) -> dict[str, float]:
    """The metrics of the best epoch, and those of the best model on the test split."""
    metrics = _best_metrics(loop)
    data = execution.prepared.data
    if len(data.splits["test"]) and not execution.control.stop_requested:
        with execution.teller.phase("evaluate"):
            evaluation = evaluate_model(execution.folder, execution.experiment, data, "test")
            store_evaluation(execution.folder, "test", evaluation.numbers)
        metrics.update({f"test_{name}": value for name, value in evaluation.numbers.items()})
    return metrics


def _describe_environment(execution: _Execution) -> None:
    import keras

    execution.writer.environment(
        {
            "version": 1,
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            "cores": os.cpu_count(),
            "backend": keras.backend.backend(),
            "versions": {name: _version(name) for name in _VERSIONS_OF},
            "device": execution.experiment.training.device,
            "seed": execution.experiment.training.seed,
            "data": execution.prepared.data.fingerprint,
            "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        }
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _refuse_other_data(folder: RunFolder, data: PreparedData) -> None:
    known = folder.environment().get("data")
    if known and known != data.fingerprint:
        raise UserError(
            _(
                "The data of the run {name!r} have changed since it was trained. Bring them back as they were, or "
                "train its experiment again as a new run."
            ).format(name=folder.name)
        )


def _refuse_what_is_done(folder: RunFolder, experiment: Experiment, checkpoint: Checkpoint, epochs: int) -> None:
    if epochs <= checkpoint.values["position"]["epoch"]:
        raise UserError(
            _(
                "The run {name!r} is complete: its trainer {trainer} needs no more than {epochs} epochs, however many "
                "are asked for."
            ).format(name=folder.name, trainer=experiment.trainer.name, epochs=epochs)
        )


def _mark_as_extended(folder: RunFolder, writer: RunWriter, checkpoint: Checkpoint, epochs: int) -> None:
    """The schedule and the waiting for something better begin anew at the epoch reached."""
    reached = checkpoint.values["position"]["epoch"]
    extensions = folder.environment().get("extended", [])
    writer.environment({"extended": [*extensions, {"at_epoch": reached, "epochs": epochs}]})
    checkpoint.values["judge"].update(waited=0, plateau_waited=0, plateau_factor=1.0)
    # Kept at once: killed before the first epoch of the extension ends, the run must not go on with the old judgement.
    write_checkpoint(folder.checkpoint_path, checkpoint)


def _log_traceback(writer: RunWriter) -> None:
    with contextlib.suppress(OSError):
        writer.log(traceback.format_exc())
