"""Courses: smooth centre lines with bends to both sides, and where a car stands beside them."""

import functools
import math
from dataclasses import dataclass

import numpy as np

SPACING = 0.5
ROAD_WIDTH = 7.0
_TIGHTEST_RADIUS = 18.0
_HARMONICS = np.arange(2, 7)


@dataclass(frozen=True)
class Pose:
    """Where something stands: `x` and `y` in metres, `heading` in radians to the left of the x axis."""

    x: float
    y: float
    heading: float

    def beside(self, offset: float) -> "Pose":
        """The pose moved to its own left by so many metres."""
        return Pose(self.x - offset * math.sin(self.heading), self.y + offset * math.cos(self.heading), self.heading)


@dataclass(frozen=True)
class Place:
    """Where a pose lies on a course.

    Attributes:
        distance: along the centre line from its start.
        offset: to the left of the centre line.
        heading: to the left of the centre line's own direction, from -pi to pi.
    """

    distance: float
    offset: float
    heading: float


class Course:
    """A closed road. Points are `SPACING` apart (nearly: the last gap closes the ring).

    Attributes:
        points: (n, 2) the centre line.
        headings: (n,) its direction.
        length: of the ring.
        seed: what it was made from; trees, hills and light follow from it, too.
    """

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng((seed, 17))
        self.seed = seed
        self.points = _ring(random)
        along = np.roll(self.points, -1, axis=0) - np.roll(self.points, 1, axis=0)
        self.headings = np.arctan2(along[:, 1], along[:, 0])
        self.spacing = float(np.mean(np.hypot(*(np.roll(self.points, -1, axis=0) - self.points).T)))
        self.length = self.spacing * len(self.points)

    def pose(self, distance: float, offset: float = 0.0, heading: float = 0.0) -> Pose:
        """The pose at a distance along the road, so far to the left of its middle and turned so far to the left."""
        at = (distance / self.spacing) % len(self.points)
        first = int(at) % len(self.points)
        second, share = (first + 1) % len(self.points), at - int(at)
        point = self.points[first] * (1 - share) + self.points[second] * share
        turn = _wrapped(self.headings[second] - self.headings[first])
        middle = Pose(float(point[0]), float(point[1]), float(self.headings[first] + share * turn))
        beside = middle.beside(offset)
        return Pose(beside.x, beside.y, middle.heading + heading)

    def place(self, pose: Pose) -> Place:
        """Where the pose lies: the nearest point of the centre line, and what is left and right of it."""
        towards = np.array([pose.x, pose.y]) - self.points
        nearest = int(np.argmin(towards[:, 0] ** 2 + towards[:, 1] ** 2))
        cosine, sine = math.cos(self.headings[nearest]), math.sin(self.headings[nearest])
        east, north = towards[nearest]
        distance = nearest * self.spacing + east * cosine + north * sine
        offset = north * cosine - east * sine
        return Place(distance % self.length, float(offset), _wrapped(pose.heading - self.headings[nearest]))

    def ahead(self, distance: float, metres: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points of the centre line from `distance` on, (n, 2), their headings, and how far along each lies."""
        first = math.floor(distance / self.spacing)
        steps = np.arange(first, first + math.ceil(metres / self.spacing) + 1)
        index = steps % len(self.points)
        return self.points[index], self.headings[index], steps * self.spacing


@functools.lru_cache(maxsize=256)
def course_of(seed: int) -> Course:
    """The course of that seed, kept."""
    return Course(seed)


def _ring(random: np.random.Generator) -> np.ndarray:
    """A ring that a few waves bend in and out, as large as its tightest bend allows; either way round."""
    amplitudes = random.uniform(0.3, 1.0, len(_HARMONICS)) * 0.55 / _HARMONICS**1.3
    phases = random.uniform(0, 2 * math.pi, len(_HARMONICS))
    angles = np.linspace(0, 2 * math.pi, 8192, endpoint=False)
    waves = amplitudes[:, None] * np.cos(_HARMONICS[:, None] * angles + phases[:, None])
    radius = 1 + waves.sum(axis=0)
    radius = np.maximum(radius, 0.25)
    ring = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    ring *= _TIGHTEST_RADIUS / _tightest_radius(ring)
    if random.integers(2):
        ring = ring[::-1]
    return _evenly_spaced(ring)


def _tightest_radius(ring: np.ndarray) -> float:
    first = (np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)) / 2
    second = np.roll(ring, -1, axis=0) - 2 * ring + np.roll(ring, 1, axis=0)
    bend = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    return float(1 / np.max(bend / np.sum(first**2, axis=1) ** 1.5))


def _evenly_spaced(ring: np.ndarray) -> np.ndarray:
    closed = np.vstack([ring, ring[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.linspace(0, along[-1], round(along[-1] / SPACING), endpoint=False)
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _wrapped(angle: float) -> float:
    return float((angle + math.pi) % (2 * math.pi) - math.pi)
