"""The probes of a training: what is looked at after each epoch, so that the training can be played back.

Off by default. The samples come from the validation split, or from the training split where there is no other.
"""

from typing import Any

from pydantic import field_validator, model_validator

from workbench.i18n import _, mark
from workbench.section import Section, setting

MOST_SAMPLES, MOST_LAYERS = 64, 12


class ProbesSection(Section):
    """What is kept of each epoch, to be played back."""

    samples: int = setting(
        0, title=mark("Samples"), unit="samples", ge=0, le=MOST_SAMPLES,
        help=mark("Validation samples to look at after each epoch; 0 for no probes."),
    )  # fmt: skip
    chosen: tuple[int, ...] = setting(
        (), title=mark("Which samples"), max_length=MOST_SAMPLES, advanced=True,
        help=mark("Their numbers in the validation split; empty spreads them over the split."),
    )  # fmt: skip
    layers: tuple[str, ...] = setting(
        (), title=mark("Layers"), max_length=MOST_LAYERS,
        help=mark("Layers whose output is kept; empty takes the first, a middle and the last convolution."),
    )  # fmt: skip
    method: str = setting(
        "grad_cam", title=mark("Heatmaps by"), max_length=60, widget="heatmaps",
        help=mark("The method that shows where the network looks; empty for none."),
    )  # fmt: skip
    every: int = setting(
        1, title=mark("Every"), unit="epochs", ge=1, le=10_000,
        help=mark("Look after every so many epochs, and after the first and the last."),
    )  # fmt: skip
    points: int = setting(
        500, title=mark("Points"), unit="samples", ge=0, le=5_000, advanced=True,
        help=mark("Validation samples for the matrix and the embedding; fewer where they take too long."),
    )  # fmt: skip
    keep_weights: bool = setting(
        False, title=mark("Keep the weights"),
        help=mark("Keep the weights of every epoch, to look at other samples and layers afterwards."),
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _a_list_names_the_samples(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        named = values.get("samples")
        if isinstance(named, list | tuple):
            return {**values, "samples": len(named), "chosen": named}
        if "samples" not in values and isinstance(values.get("chosen"), list | tuple):
            return {**values, "samples": len(values["chosen"])}
        return values

    @field_validator("layers", mode="before")
    @classmethod
    def _a_bare_name_is_one_layer(cls, layers: Any) -> Any:
        return (layers,) if isinstance(layers, str) and layers else layers

    @field_validator("chosen")
    @classmethod
    def _numbers_count_from_zero(cls, chosen: tuple[int, ...]) -> tuple[int, ...]:
        if any(number < 0 for number in chosen):
            raise ValueError(_("samples are counted from 0"))
        return tuple(dict.fromkeys(chosen))

    @property
    def active(self) -> bool:
        """Whether anything is looked at."""
        return self.samples > 0
