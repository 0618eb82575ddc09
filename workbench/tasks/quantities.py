"""Numbers with their units, as captions and axes show them."""

import itertools
import math

import numpy as np

_RANGES = 20
_THOUSANDS = ((1e6, "M"), (1e3, "k"))
_STEPS = 1000  # the spread of the target is told in so many steps: more digits say nothing


def with_unit(text: str, unit: str) -> str:
    """`12.3` and `USD` as `12.3 USD`; without a unit the number alone."""
    return f"{text} {unit}" if unit else text


def axis_label(name: str, unit: str) -> str:
    """`price (USD)`; without a unit the name alone."""
    return f"{name} ({unit})" if unit else name


def number_text(value: float, spread: float = 0.0) -> str:
    """A number with as many digits as mean something beside a spread; without one, four significant digits."""
    if not math.isfinite(value):
        return str(value)
    size = max(abs(value), spread)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.4g}"
    resolution = spread / _STEPS if spread > 0 else abs(value) / _STEPS
    decimals = 0 if resolution <= 0 else min(max(0, -math.floor(math.log10(resolution))), 12)
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def round_edges(values: np.ndarray) -> np.ndarray:
    """Ascending edges of at most 21 ranges of one width, at round numbers, around all values that are finite."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        width = 1.0 if low == 0 else abs(low) / 10
        return np.array([low - width / 2, low + width / 2])
    least = (high - low) / _RANGES
    power = 10.0 ** math.floor(math.log10(least))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10, 20) if factor * power >= least * (1 - 1e-9))
    first = math.floor(low / step)
    return step * np.arange(first, math.floor(high / step) + 2)


def range_names(edges: np.ndarray) -> tuple[str, ...]:
    """The names of the ranges between ascending edges: `10 … 20`, `100k … 120k`."""
    whole = [pair for pair in _THOUSANDS if _all_multiples(edges, pair[0])]
    divisor, letter = whole[0] if whole else (1.0, "")
    decimals = min(max(0, 2 - math.floor(math.log10(float(edges[1] - edges[0]) / divisor))), 12)
    texts = [f"{edge:z.{decimals}f}" for edge in (edges / divisor).tolist()]
    while "." in texts[0] and all(text.endswith(("0", ".")) for text in texts):
        texts = [text[:-1] for text in texts]
    texts = [text + letter if float(text) else text for text in texts]
    return tuple(f"{low} … {high}" for low, high in itertools.pairwise(texts))


def _all_multiples(edges: np.ndarray, size: float) -> bool:
    """Whether all are whole multiples of a size, and not all 0."""
    shares = edges / size
    return bool(np.allclose(shares, np.round(shares), rtol=0, atol=1e-9) and np.abs(shares).max() >= 1)
