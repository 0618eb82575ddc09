"""Samples that are rows of a table, as what is known of points in the plane has them: in lines, and as a table."""

from collections.abc import Sequence

from workbench.data.inputs.table import shown_columns, shown_values
from workbench.figures import RowSample, SampleCards, Table
from workbench.gui.figures.table_view import shown
from workbench.i18n import _

MOST_VALUES = 12  # in the card beside the pointer


def value_lines(cards: SampleCards, row: int) -> str:
    """The first values of a row, a line each."""
    values = list(zip(shown_columns(cards.input), shown_values(cards.values[row], cards.input), strict=True))
    lines = [f"{title}: {shown(value) or '–'}" for title, value in values[:MOST_VALUES]]
    if len(values) > MOST_VALUES:
        lines.append(_("and {count} more").format(count=len(values) - MOST_VALUES))
    return "\n".join(lines)


def table_of(cards: SampleCards, chosen: Sequence[int], title: str, note: str) -> Table:
    """Some of the rows with all that is known of them."""
    rows = tuple(
        (
            cards.names[row],
            *(values[row] for values in cards.facts.values()),
            *shown_values(cards.values[row], cards.input),
        )
        for row in chosen
    )
    samples = tuple(RowSample(int(cards.samples[row]), cards.names[row]) for row in chosen)
    columns = (_("Row"), *cards.facts, *shown_columns(cards.input))
    return Table(title, columns, rows, note=note, samples=samples)
