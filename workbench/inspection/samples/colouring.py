"""Points of samples in a plane, coloured by what is known of them: NumPy only, made anew while the choice is turned."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.figures import Figure, Points, SampleCards, Scatter
from workbench.i18n import _, mark
from workbench.section import Section, setting
from workbench.tasks.quantities import number_text

MOST_CLASSES = 40
BANDS = 6
_HELP = mark("What the points are told apart by, with colour and shape.")
_LOSS = mark("Loss")


class ClassColouring(Section):
    """For samples of classes."""

    colour: Literal["class", "prediction", "error", "loss"] = setting(
        "class", title=mark("Colour by"), help=_HELP,
        labels={"class": mark("True class"), "prediction": mark("Predicted class"), "error": mark("Right or wrong"),
                "loss": _LOSS},
    )  # fmt: skip


class ValueColouring(Section):
    """For samples with a value."""

    colour: Literal["class", "prediction", "error", "loss"] = setting(
        "class", title=mark("Colour by"), help=_HELP,
        labels={"class": mark("True value"), "prediction": mark("Predicted value"), "error": mark("Error"),
                "loss": _LOSS},
    )  # fmt: skip


class LossColouring(Section):
    """For all others."""

    colour: Literal["loss"] = setting("loss", title=mark("Colour by"), help=_HELP, labels={"loss": _LOSS})


@dataclass(frozen=True)
class Placed:
    """Samples in the plane, and what is known of them.

    Attributes:
        places: float32, (n, 2).
        cards: of the samples, in the same order.
        losses: (n,).
        truth: (n,) class indices or values; None where it is neither, and `given` likewise.
        classes: the names of the classes; empty for values.
        title, labels, note: of the figure.
    """

    places: np.ndarray
    cards: SampleCards
    losses: np.ndarray
    truth: np.ndarray | None
    given: np.ndarray | None
    classes: tuple[str, ...]
    title: str
    labels: tuple[str, str]
    note: str = ""


def colouring_for(placed: Placed) -> Section:
    """The choice there is for these samples."""
    if placed.truth is None or placed.given is None:
        return LossColouring()
    return ClassColouring() if placed.classes else ValueColouring()


def coloured(params: Section, placed: Placed) -> tuple[Figure, ...]:
    """The figure with its points in groups."""
    match params.colour:
        case "loss":
            groups = _bands(placed.losses, _("loss"))
        case "error" if placed.classes:
            wrong = placed.truth != placed.given
            groups = [(_("right"), ~wrong, None), (_("wrong"), wrong, None)]
        case "error":
            groups = _bands(np.abs(placed.given - placed.truth), _("error"))
        case _:
            values = placed.truth if params.colour == "class" else placed.given
            groups = _classes(values, placed.classes) if placed.classes else _bands(values, "")
    points = tuple(
        Points(name, *placed.places[members].T, tuple(placed.cards.samples[members].tolist()), shade)
        for name, members, shade in groups
        if members.any()
    )
    return (Scatter(placed.title, *placed.labels, points, note=placed.note, cards=placed.cards),)


Group = tuple[str, np.ndarray, float | None]


def _classes(values: np.ndarray, names: tuple[str, ...]) -> list[Group]:
    """A group per class; of very many the most frequent, and one for the rest."""
    counts = np.bincount(values, minlength=len(names))
    shown = (
        np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES]) if len(names) > MOST_CLASSES else range(len(names))
    )
    groups: list[Group] = [(names[index], values == index, None) for index in shown]
    rest = ~np.isin(values, list(shown))
    return [*groups, (_("other classes"), rest, None)]


def _bands(values: np.ndarray, name: str) -> list[Group]:
    """Groups of about as many samples each, from low to high."""
    finite = np.isfinite(values)
    edges = np.unique(np.quantile(values[finite], np.linspace(0, 1, BANDS + 1))) if finite.any() else np.zeros(1)
    if len(edges) < 2:
        return [(f"{name} {number_text(float(edges[0]))}".strip(), finite, 0.5), (_("not a number"), ~finite, None)]
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    groups: list[Group] = []
    for index in range(len(edges) - 1):
        ends = (number_text(float(edge)) for edge in edges[index : index + 2])
        shade = index / max(1, len(edges) - 2)
        groups.append((f"{name} {' … '.join(ends)}".strip(), finite & (places == index), shade))
    return [*groups, (_("not a number"), ~finite, None)]
