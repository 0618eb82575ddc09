"""What a heatmap explains: a class or a value, and where the answer is a map, at which of its places."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _, mark
from workbench.inspection.network import gradients
from workbench.section import Section, setting

_LISTED = 40
_OF_A_RECTANGLE = ("region", ("rectangle",))
REGION_SETTINGS = ("region", "left", "top", "right", "bottom")


def _edge(default: float, title: str) -> Any:
    return setting(
        default, title=title, ge=0, le=1, shown_if=_OF_A_RECTANGLE,
        help=mark("An edge of the rectangle, as a share of the picture's width or height."),
    )  # fmt: skip


class HeatmapSection(Section):
    """Settings that all heatmaps share: what is explained."""

    target: str = setting(
        "", title=mark("Class"), widget="target", coerce_numbers_to_str=True,
        help=mark("The class or value whose evidence is shown; empty takes the predicted one."),
    )  # fmt: skip
    region: Literal["predicted", "whole", "rectangle"] = setting(
        "predicted", title=mark("Region"),
        help=mark("Where the answer is a map: at which of its places the class is explained."),
        labels={"predicted": mark("Where the class is answered"), "whole": mark("Everywhere"),
                "rectangle": mark("In a rectangle")},
    )  # fmt: skip
    left: float = _edge(0.25, mark("Left"))
    top: float = _edge(0.25, mark("Top"))
    right: float = _edge(0.75, mark("Right"))
    bottom: float = _edge(0.75, mark("Bottom"))

    @model_validator(mode="after")
    def _has_an_area(self) -> "HeatmapSection":
        if self.region == "rectangle" and not (self.left < self.right and self.top < self.bottom):
            raise ValueError(
                _("the rectangle from {left:g} to {right:g} and from {top:g} to {bottom:g} has no area").format(
                    left=self.left, right=self.right, top=self.top, bottom=self.bottom
                )
            )
        return self


@dataclass(frozen=True)
class Explained:
    """What is asked for, whatever the picture.

    Attributes:
        index: of the class or value; -1 for the likeliest.
        region: "predicted", "whole", or (left, top, right, bottom) in shares of the picture.
    """

    index: int = -1
    region: str | tuple[float, float, float, float] = "predicted"

    def indices(self, count: int) -> np.ndarray:
        """The index for so many pictures, int32 (count,)."""
        return np.full(count, self.index, np.int32)

    def places(self, model: Any, inputs: np.ndarray) -> np.ndarray | None:
        """The region as the functions of `gradients` take it; None for the places where the class is answered.

        Args:
            model: a Keras model.
            inputs: (n, rows, columns, channels) as the model takes them.
        """
        if self.region == "predicted" or not answers_with_a_map(model):
            return None
        known = model.output_shape[1:3]
        rows, columns = known if None not in known else gradients.outputs(model)(inputs[:1]).shape[1:3]
        region = np.zeros((len(inputs), rows, columns), np.float32)
        left, top, right, bottom = (0.0, 0.0, 1.0, 1.0) if self.region == "whole" else self.region
        region[:, _span(top, bottom, rows), _span(left, right, columns)] = 1
        return region


@dataclass(frozen=True)
class Settled:
    """What is explained of certain pictures, which stays so while a method changes them.

    Attributes:
        outputs: what the model answers to them, (n, ...).
        index: (n,) int32.
        region: float32 (n, rows, columns) of the output, None where the output is no map.
    """

    outputs: np.ndarray
    index: np.ndarray
    region: np.ndarray | None

    def repeated(self, count: int, sample: int = 0) -> tuple[np.ndarray, np.ndarray | None]:
        """Index and region of one of the pictures, for so many variants of it."""
        region = None if self.region is None else np.repeat(self.region[sample : sample + 1], count, axis=0)
        return np.full(count, self.index[sample], np.int32), region


def answers_with_a_map(model: Any) -> bool:
    """Whether a Keras model answers at every place of a picture, so that a region of its answer can be explained."""
    shape = getattr(model, "output_shape", None)
    return isinstance(shape, tuple) and len(shape) == 4


def explained(section: HeatmapSection, choices: tuple[str, ...], model: Any) -> Explained:
    """What the settings ask for.

    Raises:
        UserError: no class has the name that is asked for, or there is no map to take a region of.
    """
    if section.region != "predicted" and not answers_with_a_map(model):
        raise UserError(
            _(
                "A region is asked for (region is {region!r}), but this model gives one answer for the whole picture "
                "and no map of answers. Leave the region out."
            ).format(region=section.region)
        )
    edges = (section.left, section.top, section.right, section.bottom)
    region = edges if section.region == "rectangle" else section.region
    return Explained(target_index(section.target, choices), region)


def settle(model: Any, inputs: np.ndarray, asked: Explained) -> Settled:
    """One forward pass that fixes class and region of every picture."""
    outputs, index, answered = gradients.explained(model)(inputs, asked.indices(len(inputs)))
    region = asked.places(model, inputs)
    return Settled(outputs, index, answered if region is None else region)


def scorer(model: Any, settled: Settled, sample: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function of variants of a picture, (n, rows, columns, channels) -> the score of each, (n,), from any thread.

    Args:
        model: a Keras model.
        settled: what is explained.
        sample: which of its pictures.
    """
    score = gradients.scores(model)
    return lambda pictures: score(pictures, *settled.repeated(len(pictures), sample))[1]


def target_index(name: str, choices: tuple[str, ...]) -> int:
    """The index of a class by its name; -1 for an empty name.

    Raises:
        UserError: no class has that name.
    """
    if not name:
        return -1
    if name in choices:
        return choices.index(name)
    hint = did_you_mean(name, choices)
    listed = ", ".join(choices if len(choices) <= _LISTED else [*choices[:_LISTED], "..."])
    raise UserError(
        _("There is no class called {name!r}.{hint} The classes are: {classes}.").format(
            name=name, hint=f" {hint}" if hint else "", classes=listed
        )
    )


def _span(start: float, end: float, length: int) -> slice:
    """The places that a share of an axis covers, at least one."""
    first = min(int(start * length + 0.5), length - 1)
    return slice(first, max(first + 1, int(end * length + 0.5)))
