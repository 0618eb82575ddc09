"""What the numbers of a column count, from its header: "area (m²)", "price [USD]"."""

import re

_BRACKETS = re.compile(r"\s*(?:\[(?P<square>[^\[\]]{1,16})\]|\((?P<round>[^()]{1,16})\))\s*$")
# What stands in round brackets is a unit only when it is made of these: "income (net)" has none.
_KNOWN = frozenset((
    "m", "cm", "mm", "km", "dm", "nm", "µm", "um", "ft", "in", "inch", "inches", "yd", "mi", "mile", "miles", "sqm",
    "sqft", "ha", "acre", "acres", "kg", "g", "mg", "t", "lb", "lbs", "oz", "s", "sec", "ms", "min", "h", "hr",
    "hour", "hours", "d", "day", "days", "week", "weeks", "month", "months", "year", "years", "yr", "yrs", "l",
    "ml", "cl", "gal", "k", "c", "f", "°c", "°f", "°", "deg", "degrees", "rad", "w", "kw", "mw", "kwh", "wh", "j",
    "kj", "mj", "cal", "kcal", "v", "mv", "a", "ma", "ohm", "hz", "khz", "mhz", "ghz", "pa", "kpa", "hpa", "bar",
    "mbar", "psi", "mmhg", "n", "nm", "mol", "mmol", "mph", "kmh", "rpm", "px", "bytes", "kb", "mb", "gb", "usd",
    "eur", "gbp", "jpy", "chf", "vnd", "cny", "krw", "$", "€", "£", "¥", "₫", "%", "‰", "percent", "ppm", "people",
    "persons", "rooms", "points", "pts", "score", "million", "millions", "thousand", "thousands", "billion", "k$",
))  # fmt: skip
_PART = re.compile(r"[/·*^\s]|(?<=[a-z])-?[²³0-9]+")


def name_and_unit(header: str) -> tuple[str, str]:
    """A header without the unit in brackets at its end, and the unit; an empty unit where there is none."""
    found = _BRACKETS.search(header)
    if found is None or not header[: found.start()].strip():
        return header, ""
    name, unit = header[: found.start()].strip(), (found["square"] or found["round"]).strip()
    parts = [part for part in _PART.split(unit.lower()) if part and not part.isdigit()]
    known = bool(found["square"]) or (bool(parts) and all(part in _KNOWN for part in parts))
    return (name, unit) if known and unit else (header, "")
