"""Names of the rows of a table by their line in the file, without a text in memory for each of a million."""

from collections.abc import Iterator, Sequence

import numpy as np

from workbench.i18n import _


class RowNames(Sequence[str]):
    """A sequence of texts: "row 2", "row 3"...

    Args:
        numbers: int64, (n,): the lines; a header is line 1.
    """

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int | slice | np.ndarray) -> "str | RowNames":
        if isinstance(index, slice | np.ndarray):
            return RowNames(self._numbers[index])
        return _("row {number}").format(number=int(self._numbers[index]))

    def __iter__(self) -> Iterator[str]:
        text = _("row {number}")
        return (text.format(number=number) for number in self._numbers.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == len(self) and all(a == b for a, b in zip(self, other))  # noqa: B905  equal lengths


def listed(numbers: Sequence[int], total: int | None = None) -> str:
    """Some row numbers for a message: "rows 3, 9, 12 and 5 more"."""
    total = len(numbers) if total is None else total
    shown = list(numbers[:5])
    if total == 1:
        return _("row {number}").format(number=shown[0])
    text = ", ".join(map(str, shown))
    if total == len(shown):
        return _("rows {numbers}").format(numbers=text)
    return _("rows {numbers} and {count} more").format(numbers=text, count=f"{total - len(shown):,}")
