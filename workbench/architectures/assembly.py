"""From an experiment to its Keras network: the model that is saved, and the one that is trained.

Both share their layers. The saved one takes raw samples (pictures of any size, rows of a table) and holds everything a
prediction needs; the trained one takes samples that were prepared already, augments them while training, and gives what
the loss takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from workbench.architectures.layers import Layer, layer_names
from workbench.architectures.table import (
    EXTRA,
    LOGITS,
    OUTPUT,
    UNSCALE,
    Stack,
    extra_layers,
    hidden_layers,
    layer_table,
    output_activation,
    unfit,
)
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.specs import InputSpec, OutputSpec, TargetSpec

AS_GIVEN = "as_given"


@dataclass(frozen=True)
class Network:
    """A network twice, with shared weights.

    Attributes:
        model: from a raw sample to the output after its activation, in the target's own units.
        trainable: from a prepared sample as it is stored to what the loss takes.
        from_logits: whether the loss has to take that for logits.
        change: where targets move with their pictures: the layer whose `change` must be applied to a batch before
            `trainable` sees it; None where the augmentation is inside of `trainable`, or there is none.
    """

    model: Any
    trainable: Any
    from_logits: bool
    change: Any = None


def assemble(experiment: Experiment, input: InputSpec, target: TargetSpec, statistics: Any = None) -> Network:
    """Build the network of an experiment.

    Args:
        experiment: what was asked for.
        input: a sample at the network's input.
        target: what is learned.
        statistics: of the training split, as its kind of input wants them for scaling.

    Raises:
        UserError: the layers cannot be stacked like this; the text is the one of the layer table.
    """
    output = registry().tasks.get(experiment.task.name).output(target)
    refuse_impossible(experiment, input, output)
    with precision(experiment.training.precision):
        return _assemble(experiment, input, target, output, statistics)


def refuse_impossible(experiment: Experiment, input: InputSpec, output: OutputSpec) -> None:
    """Raise `UserError` with the table's text when the layers cannot be stacked."""
    architecture = registry().architectures.get(experiment.architecture.name)
    if architecture.own_scaling and experiment.overrides.scaling_factor is not None:
        raise UserError(
            _(
                "The architecture {name} scales its input by itself, and once is enough. Leave out "
                "overrides.scaling_factor."
            ).format(name=architecture.name)
        )
    if input.kind not in architecture.inputs:
        fitting = [other.name for other in registry().architectures if input.kind in other.inputs]
        raise UserError(_("The architecture {name} is not made for this kind of data. Those that are: {names}.").format(
            name=experiment.architecture.name, names=", ".join(fitting)))  # fmt: skip
    table = layer_table(experiment, input, output)
    if table is not None and table.problem:
        raise UserError(_("This network cannot be built. {problem}").format(problem=table.problem))


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made inside compute in this dtype policy; the process keeps its own."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _assemble(
    experiment: Experiment, input: InputSpec, target: TargetSpec, output: OutputSpec, statistics: Any
) -> Network:
    import keras

    kind = registry().inputs.get(input.kind)
    raw, prepared = kind.enter(input, experiment.preprocessing)
    own_scaling = registry().architectures.get(experiment.architecture.name).own_scaling
    scaled = prepared if own_scaling else kind.scale(prepared, experiment, input, statistics)
    features = _features(experiment, input, output, scaled)
    logits = _output_layer(output)(features)
    activation = output_activation(experiment, output)
    answer = keras.layers.Activation(activation, name=OUTPUT, dtype="float32")(logits)
    model = keras.Model(raw, _unscaled(answer, output), name=experiment.architecture.name)

    learned, from_logits = _what_the_loss_takes(experiment, activation, logits, answer)
    from_prepared = keras.Model(prepared, learned, name="network")
    change = kind.augment(experiment.augmentation, input, experiment.training.seed)
    if change is not None and target.moves:
        sample = keras.Input(shape=input.shape, dtype="float32", name="changed")
        return Network(model, keras.Model(sample, from_prepared(sample), name="trainable"), from_logits, change)
    stored, sample = kind.learn(input)
    if change is not None:
        sample = change(sample)
    return Network(model, keras.Model(stored, from_prepared(sample), name="trainable"), from_logits)


def _output_layer(output: OutputSpec) -> Any:
    import keras

    if output.spatial:
        return keras.layers.Conv2D(output.units, 1, name=LOGITS, dtype="float32")
    return keras.layers.Dense(output.units, name=LOGITS, dtype="float32")


def _unscaled(answer: Any, output: OutputSpec) -> Any:
    """The answer in the target's own units."""
    import keras

    if not output.factor:
        return answer
    layer = keras.layers.Normalization(
        axis=-1, mean=list(output.offset), variance=[factor**2 for factor in output.factor], invert=True,
        dtype="float32", name=UNSCALE,
    )  # fmt: skip
    return layer(answer)


def _features(experiment: Experiment, input: InputSpec, output: OutputSpec, picture: Any) -> Any:
    hidden = hidden_layers(experiment)
    extra = extra_layers(experiment)
    if hidden is None:
        features = _build(experiment, input, picture)
    else:
        features = apply_layers(hidden, layer_names(hidden), picture)
    if hidden is None and extra:
        stack = Stack(tuple(features.shape[1:]))
        for name, layer in zip(layer_names(extra, EXTRA), extra, strict=True):
            problem = stack.put(name, layer).problem
            if problem:
                raise UserError(_("This network cannot be built. {problem}").format(problem=f"{name}: {problem}"))
    features = apply_layers(extra, layer_names(extra, EXTRA), features)
    problem = unfit(tuple(features.shape[1:]), output, input.shape[:2])
    if problem:
        raise UserError(_("This network cannot be built. {problem}").format(problem=f"{LOGITS}: {problem}"))
    return features


def _build(experiment: Experiment, input: InputSpec, picture: Any) -> Any:
    architecture = registry().architectures.get(experiment.architecture.name)
    try:
        return architecture.build(experiment.architecture, picture, input)
    except ValueError as error:  # Keras says so when shapes do not fit
        raise UserError(
            _("The network {name!r} cannot be built for an input of {shape}: {error}").format(
                name=architecture.name, shape=" × ".join(map(str, input.shape)), error=str(error).splitlines()[0]
            )
        ) from error


def apply_layers(specs: list[Layer] | tuple[Layer, ...], names: list[str], tensor: Any) -> Any:
    """Make the Keras layers of the specs and apply them one after the other."""
    import keras

    for spec, name in zip(specs, names, strict=True):
        call = spec.keras()
        options = dict(call.options)
        if call.layer == "Conv2D" and call.arguments[1] == 1 and "strides" in options:
            # WORKAROUND for TensorFlow 2.21 with oneDNN: the gradient of a 1 x 1 convolution with a stride and at most
            # 8 filters crashes the process. Leaving out the pixels first gives the same numbers.
            tensor = keras.layers.MaxPooling2D(1, strides=options.pop("strides"), name=f"{name}_stride")(tensor)
        tensor = getattr(keras.layers, call.layer)(*call.arguments, **options, name=name)(tensor)
    return tensor


def _what_the_loss_takes(experiment: Experiment, activation: str, logits: Any, answer: Any) -> tuple[Any, bool]:
    """The tensor for the loss, and whether the loss is told that it is logits.

    Normally the logits, which is exact. An override of the output activation is meant, also as a mistake to be shown:
    the loss then gets the network's very output and is told what the experiment says.
    """
    overrides = experiment.overrides
    if overrides.output_activation == "auto":
        return (answer, False) if overrides.loss_expects == "probabilities" else (logits, True)
    if overrides.loss_expects == "auto":
        return answer, activation == "linear"
    from_logits = overrides.loss_expects == "logits"
    if mistaken_for_logits(experiment):
        import keras

        answer = keras.layers.Rescaling(1.0, name=AS_GIVEN, dtype="float32")(answer)
    return answer, from_logits


def mistaken_for_logits(experiment: Experiment) -> bool:
    """Whether the loss is to take probabilities for logits.

    Keras on TensorFlow would recognise them and quietly take the values before the activation, so that nobody sees what
    the mistake does; a layer that changes nothing (`AS_GIVEN`) hides them from it.
    """
    overrides = experiment.overrides
    return overrides.loss_expects == "logits" and overrides.output_activation in ("softmax", "sigmoid")
