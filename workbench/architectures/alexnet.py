"""AlexNet (Krizhevsky, Sutskever & Hinton, 2012), whole instead of divided over two graphics cards of 3 GB."""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import (
    Counts,
    Head,
    dense_setting,
    dropout_setting,
    head_setting,
)
from workbench.architectures.network_function import FunctionNetwork, FunctionSection
from workbench.architectures.published import (
    depth_multiplier_setting,
    flat_head,
    normalized,
    scaled,
    stage_pooling_setting,
)
from workbench.i18n import mark
from workbench.section import setting


class AlexNetSection(FunctionSection):
    """Settings of `alexnet`; the defaults are the paper's."""

    name: Literal["alexnet"] = setting("alexnet", title=mark("Architecture"), widget="hidden")
    stem: Literal["auto", "standard", "medium", "small"] = setting(
        "auto", title=mark("Stem"),
        labels={"auto": mark("Automatic"), "standard": mark("As published"),
                "medium": mark("For middle-sized pictures"), "small": mark("For small pictures")},
        help=mark("The first convolution: as published 11 × 11 with a stride of 4, from 128 px on; 7 × 7 with a stride "
                  "of 2 from 64 px on; 5 × 5 without stride for small pictures."),
    )  # fmt: skip
    depth_multiplier: float = depth_multiplier_setting()
    pooling: Literal["max", "average"] = stage_pooling_setting(mark("What makes the maps smaller, three times."))
    normalization: Literal["local", "batch", "layer", "none"] = setting(
        "local", title=mark("Normalisation"),
        help=mark("The paper's divides every value by those of neighbouring maps, after the first two convolutions. "
                  "The others stand before the activation of every convolution."),
        labels={"local": mark("Local response"), "batch": mark("Batch normalisation"),
                "layer": mark("Layer normalisation"), "none": mark("None")},
    )  # fmt: skip
    head: Head = head_setting("flatten")
    dense: Counts = dense_setting((4096, 4096))
    dropout: float = dropout_setting(0.5, mark("Share of the values set to 0 after every hidden dense layer."))


def local_response(x, name):
    """Every value divided by a power of the squares at its place in five neighbouring maps (section 3.3)."""
    import keras
    from keras import layers

    channels = x.shape[-1]
    squares = keras.ops.square(0.01 * x)  # their sum times 1e-4, but small enough for half precision
    squares = keras.ops.pad(squares, ((0, 0), (0, 0), (0, 0), (2, 2)))
    neighbours = layers.Add(name=f"{name}_neighbours")([squares[..., first : first + channels] for first in range(5)])
    return x / (2.0 + neighbours) ** 0.75


def alexnet(
    inputs,
    stem,
    stem_kernel_size,
    width_multiplier,
    depth_multiplier,
    pooling,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: five convolutions, then dense layers; depth repeats the fourth one."""
    from keras import layers

    side = min(inputs.shape[1:3])
    if stem == "auto":
        stem = "small" if side < 64 else "medium" if side < 128 else "standard"
    kernel_size, stride = {"standard": (11, 4), "medium": (7, 2), "small": (5, 1)}[stem]
    padding = "valid" if stem == "standard" else "same"
    local = normalization == "local"

    def convolution(x, filters, kernel_size, name, **options):
        x = layers.Conv2D(
            scaled(filters, width_multiplier), kernel_size, use_bias=normalization in ("local", "none"),
            kernel_initializer="he_normal", name=name, **options,
        )(x)  # fmt: skip
        x = x if local else normalized(x, normalization, momentum, name)
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def pool(x, name):
        pools = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}
        return pools[pooling](3, strides=2, padding=padding, name=name)(x)

    x = convolution(inputs, 96, stem_kernel_size or kernel_size, "conv1", strides=stride, padding=padding)
    x = pool(local_response(x, "conv1") if local else x, "pool1")
    x = convolution(x, 256, 5, "conv2", padding="same")
    x = pool(local_response(x, "conv2") if local else x, "pool2")
    x = convolution(x, 384, 3, "conv3", padding="same")
    for number in range(1, scaled(1, depth_multiplier) + 1):
        x = convolution(x, 384, 3, "conv4" if number == 1 else f"conv4_{number}", padding="same")
    x = pool(convolution(x, 256, 3, "conv5", padding="same"), "pool5")
    return flat_head(x, head, dense, activation, dropout)


class AlexNet(FunctionNetwork):
    """Five convolutions, three poolings that overlap, and three dense layers."""

    function = staticmethod(alexnet)
    helpers = (local_response,)
    family = mark("AlexNet and VGG")
    name = "alexnet"
    title = mark("AlexNet")
    help = mark("Five convolutions with large kernels first, three poolings that overlap, and three dense layers.")
    section = AlexNetSection
    card = Card(
        mark("Rectified units, dropout and graphics cards made it possible to train a deep network on 1.2 million "
             "photographs; it won in 2012 by a wide margin. The count is that of its layers undivided."),
        "ImageNet Classification with Deep Convolutional Neural Networks", "Krizhevsky, Sutskever, Hinton", 2012,
        "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
        227, 62_378_344, 1_135_256_096,
    )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`; without a normalisation a larger rate leaves it guessing."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 1e-4},
            "schedule": {"name": "cosine"},
            "warmup_epochs": 1.0,
            "batch_size": 64,
        }


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(AlexNet())
