"""Samples that look alike to a model: near-duplicates within a split, and leaks into the others."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Figure, Gallery, Table
from workbench.i18n import _, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network.layers import named_layers, output_shape
from workbench.inspection.samples.whole_split import feature_layer, features_of
from workbench.registry import registry
from workbench.section import Section, setting
from workbench.specs import ImageInput, TableInput

_OPERATIONS = 1.5e9  # multiplications between two looks at whether to stop
_MOST_PAIRS_KEPT = 4096


class NearDuplicatesSection(Section):
    """Settings of the near-duplicates."""

    threshold: float = setting(
        0.98, title=mark("Similarity"), ge=0.5, le=1.0,
        help=mark("Pairs from this cosine similarity of their features on are told; 1 is the same direction."),
    )  # fmt: skip
    compare: Literal["both", "within", "others"] = setting(
        "both", title=mark("Compare"),
        help=mark("A sample that is in two splits makes the figures of the later one flatter."),
        labels={"both": mark("Within the split and with the others"), "within": mark("Within the split"),
                "others": mark("With the other splits")},
    )  # fmt: skip
    count: int = setting(40, title=mark("At most"), unit="pairs", ge=1, le=250, help=mark("The most alike are shown."))
    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("Whose output is compared; empty takes the last before the one that decides."),
    )  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows that are alike, the most alike first.

    Attributes:
        first: row of the first array; `second` of the second; int64, (n,), at most as many as were asked for.
        similarity: float32, (n,), descending.
        count: how many there are in all.
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    count: int


class NearDuplicates(Inspector):
    """Pairs of samples whose features point in nearly the same direction."""

    name = "near_duplicates"
    title = mark("Near-duplicates")
    help = mark(
        "Finds pairs of samples that are nearly the same to the model, within a split and across splits. A trained "
        "network brings the samples of a class together: look before leaving any out, or name an earlier layer."
    )
    section = NearDuplicatesSection
    subject = "split"
    family = "samples"
    quick = False
    inputs = (ImageInput.kind, TableInput.kind)

    def layers(self, model: Any) -> list[str]:
        """All whose output is a row of values or a stack of maps."""
        return [name for name, layer in named_layers(model).items() if len(output_shape(layer)) >= 2]

    def inspect(self, model: Any, question: Question) -> Findings:
        """The pairs side by side, and a table of them."""
        data, split, params = question.split.data, question.split.name, question.params
        layer = params.layer or feature_layer(question.opened)
        others = [name for name in data.splits if name != split and len(data.splits[name])]
        partners = {"within": [split], "others": others, "both": [split, *others]}[params.compare]
        if not partners:
            raise UserError(_("There is no other split to compare with. Compare within the split."))

        def features(name: str) -> np.ndarray:
            found = features_of(question.opened, data, name, layer, question.emit, question.control)
            return directions(found)

        own, rows, counts = features(split), [], {}
        for partner in partners:

            def tell(done: int, total: int) -> None:
                question.emit(Progress(_("Comparing samples"), done, total))

            other = None if partner == split else features(partner)
            pairs = alike(own, other, params.threshold, params.count, question.control.check, tell)
            counts[partner] = pairs.count
            rows += [
                (float(similarity), int(first), partner, int(second))
                for first, second, similarity in zip(pairs.first, pairs.second, pairs.similarity, strict=True)
            ]
        rows.sort(key=lambda row: -row[0])
        rows = rows[: params.count]
        note = _note(counts, split, params.threshold, len(rows), layer)
        return Findings(_figures(question, rows, note), layer)


def directions(features: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32; a row of zeros stays one and is like nothing."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, lengths, out=np.zeros_like(features, np.float32), where=lengths > 1e-12)


def alike(
    first: np.ndarray,
    second: np.ndarray | None,
    threshold: float,
    most: int,
    check: Callable[[], None],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Pairs:
    """All pairs with a cosine similarity from a threshold on: exact, by products of blocks.

    Args:
        first: (n, d), rows of length 1.
        second: (m, d) likewise; None compares the first with itself, every pair once.
        threshold: the least similarity.
        most: pairs to give back; all are counted.
        check: called before every block.
        tell: takes rows done and all.
    """
    others = first if second is None else second
    side = max(64, int((_OPERATIONS / max(1, first.shape[1])) ** 0.5))
    least = threshold - 1e-5  # what is the same may differ in the last digits
    kept, count = [np.empty((0, 3))], 0
    for top in range(0, len(first), side):
        for left in range(top if second is None else 0, len(others), side):
            check()
            block = first[top : top + side] @ others[left : left + side].T
            rows, columns = np.nonzero(block >= least)
            if second is None and left == top:
                above = columns > rows
                rows, columns = rows[above], columns[above]
            count += len(rows)
            values = block[rows, columns]
            if len(rows) > most:
                best = np.argpartition(-values, most)[:most]
                rows, columns, values = rows[best], columns[best], values[best]
            kept.append(np.column_stack([values, rows + top, columns + left]))
            if sum(map(len, kept)) > max(most, _MOST_PAIRS_KEPT):
                kept = [_best(kept, most)]
        tell(min(top + side, len(first)), len(first))
    found = _best(kept, most)
    return Pairs(found[:, 1].astype(np.int64), found[:, 2].astype(np.int64), np.minimum(found[:, 0], 1.0), count)


def _best(parts: list[np.ndarray], most: int) -> np.ndarray:
    together = np.concatenate(parts)
    return together[np.lexsort((together[:, 2], together[:, 1], -together[:, 0]))][:most]


def _note(counts: dict[str, int], split: str, threshold: float, shown: int, layer: str) -> str:
    parts = []
    for partner, count in counts.items():
        if partner == split:
            text = _("Pairs within the split {split} with a similarity of {threshold:g} or more: {count:,}.")
        else:
            text = _("Between {split} and {partner}, which should have nothing in common: {count:,}.")
        parts.append(text.format(split=split, partner=partner, threshold=threshold, count=count))
    if sum(counts.values()) > shown:
        parts.append(_("The {shown} most alike are shown.").format(shown=shown))
    parts.append(_("Compared by the features of the layer {layer}.").format(layer=layer))
    return " ".join(parts)


def _figures(question: Question, rows: list[tuple[float, int, str, int]], note: str) -> tuple[Figure, ...]:
    """The pairs: pictures side by side with a table of their names, rows of a table below each other."""
    data, split, task = question.split.data, question.split.name, question.opened.task
    places = [
        (name, number)
        for _alike, first, partner, second in rows
        for name, number in ((split, first), (partner, second))
    ]
    indices = [int(data.splits[name][number]) for name, number in places]
    figure = (
        registry()
        .inputs.get(data.input.kind)
        .show(
            data,
            indices,
            lambda index: task.describe(data.targets[index], data.target),
            lambda picture, _index: picture,
            [number for _name, number in places],
            _("Near-duplicates, the most alike first"),
        )
    )
    if isinstance(figure, Table):
        samples = tuple(
            dataclasses.replace(sample, split=name)
            for sample, (name, _number) in zip(figure.samples, places, strict=True)
        )
        figure = figure.with_columns(0, {
            _("Pair"): [place // 2 + 1 for place in range(len(places))],
            _("Similarity"): [round(rows[place // 2][0], 4) for place in range(len(places))],
            _("Split"): [name for name, _number in places],
        })  # fmt: skip
        return (dataclasses.replace(figure, samples=samples, note=note),)
    if not isinstance(figure, Gallery):
        return (_pairs(question, rows, note),)
    tiles = []
    for place, (tile, (name, number)) in enumerate(zip(figure.tiles, places, strict=True)):
        alike_by = _("{number:.4g} alike").format(number=rows[place // 2][0])
        other = figure.tiles[place ^ 1]
        caption = f"{name} {number}: {tile.caption}\n{alike_by}"
        tiles.append(dataclasses.replace(tile, caption=caption, split=name, wrong=tile.caption != other.caption))
    if any(tile.wrong for tile in tiles):
        note = f"{note} " + _("Crossed pairs have different labels.")
    return (
        dataclasses.replace(figure, tiles=tuple(tiles), columns=2, note=note),
        _pairs(question, rows, note),
    )


def _pairs(question: Question, rows: list[tuple[float, int, str, int]], note: str) -> Table:
    data, split, task = question.split.data, question.split.name, question.opened.task

    def told(name: str, number: int) -> tuple[str, str]:
        index = int(data.splits[name][number])
        return data.names[index], task.describe(data.targets[index], data.target)

    cells = tuple(
        (round(similarity, 4), split, *told(split, first), partner, *told(partner, second))
        for similarity, first, partner, second in rows
    )
    columns = (_("Similarity"), _("Split"), _("Sample"), _("Target"), _("Split"), _("Sample"), _("Target"))
    return Table(_("Pairs"), columns, cells, note=note)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(NearDuplicates())
