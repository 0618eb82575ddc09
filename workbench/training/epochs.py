"""A training that goes epoch by epoch: batches, validation, checkpoints, stages."""

from workbench.events import Note, StageStarted
from workbench.i18n import _
from workbench.registry import registry
from workbench.training.checkpoint import write_checkpoint
from workbench.training.execution import Execution
from workbench.training.loop import TrainingLoop
from workbench.training.probes.beside import probes_beside
from workbench.training.schedules import LearningRates
from workbench.training.steps import JointAugmentation
from workbench.training.trainer import Stage
from workbench.training.watching import watch_over


class EpochByEpoch:
    """See `execution.Course`. Making one compiles the network and takes up the checkpoint."""

    message = ""
    answers = None

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        with execution.teller.phase("compile"):
            self._loop = self._make_loop()
            execution.trainer.begin(self._loop, execution.folder)
            self._probes = probes_beside(execution, self._loop.position.epoch)
        position = self._loop.position
        self.first_epoch = position.epoch
        if self._probes is not None and position.step == 0 and position.epoch:
            self._probes.catch_up(position.epoch, self.history[-1]["seconds"], self._loop.finished)

    @property
    def best_epoch(self) -> int:
        """The best epoch so far."""
        return self._loop.judge.best_epoch

    @property
    def history(self) -> list[dict[str, float]]:
        """A row for each epoch."""
        return self._loop.history

    def run(self) -> str:
        """Train until the last epoch, early stopping or a request to stop; `completed` or `stopped`."""
        execution, loop = self._execution, self._loop
        if loop.position.epoch == 0:
            self._tell_stage(self._stage(0))
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
                self._keep_everything_learned()
                return "stopped"
            execution.trainer.end_epoch(loop, execution.folder)
            is_best = loop.close_epoch()
            if is_best:
                self._save_model()
            self._enter_next_stage()  # before the checkpoint: it holds the optimizer of the epoch to come
            write_checkpoint(execution.folder.checkpoint_path, loop.checkpoint())
            execution.writer.add_metrics(loop.history[-1])
            if self._probes is not None:
                self._probes.epoch_ended(loop.position.epoch, loop.history[-1]["seconds"], loop.finished)
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

    def _make_loop(self) -> TrainingLoop:
        execution = self._execution
        prepared = execution.prepared
        epoch = execution.checkpoint.values["position"]["epoch"] if execution.checkpoint is not None else 0
        stage = self._stage(epoch)
        self._compile(stage)
        loop = TrainingLoop(
            prepared.network.trainable,
            prepared.training,
            prepared.validation,
            stage.settings,
            prepared.judge,
            self._rates(stage),
            execution.teller,
            execution.control,
            self._joint_augmentation(),
        )
        loop.build()
        if execution.checkpoint is not None:
            loop.go_on_from(execution.checkpoint)
        if execution.experiment.training.watch:
            loop.watch_with(watch_over(execution))
        return loop

    def _compile(self, stage: Stage) -> None:
        execution = self._execution
        network, data = execution.prepared.network, execution.prepared.data
        task = registry().tasks.get(execution.experiment.task.name)
        network.trainable.compile(
            optimizer=execution.trainer.enter(stage, execution.experiment, network),
            loss=task.loss(execution.experiment, data.target, network.from_logits),
            metrics=task.metrics(data.target, network.from_logits),
            jit_compile=False,
        )

    def _stage(self, epoch: int) -> Stage:
        """The stage of an epoch."""
        execution = self._execution
        return execution.trainer.stage(execution.experiment, execution.prepared.settings, epoch)

    def _rates(self, stage: Stage) -> LearningRates:
        """The learning rates of a stage, computed from where the run was last extended, or from its beginning."""
        extensions = self._execution.folder.environment().get("extended", [])
        begins = extensions[-1]["at_epoch"] if extensions else 0
        steps = self._execution.prepared.training.steps
        return LearningRates(stage.settings, steps, max(begins, stage.first_epoch))

    def _enter_next_stage(self) -> None:
        """Where a stage begins with the present epoch, compile the network for it."""
        loop = self._loop
        stage = self._stage(loop.position.epoch)
        if stage.first_epoch == loop.position.epoch and not loop.finished:
            self._compile(stage)
            loop.change(stage.settings, self._rates(stage))
            self._tell_stage(stage)

    def _tell_stage(self, stage: Stage) -> None:
        if stage.title:
            self._execution.teller.tell(StageStarted(stage.first_epoch, stage.title, stage.text))

    def _joint_augmentation(self) -> JointAugmentation | None:
        """What moves pictures and targets together, where the model alone cannot."""
        prepared = self._execution.prepared
        layer = prepared.network.change
        return None if layer is None else JointAugmentation(layer, prepared.data.target)

    def _keep_everything_learned(self) -> None:
        if self.best_epoch < 0:
            self._save_model()
        write_checkpoint(self._execution.folder.checkpoint_path, self._loop.checkpoint())

    def _save_model(self) -> None:
        self._execution.save_model(self._execution.prepared.network.model)
