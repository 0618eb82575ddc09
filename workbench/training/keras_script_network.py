"""The network part of the Keras script: the layers of an experiment as readable source."""

from workbench.architectures.assembly import AS_GIVEN, Network, mistaken_for_logits
from workbench.architectures.layers import Layer, layer_names
from workbench.architectures.table import EXTRA, UNSCALE, extra_layers, hidden_layers, output_activation
from workbench.data.input_kind import InputCode
from workbench.data.layer_code import FLOAT32, call_code, layer_code
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import OutputSpec


def network_code(experiment: Experiment, network: Network, samples: InputCode, output: OutputSpec) -> str:
    """Source of `build_network()` -> (model, trainable), with the builder's own function before it if there is one."""
    float32 = FLOAT32 if experiment.training.precision != "float32" else ""
    before, hidden = _hidden_lines(experiment)
    layer = f"Conv2D({output.units}, 1" if output.spatial else f"Dense({output.units}"
    lines = [
        *samples.front,
        *hidden,
        f'logits = layers.{layer}, name="logits"{float32})(x)',
        f'output = layers.Activation("{output_activation(experiment, output)}", name="output"{float32})(logits)',
        *_model_lines(experiment, network, samples, output, float32),
        "",
        *_learned_lines(experiment, samples, float32),
        *samples.learned,
        f'trainable = keras.Model({samples.stored}, learned(x), name="trainable")',
        "return model, trainable",
    ]
    text = "\n".join(f"    {line}" if line else "" for text in lines for line in text.split("\n"))
    return (
        f"{before}def build_network({samples.parameter}):\n"
        '    """The model to keep, from a raw sample, and the one to train; they share their layers."""\n'
        f"{text}\n"
    )


def _model_lines(
    experiment: Experiment, network: Network, samples: InputCode, output: OutputSpec, float32: str
) -> list[str]:
    """The model to keep; where the network learns scaled numbers, it brings them back to their own unit."""
    name = experiment.architecture.name
    if not output.factor:
        return [f'model = keras.Model({samples.raw}, output, name="{name}")']
    return [
        "# Back to the unit of the targets.",
        f"unscaled = {layer_code(network.model.get_layer(UNSCALE), float32)}(output)",
        f'model = keras.Model({samples.raw}, unscaled, name="{name}")',
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
        lines.append(f"x = {call_code(call.layer, call.arguments, {**call.options, 'name': name})}(x)")
    return lines


def _learned_lines(experiment: Experiment, samples: InputCode, float32: str) -> list[str]:
    overrides = experiment.overrides
    untouched = overrides.output_activation == "auto" and overrides.loss_expects != "probabilities"
    learned = "logits" if untouched else "output"
    lines = []
    if mistaken_for_logits(experiment):
        lines = [
            "# Keras would recognise probabilities and mend the mistake that is meant here; this hides them.",
            f'output = layers.Rescaling(1.0, name="{AS_GIVEN}"{float32})(output)',
        ]
    return [*lines, f'learned = keras.Model({samples.prepared}, {learned}, name="network")']
