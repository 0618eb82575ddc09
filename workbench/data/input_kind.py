"""The contract of a kind of input: how samples of that kind are read, brought to the network, entered and shown.

There is one for pictures and one for rows of tables (`workbench.data.inputs`). A dataset's source names its kind; what
the pages and the command line do with samples follows from it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.data.prepared import PreparedData
from workbench.data.source import Emit, Problem, Samples
from workbench.errors import UserError
from workbench.experiment import AugmentationSection, Experiment, PreprocessingSection
from workbench.figures import Figure
from workbench.i18n import _
from workbench.specs import InputSpec


@dataclass(frozen=True)
class Loaded:
    """Samples in memory, or mapped into it.

    Attributes:
        inputs: (n, ...), as the network's prepared input takes them.
        targets: first axis n.
        rows: int64, (n,): which sample of the source each is; ascending, repeated where one gives several.
        hashes: uint8, (n, k): equal for equal inputs.
        sizes: int32, (n, 2): height and width before resizing; zeros where there are no pictures.
        problems: what could not be read.
        spec: what one sample is.
    """

    inputs: np.ndarray
    targets: np.ndarray
    rows: np.ndarray
    hashes: np.ndarray
    sizes: np.ndarray
    problems: tuple[Problem, ...]
    spec: InputSpec


@dataclass(frozen=True)
class Asked:
    """Something a prediction is asked for.

    Attributes:
        path: the file it comes from, or empty.
        name: what to call it, beside the path ("row 2"), or empty.
        sample: as `InputKind.stacked` takes it, or None where it cannot be read.
        error: why it cannot be read.
        seconds: what reading took.
        row: for a row of a table, its values by column name.
        total: how many are asked for in all, where that is known; else 0.
    """

    path: str = ""
    name: str = ""
    sample: np.ndarray | None = None
    error: str = ""
    seconds: float = 0.0
    row: dict[str, Any] | None = None
    total: int = 0


@dataclass(frozen=True)
class InputCode:
    """What a script of *Copy as Keras code* needs for samples of a kind, as source.

    Attributes:
        definitions: functions that the rest calls.
        taken: an expression of what `read_dataset` gave as `inputs`: the prepared samples of `{indices}`.
        raw: the variable of the Keras input of raw samples; `prepared` that of prepared ones.
        front: lines that make both, and `x`, what the architecture takes.
        learned: lines that make the Keras input of prepared samples, in the variable `stored`, and `x`, what is learned
            of them, changed at random.
        reading: what a reader that takes arguments is called with.
        taken_maps: as `taken`, for targets as large as pictures, of `labels`.
        parameter: of `build_network`, or empty; `argument` is what it is called with.
        batches: an expression of changed batches of `x_train` and `y_train`, where targets change with their samples.
    """

    definitions: str
    taken: str
    raw: str
    prepared: str
    front: list[str]
    learned: list[str]
    stored: str
    reading: str = ""
    taken_maps: str = ""
    parameter: str = ""
    argument: str = ""
    batches: str = ""


class InputKind(ABC):
    """A kind of sample."""

    name: str
    title: str
    help: str
    preprocessing: type[PreprocessingSection]
    augmentation: type[AugmentationSection]

    def planned(self, preprocessing: PreprocessingSection) -> InputSpec | None:
        """What the network will take, where the settings alone say so; None where the data have to be read first."""
        return None

    @abstractmethod
    def load(self, samples: Samples, experiment: Experiment, emit: Emit, control: Control) -> Loaded:
        """Read all samples. Raises `UserError` when nothing can be used, `Stopped` when asked to stop."""

    def refit(self, spec: InputSpec, inputs: np.ndarray, training: np.ndarray) -> InputSpec:
        """The spec with what is known of the training split, given by its indices."""
        return spec

    def statistics(self, data: PreparedData, preprocessing: PreprocessingSection) -> Any:
        """What the scaling needs to know of the training split, for `scale`; None where it needs nothing."""
        return None

    @abstractmethod
    def enter(self, spec: InputSpec, preprocessing: PreprocessingSection) -> tuple[Any, Any]:
        """Where the saved model begins: the Keras input for a raw sample, and the tensor of prepared ones."""

    @abstractmethod
    def scale(self, prepared: Any, experiment: Experiment, spec: InputSpec, statistics: Any) -> Any:
        """Prepared samples as float32 values that a network learns well from."""

    @abstractmethod
    def learn(self, spec: InputSpec) -> tuple[Any, Any]:
        """Where the trained model begins: the Keras input for a prepared sample as stored, and the same as float32."""

    def augment(self, section: AugmentationSection, spec: InputSpec, seed: int) -> Any | None:
        """A layer that changes prepared samples at random, with a method `change(inputs, targets, target)`, or None."""
        return None

    @abstractmethod
    def front(self, spec: InputSpec, preprocessing: PreprocessingSection) -> tuple[tuple[str, str, tuple], ...]:
        """The layers before the architecture's: name, kind and output shape of each."""

    @abstractmethod
    def asked(
        self,
        paths: Sequence[str],
        content: bytes,
        rows: Sequence[dict[str, Any]],
        spec: InputSpec,
        control: Control,
    ) -> Iterator[Asked]:
        """What there is to predict: in files and folders, in pasted bytes, in typed rows."""

    @abstractmethod
    def stacked(
        self, samples: Sequence[np.ndarray], spec: InputSpec, preprocessing: PreprocessingSection
    ) -> np.ndarray:
        """Samples as they were read, as prepared inputs: (n, ...)."""

    def predicted(
        self,
        outputs: Callable[[np.ndarray], np.ndarray],
        samples: Sequence[np.ndarray],
        spec: InputSpec,
        preprocessing: PreprocessingSection,
    ) -> list[np.ndarray]:
        """What a network answers to samples as they were read, an array each.

        Args:
            outputs: prepared inputs (n, ...) -> outputs of the network (n, ...).
            samples: as `stacked` takes them.
            spec: what the network takes.
            preprocessing: how samples are prepared.
        """
        return list(outputs(self.stacked(samples, spec, preprocessing)))

    @abstractmethod
    def show(
        self,
        data: PreparedData,
        indices: Sequence[int],
        caption: Callable[[int], str],
        paint: Callable[[np.ndarray, int], np.ndarray],
        numbers: Sequence[int],
        title: str,
    ) -> Figure:
        """Some samples to look at.

        Args:
            data: where they are.
            indices: which, into `data.inputs`.
            caption: what a sample is, from its index.
            paint: a sample's picture with its target drawn in, from the picture and the index.
            numbers: the samples' numbers in their split, for clicking on them.
            title: of the figure.
        """

    def describe(self, data: PreparedData) -> tuple[Figure, ...]:
        """What there is to see of the inputs of a dataset, beside samples."""
        return ()

    def keras_code(
        self, experiment: Experiment, spec: InputSpec, model: Any, moved: str | None, maps: bool
    ) -> InputCode:
        """Its part of *Copy as Keras code*. Raises `UserError` for what cannot be written.

        Args:
            experiment: what is written.
            spec: what the network takes.
            model: the saved model, for layers that are fitted.
            moved: None where targets stay as they are when samples change at random; else an expression of encoded
                targets `y` (a NumPy array) after the motion of their samples, by `sign`, `shift` and `warp` as in
                `Motion`, arrays and a function of arrays here.
            maps: whether targets are as large as pictures.
        """
        text = _("Experiments on data of this kind ({kind}) cannot be written as a Keras script yet.")
        raise UserError(text.format(kind=_(self.title).lower()))
