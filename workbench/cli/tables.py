"""Tables as text: columns side by side, numbers to the right."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from workbench.cli.output import Output


def print_table(output: Output, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a header and rows of plain values."""
    cells = [[cell(value) for value in row] for row in rows]
    numeric = [bool(cells) and all(_is_number(row[index]) for row in cells) for index in range(len(columns))]
    widths = [max(_width(row[index]) for row in [list(columns), *cells]) for index in range(len(columns))]
    for row in [list(columns), *cells]:
        parts = [_padded(text, width, right) for text, width, right in zip(row, widths, numeric, strict=True)]
        output.line("  ".join(parts).rstrip())


def cell(value: Any) -> str:
    """A value as a cell."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2e}" if 0 < abs(value) < 0.001 or 1e9 <= abs(value) < math.inf else f"{value:.4f}"
    return " ".join(str(value).split())


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return text == "-"
    return True


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
