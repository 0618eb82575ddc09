"""The network part of the Keras script: the layers of an experiment as readable source."""

import inspect
from typing import Any

from workbench.architectures.assembly import AS_GIVEN, Network, mistaken_for_logits
from workbench.architectures.layers import Layer, layer_names
from workbench.architectures.table import EXTRA, UNSCALE, extra_layers, hidden_layers, output_activation
from workbench.data.image_settings import ImageAugmentation
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import ImageInput, OutputSpec

FLOAT32 = ', dtype="float32"'
"""What a layer is told that must not compute in the reduced precision of the others."""

_FRACTIONS = {1 / 255: "1 / 255", 1 / 127.5: "1 / 127.5"}


def network_code(experiment: Experiment, network: Network, input: ImageInput, output: OutputSpec) -> str:
    """Source of `build_network()` -> (model, trainable), with the builder's own function before it if there is one."""
    if network.change is not None:
        raise UserError(
            _("An augmentation that moves the target with its picture cannot be written as a Keras script yet.")
        )
    float32 = FLOAT32 if experiment.training.precision != "float32" else ""
    before, hidden = _hidden_lines(experiment)
    lines = [
        f'image = keras.Input((None, None, {input.channels}), name="image")',
        "# Resizing takes training=True for its default and would hand it on to the layers after it.",
        f"resized = {layer_code(network.model.get_layer('resize'), float32)}(image, training=False)",
        "resized = keras.ops.round(resized)",
        f"x = {layer_code(network.model.get_layer('scale'), float32)}(resized)",
        *hidden,
        f'logits = layers.Dense({output.units}, name="logits"{float32})(x)',
        f'output = layers.Activation("{output_activation(experiment, output)}", name="output"{float32})(logits)',
        *_model_lines(experiment, network, output, float32),
        "",
        *_learned_lines(experiment, network, float32),
        f'pixels = keras.Input({input.shape}, dtype="uint8", name="pixels")',
        'x = keras.ops.cast(pixels, "float32")',
        *(f"x = {call}(x)" for call in augmentation_calls(experiment.augmentation, float32)),
        'trainable = keras.Model(pixels, learned(x), name="trainable")',
        "return model, trainable",
    ]
    text = "\n".join(f"    {line}" if line else "" for text in lines for line in text.split("\n"))
    return (
        f"{before}def build_network():\n"
        '    """The model to keep, from a raw picture of any size, and the one to train; they share their layers."""\n'
        f"{text}\n"
    )


def _model_lines(experiment: Experiment, network: Network, output: OutputSpec, float32: str) -> list[str]:
    """The model to keep; where the network learns scaled numbers, it brings them back to their own unit."""
    name = experiment.architecture.name
    if not output.factor:
        return [f'model = keras.Model(image, output, name="{name}")']
    return [
        f"unscaled = {layer_code(network.model.get_layer(UNSCALE), float32)}(output)",
        f'model = keras.Model(image, unscaled, name="{name}")',
    ]


def _hidden_lines(experiment: Experiment) -> tuple[str, list[str]]:
    architecture = registry().architectures.get(experiment.architecture.name)
    hidden = hidden_layers(experiment)
    extra = extra_layers(experiment)
    extra_lines = _stack_lines(extra, layer_names(extra, EXTRA))
    if hidden is not None:
        return "", _stack_lines(hidden, layer_names(hidden)) + extra_lines
    code = architecture.code(experiment.architecture)
    if code is None:
        raise UserError(
            _(
                "The architecture {name!r} is built by code that it does not give away, so no script can be written of "
                "it. Its plugin can offer it as Architecture.code."
            ).format(name=architecture.name)
        )
    source, call = code
    return f"{source.strip()}\n\n\n", [f"x = {call}", *extra_lines]


def _stack_lines(specs: list[Layer] | tuple[Layer, ...], names: list[str]) -> list[str]:
    lines = []
    for spec, name in zip(specs, names, strict=True):
        call = spec.keras()
        lines.append(f"x = {_call(call.layer, call.arguments, {**call.options, 'name': name})}(x)")
    return lines


def _learned_lines(experiment: Experiment, network: Network, float32: str) -> list[str]:
    overrides = experiment.overrides
    untouched = overrides.output_activation == "auto" and overrides.loss_expects != "probabilities"
    learned = "logits" if untouched else "output"
    if mistaken_for_logits(experiment):
        return [
            "# Keras would recognise probabilities and mend the mistake that is meant here; this hides them.",
            f'output = layers.Rescaling(1.0, name="{AS_GIVEN}"{float32})(output)',
            "learned = keras.Model(resized, output)",
        ]
    return [f"learned = keras.Model(resized, {learned})"]


def augmentation_calls(section: ImageAugmentation, float32: str) -> list[str]:
    """The augmentation as calls of Keras' own layers; they change pictures in training only."""
    fill = f'fill_mode="{section.fill}"'
    flips = {"horizontal": "horizontal", "vertical": "vertical", "both": "horizontal_and_vertical"}
    calls = []
    if section.flip != "none":
        calls.append(f'RandomFlip("{flips[section.flip]}"')
    if section.rotation:
        calls.append(f"RandomRotation({section.rotation:g} / 360, {fill}")
    if section.shift:
        calls.append(f"RandomTranslation({section.shift:g}, {section.shift:g}, {fill}")
    if section.shear:
        calls.append(f"RandomShear({section.shear:g}, {fill}")
    if section.zoom:
        calls.append(f"RandomZoom((-{section.zoom:g}, {section.zoom:g}), {fill}")
    if section.crop:
        calls.append(f'RandomTranslation({section.crop:g}, {section.crop:g}, {fill}, interpolation="nearest"')
    if section.brightness:
        calls.append(f"RandomBrightness({section.brightness:g}, value_range=(0, 255)")
    if section.contrast:
        calls.append(f"RandomContrast({section.contrast:g}, value_range=(0, 255)")
    return [f"layers.{call}{float32})" for call in calls]


def layer_code(layer: Any, more: str = "") -> str:
    """A layer of `keras.layers` as the call that makes it, without what equals Keras' defaults.

    Args:
        layer: an instance.
        more: further arguments, with a comma before each.
    """
    config = layer.get_config()
    options: dict[str, Any] = {}
    arguments: list[Any] = []
    for name, parameter in inspect.signature(type(layer).__init__).parameters.items():
        if name in ("self", "name", "dtype", "data_format") or name not in config:
            continue
        if parameter.default is parameter.empty and not options:
            arguments.append(config[name])
        elif config[name] != parameter.default:
            options[name] = config[name]
    options["name"] = layer.name
    return _call(type(layer).__name__, tuple(arguments), options)[:-1] + more + ")"


def _call(layer: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> str:
    parts = [_literal(value) for value in arguments]
    parts += [f"{name}={_literal(value)}" for name, value in options.items()]
    return f"layers.{layer}({', '.join(parts)})"


def _literal(value: Any) -> str:
    if isinstance(value, float) and value in _FRACTIONS:
        return _FRACTIONS[value]
    return f'"{value}"' if isinstance(value, str) else repr(value)
