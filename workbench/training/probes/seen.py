"""What is seen of a network at one moment: maps, heatmaps, kernels, answers, as arrays that are worth keeping."""

from typing import Any

import numpy as np

from workbench.figure_files import stretched
from workbench.figures import Figure, Heatmap
from workbench.inspection.features.filters import kernels_of
from workbench.inspection.inspector import Question
from workbench.inspection.network.layers import final_layer, find_layer, named_layers
from workbench.inspection.network.taps import activations_of
from workbench.training.probes.plan import Plan, shown_maps

BATCH = 32
_MAP_PIXELS, _HEAT_PIXELS = 48, 64
_UNITS, _SHARES, _KERNELS, _FEATURES = 256, 1000, 64, 64
_INPUTS_SHOWN = 4  # kernels over more input maps are kept as the mean over these


class Eye:
    """Looks at a network as a plan says; what it needs of Keras is compiled once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        layers = named_layers(plan.model)
        last = final_layer(plan.model)
        self._final = next(name for name, layer in layers.items() if layer is last)
        tapped = (*plan.layers, plan.features, self._final)
        self._tapped = tuple(dict.fromkeys(name for name in tapped if name))
        self._projection: np.ndarray | None = None

    def samples(self) -> tuple[dict[str, np.ndarray], list[str]]:
        """The outputs of the layers and of the network for the samples; and what it answers, a text each."""
        plan = self._plan
        seen = self._look(plan.inputs(plan.samples))
        arrays: dict[str, np.ndarray] = {}
        for number, name in enumerate(plan.layers):
            if seen[name].ndim == 4:
                arrays[f"maps_{number}"], arrays[f"range_{number}"] = _kept_maps(seen[name])
            else:
                arrays[f"units_{number}"] = np.clip(seen[name][:, :_UNITS], -6e4, 6e4).astype(np.float16)
        outputs = seen[self._final]
        if outputs.ndim == 2 and outputs.shape[1] <= _SHARES:
            arrays["shares"] = outputs.astype(np.float32)
        return arrays, [answer.text for answer in plan.opened.decode(outputs)]

    def heat(self) -> dict[str, np.ndarray]:
        """A heatmap of every sample. Raises `UserError` where the method asks for something else."""
        plan = self._plan
        everything = slice(0, len(plan.samples))
        maps = self._heatmaps(everything)
        if len(maps) != len(plan.samples):  # several for one: the first is what the method is about
            maps = [self._heatmaps(slice(number, number + 1))[0] for number in range(len(plan.samples))]
        # Where the last layer finds nothing in a sample, Grad-CAM goes on to one before it, with larger maps.
        rows, columns = np.max([values.shape for values in maps], axis=0).clip(max=_HEAT_PIXELS)
        return {"heat": np.stack([_as_bytes(stretched(values, rows, columns)) for values in maps])}

    def kernels(self) -> dict[str, np.ndarray]:
        """The kernels of the first convolution."""
        kernels = kernels_of(find_layer(self._plan.model, self._plan.kernels))[..., :_KERNELS]
        if kernels.shape[2] > _INPUTS_SHOWN:
            kernels = kernels.mean(axis=2, keepdims=True)
        return {"kernels": kernels.astype(np.float16)}

    def points(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the network answers to some points, and their features, float16."""
        seen = self._look(self._plan.inputs(numbers))
        features = seen.get(self._plan.features)
        if features is None:
            return seen[self._final], np.zeros((len(numbers), 0), np.float16)
        if features.ndim == 4:
            features = features.mean(axis=(1, 2))
        return seen[self._final], np.clip(self._projected(features), -6e4, 6e4).astype(np.float16)

    def _look(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        values = activations_of(self._plan.model, self._tapped)(inputs)
        return dict(zip(self._tapped, values, strict=True))

    def _heatmaps(self, which: slice) -> list[np.ndarray]:
        plan = self._plan
        inspector = plan.inspector
        question = Question(
            plan.opened, plan.inputs(plan.samples[which]), plan.pictures[which], plan.captions[which],
            inspector.section(), plan.opened.choices, plan.opened.decode,
        )  # fmt: skip
        figures: tuple[Figure, ...] = inspector.inspect(plan.model, question).figures
        return [figure.values for figure in figures if isinstance(figure, Heatmap)]

    def _projected(self, features: np.ndarray) -> np.ndarray:
        """Many features as few: a random projection keeps distances (Johnson and Lindenstrauss, 1984)."""
        width = features.shape[1]
        if width <= _FEATURES:
            return features
        if self._projection is None:
            self._projection = np.random.default_rng(0).normal(size=(width, _FEATURES)).astype(np.float32)
            self._projection /= np.sqrt(_FEATURES)
        return features @ self._projection


def classes_of(outputs: np.ndarray, count: int) -> np.ndarray | None:
    """The classes that outputs name (at every pixel, where they are maps); None where they name none."""
    if outputs.shape[-1] == count and count > 1:
        return outputs.argmax(axis=-1).astype(np.int32)
    if outputs.shape[-1] == 1 and count == 2:
        return (outputs[..., 0] > 0.5).astype(np.int32)
    return None


def confusion(truth: np.ndarray, answers: np.ndarray, count: int) -> np.ndarray:
    """Counts, rows true and columns answered; truths outside of the classes (pixels left out) count for nothing."""
    truth, answers = truth.reshape(-1).astype(np.int64), answers.reshape(-1).astype(np.int64)
    valid = (truth >= 0) & (truth < count)
    return np.bincount(truth[valid] * count + answers[valid], minlength=count * count).reshape(count, count)


def _kept_maps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some maps as bytes, each from its lowest to its highest value, and these two."""
    values = _smaller(np.nan_to_num(values[..., shown_maps(values.shape[-1])]), _MAP_PIXELS)
    low, high = values.min(axis=(1, 2)), values.max(axis=(1, 2))
    width = np.where(high > low, high - low, 1.0)
    bytes_ = np.round((values - low[:, None, None]) * (255 / width[:, None, None])).astype(np.uint8)
    return bytes_, np.stack([low, high], axis=-1).astype(np.float32)


def _smaller(values: np.ndarray, longest: int) -> np.ndarray:
    """Maps (..., rows, columns, maps) with at most so many rows and columns: means of equal parts."""
    rows, columns = values.shape[-3:-1]
    step = -(-max(rows, columns) // longest)
    if step == 1 or min(rows, columns) < step:
        return values
    cut = values[..., : rows // step * step, : columns // step * step, :]
    parts = cut.reshape(*values.shape[:-3], rows // step, step, columns // step, step, values.shape[-1])
    return parts.mean(axis=(-4, -2))


def _as_bytes(heat: np.ndarray) -> np.ndarray:
    return np.round(np.clip(np.nan_to_num(heat), 0, 1) * 255).astype(np.uint8)


def parts_of(plan: Plan, eye: Eye) -> dict[str, Any]:
    """What there is to see of a plan's samples beside their maps, by name: functions that give arrays."""
    parts: dict[str, Any] = {}
    if plan.inspector is not None and plan.pictures:
        parts["heat"] = eye.heat
    if plan.kernels:
        parts["kernels"] = eye.kernels
    return parts
