"""The contract of an exporter, and the part that all exporters of models share: write, load again, compare."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.events import Progress
from workbench.export.full_precision import in_full_precision
from workbench.export.samples import RANDOM, Samples, take_samples
from workbench.i18n import _, mark
from workbench.inspection.loaded import OpenModel, open_model

TOLERANCE = 1e-4
AT_A_TIME = 16


class DiffersError(UserError):
    """What was exported does not answer as the model does, or cannot be opened again; it was not kept."""


@dataclass(frozen=True)
class Check:
    """How what was written compares with the model it was written from.

    Attributes:
        samples: how many both were asked about.
        source: their splits, as `test` or `test, validation`; `random` where the data are gone.
        difference: the largest between two outputs; of probabilities, or relative to the largest output if that is
            above 1.
        agreement: share of the samples (of their pixels) with the same likeliest class; None where there are no
            classes.
    """

    samples: int
    source: str
    difference: float
    agreement: float | None

    def text(self) -> str:
        """One sentence."""
        if self.source == RANDOM:
            source = _("on {count} pictures or rows of random values, as the data are not at hand")
        elif ", " in self.source:
            source = _("on {count} samples of the splits {split}")
        else:
            source = _("on {count} samples of the {split} split")
        source = source.format(count=self.samples, split=self.source)
        text = _("Checked {source}: outputs differ by at most {difference:.2g}").format(
            source=source, difference=self.difference
        )
        if self.agreement is None:
            return f"{text}."
        return _("{text}, and {share:.1%} have the same likeliest class.").format(text=text, share=self.agreement)


@dataclass(frozen=True)
class Outcome:
    """What an exporter tells.

    Attributes:
        check: of a model.
        notes: what whoever uses the files must know, a sentence or two each.
    """

    check: Check | None = None
    notes: tuple[str, ...] = ()


class Exporter(ABC):
    """A way to write something of a run for others.

    Attributes:
        limits: what it lacks, and what has to be there where it is used: to be read before it is chosen.
        ending: of the file, with its dot; empty where a folder is written.
        takes: `run` where it writes what a run told, `model` where it writes a model, of a run or of a file.
    """

    name: str
    title: str
    help: str
    limits: str = ""
    ending: str = ""
    takes: Literal["run", "model"] = "run"

    def missing(self) -> str:
        """What is not installed that this needs, as a command that installs it; empty where all is there."""
        return ""

    @abstractmethod
    def made(self, folder: Path) -> bool:
        """Whether all in a folder is of this exporter's making, so that it may be replaced."""

    @abstractmethod
    def export(self, source: str, place: Path, emit: Emit, control: Control) -> Outcome:
        """Write a file or a folder, and look whether it is good.

        Args:
            source: a run folder, or a `.keras` file.
            place: where to; nothing is there, the folder around it is.
            emit: takes `Progress` events.
            control: asked between two steps. A stop is answered meanwhile, and what is still written is removed.

        Raises:
            UserError: it cannot be written, or is not good. The caller removes what is at `place`.
            Stopped: asked to.
        """


class ModelExporter(Exporter):
    """Writes a model in another format.

    Attributes:
        heads: whether a classifier of scikit-learn behind the network goes with it.
        full_precision: whether a network of mixed precision is written as one that computes in float32.
    """

    heads: bool = False
    full_precision: bool = True
    takes = "model"

    def made(self, folder: Path) -> bool:
        """A file is written, no folder."""
        return False

    def original(self, opened: OpenModel) -> Any:
        """The Keras model that is written, and that what was written is compared with."""
        return opened.loaded.model

    @abstractmethod
    def write(self, model: Any, opened: OpenModel, source: Path, place: Path) -> None:
        """Write the model that `original` gave; `source` is the file it is stored in.

        Raises:
            UserError: the format lacks something that the model needs.
        """

    @abstractmethod
    def answers(self, place: Path, inputs: np.ndarray, control: Control) -> np.ndarray:
        """What the written model answers, opened from its file by what opens such files.

        Args:
            place: what was written.
            inputs: float32, (n, ...), as the model takes them.
            control: asked now and then.
        """

    def notes(self, opened: OpenModel) -> tuple[str, ...]:
        """What whoever uses the file must know."""
        return ()

    def export(self, source: str, place: Path, emit: Emit, control: Control) -> Outcome:
        """Write the model, open what was written and let both answer the same samples."""
        emit(Progress(mark("Opening the model"), 0))
        opened = open_model(source)
        if opened.loaded.head is not None and not self.heads:
            text = _(
                "A classifier ({kind}) follows the network of this model, which {format} has no room for: it holds "
                "networks only. Export it as keras, where the classifier goes with the file, or train a network to its "
                "end (workbench list trainers)."
            )
            raise UserError(text.format(kind=type(opened.loaded.head.classifier).__name__, format=_(self.title)))
        if len(opened.loaded.model.outputs) != 1 or not hasattr(opened.loaded.model.output, "shape"):
            raise UserError(_(
                "This model gives several answers at once, or one by name: {names}. Build a model around it that "
                "gives one of them as it is, and save that."
            ).format(names=", ".join(opened.loaded.model.output_names)))  # fmt: skip
        samples = take_samples(opened, emit, control)
        exact = in_full_precision(opened) if self.full_precision else opened
        model = self.original(exact)
        control.check()
        emit(Progress(mark("Writing the model"), 0))
        self.write(model, exact, opened.run.model_path if opened.run else Path(source).expanduser(), place)
        control.check()
        emit(Progress(mark("Comparing what was written with the model"), 0))
        wanted = keras_answers(model, samples.inputs, control)
        if not np.isfinite(wanted).all():
            raise UserError(
                _(
                    "The model answers with values that are not numbers, so that nothing can be compared with it. Its "
                    "training diverged: train it again with a smaller learning rate, or take an earlier epoch."
                )
            )
        classes = bool(getattr(opened.loaded.target, "class_names", ())) and opened.loaded.head is None
        check = self._checked(wanted, classes, samples, place, control)
        notes = self.notes(exact)
        if exact is not opened:
            as_trained = keras_answers(self.original(opened), samples.inputs, control)
            notes = (*notes, _about_precision(compare(as_trained, wanted, classes, samples.source)))
        return Outcome(check, notes)

    def _checked(self, wanted: np.ndarray, classes: bool, samples: Samples, place: Path, control: Control) -> Check:
        """How what was written answers, which has to be as wanted."""
        try:
            given = self.answers(place, samples.inputs, control)
        except (RuntimeError, ValueError, TypeError, OSError) as error:  # what the readers of the formats raise
            raise DiffersError(_(
                "It was written as {format}, but what opens such files refuses it: {error} It was not kept. Another "
                "format may take this model (workbench list exporters)."
            ).format(format=_(self.title), error=_sentence(error))) from error  # fmt: skip
        check = compare(wanted, given, classes, samples.source)
        if not check.difference <= TOLERANCE:
            raise DiffersError(_(
                "The exported model does not answer as the original does: on {count} samples their outputs differ by "
                "up to {difference:.2g}, and {tolerance:g} is allowed. It was not kept. Another format may take this "
                "model (workbench list exporters)."
            ).format(count=check.samples, difference=check.difference, tolerance=TOLERANCE))  # fmt: skip
        return check


def written_by_tensorflow(write: Callable[[], None]) -> None:
    """Let TensorFlow write files.

    Raises:
        OSError: it cannot, with the reason alone: its errors name its own functions and temporary files before that.
    """
    import tensorflow as tf

    try:
        write()
    except tf.errors.OpError as error:
        reason = (error.message or str(error)).rpartition("; ")[2].partition(" [Op:")[0]
        raise OSError(reason) from error


def keras_answers(model: Any, inputs: np.ndarray, control: Control) -> np.ndarray:
    """What a Keras model answers, some samples at a time."""
    import keras

    parts = []
    for start in range(0, len(inputs), AT_A_TIME):
        control.check()
        outputs = model(inputs[start : start + AT_A_TIME], training=False)
        parts.append(np.asarray(keras.ops.convert_to_numpy(outputs), np.float32))
    return np.concatenate(parts)


def compare(wanted: np.ndarray, given: np.ndarray, classes: bool, source: str) -> Check:
    """How outputs differ.

    Args:
        wanted: (n, ...), of the model.
        given: of what was exported.
        classes: whether outputs are probabilities of classes, on the last axis, or of the second of two.
        source: of the samples.
    """
    if wanted.shape != given.shape:
        return Check(len(wanted), source, np.inf, None)
    difference = np.abs(wanted.astype(np.float64) - given).max(initial=0.0)
    largest = np.abs(wanted).max(initial=0.0)
    agreement = float(np.mean(_likeliest(wanted) == _likeliest(given))) if classes else None
    return Check(len(wanted), source, float(difference / max(1.0, largest)), agreement)


def _likeliest(outputs: np.ndarray) -> np.ndarray:
    return outputs > 0.5 if outputs.shape[-1] == 1 else outputs.argmax(-1)


def _about_precision(rounding: Check) -> str:
    text = _(
        "The network was trained in mixed precision. What was written has the same weights and computes in float32, "
        "which every program can; by that alone its outputs differ from those of the model by at most {difference:.2g}."
    ).format(difference=rounding.difference)
    if rounding.agreement is None:
        return text
    return _("{text} Of the likeliest classes, {share:.1%} are the same.").format(text=text, share=rounding.agreement)


def _sentence(error: Exception) -> str:
    first = str(error).strip().split("\n", maxsplit=1)[0][:300] or type(error).__name__
    return first if first.endswith(".") else f"{first}."
