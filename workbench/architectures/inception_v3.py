"""Inception v3 (Szegedy et al., 2016): large kernels taken apart into small and into one-dimensional ones."""

from typing import Literal

from workbench.architectures.architecture import Card
from workbench.architectures.network_function import FunctionNetwork, FunctionSection, is_small
from workbench.architectures.published import Stem, flat_head, scaled, stem_setting
from workbench.i18n import mark
from workbench.section import setting


class InceptionV3Section(FunctionSection):
    """Settings of `inception_v3`; the defaults are those of Keras' version, but for the momentum."""

    name: Literal["inception_v3"] = setting("inception_v3", title=mark("Architecture"), widget="hidden")
    stem: Stem = stem_setting(
        mark(
            "The paper's stem leaves nothing of small pictures. The small one (shorter side below 96 px) has no stride."
        )
    )
    pooling: Literal["average", "max"] = setting(
        "average", title=mark("Pooling"), help=mark("The pooling of the path with the projection in every block."),
        labels={"average": mark("Mean"), "max": mark("Largest value")},
    )  # fmt: skip
    wide_blocks: int = setting(
        4, title=mark("Wide blocks"), ge=0, le=16,
        help=mark("How many blocks with 1x7 and 7x1 convolutions there are in the middle."),
    )  # fmt: skip


def inception_v3(
    x,
    stem,
    stem_kernel_size,
    width_multiplier,
    pooling,
    wide_blocks,
    activation,
    normalization,
    momentum,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures by Inception v3."""
    from keras import layers

    small = is_small(x, stem) or (stem == "auto" and min(x.shape[1], x.shape[2]) < 96)
    edges = "same" if small else "valid"  # small maps need their edges

    def convolution(x, filters, size, name, stride=1, padding="same"):
        x = layers.Conv2D(
            scaled(filters, width_multiplier), size, strides=stride, padding=padding,
            use_bias=normalization == "none", kernel_initializer="he_normal", name=name,
        )(x)  # fmt: skip
        if normalization == "batch":  # without a scale, as the convolution that follows has one
            x = layers.BatchNormalization(scale=False, momentum=momentum, name=f"{name}_batch_norm")(x)
        elif normalization == "layer":
            x = layers.LayerNormalization(scale=False, name=f"{name}_layer_norm")(x)
        return layers.Activation(activation, name=f"{name}_activation")(x)

    def chain(x, name, *steps):
        """Convolutions one after the other, each given by its filters and size."""
        for number, (filters, size) in enumerate(steps, start=1):
            x = convolution(x, filters, size, f"{name}_{number}")
        return x

    def pooled(x, filters, name):
        pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}[pooling]
        x = pool(3, strides=1, padding="same", name=f"{name}_pool")(x)
        return convolution(x, filters, 1, f"{name}_projection")

    def join(name, *paths):
        return layers.Concatenate(name=f"{name}_join")(list(paths))

    def halve(x, name):
        return layers.MaxPooling2D(3, strides=2, padding=edges, name=name)(x)

    def block_a(x, projected, name):
        """As in Inception v1, with two 3x3 convolutions beside the 5x5."""
        return join(
            name,
            chain(x, f"{name}_1x1", (64, 1)),
            chain(x, f"{name}_5x5", (48, 1), (64, 5)),
            chain(x, f"{name}_3x3_twice", (64, 1), (96, 3), (96, 3)),
            pooled(x, projected, name),
        )

    def reduction_a(x, name):
        """Half the size: a convolution, a chain of them and a pooling side by side, all with stride 2."""
        twice = chain(x, f"{name}_3x3_twice", (64, 1), (96, 3))
        return join(
            name,
            convolution(x, 384, 3, f"{name}_3x3", stride=2, padding=edges),
            convolution(twice, 96, 3, f"{name}_3x3_twice_3", stride=2, padding=edges),
            halve(x, f"{name}_pool"),
        )

    def block_b(x, filters, name):
        """A 7x7 convolution taken apart into a row and a column, once and twice."""
        row, column = (1, 7), (7, 1)
        twice = [(filters, 1), (filters, column), (filters, row), (filters, column), (192, row)]
        return join(
            name,
            chain(x, f"{name}_1x1", (192, 1)),
            chain(x, f"{name}_7x7", (filters, 1), (filters, row), (192, column)),
            chain(x, f"{name}_7x7_twice", *twice),
            pooled(x, 192, name),
        )

    def reduction_b(x, name):
        three = chain(x, f"{name}_3x3", (192, 1))
        seven = chain(x, f"{name}_7x7", (192, 1), (192, (1, 7)), (192, (7, 1)))
        return join(
            name,
            convolution(three, 320, 3, f"{name}_3x3_2", stride=2, padding=edges),
            convolution(seven, 192, 3, f"{name}_7x7_4", stride=2, padding=edges),
            halve(x, f"{name}_pool"),
        )

    def block_c(x, name):
        """Rows and columns side by side, for the coarsest maps."""
        three = chain(x, f"{name}_3x3", (384, 1))
        twice = chain(x, f"{name}_3x3_twice", (448, 1), (384, 3))
        return join(
            name,
            chain(x, f"{name}_1x1", (320, 1)),
            convolution(three, 384, (1, 3), f"{name}_3x3_row"),
            convolution(three, 384, (3, 1), f"{name}_3x3_column"),
            convolution(twice, 384, (1, 3), f"{name}_3x3_twice_row"),
            convolution(twice, 384, (3, 1), f"{name}_3x3_twice_column"),
            pooled(x, 192, name),
        )

    # With the small stem two halvings less: 32 px become 4 x 4 at the end.
    x = convolution(x, 32, stem_kernel_size or 3, "stem_1", stride=1 if small else 2, padding=edges)
    x = convolution(x, 32, 3, "stem_2", padding=edges)
    x = convolution(x, 64, 3, "stem_3")
    x = x if small else halve(x, "stem_pool_1")
    x = convolution(x, 80, 1, "stem_4", padding=edges)
    x = convolution(x, 192, 3, "stem_5", padding=edges)
    x = halve(x, "stem_pool_2")
    for number, projected in enumerate((32, 64, 64), start=1):
        x = block_a(x, projected, f"a_{number}")
    x = reduction_a(x, "reduction_a")
    for number in range(1, wide_blocks + 1):  # narrow inside at first: 128, 160, 160, 192
        filters = 128 if number == 1 else 192 if number == wide_blocks else 160
        x = block_b(x, filters, f"b_{number}")
    x = reduction_b(x, "reduction_b")
    for number in (1, 2):
        x = block_c(x, f"c_{number}")
    return flat_head(x, head, dense, activation, dropout)


class InceptionV3(FunctionNetwork):
    """The Inception of 2016, with large kernels taken apart."""

    family = mark("Inception and Xception")
    name = "inception_v3"
    title = "Inception v3"
    help = mark("Large kernels taken apart into rows and columns; for photographs of 299 pixels, and slow.")
    section = InceptionV3Section
    function = staticmethod(inception_v3)
    card = Card(
        idea=mark(
            "A 5 × 5 convolution is two of 3 × 3, and a 7 × 7 is a row and a column: the same view with fewer weights. "
            "Where the map is halved, convolutions and a pooling stand side by side, so that nothing is lost first."
        ),
        paper="Rethinking the Inception Architecture for Computer Vision",
        authors="Szegedy, Vanhoucke, Ioffe, Shlens, Wojna",
        year=2016,
        url="https://arxiv.org/abs/1512.00567",
        size=299,
        parameters=23_851_784,
        multiply_adds=5_713_216_096,
    )


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(InceptionV3())
