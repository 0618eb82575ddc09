"""Stochastic depth (Huang et al., 2016), for families of published networks."""

from typing import Any

from workbench.i18n import mark
from workbench.section import setting


def stochastic_depth_setting(default: float) -> Any:
    """Share of samples for which a block is left out."""
    return setting(
        default, title=mark("Stochastic depth"), ge=0, le=0.9,
        help=mark("Share of the samples that skip the last block while training; earlier blocks are skipped less."),
    )  # fmt: skip


def drop_path(x, rate, name):
    """What a block adds, left out for some samples while training."""
    from keras import layers

    if not rate:
        return x
    return layers.Dropout(rate, noise_shape=(None,) + (1,) * (len(x.shape) - 1), name=f"{name}_drop_path")(x)
