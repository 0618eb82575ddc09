"""The vision transformer (Dosovitskiy et al., 2020) in the small sizes of DeiT (Touvron et al., 2020).

`vit_tiny` is DeiT-Ti and `vit_small` DeiT-S, both without distillation, with the patches of 16 px of ViT-Ti/16 and
ViT-S/16 where the pictures are large.
"""

from typing import Any, Literal

from workbench.architectures.architecture import Architecture, Card
from workbench.architectures.convolutional import Counts, activation_setting, dense_setting, dropout_setting
from workbench.architectures.layers import Activation
from workbench.architectures.source_code import call_of, source_of
from workbench.architectures.stochastic_depth import drop_path, stochastic_depth_setting
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import ImageInput

IDEA = mark(
    "The picture is cut into patches, each described by a list of numbers, and every patch may look at every other one "
    "from the first block on. Nothing about neighbourhood is built in: it is learned, which takes more data."
)


class VitSection(ArchitectureSection):
    """Settings of all vision transformers; the defaults are the published ones."""

    patch_size: int = setting(
        0, title=mark("Patch size"), unit="px", ge=0, le=64,
        help=mark("Side of the squares the picture is cut into; 0 chooses 4, 8 or 16 by the size of the pictures."),
    )  # fmt: skip
    width_multiplier: float = setting(
        1.0, title=mark("Width multiplier"), gt=0, le=8,
        help=mark("The attention heads are multiplied by it, and with them the numbers that describe a patch."),
    )  # fmt: skip
    depth_multiplier: float = setting(
        1.0, title=mark("Depth multiplier"), gt=0, le=8,
        help=mark("The number of blocks is multiplied by it; one is always left."),
    )  # fmt: skip
    pooling: Literal["class_token", "global_average", "global_max"] = setting(
        "class_token", title=mark("Head"), help=mark("What the answer is read from."),
        labels={"class_token": mark("Class token"), "global_average": mark("Global average"),
                "global_max": mark("Global max")},
    )  # fmt: skip
    activation: Activation = activation_setting("gelu")
    dropout: float = dropout_setting(
        0.0, help=mark("Share of the values set to 0 after every attention and dense layer.")
    )
    stochastic_depth: float = stochastic_depth_setting(0.0)
    dense: Counts = dense_setting(())


class VitTinySection(VitSection):
    """Settings of `vit_tiny`."""

    name: Literal["vit_tiny"] = setting("vit_tiny", title=mark("Architecture"), widget="hidden")


class VitSmallSection(VitSection):
    """Settings of `vit_small`."""

    name: Literal["vit_small"] = setting("vit_small", title=mark("Architecture"), widget="hidden")


class Vit(Architecture):
    """One of the sizes: so many attention heads of 64 numbers each, in twelve blocks."""

    family = mark("Vision transformers")
    help = mark("Attention between the patches of a picture; needs much data, or weights that were trained before.")

    def __init__(self, section: type[VitSection], title: str, heads: int, parameters: int, multiply_adds: int) -> None:
        self.name = section.model_fields["name"].default
        self.title = title
        self.section = section
        self.heads = heads
        self.card = Card(
            IDEA, "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
            "Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai et al.", 2020, "https://arxiv.org/abs/2010.11929", 224,
            parameters, multiply_adds,
        )  # fmt: skip

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`."""
        return {
            "optimizer": {"name": "adamw", "learning_rate": 1e-3, "weight_decay": 0.05}, "batch_size": 64,
            "epochs": 30, "schedule": {"name": "cosine"}, "warmup_epochs": 2.0,
        }  # fmt: skip

    def build(self, section: VitSection, inputs: Any, spec: ImageInput) -> Any:
        """See `Architecture.build`; any size: what is missing to whole patches is padded with zeros."""
        return vision_transformer(inputs, **self._arguments(section))

    def code(self, section: VitSection) -> tuple[str, str]:
        """See `Architecture.code`."""
        return source_of(drop_path, vision_transformer), call_of(vision_transformer, self._arguments(section))

    def _arguments(self, section: VitSection) -> dict[str, Any]:
        return {
            "heads": max(1, round(self.heads * section.width_multiplier)),
            "blocks": max(1, round(12 * section.depth_multiplier)),
            **section.model_dump(exclude={"name", "width_multiplier", "depth_multiplier"}),
        }


def vision_transformer(
    inputs,
    heads,
    blocks,
    patch_size,
    pooling,
    activation,
    dropout,
    stochastic_depth,
    dense,
):
    """The features of a batch of pictures: patches, blocks of attention and dense layers, a pooling."""
    import keras

    layers, ops = keras.layers, keras.ops
    width = 64 * heads

    def narrow():
        return keras.initializers.TruncatedNormal(stddev=0.02)

    def drop(x, name):
        return layers.Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x

    def attention(x, rate, name):
        y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
        y = layers.MultiHeadAttention(heads, width // heads, name=name)(y, y)
        return layers.Add(name=f"{name}_add")([x, drop_path(drop(y, name), rate, name)])

    def two_dense_layers(x, rate, name):
        y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
        y = layers.Dense(4 * width, activation=activation, name=f"{name}_wide")(y)
        y = layers.Dense(width, name=f"{name}_narrow")(drop(y, f"{name}_wide"))
        return layers.Add(name=f"{name}_add")([x, drop_path(drop(y, f"{name}_narrow"), rate, name)])

    if not patch_size:
        shorter = min(inputs.shape[1], inputs.shape[2])
        patch_size = 4 if shorter < 64 else 8 if shorter < 128 else 16
    x = layers.Conv2D(width, patch_size, strides=patch_size, padding="same", name="patches")(inputs)
    x = layers.Reshape((-1, width), name="list_of_patches")(x)

    # Weights that are the same for every picture: Keras has no layer for them, but an Embedding of a constant that is
    # computed from the tensor is one. One row is enough, the sum spreads it over the batch.
    if pooling == "class_token":
        zero = ops.cast(ops.zeros_like(ops.max(x, axis=2)), "int32")
        token = layers.Embedding(1, width, embeddings_initializer=narrow(), name="class_token")(
            ops.max(zero, axis=1, keepdims=True)
        )
        x = layers.Concatenate(axis=1, name="with_class_token")([token, x])
    one_row = ops.reshape(ops.max(x, axis=(0, 2), keepdims=True), (1, x.shape[1]))
    counted = ops.cumsum(ops.cast(ops.ones_like(one_row), "int32"), axis=1)
    places = layers.Embedding(x.shape[1], width, embeddings_initializer=narrow(), name="positions")(counted - 1)
    x = drop(x + places, "positions")

    for number in range(1, blocks + 1):
        rate = stochastic_depth * (number - 1) / max(1, blocks - 1)
        x = attention(x, rate, f"block_{number}_attention")
        x = two_dense_layers(x, rate, f"block_{number}_dense")
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)

    if pooling == "class_token":
        x = layers.Cropping1D((0, x.shape[1] - 1), name="only_class_token")(x)
        x = layers.Flatten(name="head")(x)
    elif pooling == "global_average":
        x = layers.GlobalAveragePooling1D(name="head")(x)
    else:
        x = layers.GlobalMaxPooling1D(name="head")(x)
    for number, units in enumerate(dense, start=1):
        x = layers.Dense(units, activation=activation, name=f"head_dense_{number}")(x)
    return drop(x, "head")


def register(registry) -> None:
    """Add them to the architectures."""
    registry.architectures.add(Vit(VitTinySection, "ViT-Ti", 3, 5_717_416, 1_253_683_200))
    registry.architectures.add(Vit(VitSmallSection, "ViT-S", 6, 22_050_664, 4_598_882_304))
