"""Published networks that are one function of a tensor and their settings: all but the ViTs.

What is here is theirs together; single settings and blocks are in `published`.
"""

from collections.abc import Callable
from typing import Any, Literal

from workbench.architectures.architecture import Architecture
from workbench.architectures.convolutional import Counts, Head, dense_setting, dropout_setting, head_setting
from workbench.architectures.layers import ACTIVATION_LABELS, Activation
from workbench.architectures.published import (
    BlockNormalization,
    Stem,
    block_normalization_setting,
    flat_head,
    momentum_setting,
    normalized,
    scaled,
    stem_kernel_size_setting,
    stem_setting,
    width_multiplier_setting,
)
from workbench.architectures.source_code import call_of, source_of
from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting
from workbench.specs import InputSpec

MobileActivation = Literal[Activation, "relu6", "hard_silu"]


def mobile_activation_setting(default: str) -> Any:
    """The function after every hidden layer; also those that were made for small processors."""
    return setting(
        default, title=mark("Activation"), help=mark("The function after every convolution and hidden dense layer."),
        labels={**ACTIVATION_LABELS, "relu6": "ReLU6", "hard_silu": mark("Hard SiLU (hard swish)")},
    )  # fmt: skip


class FunctionSection(ArchitectureSection):
    """Settings they have in common; each has its own defaults and adds its own."""

    stem: Stem = stem_setting(
        mark(
            "The paper's stem leaves nothing of small pictures. The small one (shorter side below 64 px) has no stride."
        )
    )
    stem_kernel_size: int = stem_kernel_size_setting()
    width_multiplier: float = width_multiplier_setting()
    activation: MobileActivation = mobile_activation_setting("relu")
    normalization: BlockNormalization = block_normalization_setting("batch")
    momentum: float = momentum_setting()
    head: Head = head_setting("global_average")
    dense: Counts = dense_setting(())
    dropout: float = dropout_setting(0.0)


class FunctionNetwork(Architecture):
    """A network that is one function, `function(tensor, **settings)`, which uses nothing but Keras and `helpers`."""

    section: type[FunctionSection]
    function: Callable[..., Any]  # a `staticmethod`
    helpers: tuple[Callable[..., Any], ...] = ()

    def default_training(self) -> dict[str, Any]:
        """See `Architecture.default_training`; what suits networks with batch normalisation."""
        return {
            "optimizer": {"name": "adam", "learning_rate": 1e-3},
            "schedule": {"name": "cosine"},
            "warmup_epochs": 1.0,
            "batch_size": 64,
            "epochs": 20,
        }

    def build(self, section: FunctionSection, inputs: Any, spec: InputSpec) -> Any:
        """See `Architecture.build`."""
        return self.function(inputs, **self.arguments(section))

    def code(self, section: FunctionSection) -> tuple[str, str]:
        """See `Architecture.code`."""
        pieces = [*self.helpers, self.function]
        # Helpers use helpers: what is called by nothing so far is left out.
        for shared in (scaled, normalized, flat_head, is_small):
            if f"{shared.__name__}(" in source_of(*pieces):
                pieces.insert(0, shared)
        return source_of(*pieces), call_of(self.function, self.arguments(section))

    def arguments(self, section: FunctionSection) -> dict[str, Any]:
        """What the function is called with."""
        return section.model_dump(exclude={"name"})


def is_small(x, stem):
    """Whether a network begins with the stem for small pictures."""
    return stem == "small" or (stem == "auto" and min(x.shape[1], x.shape[2]) < 64)


def filter_per_channel(after):
    """The first weights of a depthwise convolution, by He et al. (2015); `after` is 2 before a ReLU and 1 without.

    Keras' own choice takes all channels for inputs of each filter, and so makes the maps fainter the more there are.
    """
    import keras

    return keras.initializers.VarianceScaling(after, mode="fan_out")
