"""ConvNeXt (Liu et al., 2022): a convolutional network built like a transformer."""

from typing import Any, Literal

from workbench.architectures.architecture import Card
from workbench.architectures.convolutional import (
    kernel_size_setting,
)
from workbench.architectures.network_function import (
    FunctionNetwork,
    FunctionSection,
    MobileActivation,
    is_small,
    mobile_activation_setting,
)
from workbench.architectures.published import (
    BlockNormalization,
    Stem,
    block_normalization_setting,
    depth_multiplier_setting,
    flat_head,
    normalized,
    scaled,
    stem_setting,
)
from workbench.architectures.stochastic_depth import drop_path, stochastic_depth_setting
from workbench.i18n import mark
from workbench.section import setting

IDEA = mark(
    "A residual network, changed step by step towards a transformer: patches at the entry, wide kernels on single "
    "maps, then two dense layers at every pixel, few normalisations and activations. It keeps up without attention."
)


class ConvNextSection(FunctionSection):
    """Settings of all ConvNeXts; the defaults are the paper's."""

    stem: Stem = stem_setting(
        mark("The published one takes patches of 4 px, the one for small pictures (shorter side below 64 px) of 2 px.")
    )
    kernel_size: int = kernel_size_setting(7)
    depth_multiplier: float = depth_multiplier_setting()
    layer_scale: float = setting(
        1e-6, title=mark("Layer scale"), ge=0, le=1,
        help=mark("Learned factor of what a block adds, one per map, at the beginning; 0 leaves the factors out."),
    )  # fmt: skip
    activation: MobileActivation = mobile_activation_setting("gelu")
    normalization: BlockNormalization = block_normalization_setting("layer")
    stochastic_depth: float = stochastic_depth_setting(0.1)


class ConvNextTinySection(ConvNextSection):
    """Settings of `convnext_tiny`."""

    name: Literal["convnext_tiny"] = setting("convnext_tiny", title=mark("Architecture"), widget="hidden")


class ConvNextSmallSection(ConvNextSection):
    """Settings of `convnext_small`."""

    name: Literal["convnext_small"] = setting("convnext_small", title=mark("Architecture"), widget="hidden")


class ConvNextBaseSection(ConvNextSection):
    """Settings of `convnext_base`."""

    name: Literal["convnext_base"] = setting("convnext_base", title=mark("Architecture"), widget="hidden")


def convnext(
    inputs,
    repeats,
    filters,
    stem,
    stem_kernel_size,
    kernel_size,
    width_multiplier,
    depth_multiplier,
    layer_scale,
    activation,
    normalization,
    momentum,
    stochastic_depth,
    head,
    dense,
    dropout,
):
    """The features of a batch of pictures: patches, then four stages of blocks, each halving the map before it."""
    import keras

    layers = keras.layers
    small = is_small(inputs, stem)

    def block(x, count, rate, name):
        """Wide kernels on every map by itself, then two dense layers at every pixel, beside a shortcut."""
        new = layers.DepthwiseConv2D(kernel_size, padding="same", name=f"{name}_depthwise")(x)
        new = normalized(new, normalization, momentum, name)
        new = layers.Dense(4 * count, name=f"{name}_wide")(new)
        new = layers.Activation(activation, name=f"{name}_activation")(new)
        new = layers.Dense(count, name=f"{name}_narrow")(new)
        if layer_scale:  # a 1x1 kernel per map, without bias, is a learned factor of the map
            factor = keras.initializers.Constant(layer_scale)
            new = layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer=factor, name=f"{name}_scale")(new)
        return layers.Add(name=f"{name}_add")([x, drop_path(new, rate, name)])

    filters = [scaled(count, width_multiplier) for count in filters]
    repeats = [scaled(count, depth_multiplier) for count in repeats]
    patch = 2 if small else 4
    x = layers.Conv2D(filters[0], stem_kernel_size or patch, strides=patch, padding="same", name="stem")(inputs)
    x = normalized(x, normalization, momentum, "stem")
    done = 0
    for stage, (count, blocks) in enumerate(zip(filters, repeats, strict=True), start=1):
        if stage > 1:
            x = normalized(x, normalization, momentum, f"stage{stage}_halve")
            x = layers.Conv2D(count, 2, strides=2, padding="same", name=f"stage{stage}_halve")(x)
        for number in range(1, blocks + 1):
            rate = stochastic_depth * done / max(1, sum(repeats) - 1)
            x = block(x, count, rate, f"stage{stage}_block{number}")
            done += 1
    x = layers.LayerNormalization(epsilon=1e-6, name="last_norm")(flat_head(x, head, (), activation, 0))
    for number, units in enumerate(dense, start=1):
        x = layers.Dense(units, activation=activation, name=f"head_dense_{number}")(x)
    return layers.Dropout(dropout, name="head_dropout")(x) if dropout else x


class ConvNext(FunctionNetwork):
    """One of the sizes: so many blocks in each of the four stages, of so many maps."""

    function = staticmethod(convnext)
    helpers = (drop_path,)
    family = mark("ConvNeXt")
    help = mark("Wide kernels on single maps and dense layers at every pixel; needs more pictures than a ResNet.")

    def __init__(
        self,
        section: type[ConvNextSection],
        title: str,
        repeats: tuple[int, ...],
        filters: tuple[int, ...],
        parameters: int,
        multiply_adds: int,
    ) -> None:
        self.name = section.model_fields["name"].default
        self.title = title
        self.section = section
        self.repeats = repeats
        self.filters = filters
        self.card = Card(
            IDEA, "A ConvNet for the 2020s", "Liu, Mao, Wu, Feichtenhofer, Darrell, Xie", 2022,
            "https://arxiv.org/abs/2201.03545", 224, parameters, multiply_adds,
        )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {
            "optimizer": {"name": "adamw", "learning_rate": 1e-3, "weight_decay": 0.05}, "batch_size": 64,
            "epochs": 20, "schedule": {"name": "cosine"}, "warmup_epochs": 2.0,
        }  # fmt: skip

    def arguments(self, section: ConvNextSection) -> dict[str, Any]:
        """See `FunctionNetwork.arguments`."""
        return {"repeats": self.repeats, "filters": self.filters, **super().arguments(section)}


def register(registry) -> None:
    """Add them to the architectures."""
    narrow, wide = (96, 192, 384, 768), (128, 256, 512, 1024)
    registry.architectures.add(
        ConvNext(ConvNextTinySection, "ConvNeXt-T", (3, 3, 9, 3), narrow, 28_589_128, 4_457_676_288)
    )
    registry.architectures.add(
        ConvNext(ConvNextSmallSection, "ConvNeXt-S", (3, 3, 27, 3), narrow, 50_223_688, 8_687_212_032)
    )
    registry.architectures.add(
        ConvNext(ConvNextBaseSection, "ConvNeXt-B", (3, 3, 27, 3), wide, 88_591_464, 15_359_395_840)
    )
