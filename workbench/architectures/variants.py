"""For families of published networks: a section per name, and stochastic depth."""

from typing import Any, Literal

from pydantic import create_model

from workbench.experiment import ArchitectureSection
from workbench.i18n import mark
from workbench.section import setting


def section_named(base: type[ArchitectureSection], name: str, **fields: Any) -> type[ArchitectureSection]:
    """The settings of a family under the name of one of its networks.

    Args:
        base: the settings they have in common.
        name: of the network.
        **fields: other defaults, each as (type, setting).
    """
    class_name = "".join(part.title() for part in name.split("_")) + "Section"
    hidden = setting(name, title=mark("Architecture"), widget="hidden")
    return create_model(
        class_name, __base__=base, __module__=base.__module__, __doc__=f"Settings of `{name}`.",
        name=(Literal[name], hidden), **fields,
    )  # fmt: skip


def stochastic_depth_setting(default: float) -> Any:
    """Share of samples for which a block is left out."""
    return setting(
        default, title=mark("Stochastic depth"), ge=0, le=0.9,
        help=mark("Share of the samples that skip the last block while training; earlier blocks are skipped less."),
    )  # fmt: skip


def drop_path(x, rate, name):
    """What a block adds, left out for some samples while training (stochastic depth, Huang et al., 2016)."""
    from keras import layers

    if not rate:
        return x
    return layers.Dropout(rate, noise_shape=(None,) + (1,) * (len(x.shape) - 1), name=f"{name}_drop_path")(x)
