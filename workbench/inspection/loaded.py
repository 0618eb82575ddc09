"""Models and data that questions were just asked about, kept open: the next question comes soon."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from workbench.control import Control, Emit
from workbench.data.image_settings import ImagePreprocessing
from workbench.data.input_kind import InputKind
from workbench.data.prepare import PreparedData, prepare
from workbench.errors import UserError
from workbench.experiment import Experiment, PreprocessingSection
from workbench.i18n import _
from workbench.inspection.network import gradients
from workbench.inspection.pictures import shrunk
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import LoadedModel, load_model
from workbench.tasks.task import Answer, Task

_KEPT_MODELS = 3
_KEPT_DATA = 2
_SHOWN_PIXELS = 512

_models: OrderedDict[Hashable, "OpenModel"] = OrderedDict()
_data: OrderedDict[Hashable, PreparedData] = OrderedDict()
_opening = threading.RLock()  # a service and a question in one process: what one opens, the other waits for


@dataclass(frozen=True)
class OpenModel:
    """A model to ask questions of.

    Attributes:
        loaded: the model and what is known of it.
        run: the run it belongs to, or None for a file.
    """

    loaded: LoadedModel
    run: RunFolder | None

    @property
    def model(self) -> Any:
        """The Keras model, from prepared samples on."""
        return self.loaded.network

    @property
    def task(self) -> Task:
        """What the model was trained for."""
        return registry().tasks.get(self.loaded.task)

    @property
    def choices(self) -> tuple[str, ...]:
        """What can be explained: the classes."""
        return self.task.choices(self.loaded.target) if self.loaded.target is not None else ()

    @property
    def explainable(self) -> bool:
        """Whether its answer can be traced back through the network: not where a classifier follows that."""
        return self.loaded.head is None

    def decode(self, outputs: np.ndarray) -> list[Answer]:
        """What outputs of the model say."""
        return self.task.decode(outputs, self.loaded.target)

    @property
    def kind(self) -> InputKind:
        """The kind of its samples."""
        return registry().inputs.get(self.loaded.input.kind)

    def prepared(self, samples: Sequence[np.ndarray]) -> np.ndarray:
        """Samples as they were read, prepared for the network by the same code as inside the model."""
        return self.kind.stacked(samples, self.loaded.input, self.preprocessing)

    def inputs(self, prepared: np.ndarray) -> np.ndarray:
        """What the model takes for prepared samples.

        Our own models scale inside; a foreign one that holds no scaling layer gets values from 0 to 1, as most expect.
        """
        if self.loaded.foreign and not self._scales_inside:
            return prepared.astype(np.float32) / 255
        return prepared

    @property
    def white(self) -> float:
        """The value of white in what the model takes; black is 0."""
        return float(self.inputs(np.full((1, 1, 1, 1), 255, np.uint8)).max())

    def predicted(self, samples: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What the model answers to samples as they were read, an array each."""

        def outputs(prepared: np.ndarray) -> np.ndarray:
            return self.loaded.answers(gradients.outputs(self.model)(self.inputs(prepared)))

        return self.kind.predicted(outputs, samples, self.loaded.input, self.preprocessing)

    def shown(self, picture: np.ndarray, resized: np.ndarray) -> np.ndarray:
        """What a heatmap is laid over: the picture itself, or what is left of it where the model crops or pads."""
        whole = self.preprocessing.resize == "stretch" and not self.loaded.cuts
        return shrunk(picture if whole else resized, _SHOWN_PIXELS)

    @cached_property
    def _scales_inside(self) -> bool:
        from workbench.inspection.network.layers import named_layers

        return any(
            type(layer).__name__ in ("Rescaling", "Normalization") for layer in named_layers(self.model).values()
        )

    @cached_property
    def preprocessing(self) -> PreprocessingSection:
        """How samples are brought to the network; for someone else's file, pictures are stretched to its size."""
        kept = (self.loaded.about or {}).get("preprocessing")
        if isinstance(kept, dict):
            with contextlib.suppress(ValidationError):
                return self.kind.preprocessing.model_validate(kept)
        size = self.loaded.input
        return ImagePreprocessing.model_construct(height=size.height, width=size.width, channels=size.channels)


def open_model(path: str) -> OpenModel:
    """The model of a run folder or of a model file.

    Raises:
        UserError: there is none, or it cannot be opened.
    """
    place = Path(path).expanduser()
    run = None
    if place.is_dir():
        run = RunFolder(place)
        if not run.exists():
            raise UserError(
                _("{path} is not a run: it holds no experiment.toml. Name a run folder or a .keras file.").format(
                    path=place
                )
            )
        place = run.model_path
        if not place.exists():
            raise UserError(_("The run {name!r} has no model yet: no epoch of it has finished.").format(name=run.name))
    try:
        state = place.stat()
        key = (str(place.resolve()), state.st_mtime_ns, state.st_size)
    except OSError:
        key = (str(place), 0, 0)
    return _kept(_models, key, lambda: OpenModel(load_model(place), run), _KEPT_MODELS)


def open_data(experiment: Experiment, emit: Emit, control: Control) -> PreparedData:
    """The prepared data of an experiment."""
    key = experiment.model_dump_json(include={"dataset", "corrections", "splits", "preprocessing", "task"})
    return _kept(_data, key, lambda: prepare(experiment, emit, control), _KEPT_DATA)


def _kept(store: OrderedDict, key: Hashable, make: Any, limit: int) -> Any:
    with _opening:
        if key not in store:
            store[key] = make()
            while len(store) > limit:
                store.popitem(last=False)
        store.move_to_end(key)
        return store[key]
