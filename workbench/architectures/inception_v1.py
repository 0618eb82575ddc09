"""GoogLeNet, the first Inception (Szegedy et al., 2015): blocks of four paths side by side.

Without the two auxiliary classifiers and the local response normalisation, which later work left out.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import dropout_setting
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, is_small
from workbench.architectures.published import (
    BlockNormalization,
    block_normalization_setting,
    flat_head,
    normalized,
    scaled,
    stage_pooling_setting,
)
from workbench.i18n import mark
from workbench.section import setting


class InceptionV1Section(FunctionSection):
    """Settings of `inception_v1`; the defaults are the paper's."""

    name: Literal["inception_v1"] = setting("inception_v1", title=mark("Architecture"), widget="hidden")
    normalization: BlockNormalization = block_normalization_setting("none")
    pooling: Literal["max", "average"] = stage_pooling_setting(
        mark("The pooling of the fourth path of every block, and between the blocks.")
    )
    dropout: float = dropout_setting(0.4)


def inception_v1(
    x,
    stem,
    stem_kernel_size,
    width_multiplier,
    pooling,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by GoogLeNet."""
    from keras import layers

    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pooling]

    def convolution(x, filters, size, name, stride=1):
        x = layers.Conv2D(
            scaled(filters, width_multiplier), size, strides=stride, padding="same",
            use_bias=normalization == "none", kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        return layers.Activation(activation, name=f"{name}_activation")(normalized(x, normalization, momentum, name))

    def halve(x, name):
        return pool(3, strides=2, padding="same", name=name)(x)

    def inception(x, one, three_reduced, three, five_reduced, five, projected, name):
        """1x1; 3x3 after a reduction; 5x5 after a reduction; a pooling with a projection. All are put together."""
        paths = [
            convolution(x, one, 1, f"{name}_1x1"),
            convolution(convolution(x, three_reduced, 1, f"{name}_3x3_reduce"), three, 3, f"{name}_3x3"),
            convolution(convolution(x, five_reduced, 1, f"{name}_5x5_reduce"), five, 5, f"{name}_5x5"),
            convolution(pool(3, strides=1, padding="same", name=f"{name}_pool")(x), projected, 1, f"{name}_projection"),
        ]
        return layers.Concatenate(name=f"{name}_join")(paths)

    if is_small(x, stem):  # two halvings less: 32 px become 4 x 4 at the end
        x = convolution(x, 64, stem_kernel_size or 3, "stem")
    else:
        x = halve(convolution(x, 64, stem_kernel_size or 7, "stem", stride=2), "stem_pool")
    x = convolution(convolution(x, 64, 1, "second_reduce"), 192, 3, "second")
    x = halve(x, "pool_2")
    x = inception(x, 64, 96, 128, 16, 32, 32, "inception_3a")
    x = inception(x, 128, 128, 192, 32, 96, 64, "inception_3b")
    x = halve(x, "pool_3")
    x = inception(x, 192, 96, 208, 16, 48, 64, "inception_4a")
    x = inception(x, 160, 112, 224, 24, 64, 64, "inception_4b")
    x = inception(x, 128, 128, 256, 24, 64, 64, "inception_4c")
    x = inception(x, 112, 144, 288, 32, 64, 64, "inception_4d")
    x = inception(x, 256, 160, 320, 32, 128, 128, "inception_4e")
    x = halve(x, "pool_4")
    x = inception(x, 256, 160, 320, 32, 128, 128, "inception_5a")
    x = inception(x, 384, 192, 384, 48, 128, 128, "inception_5b")
    return flat_head(x, head, dense, activation, dropout)


class InceptionV1(FunctionNetwork):
    """Every block looks with four sizes at once, and 1x1 convolutions before the large ones keep it cheap."""

    family = mark("Inception and Xception")
    name = "inception_v1"
    title = "Inception v1 (GoogLeNet)"
    help = mark("Blocks of 1x1, 3x3 and 5x5 convolutions and a pooling side by side; few parameters for its depth.")
    section = InceptionV1Section
    function = staticmethod(inception_v1)
    card = Card(
        idea=mark(
            "Which kernel is right depends on how large a thing is in the picture, so every block uses several side by "
            "side. 1 × 1 convolutions before the large kernels make the maps fewer, which keeps it affordable."
        ),
        paper="Going Deeper with Convolutions",
        authors="Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich",
        year=2015,
        url="https://arxiv.org/abs/1409.4842",
        size=224,
        parameters=6_998_552,
        multiply_adds=1_582_671_872,
    )

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {"optimizer": {"name": "adam", "learning_rate": 5e-4}, "schedule": {"name": "cosine"},
                "warmup_epochs": 1.0, "batch_size": 64, "epochs": 20}  # fmt: skip


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(InceptionV1())
