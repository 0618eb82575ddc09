"""What the probes of a training look at: decided once, before its first epoch."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from workbench.architectures.table import LOGITS
from workbench.data.named_samples import places_of
from workbench.data.prepared import InputsOf, PreparedData
from workbench.errors import UserError, did_you_mean
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.inspection.features.filters import Filters
from workbench.inspection.inspector import Inspector
from workbench.inspection.loaded import OpenModel
from workbench.inspection.network.layers import find_layer, is_convolution, named_layers, output_shape
from workbench.inspection.pictures import shrunk
from workbench.probe_settings import ProbesSection
from workbench.registry import registry
from workbench.runs.model_file import LoadedModel, describe_model
from workbench.runs.probe_files import Stored

_MAPS = 16
_SHOWN_PIXELS = 160
_SEARCHED = 2_000  # samples that are looked through for one of every class


@dataclass(frozen=True)
class Plan:
    """What is looked at.

    Attributes:
        opened: the very model that learns, as one that questions are asked of: its weights change in place.
        data: what it learns from.
        settings: the section of the experiment.
        split: where the samples are from; `samples` and `points` are numbers in it.
        layers: those whose output is kept.
        features: the layer of the embedding, right before the output; empty for none.
        kernels: the layer whose kernels are kept; empty for none.
        inspector: the method of the heatmaps, or None.
        note: why there are no heatmaps, where they were asked for.
    """

    opened: OpenModel
    data: PreparedData
    settings: ProbesSection
    split: str
    samples: np.ndarray
    points: np.ndarray
    layers: tuple[str, ...]
    features: str
    kernels: str
    inspector: Inspector | None
    note: str = ""

    @property
    def model(self) -> Any:
        """The Keras model, from prepared samples on."""
        return self.opened.model

    def inputs(self, numbers: np.ndarray) -> np.ndarray:
        """Prepared samples by their numbers in the split."""
        return InputsOf(self.data.inputs, self.data.splits[self.split])[numbers]

    def targets(self, numbers: np.ndarray) -> np.ndarray:
        """What they are."""
        return InputsOf(self.data.targets, self.data.splits[self.split])[numbers]

    @cached_property
    def captions(self) -> tuple[str, ...]:
        """What each of the samples is."""
        targets = self.targets(self.samples)
        return tuple(self.opened.task.describe(value, self.data.target) for value in targets)

    @cached_property
    def pictures(self) -> tuple[np.ndarray, ...]:
        """The samples as they are shown; none where they are no pictures."""
        inputs = self.inputs(self.samples)
        return tuple(shrunk(picture, _SHOWN_PIXELS) for picture in inputs) if inputs.ndim == 4 else ()

    def with_points(self, count: int) -> "Plan":
        """The same with fewer points."""
        return replace(self, points=self.points[:count])

    def about(self) -> Stored:
        """What is stored of it, see `workbench.runs.probe_files`."""
        layers = named_layers(self.model)
        values = {
            "settings": self.settings.model_dump(mode="json"),
            "split": self.split,
            "samples": self.samples.tolist(),
            "captions": list(self.captions),
            "layers": list(self.layers),
            "maps": [shown_maps(output_shape(layers[name])[-1]) for name in self.layers],
            "method": "" if self.inspector is None else self.inspector.name,
            "choices": list(self.opened.choices),
            "features": self.features,
            "kernels": self.kernels,
            "note": self.note,
        }
        arrays = {"points": self.points}
        if self.pictures:
            arrays["pictures"] = np.stack(self.pictures)
        truth = self.targets(self.points)
        if truth.size <= 8 * max(1, len(self.points)):  # a mask a sample is not kept
            arrays["truth"] = truth
        return Stored(values, arrays)


def make_plan(experiment: Experiment, data: PreparedData, model: Any, settings: ProbesSection) -> Plan:
    """What to look at in a network.

    Args:
        experiment: what the network belongs to.
        data: what it learns from.
        model: the Keras model that is saved.
        settings: what is asked for, in place of the experiment's own section.

    Raises:
        UserError: there is no such layer, sample or method.
    """
    about = describe_model(experiment, data.input, data.target)
    opened = OpenModel(LoadedModel(model, about, data.input, data.target, experiment.task.name), None)
    split = "validation" if len(data.splits["validation"]) else "train"
    inspector, note = _inspector(settings.method, data.input.kind)
    layers = named_layers(opened.model)
    return Plan(
        opened,
        data,
        settings,
        split,
        _samples(settings, split, data),
        _spread(len(data.splits[split]), settings.points),
        _layers(opened.model, settings.layers),
        next((name for name in _before_the_output(layers) if len(output_shape(layers[name])) in (2, 4)), ""),
        next(iter(Filters().layers(opened.model)), ""),
        inspector,
        note,
    )


def shown_maps(channels: int) -> list[int]:
    """Which maps of a layer are kept: the same in every epoch, spread over all."""
    return np.linspace(0, channels - 1, min(channels, _MAPS)).round().astype(int).tolist()


def _samples(settings: ProbesSection, split: str, data: PreparedData) -> np.ndarray:
    count = len(data.splits[split])
    places_of(data, split, settings.chosen)
    if settings.chosen:
        return np.array(settings.chosen, np.int64)
    order = _spread(count, count)
    if data.targets.ndim == 1 and np.issubdtype(data.targets.dtype, np.integer):
        # One of every class before a second of any.
        classes = data.targets[data.splits[split]][order]
        earlier = np.array(
            [np.count_nonzero(classes[:place] == each) for place, each in enumerate(classes[:_SEARCHED])]
        )
        order = order[: len(earlier)][np.lexsort((classes[: len(earlier)], earlier))]
    return order[: settings.samples]


def _spread(count: int, wanted: int) -> np.ndarray:
    """Numbers of samples in an order such that any first part of them is spread over all."""
    return np.random.default_rng(0).permutation(count)[:wanted].astype(np.int64)


def _layers(model: Any, asked: tuple[str, ...]) -> tuple[str, ...]:
    for name in asked:
        shape = output_shape(find_layer(model, name))
        if len(shape) not in (2, 4):
            text = _("The output of the layer {name!r} is neither a stack of maps nor a vector: {shape}.")
            raise UserError(text.format(name=name, shape=shape[1:]))
    if asked:
        return tuple(dict.fromkeys(asked))
    layers = named_layers(model)
    names = [name for name, layer in layers.items() if is_convolution(layer) and name != LOGITS]
    if not names:  # hidden layers with weights, then
        hidden = _before_the_output(layers)[::-1]
        names = [name for name in hidden if layers[name].weights and len(output_shape(layers[name])) == 2]
    places = np.linspace(0, len(names) - 1, min(3, len(names))).round().astype(int)
    return tuple(names[place] for place in places)


def _before_the_output(layers: dict[str, Any]) -> list[str]:
    """The layers before the output layer, the nearest first."""
    names = list(layers)
    end = names.index(LOGITS) if LOGITS in layers else len(names) - 1
    return names[:end][::-1]


def _inspector(name: str, kind: str) -> tuple[Inspector | None, str]:
    """The method of the heatmaps, and why there is none."""
    if not name:
        return None, ""
    heatmaps = {each.name: each for each in registry().inspectors if each.family == "heatmaps"}
    inspector = heatmaps.get(name)
    if inspector is None or inspector.subject != "sample":
        hint = did_you_mean(name, heatmaps)
        text = _("No method of that name makes heatmaps: {name!r}. {hint} Known are: {known}.")
        raise UserError(" ".join(text.format(name=name, hint=hint, known=", ".join(heatmaps)).split()))
    if kind not in inspector.inputs:
        kinds = ", ".join(_(registry().inputs.get(each).title) for each in inspector.inputs)
        text = _('"{method}" looks into models of data of the kind {kinds}; this one is of the kind {kind}.')
        values = {"method": _(inspector.title), "kinds": kinds, "kind": _(registry().inputs.get(kind).title)}
        return None, text.format(**values)
    return inspector, ""
