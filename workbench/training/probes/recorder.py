"""Stores what a network looks like after an epoch. Nothing of it leaves a trace in the training.

Keras' stateless and compiled calls leave every variable as it is. What cannot be seen or kept is told once, and the
training goes on.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.errors import UserError
from workbench.events import Event, Note, ProbesStored
from workbench.i18n import _
from workbench.runs.probe_files import ProbeFiles, Stored, kept_weights, write_weights
from workbench.training.probe import Probe
from workbench.training.probes.histograms import chosen, stored
from workbench.training.probes.plan import Plan
from workbench.training.probes.seen import BATCH, Eye, classes_of, confusion, parts_of

_SHARE, _LEAST_SECONDS = 0.02, 0.5  # of an epoch for the points, and what they may always take
_FEWEST_POINTS = 32
_MOST_CLASSES = 300  # of a matrix that is kept


class Recorder:
    """Looks at a network after each epoch and stores what it sees.

    Args:
        plan: what to look at.
        probe: gives the gradients.
        files: where it is stored.
        tell: takes events.
        log: takes a line for people.
        control: asked between two pieces of the work.
        hurried: whether the number of points is to follow from the time they take.
    """

    def __init__(
        self,
        plan: Plan,
        probe: Probe,
        files: ProbeFiles,
        tell: Callable[[Event], None],
        log: Callable[[str], None],
        control: Control,
        hurried: bool = True,
    ) -> None:
        self._plan, self._probe, self._files = plan, probe, files
        self._tell, self._log, self._control = tell, log, control
        self._hurried = hurried
        self._eye = Eye(plan)
        self._parts: dict[str, Callable[[], dict[str, np.ndarray]]] = parts_of(plan, self._eye)
        self._notes: list[str] = [plan.note] if plan.note else []
        self._before: dict[str, np.ndarray] = {}
        self._described = False

    def go_on(self, epoch: int) -> None:
        """A run goes on after this epoch (1-based): what was kept of later ones goes, they come again."""
        self._files.forget_beyond(epoch)
        kept = self._files.epochs()
        if not kept:
            return
        try:
            about = self._files.about()
        except UserError as error:  # damaged: no reason not to go on with the training
            self._log(f"probes begin anew: {error}")
            return
        if about.values.get("settings") != self._plan.about().values["settings"]:
            return  # other settings than those before: begin anew
        self._plan = self._plan.with_points(len(about.arrays["points"]))
        self._described = True
        for before in reversed(kept):
            try:
                self._before = self._files.read(before, ("weight_sizes", "gradient_sizes")).arrays
                return
            except UserError as error:
                self._log(f"probes of epoch {before} are lost: {error}")
                self._files.forget_beyond(before - 1)

    def has(self, epoch: int) -> bool:
        """Whether it is known what was seen after an epoch (1-based)."""
        return self._described and epoch in self._files.epochs()

    def record(self, epoch: int, seconds: float) -> bool:
        """Look at the network and store what is seen; whether that was all done before it was asked to stop.

        Args:
            epoch: the one that has ended, 1-based.
            seconds: it took.

        Raises:
            OSError: nothing can be written.
        """
        arrays, answers = self._eye.samples()
        for name, look in list(self._parts.items()):
            if self._control.stop_requested:
                return False
            arrays |= self._seen(name, look)
        kernels = [] if self._control.stop_requested else chosen(self._probe.kernels())
        arrays |= stored(kernels, self._before)
        points = self._points(seconds)
        if points is None:
            return False
        arrays |= points
        if not self._described:
            self._files.write_about(self._plan.about())
            self._described = True
        values = {"answers": answers, "weighted": [kernel.layer for kernel in kernels], "note": " ".join(self._notes)}
        self._files.write(epoch, Stored(values, arrays))
        self._before = arrays
        self._tell(ProbesStored(epoch - 1))
        return True

    def _seen(self, name: str, look: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """One kind of figure; where it cannot be made it is not tried again."""
        try:
            return look()
        except UserError as error:  # the method says what it needs
            self._notes.append(str(error))
        except Exception as error:  # a method of a plugin that fails is no reason for a training to fail
            self._notes.append(f"{type(error).__name__}: {error}")
        self._log(f"probes without {name}: {self._notes[-1]}")
        del self._parts[name]
        return {}

    def _points(self, seconds: float) -> dict[str, np.ndarray] | None:
        """The answers to the points, their features and the matrix; None when it was asked to stop."""
        allowed = max(_LEAST_SECONDS, _SHARE * seconds) if self._hurried and not self._described else np.inf
        numbers = self._plan.points
        count = len(self._plan.opened.choices)
        features, answers = [], []
        matrix = np.zeros((count, count) if count <= _MOST_CLASSES else (0, 0), np.int64)
        spent = done = 0.0
        for start in range(0, len(numbers), BATCH):
            if self._control.stop_requested:
                return None
            if spent > allowed and start >= _FEWEST_POINTS:
                break
            part = numbers[start : start + BATCH]
            began = time.perf_counter()
            outputs, found = self._eye.points(part)
            # The first two batches include compiling for their size.
            spent += (time.perf_counter() - began) * (start >= 2 * BATCH)
            features.append(found)
            classes = classes_of(outputs, count)
            truth = self._plan.targets(part)
            are_classes = classes is not None and np.issubdtype(truth.dtype, np.integer)
            if are_classes and len(matrix) and truth.shape == classes.shape:
                matrix += confusion(truth, classes, count)
            if classes is not None and classes.ndim == 1:
                answers.append(classes)
            elif outputs.ndim == 2 and outputs.shape[1] <= _FEWEST_POINTS:
                answers.append(outputs.astype(np.float32))
            done = start + len(part)
        if done < len(numbers):
            self._plan = self._plan.with_points(int(done))
        arrays: dict[str, np.ndarray] = {}
        if features:
            arrays["features"] = np.concatenate(features)
        if answers:
            arrays["answers"] = np.concatenate(answers)
        if matrix.any():
            arrays["matrix"] = matrix
        return arrays


class AfterEpochs:
    """What a training does after each of its epochs for its probes; it never fails, and says once what went wrong.

    Args:
        recorder: looks and stores; None where only weights are kept.
        every: how many epochs lie between two looks.
        weights: the weights of the model that is saved, where they are to be kept; else None.
        run: the run folder.
        tell: takes a note.
        log: takes a line for people.
    """

    def __init__(
        self,
        recorder: Recorder | None,
        every: int,
        weights: Callable[[], list[Any]] | None,
        run: str,
        tell: Callable[[Event], None],
        log: Callable[[str], None],
    ) -> None:
        self._recorder, self._every, self._weights = recorder, every, weights
        self._run, self._tell, self._log = run, tell, log
        self._told = False

    def catch_up(self, epoch: int, seconds: float, last: bool) -> None:
        """Look at the epoch a run goes on after, if it was stopped or killed before that was done."""
        kept = self._weights is None or epoch in kept_weights(self._run)
        if not kept or (self._recorder is not None and not self._recorder.has(epoch)):
            self.epoch_ended(epoch, seconds, last)

    def epoch_ended(self, epoch: int, seconds: float, last: bool) -> None:
        """Look and keep. `epoch` is 1-based; the `last` one is always looked at, as the first is."""
        try:
            if self._weights is not None:
                write_weights(self._run, epoch, [np.asarray(weight) for weight in self._weights()])
            if self._recorder is not None and (last or epoch == 1 or epoch % self._every == 0):
                self._recorder.record(epoch, seconds)
        except OSError as error:  # a full disk may have room again after the next epoch
            self._say(_("What the probes saw after epoch {epoch} could not be kept: {reason}. The training goes on.")
                      .format(epoch=epoch, reason=error.strerror or error))  # fmt: skip
        except Exception as error:
            self._recorder = None
            self._say(_("The probes broke off after epoch {epoch}: {reason}. The training goes on without them.")
                      .format(epoch=epoch, reason=f"{type(error).__name__}: {error}"))  # fmt: skip

    def _say(self, text: str) -> None:
        if self._told:
            return
        self._told = True
        try:
            self._tell(Note(text))
        except OSError:  # no room for the note either; whoever watches has heard it
            return
