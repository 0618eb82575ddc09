"""Pictures that raise a score, by gradient ascent, whatever the network: parametrisations, scales, views and steps.

A picture is the sigmoid of free values, so that it stays between black and white. The values are pixels, or what a
spectrum gives: its coefficients are uncorrelated where pixels are not, and are scaled by 1/frequency as natural
pictures are (Olah et al. 2017, Feature Visualization, Distill, doi:10.23915/distill.00007). All that stands between
the values and the network is linear but for the sigmoid, and its gradient is written out here, in NumPy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

# Standard deviation of what the ascent starts from, before the sigmoid: on nearly grey pictures the units of a network
# may be silent, which leaves no gradient.
_START = 0.5
_OCTAVE = 1.4
_SMALLEST = 4  # pixels of a side
_FORGETS, _FORGETS_SQUARES, _TINY = 0.9, 0.99, 1e-4  # of Adam; gradients come with a mean square of 1

Gradient = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Plan:
    """How pictures are found.

    Attributes:
        seen: (rows, columns, channels) of what the network takes.
        size: (rows, columns) of the finished pictures. The network sees smaller ones enlarged, and of larger ones a
            window, elsewhere at every step.
        white: the value of white for the network; black is 0.
        spectrum: whether the values are a spectrum, not pixels.
        steps: of all scales together.
        rate: learning rate.
        jitter: how far the picture is moved about, as a share of what the network sees.
        blur: standard deviation in pixels by which the first step is blurred; the last is not.
        scales: how many sizes, each 1.4 times the one before.
        seed: the same seed gives the same pictures.
    """

    seen: tuple[int, int, int]
    size: tuple[int, int]
    white: float
    spectrum: bool
    steps: int
    rate: float
    jitter: float
    blur: float
    scales: int
    seed: int

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """The sizes of the scales; fewer than asked for where pictures would be smaller than a few pixels."""
        factors = [_OCTAVE**-number for number in reversed(range(self.scales))]
        sizes = [tuple(round(side * factor) for side in self.size) for factor in factors]
        return [size for size in sizes[:-1] if min(size) >= _SMALLEST and size != self.size] + [self.size]

    def start(self, unit: int) -> np.random.Generator:
        """What is random about the picture of a unit, whichever others are looked for beside it."""
        return np.random.default_rng((self.seed, unit))


class Parametrisation(Protocol):
    """Parameters, float32 (n, ...), and the values (n, rows, columns, channels) that they stand for."""

    def values(self, parameters: np.ndarray) -> np.ndarray:
        """What the parameters stand for."""

    def gradient(self, by_values: np.ndarray) -> np.ndarray:
        """The gradient by the parameters from that by the values, up to a factor that Adam takes out."""

    def parameters(self, values: np.ndarray) -> np.ndarray:
        """The parameters that stand for the values."""

    def noise(self, generator: np.random.Generator) -> np.ndarray:
        """Random parameters for one picture."""

    def blurred(self, parameters: np.ndarray, sigma: float) -> np.ndarray:
        """The parameters of the values blurred by so many pixels, across the edges to the other side."""


class Spectrum:
    """Coefficients of a Fourier series, each scaled by 1 / the periods that fit the longer side."""

    def __init__(self, rows: int, columns: int, channels: int) -> None:
        self._size, self._channels = (rows, columns), channels
        self._frequencies = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])[..., None]
        self._scale = (0.25 / np.maximum(self._frequencies * max(rows, columns), 1)).astype(np.float32)

    def values(self, parameters: np.ndarray) -> np.ndarray:
        """See `Parametrisation`."""
        series = parameters.view(np.complex64) * self._scale
        return np.fft.irfft2(series, self._size, axes=(1, 2), norm="forward").astype(np.float32)

    def gradient(self, by_values: np.ndarray) -> np.ndarray:
        """See `Parametrisation`."""
        return _as_real(np.fft.rfft2(by_values, axes=(1, 2)) * self._scale)

    def parameters(self, values: np.ndarray) -> np.ndarray:
        """See `Parametrisation`."""
        return _as_real(np.fft.rfft2(values, axes=(1, 2), norm="forward") / self._scale)

    def noise(self, generator: np.random.Generator) -> np.ndarray:
        """See `Parametrisation`."""
        shape = (*self._frequencies.shape[:2], 2 * self._channels)
        return _START * generator.standard_normal(shape, np.float32)

    def blurred(self, parameters: np.ndarray, sigma: float) -> np.ndarray:
        """See `Parametrisation`."""
        return _as_real(parameters.view(np.complex64) * _gaussian(self._frequencies, sigma))


class Pixels:
    """The values themselves."""

    def __init__(self, rows: int, columns: int, channels: int) -> None:
        self._shape = (rows, columns, channels)
        self._frequencies = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None])[..., None]

    def values(self, parameters: np.ndarray) -> np.ndarray:
        """See `Parametrisation`."""
        return parameters

    def gradient(self, by_values: np.ndarray) -> np.ndarray:
        """See `Parametrisation`."""
        return by_values

    def parameters(self, values: np.ndarray) -> np.ndarray:
        """See `Parametrisation`."""
        return values

    def noise(self, generator: np.random.Generator) -> np.ndarray:
        """See `Parametrisation`."""
        return _START * generator.standard_normal(self._shape, np.float32)

    def blurred(self, parameters: np.ndarray, sigma: float) -> np.ndarray:
        """See `Parametrisation`."""
        series = np.fft.rfft2(parameters, axes=(1, 2)) * _gaussian(self._frequencies, sigma)
        return np.fft.irfft2(series, self._shape[:2], axes=(1, 2)).astype(np.float32)


class Adam:
    """Steps upwards (Kingma & Ba 2014, arXiv:1412.6980), every picture for itself."""

    def __init__(self, rate: float) -> None:
        self._rate, self._steps = rate, 0
        self._mean = self._square = np.float32(0)

    def step(self, gradient: np.ndarray) -> np.ndarray:
        """What to add to the parameters; nothing where there is no gradient."""
        each = tuple(range(1, gradient.ndim))
        gradient = gradient / (np.sqrt(np.mean(gradient**2, axis=each, keepdims=True)) + np.float32(1e-30))
        self._steps += 1
        self._mean = _FORGETS * self._mean + (1 - _FORGETS) * gradient
        self._square = _FORGETS_SQUARES * self._square + (1 - _FORGETS_SQUARES) * gradient**2
        mean = self._mean / (1 - _FORGETS**self._steps)
        square = self._square / (1 - _FORGETS_SQUARES**self._steps)
        return (self._rate * mean / (np.sqrt(square) + _TINY)).astype(np.float32)


class View:
    """What the network sees of pictures of a size: all of them, enlarged where they are smaller, or windows."""

    def __init__(self, size: tuple[int, int], seen: tuple[int, int, int]) -> None:
        self._seen = seen[:2]
        self._enlarge = [_enlarging(have, need) for have, need in zip(size, seen, strict=False)]
        self._sides = [max(have, need) for have, need in zip(size, seen, strict=False)]

    def shifts(self, generators: Sequence[np.random.Generator], jitter: float) -> np.ndarray:
        """Where to look, (n, 2): near the corner for a picture that is seen whole, else anywhere."""
        reach = [round(jitter * need) for need in self._seen]
        spans = [
            (-near, near + 1) if side == need else (0, side)
            for near, side, need in zip(reach, self._sides, self._seen, strict=True)
        ]
        return np.array([[generator.integers(*span) for span in spans] for generator in generators])

    def middle(self, count: int) -> np.ndarray:
        """Where the middle is seen."""
        corner = [(side - need) // 2 for side, need in zip(self._sides, self._seen, strict=True)]
        return np.tile(np.array(corner), (count, 1))

    def see(self, pictures: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """The views of pictures, float32 (n, rows, columns, channels)."""
        pictures = _enlarged(pictures, *self._enlarge)
        return np.stack([picture[self._places(shift)] for picture, shift in zip(pictures, shifts, strict=True)])

    def gradient(self, by_views: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """The gradient by the pictures from that by their views."""
        by_pictures = np.zeros((len(by_views), *self._sides, by_views.shape[-1]), np.float32)
        for number, shift in enumerate(shifts):
            by_pictures[number][self._places(shift)] = by_views[number]
        return _enlarged(by_pictures, *(None if each is None else each.T for each in self._enlarge))

    def _places(self, shift: np.ndarray) -> tuple[np.ndarray, ...]:
        return np.ix_(*((np.arange(need) + by) % side for need, by, side in zip(self._seen, shift, self._sides,
                                                                                strict=True)))  # fmt: skip


def ascend(plan: Plan, gradient: Gradient, units: np.ndarray, stepped: Callable[[], None]) -> list[np.ndarray]:
    """The pictures that raise the score of some units, and what they reach.

    Args:
        plan: how.
        gradient: (pictures (n, rows, columns, channels) as the network takes them, units (n,)) -> (scores (n,), their
            gradients by the pictures).
        units: int32 (n,).
        stepped: called after every step.

    Returns:
        The pictures, uint8 (n, rows, columns, channels); the scores of these, of what they started from, and whether
        there was any gradient at all, (n,) each.
    """
    generators = [plan.start(int(unit)) for unit in units]
    kind: type[Spectrum] | type[Pixels] = Spectrum if plan.spectrum else Pixels
    values, done, moved, first = None, 0, np.zeros(len(units), bool), np.zeros(len(units), np.float32)
    for number, size in enumerate(plan.sizes):
        space: Parametrisation = kind(*size, plan.seen[2])
        view, adam = View(size, plan.seen), Adam(plan.rate)
        if values is None:
            parameters = np.stack([space.noise(generator) for generator in generators])
            shown = view.see(_sigmoid(space.values(parameters)), view.middle(len(units)))
            first = gradient(shown * plan.white, units)[0]
        else:
            parameters = space.parameters(_enlarged(values, *map(_enlarging, values.shape[1:3], size)))
        end = plan.steps * (number + 1) // len(plan.sizes)
        for step in range(done, end):
            picture = _sigmoid(space.values(parameters))
            shifts = view.shifts(generators, plan.jitter)
            by_views = np.nan_to_num(gradient(view.see(picture, shifts) * plan.white, units)[1])
            moved |= np.any(by_views, axis=(1, 2, 3))
            by_values = view.gradient(by_views, shifts) * picture * (1 - picture)
            change = adam.step(space.gradient(by_values))
            # Not the picture itself: blurred at every step it would turn grey, and stay so where grey has no gradient.
            if sigma := plan.blur * (1 - (step + 1) / plan.steps):
                change = space.blurred(change, sigma)
            parameters = parameters + change
            stepped()
        values, done = space.values(parameters), end
    pixels = np.round(255 * _sigmoid(values)).astype(np.uint8)
    shown = view.see(pixels.astype(np.float32) / 255, view.middle(len(units)))
    return [pixels, gradient(shown * plan.white, units)[0], first, moved]


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 0.5 * (np.tanh(0.5 * values) + 1)


def _as_real(series: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(series, np.complex64).view(np.float32)


def _gaussian(frequencies: np.ndarray, sigma: float) -> np.ndarray:
    return np.exp(-2 * (np.pi * sigma * frequencies) ** 2).astype(np.float32)


def _enlarging(have: int, need: int) -> np.ndarray | None:
    """The matrix of linear interpolation between the middles of pixels, (need, have); None where it is large enough."""
    if have >= need:
        return None
    places = np.clip((np.arange(need) + 0.5) * have / need - 0.5, 0, have - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(have)[None])).astype(np.float32)


def _enlarged(pictures: np.ndarray, rows: np.ndarray | None, columns: np.ndarray | None) -> np.ndarray:
    """Matrices applied to both axes of pictures (n, rows, columns, channels)."""
    if rows is not None:
        pictures = np.einsum("ab,nbwc->nawc", rows, pictures, optimize=True)
    if columns is not None:
        pictures = np.einsum("ab,nhbc->nhac", columns, pictures, optimize=True)
    return np.ascontiguousarray(pictures)
