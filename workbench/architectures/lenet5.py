"""LeNet-5 (LeCun et al., Gradient-based learning applied to document recognition, 1998).

As it is taught today: full connections between the maps and a softmax, where the paper thinned the connections out and
compared with drawn prototypes.
"""

from typing import Literal

from workbench.architectures.convolutional import (
    ConvolutionalNetwork,
    ConvolutionalSection,
    Counts,
    Pooling,
    activation_setting,
    dense_setting,
    filters_setting,
    kernel_size_setting,
    pooling_setting,
)
from workbench.architectures.layers import PADDING_LABELS, Activation
from workbench.i18n import mark
from workbench.section import setting


class Lenet5Section(ConvolutionalSection):
    """Settings of `lenet5`; the defaults are the paper's."""

    name: Literal["lenet5"] = setting("lenet5", title=mark("Architecture"), widget="hidden")
    filters: Counts = filters_setting((6, 16))
    kernel_size: int = kernel_size_setting(5)
    padding: Literal["first", "valid", "same"] = setting(
        "first", title=mark("Padding"), labels={"first": mark("Zeros in the first layer only"), **PADDING_LABELS},
        help=mark("The paper puts pictures of 28 × 28 into a frame of 32 × 32 and pads no more after that."),
    )  # fmt: skip
    pooling: Pooling = pooling_setting("average")
    activation: Activation = activation_setting("tanh")
    dense: Counts = dense_setting((120, 84))


class Lenet5(ConvolutionalNetwork):
    """Two convolutions of 6 and 16 filters 5 × 5 with average pooling, then dense layers of 120 and 84."""

    name = "lenet5"
    title = mark("LeNet-5")
    help = mark("The network that read cheques in 1998: tanh, average pooling, 61,706 parameters for ten digits.")
    section = Lenet5Section

    def padding_of(self, section: Lenet5Section, number: int) -> str:
        """See `ConvolutionalNetwork.padding_of`."""
        if section.padding == "first":
            return "same" if number == 0 else "valid"
        return section.padding


def register(registry) -> None:
    """Add it to the architectures."""
    registry.architectures.add(Lenet5())
