"""Columns while a table is read: texts become numbers or categories, and what cannot be read is counted and named."""

import contextlib
from collections.abc import Sequence

import numpy as np

from workbench.data.source import Problem
from workbench.data.tables.number_formats import MISSING, NumberFormat
from workbench.data.tables.reading import Chunk
from workbench.data.tables.row_names import listed
from workbench.i18n import _, counted

MOST_CATEGORIES = 50
_MOST_COUNTED = 10_000
_SHOWN = 5


class NumberColumn:
    """A column of numbers: float32, NaN where a value is missing or no number.

    Attributes:
        failures: line and text of the first that were no numbers.
        endless: lines of the first that were infinite or too large.
    """

    def __init__(self, name: str, written: NumberFormat, most_failures: int = _SHOWN) -> None:
        """Prepare.

        Args:
            name: for messages.
            written: how its numbers are written.
            most_failures: how many of the texts that are no numbers, and of the endless ones, are remembered.
        """
        self.failures: list[tuple[int, str]] = []
        self.endless: list[int] = []
        self._name = name
        self._format = written
        self._most_failures = most_failures
        self._failed = 0
        self._infinite = 0

    def feed(self, values: np.ndarray | list[str], lines: np.ndarray) -> np.ndarray:
        """The next values as float32."""
        numbers = self._numbers(values, lines) if isinstance(values, list) else values
        with np.errstate(over="ignore"):
            result = np.asarray(numbers, np.float32)
        endless = np.flatnonzero(np.isinf(result))
        if endless.size:
            result[endless] = np.nan
            self._infinite += len(endless)
            self.endless += lines[endless[: self._most_failures - len(self.endless)]].tolist()
        return result

    def problems(self) -> list[Problem]:
        """Values that were no numbers, or too large for one."""
        where = _("column {name}").format(name=self._name)
        problems = []
        if self._failed:
            shown = ", ".join(
                f"{text[:30]!r} ({_('row {number}').format(number=line)})" for line, text in self.failures[:_SHOWN]
            )
            text = counted(
                "{count} value is no number and counts as missing: {shown}",
                "{count} values are no numbers and count as missing: {shown}", self._failed,
            )  # fmt: skip
            problems.append(Problem(where, text.format(count=f"{self._failed:,}", shown=shown)))
        if self._infinite:
            problems.append(Problem(where, _("infinite, or too large a number, in {rows}: counts as missing").format(
                rows=listed(self.endless[:_SHOWN], self._infinite))))  # fmt: skip
        return problems

    def _numbers(self, texts: list[str], lines: np.ndarray) -> np.ndarray:
        # Most texts are plain numbers: all at once is ten times faster. Python alone takes 1_000 for one.
        if self._format.decimal == "." and "_" not in "".join(texts):
            with contextlib.suppress(ValueError):
                return np.array([float(text) if text else np.nan for text in texts])
        numbers = np.empty(len(texts))
        for row, text in enumerate(texts):
            try:
                numbers[row] = self._format.number(text)
            except ValueError:
                numbers[row] = np.nan
                self._failed += 1
                if len(self.failures) < self._most_failures:
                    self.failures.append((int(lines[row]), text))
        return numbers


class WordColumn:
    """A column of words: the index of each in the order of first appearance, NaN where it is missing."""

    def __init__(self, name: str, most: int = _MOST_COUNTED) -> None:
        self._name = name
        self._most = most
        self._codes: dict[str, int] = {}
        self.overflowed = False

    @property
    def different(self) -> int:
        """How many different values were met, at most one more than are counted."""
        return len(self._codes)

    @property
    def words(self) -> list[str]:
        """The different values in the order of first appearance."""
        return list(self._codes)

    def feed(self, values: np.ndarray | list[str], lines: np.ndarray) -> np.ndarray:
        """The next values as indices, float32."""
        if isinstance(values, np.ndarray):
            values = ["" if value != value else f"{value:.15g}" for value in values.tolist()]
        codes, result = self._codes, np.empty(len(values), np.float32)
        for row, text in enumerate(values):
            word = text.strip()
            code = codes.get(word)
            if code is None:
                if word in MISSING:
                    result[row] = np.nan
                    continue
                if len(codes) > self._most:
                    self.overflowed = True
                    result[row] = np.nan
                    continue
                code = codes[word] = len(codes)
            result[row] = code
        return result

    def sorted(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The names in order (numbers by size, equal ones as one), and the new index of each old one."""
        words = self.words
        numbers = _as_numbers(words)
        if numbers is None:
            order = sorted(range(len(words)), key=words.__getitem__)
            names = tuple(words[code] for code in order)
            return names, np.argsort(order).astype(np.float32)
        unique = sorted(set(numbers))
        names = tuple(f"{number:.15g}" for number in unique)
        places = {number: place for place, number in enumerate(unique)}
        return names, np.array([places[number] for number in numbers], np.float32)

    def count_text(self) -> str:
        """How many different values, for a message."""
        return _("more than {count}").format(count=f"{self._most:,}") if self.overflowed else f"{self.different:,}"


def _as_numbers(words: list[str]) -> list[float] | None:
    plain = NumberFormat()
    try:
        return [plain.number(word) for word in words]
    except ValueError:
        return None


def renumbered(codes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Codes of first appearance as codes in order; NaN stays."""
    result = np.full(len(codes), np.nan, np.float32)
    present = ~np.isnan(codes)
    result[present] = places[codes[present].astype(np.int64)]
    return result


def feed_all(columns: dict[int, NumberColumn | WordColumn], chunk: Chunk) -> np.ndarray:
    """A chunk as float32, (n, columns), in the order of `columns`."""
    parts: Sequence[np.ndarray] = [column.feed(chunk.columns[at], chunk.lines) for at, column in columns.items()]
    return np.stack(parts, axis=1) if parts else np.empty((len(chunk.lines), 0), np.float32)
