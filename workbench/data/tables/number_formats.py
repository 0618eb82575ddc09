"""Numbers written as text: decimal commas, thousands separators, percent signs, currencies.

How a column writes its numbers is decided from its first values, and by what the other columns of the file prove. What
can be read in two ways is not guessed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.i18n import _

# What pandas takes for missing, and the question mark of many published tables.
MISSING = frozenset(
    ("", "#N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN")
) | {"None", "n/a", "nan", "null", "?"}

_CURRENCY = r"(?:[$€£¥₫₩₹฿đ]|USD|EUR|GBP|JPY|CHF|VND|CNY|KRW)"
_SHAPE = re.compile(
    rf"(?P<sign>[+\-\u2212]?)\s?(?P<before>{_CURRENCY})?\s?(?P<inner>[+\-\u2212]?)"
    r"(?P<body>\d(?:[\d.,'’ \u00a0\u202f]*\d)?[.,]?(?:[eE][+-]?\d+)?|[.,]\d+(?:[eE][+-]?\d+)?)"
    rf"\s?(?P<after>{_CURRENCY}|%)?"
)
_PLAIN = re.compile(r"\s*-?\d+(?:\.\d+)?\s*", re.ASCII)
_SPACES = re.compile(r"\d{1,3}(?:['’ \u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?:\d{2})?)(?:[T ]\d{1,2}:\d{2}.*)?")
_COMMAS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_POINTS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_ENOUGH = 0.9  # share of a column's values that must be numbers (dates) for it to count as a column of them


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes:
        decimal: what stands before the fraction, a point or a comma; the other one may group thousands.
        affix: the currency or percent sign that stands beside them, or empty.
    """

    decimal: str = "."
    affix: str = ""

    def number(self, text: str) -> float:
        """The number, NaN for a missing one.

        Raises:
            ValueError: it is none in this format.
        """
        if self.decimal == "." and _PLAIN.fullmatch(text):
            return float(text)
        found = _shape(text.strip())
        if found is None:
            if text.strip() in MISSING:
                return np.nan
            raise ValueError(text)
        if (found["before"] or found["after"] or "") not in ("", self.affix):
            raise ValueError(text)
        body = _without_spaces(found["body"])
        grouping = _COMMAS if self.decimal == "." else _POINTS
        if grouping.fullmatch(body):
            body = body.replace("," if self.decimal == "." else ".", "")
        if self.decimal == ",":
            if "." in body:
                raise ValueError(text)
            body = body.replace(",", ".")
        negative = (found["sign"] + found["inner"]) in ("-", "\u2212")
        return -float(body) if negative else float(body)


@dataclass(frozen=True)
class Evidence:
    """What the first values of a column say about how it writes numbers.

    Attributes:
        kind: `number`, `date`, `text`, or `empty` where every value is missing.
        decimals: separators proved to stand before a fraction.
        unsure: separators that may stand before a fraction or group thousands ("1,234").
        affixes: currency and percent signs found; the empty text for numbers without.
    """

    kind: str
    decimals: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    affixes: frozenset[str] = frozenset()


def evidence(values: Iterable[str]) -> Evidence:
    """What these values of one column say."""
    texts = [text.strip() for text in values if text.strip() not in MISSING]
    if not texts:
        return Evidence("empty")
    decimals, unsure, affixes, numbers = set(), set(), set(), 0
    for text in texts:
        if "." in decimals and "" in affixes and _PLAIN.fullmatch(text):  # it says nothing new
            numbers += 1
            continue
        found = _shape(text)
        said = _separator(found["body"]) if found else "invalid"
        if said == "invalid":
            continue
        numbers += 1
        affixes.add(found["before"] or found["after"] or "")
        if said.startswith("unsure"):
            unsure.add(said[-1])
        elif said:
            decimals.add(said)
    if numbers >= _ENOUGH * len(texts):
        return Evidence("number", frozenset(decimals), frozenset(unsure), frozenset(affixes))
    dates = sum(_DATE.fullmatch(text) is not None for text in texts)
    return Evidence("date" if dates >= _ENOUGH * len(texts) else "text")


def formats(columns: Sequence[Evidence], delimiter: str) -> list[NumberFormat | str]:
    """A format per column of numbers; for one that can be read in two ways, the reason in plain words."""
    proved = {separator for column in columns for separator in column.decimals}
    return [_format(column, proved, delimiter) if column.kind == "number" else NumberFormat() for column in columns]


def _format(column: Evidence, proved: set[str], delimiter: str) -> NumberFormat | str:
    signs = column.affixes - {""}
    if len(signs) > 1:
        return _("numbers with different signs ({signs})").format(signs=", ".join(sorted(signs)))
    if "%" in signs and "" in column.affixes:
        return _("numbers with and without a percent sign")
    affix = next(iter(signs), "")
    if len(column.decimals) > 1:
        return _("numbers with a point and numbers with a comma before the fraction")
    if column.decimals:
        return NumberFormat(next(iter(column.decimals)), affix)
    if column.unsure == {",", "."}:
        return _("numbers with one point and numbers with one comma, either of which may group thousands")
    if "," in column.unsure:
        if "," in proved and "." not in proved:
            return NumberFormat(",", affix)
        if delimiter == "," or "." in proved:
            return NumberFormat(".", affix)
        return _("numbers as 1,234, which can be one thousand or one and a fraction")
    return NumberFormat("," if "." in column.unsure and proved == {","} else ".", affix)


def _shape(text: str) -> re.Match[str] | None:
    found = _SHAPE.fullmatch(text)
    return None if found is None or (found["sign"] and found["inner"]) else found


def _separator(body: str) -> str:
    """What a number says of separators: the decimal one, `unsure,`, `unsure.`, nothing, or `invalid`."""
    if _SPACES.fullmatch(body):
        body = _without_spaces(body)
        return "," if "," in body else "." if "." in body else ""
    if any(character in body for character in "'’ \u00a0\u202f"):
        return "invalid"
    body = re.split("[eE]", body)[0]
    commas, points = body.count(","), body.count(".")
    if not commas and not points:
        return ""
    if commas and points:
        decimal = "." if body.rfind(".") > body.rfind(",") else ","
        return decimal if (_COMMAS if decimal == "." else _POINTS).fullmatch(body) else "invalid"
    separator, grouping = (",", _COMMAS) if commas else (".", _POINTS)
    if commas + points > 1:
        return ("." if commas else ",") if grouping.fullmatch(body) else "invalid"
    return f"unsure{separator}" if grouping.fullmatch(body) and not body.startswith("0") else separator


def _without_spaces(body: str) -> str:
    return re.sub("['’ \u00a0\u202f]", "", body) if _SPACES.fullmatch(body) else body
