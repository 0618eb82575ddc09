"""A training whose trainer finds all weights at once: no batches, no epochs, no checkpoint, one row of metrics."""

import math
import time

import numpy as np
import psutil

from workbench.control import Stopped
from workbench.errors import UserError
from workbench.events import Continued, EpochFinished, Paused
from workbench.i18n import _
from workbench.registry import registry
from workbench.training.execution import Execution
from workbench.training.probes.beside import tell_that_there_are_no_epochs
from workbench.training.trainer import Problem, Solution


class AtOnce:
    """See `execution.Course`. What is found counts as one epoch, the best."""

    first_epoch = 0

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self.best_epoch = -1
        self.history: list[dict[str, float]] = []
        self.message = ""
        self.answers: np.ndarray | None = None

    def run(self) -> str:
        """Find the weights and save the model; `completed`, or `stopped` before there was any."""
        execution = self._execution
        tell_that_there_are_no_epochs(execution)
        started = time.perf_counter()
        try:
            with execution.teller.phase("solve"):
                solution = execution.trainer.solve(self._problem())
        except Stopped:
            self.message = _("Stopped before the weights were found: there is no model yet. Resume it to begin anew.")
            return "stopped"
        _refuse_nonsense(solution)
        execution.save_model(solution.model, solution.head)
        self.answers = solution.answers
        self._tell(solution.metrics, time.perf_counter() - started)
        return "completed"

    def _problem(self) -> Problem:
        execution = self._execution
        prepared, experiment = execution.prepared, execution.experiment
        network, target = prepared.network, prepared.data.target
        task = registry().tasks.get(experiment.task.name)
        network.trainable.compile(
            loss=task.loss(experiment, target, network.from_logits),
            metrics=task.metrics(target, network.from_logits),
            jit_compile=False,
        )
        return Problem(
            experiment=experiment,
            data=prepared.data,
            network=network,
            training=prepared.training,
            validation=prepared.validation,
            settings=prepared.settings,
            folder=execution.folder,
            tell=execution.teller.tell,
            check=self._check,
        )

    def _check(self) -> None:
        """Wait while paused; raise `Stopped` when asked to stop."""
        control, tell = self._execution.control, self._execution.teller.tell
        if control.paused:
            tell(Paused())
            control.wait_while_paused()
            tell(Continued())
        control.check()

    def _tell(self, metrics: dict[str, float], seconds: float) -> None:
        self.best_epoch = 0
        self.history.append({"epoch": 1, **metrics, "seconds": round(seconds, 3)})
        self._execution.writer.add_metrics(self.history[-1])
        self._execution.teller.tell(
            EpochFinished(
                epoch=0,
                metrics=metrics,
                learning_rate=0.0,
                seconds=seconds,
                samples_per_second=0.0,
                best=True,
                best_epoch=0,
                memory_bytes=psutil.Process().memory_info().rss,
            )
        )


def _refuse_nonsense(solution: Solution) -> None:
    loss = solution.metrics["loss"]
    if not math.isfinite(loss):
        raise UserError(
            _(
                "The weights that were found give a loss of {loss}: the numbers became too large. Check that the "
                "input is scaled and holds no extreme values."
            ).format(loss=loss)
        )
