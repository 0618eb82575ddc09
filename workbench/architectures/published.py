"""What the published networks share: settings with one wording, and pieces of networks.

The pieces stand in the copied source as they are: they use nothing but Python, `keras` and `layers`, for `source_of`.
"""

from typing import Any, Literal

from workbench.architectures.layers import BATCH_NORM_MOMENTUM
from workbench.i18n import mark
from workbench.section import setting

Stem = Literal["auto", "standard", "small"]
BlockNormalization = Literal["batch", "layer", "none"]


def stem_setting(help: str) -> Any:
    """How the network begins; `help` says what the small one is."""
    return setting(
        "auto", title=mark("Stem"), help=help,
        labels={"auto": mark("Automatic"), "standard": mark("As published"),
                "small": mark("For small pictures")},
    )  # fmt: skip


def stem_kernel_size_setting() -> Any:
    """Side of the kernels of the first convolution."""
    return setting(
        0, title=mark("Kernel size of the stem"), unit="px", zero=mark("as published"), ge=0, le=31,
        help=mark("Side of the square the first convolution looks at; 0 takes the one that belongs to the stem."),
    )  # fmt: skip


def width_multiplier_setting() -> Any:
    """How wide every layer is."""
    return setting(
        1.0, title=mark("Width multiplier"), ge=0.05, le=8,
        help=mark("The filters of every convolution are multiplied by it; half the width is a quarter of the work."),
    )  # fmt: skip


def depth_multiplier_setting() -> Any:
    """How many layers there are."""
    return setting(
        1.0, title=mark("Depth multiplier"), ge=0.05, le=8,
        help=mark("The number of layers in every block is multiplied by it; one is always left."),
    )  # fmt: skip


def stage_pooling_setting(help: str) -> Any:
    """Kind of the poolings inside the network."""
    return setting(
        "max", title=mark("Pooling"), help=help, labels={"max": mark("Largest value"), "average": mark("Mean")}
    )


def block_normalization_setting(default: str = "batch") -> Any:
    """What stands between a convolution and its activation."""
    return setting(
        default, title=mark("Normalisation"), help=mark("What stands between a convolution and its activation."),
        labels={"batch": mark("Batch normalisation"), "layer": mark("Layer normalisation"), "none": mark("None")},
    )  # fmt: skip


def momentum_setting() -> Any:
    """Momentum of the batch normalisations."""
    return setting(
        BATCH_NORM_MOMENTUM, title=mark("Momentum of the normalisation"), ge=0, lt=1, advanced=True,
        help=mark("How slowly the mean and deviation that predictions use follow those of the batches."),
    )  # fmt: skip


def squeeze_excitation_setting() -> Any:
    """The ratio of squeeze-and-excitation."""
    return setting(
        0, title=mark("Squeeze-and-excitation"), ge=0, le=64,
        help=mark("Weigh the maps of every block by their means, through a dense layer that is so many times narrower "
                  "(Hu et al., 2018, use 16); 0 leaves it out."),
    )  # fmt: skip


def scaled(count, multiplier):
    """A number of filters or layers times a multiplier; at least 1."""
    return max(1, round(count * multiplier))


def normalized(x, kind, momentum, name):
    """A normalisation of that kind ("batch", "layer", "none")."""
    from keras import layers

    if kind == "none":
        return x
    if kind == "layer":
        return layers.LayerNormalization(epsilon=1e-6, name=f"{name}_layer_norm")(x)
    return layers.BatchNormalization(momentum=momentum, epsilon=1e-5, name=f"{name}_batch_norm")(x)


def every_second_pixel(x, stride, name):
    """Leaves pixels out, so that a 1x1 convolution with a stride needs none: same numbers, same parameters."""
    from keras import layers

    return layers.MaxPooling2D(1, strides=stride, name=f"{name}_every_second_pixel")(x) if stride > 1 else x


def squeeze_and_excite(x, ratio, name):
    """The maps, each weighed by a number between 0 and 1 that follows from the means of all (Hu et al., 2018)."""
    from keras import layers

    filters = x.shape[-1]
    weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    weights = layers.Dense(
        max(1, filters // ratio), activation="relu", kernel_initializer="he_normal", name=f"{name}_squeeze_dense"
    )(weights)
    weights = layers.Dense(filters, activation="sigmoid", name=f"{name}_excite_dense")(weights)
    return layers.Multiply(name=f"{name}_excite")([x, weights])


def flat_head(x, head, dense, activation, dropout):
    """The maps as one list, then hidden dense layers; a dropout after each, or one where there is none."""
    from keras import layers

    heads = {
        "flatten": layers.Flatten,
        "global_average": layers.GlobalAveragePooling2D,
        "global_max": layers.GlobalMaxPooling2D,
    }
    x = heads[head](name="head")(x)
    for number, units in enumerate(dense, start=1):
        x = layers.Dense(units, activation=activation, kernel_initializer="he_normal", name=f"head_dense_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"head_dropout_{number}")(x)
    return layers.Dropout(dropout, name="head_dropout")(x) if dropout and not dense else x
