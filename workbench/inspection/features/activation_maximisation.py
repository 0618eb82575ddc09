"""Activation maximisation: the picture that a channel or a class looks for, found by gradient ascent.

Erhan et al. 2009, Visualizing Higher-Layer Features of a Deep Network; Olah et al. 2017, Feature Visualization,
Distill, doi:10.23915/distill.00007. The score is the mean over all places of what enters the activation: behind a
ReLU, a unit that is silent on noise would have no gradient.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Gallery, Tile
from workbench.i18n import _, counted, mark
from workbench.inspection.features.ascent import Plan, ascend
from workbench.inspection.heatmaps.explained import target_index
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network.backends import as_array, as_float, compiled, compiled_with_gradient
from workbench.inspection.network.gradients import check_gradient_gets_through, explained_scores
from workbench.inspection.network.keeping import kept
from workbench.inspection.network.layers import (
    entry_operation,
    final_layer,
    find_layer,
    last_convolution,
    named_layers,
    output_shape,
)
from workbench.inspection.network.tap import entered, tapped
from workbench.section import Section, setting

_VALUES = 640_000  # of the pictures that are looked for at once; more leave the caches
_MOST = 16
_NOISES = 4  # pictures of noise that tell which channels are active
_ACTIVATIONS = ("Activation", "Softmax", "Sigmoid", "ReLU", "LeakyReLU", "PReLU", "ELU")
_OF_CHANNELS = ("target", ("",))


class ActivationMaximisationSection(Section):
    """Settings of activation maximisation."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The layer whose channels are looked at; empty takes the last convolution."),
    )  # fmt: skip
    target: str = setting(
        "", title=mark("Class"), widget="target", coerce_numbers_to_str=True,
        help=mark("The class whose score is raised; empty takes channels of the layer."),
    )  # fmt: skip
    channels: int = setting(
        9, title=mark("Channels"), ge=1, le=256, shown_if=_OF_CHANNELS,
        help=mark("How many channels are looked at: a picture each."),
    )  # fmt: skip
    order: Literal["number", "active"] = setting(
        "number", title=mark("Which"), shown_if=_OF_CHANNELS,
        labels={"number": mark("By number"), "active": mark("The most active on noise")},
        help=mark("Which channels of the layer are looked at."),
    )  # fmt: skip
    first: int = setting(
        0, title=mark("First channel"), ge=0, le=65535, shown_if=("order", ("number",)),
        help=mark("The number of the first channel, from 0."),
    )  # fmt: skip
    parametrisation: Literal["fourier", "pixel"] = setting(
        "fourier", title=mark("Picture made of"),
        labels={"fourier": mark("Waves (Fourier)"), "pixel": mark("Pixels")},
        help=mark("Waves scaled by 1/frequency, as in natural pictures, or single pixels, which give finer noise."),
    )  # fmt: skip
    steps: int = setting(
        128, title=mark("Steps"), ge=1, le=10_000, help=mark("Steps of the ascent, at all scales together.")
    )
    learning_rate: float = setting(
        0.05, title=mark("Learning rate"), gt=0, le=10, help=mark("Length of a step (Adam).")
    )
    jitter: float = setting(
        0.05, title=mark("Jitter"), ge=0, le=0.5,
        help=mark("How far the picture is moved about before each step, as a share of its side: what is found must "
                  "not hang on single pixels."),
    )  # fmt: skip
    blur: float = setting(
        1.0, title=mark("Blur"), unit="px", ge=0, le=10,
        help=mark("Standard deviation by which the first step is blurred; it falls to 0 at the last, so that details "
                  "come late."),
    )  # fmt: skip
    scales: int = setting(
        3, title=mark("Scales"), ge=1, le=8,
        help=mark("The picture is begun small and enlarged so many times less one, by 1.4 each."),
    )  # fmt: skip
    size: int = setting(
        0, title=mark("Size"), unit="px", zero=mark("the network's"), ge=0, le=1024,
        help=mark("The longer side of the picture; 0 takes what the network takes. Of a larger one it sees another "
                  "part at every step, which suits the textures of channels and takes more steps; the score is that "
                  "of the middle. A smaller one it sees enlarged."),
    )  # fmt: skip
    seed: int = setting(
        0, title=mark("Seed"), ge=0, le=2**31 - 1, advanced=True,
        help=mark("The same seed gives the same pictures."),
    )  # fmt: skip


class ActivationMaximisation(Inspector):
    """Pictures that channels of a layer, or a class, answer to most."""

    name = "activation_maximisation"
    title = mark("Activation maximisation")
    help = mark("Finds the picture that a channel or a class answers to most, from noise on.")
    paper = "Erhan et al. 2009; Olah et al. 2017, doi:10.23915/distill.00007"
    section = ActivationMaximisationSection
    subject = "model"
    family = "model"
    quick = False

    def layers(self, model: Any) -> list[str]:
        """The layers whose output is a stack of maps or a vector."""
        shapes = {name: output_shape(layer) for name, layer in named_layers(model).items()}
        return [name for name, shape in shapes.items() if len(shape) in (2, 4) and shape[-1]]

    def inspect(self, model: Any, question: Question) -> Findings:
        """One gallery, a picture per channel or one of the class."""
        params = question.params
        inputs = getattr(model, "inputs", None) or [None]
        if len(inputs) > 1:
            raise UserError(
                _("Pictures are found for models with one input; this one has {count}.").format(count=len(inputs))
            )
        check_gradient_gets_through(model)
        if params.target:
            name, units = "", np.array([self._class(model, question)])
            names = {int(units[0]): params.target}
        else:
            name = self._layer(model, params.layer)
            layer = find_layer(model, name)
            # A single unit stands for two classes, and has the name of neither.
            named = layer is final_layer(model) and output_shape(layer)[-1] == len(question.choices)
            names = dict(enumerate(question.choices)) if named else {}
        plan = _plan(model, question)
        if not params.target:
            units = _channels(model, name, plan, question)
        pixels, *scores = _found(model, name, plan, units.astype(np.int32), question)
        return Findings((_gallery(name, units, names, pixels, scores, question),), name, params.target)

    def _layer(self, model: Any, asked: str) -> str:
        suitable = self.layers(model)
        if not suitable:
            raise UserError(_("This model has no layer whose output is a stack of maps or a vector."))
        name = asked or last_convolution(model) or suitable[-1]
        layer = find_layer(model, name)
        if name not in suitable:
            raise UserError(
                _("The output of the layer {name!r} is neither a stack of maps nor a vector: {shape}.").format(
                    name=name, shape=output_shape(layer)[1:]
                )
            )
        return name

    def _class(self, model: Any, question: Question) -> int:
        if not question.choices:
            raise UserError(_("This model has no classes to look for. Leave the class empty and name a layer."))
        shape = getattr(model, "output_shape", None)
        if not isinstance(shape, tuple) or len(shape) not in (2, 4) or not isinstance(shape[-1], int):
            raise UserError(
                _(
                    "A class is looked for where the model gives a value for each, per picture or at every pixel; the "
                    "output of this model is {shape}. Leave the class empty and name a layer."
                ).format(shape=shape)
            )
        return target_index(question.params.target, question.choices)


def _plan(model: Any, question: Question) -> Plan:
    """The settings, with the size that the network takes."""
    params, entry, wanted = question.params, entry_operation(model), question.opened.loaded.input
    shape = model.input_shape if entry is None else entry.output.shape
    usual = (wanted.height, wanted.width, wanted.channels)
    seen = tuple(int(fixed or free) for fixed, free in zip(shape[1:], usual, strict=True))
    factor = params.size / max(seen[:2]) if params.size else 1
    return Plan(
        seen, tuple(max(1, round(side * factor)) for side in seen[:2]), question.opened.white,
        params.parametrisation == "fourier", params.steps, params.learning_rate, params.jitter, params.blur,
        params.scales, params.seed,
    )  # fmt: skip


def _channels(model: Any, name: str, plan: Plan, question: Question) -> np.ndarray:
    """The numbers of the channels that are looked at."""
    params, count = question.params, output_shape(find_layer(model, name))[-1]
    if params.order == "active":
        noise = [plan.start(unit).uniform(0, plan.white, plan.seen) for unit in range(_NOISES)]
        means = _means(model, name)(np.stack(noise)).mean(axis=0)
        return np.argsort(-np.nan_to_num(means, nan=-np.inf), kind="stable")[: params.channels]
    if params.first >= count:
        raise UserError(
            counted(
                "The layer {name!r} has one channel, number 0; there is no channel {first}.",
                "The layer {name!r} has {count} channels, from 0 to {last}; there is no channel {first}.",
                count,
            ).format(name=name, count=count, last=count - 1, first=params.first)
        )
    return np.arange(params.first, min(count, params.first + params.channels))


def _found(model: Any, name: str, plan: Plan, units: np.ndarray, question: Question) -> list[np.ndarray]:
    """What `ascend` gives for all units; so many at once that the same question always gets the same pictures."""
    gradient = _gradients(model, name)
    total, done = len(units) * plan.steps, 0
    values = max(np.prod(plan.seen), np.prod(plan.size) * plan.seen[2])
    at_once = int(np.clip(_VALUES // values, 1, _MOST))
    parts = []
    for start in range(0, len(units), at_once):
        group = units[start : start + at_once]

        def stepped(count: int = len(group)) -> None:
            nonlocal done
            done += count
            question.control.check()
            question.emit(Progress(_("looking for pictures"), done, total))

        parts.append(ascend(plan, gradient, group, stepped))
    found = [np.concatenate(each) for each in zip(*parts, strict=True)]
    if not np.all(np.isfinite(found[2])):
        raise UserError(
            _("The model answers noise with values that are no numbers: its training diverged. Take another model.")
        )
    return found


def _gradients(model: Any, name: str) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A compiled function of (pictures, units) -> (scores, gradients by the pictures); of classes for an empty name."""

    def forward(at: Any, pictures: Any, units: Any) -> tuple[Any, Any]:
        from keras import ops

        if not name:
            with entered(model, at, pictures) as given, tapped(model) as tap:
                result = model(given, training=False)
            region = ops.ones_like(ops.cast(result[..., 0], "float32")) if len(result.shape) == 4 else None
            scores = explained_scores(tap.score, result, units, region, result.shape[-1])[0]
        else:
            means = _channel_means(model, name, at, pictures)
            scores = ops.sum(means * ops.one_hot(units, means.shape[-1], dtype="float32"), axis=-1)
        return scores, (scores,)

    def make() -> Any:
        run = compiled_with_gradient(model, forward, lambda _pictures, gradient, scores: (scores, gradient[""]))
        return lambda pictures, units: tuple(as_array(value) for value in run(as_float(pictures), units))

    return kept(model, ("activation_maximisation", name), make)


def _means(model: Any, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """A compiled function of pictures -> the mean of every channel before its activation, (n, channels)."""

    def make() -> Any:
        run = compiled(model, lambda pictures: _channel_means(model, name, lambda value: value, pictures))
        return lambda pictures: as_array(run(as_float(pictures)))

    return kept(model, ("channel_means", name), make)


def _channel_means(model: Any, name: str, at: Callable[[Any], Any], pictures: Any) -> Any:
    """Within the graph: the mean of every channel over all places, float32 (n, channels)."""
    from keras import ops

    layer = find_layer(model, name)
    with entered(model, at, pictures) as given, _before_activation(layer) as caught:
        model(given, training=False)
    values = ops.cast(caught[-1], "float32")
    means = ops.mean(values, axis=(1, 2)) if len(values.shape) == 4 else values
    return ops.reshape(means, (-1, output_shape(layer)[-1]))


@contextmanager
def _before_activation(layer: Any) -> Iterator[list[Any]]:
    """Catch what enters the activation of a layer while a model is traced; its output where it has none."""
    call, activation, caught = layer.call, getattr(layer, "activation", None), []
    alone = type(layer).__name__ in _ACTIVATIONS

    def caught_call(*args: Any, **kwargs: Any) -> Any:
        before = len(caught)
        result = call(*args, **kwargs)
        if alone:
            caught.append(args[0] if args else next(iter(kwargs.values())))
        elif len(caught) == before:
            caught.append(result)
        return result

    def caught_activation(inputs: Any) -> Any:
        caught.append(inputs)
        return activation(inputs)

    own = callable(activation) and not alone
    try:
        vars(layer)["call"] = caught_call
        if own:
            vars(layer)["activation"] = caught_activation
        yield caught
    finally:
        vars(layer).pop("call", None)
        if own:
            vars(layer)["activation"] = activation


def _gallery(
    name: str, units: np.ndarray, names: dict[int, str], pixels: np.ndarray, scores: list[np.ndarray],
    question: Question,
) -> Gallery:  # fmt: skip
    """The pictures with the scores they reach, beside those of the noise they began as."""
    tiles, silent = [], 0
    for unit, picture, reached, noise, moved in zip(units.tolist(), pixels, *scores, strict=True):
        called = names.get(unit, f"#{unit}")
        if moved:
            text = _("{called}\nscore {reached:.3g}\nnoise {noise:.3g}")
        else:
            silent += 1
            text = _("{called}\nno gradient\nscore {noise:.3g}")
        shown = picture if picture.shape[-1] == 3 else picture[..., 0]
        tiles.append(Tile(shown, text.format(called=called, reached=reached, noise=noise)))
    note = _(
        "What raises the score before the activation most, by {steps} steps from noise. One of many such pictures: "
        "another seed finds another."
    ).format(steps=question.params.steps)
    if silent:
        text = _("{count} have no gradient on noise: something before them, a dead ReLU for one, lets nothing through.")
        note = f"{note} {text.format(count=silent)}"
    if name:
        title = _("What channels of {layer} look for").format(layer=name)
    else:
        title = _("What {target} looks for").format(target=question.params.target)
    return Gallery(title, tuple(tiles), note=note)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(ActivationMaximisation())
