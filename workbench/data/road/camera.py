"""What a camera behind the windscreen sees: the ground as a plane in perspective, trees, hills, sky and bonnet.

A flat ground hides nothing of itself, so that each marking is one polygon; a texture that lies on the ground gives
depth and speed. Light, sky and hills belong to the course; a picture depends on nothing but its arguments.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from workbench.data.road.course import ROAD_WIDTH, Course, Pose

HEIGHT, WIDTH = 160, 320
HORIZON = 62
"""The row of the horizon; nothing above it helps to steer, nor the bonnet below `BONNET`."""
BONNET = 139
FOCAL_LENGTH = 200.0  # pixels
_CAMERA_HEIGHT = 1.35
_NEAREST, _FARTHEST = 1.2, 110.0
_TEXEL = 0.08  # metres of ground per element of the texture
_TEXTURE_SIDE = 512
_KERB_WIDTH = 0.45
_LINE_WIDTH = 0.16
_FRACTION_BITS = 4


@dataclass(frozen=True)
class _Scenery:
    """What does not change along a course: colours, hills by direction, trees along the road, the light's course."""

    grass: np.ndarray
    asphalt: np.ndarray
    sky: tuple[np.ndarray, np.ndarray]
    hill: np.ndarray
    hills: np.ndarray
    trees: np.ndarray  # distance, offset, height, shade
    shadows: np.ndarray  # distance and length
    light: np.ndarray  # amplitude, wave length and phase of three waves
    dashed: bool


def picture(course: Course, pose: Pose, camera_offset: float = 0.0) -> np.ndarray:
    """What the camera of a car at that pose sees.

    Args:
        course: the road.
        pose: of the car.
        camera_offset: metres that the camera stands to the left of the car's middle.

    Returns:
        uint8, (160, 320, 3), RGB.
    """
    scenery = _scenery(course.seed)
    eye = pose.beside(camera_offset)
    distance = course.place(pose).distance
    canvas = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    _draw_sky(canvas, scenery, eye.heading)
    _draw_ground(canvas, course, scenery, eye, distance)
    _draw_trees(canvas, course, scenery, eye, distance)
    light = 1 + float(np.sum(scenery.light[:, 0] * np.sin(distance / scenery.light[:, 1] + scenery.light[:, 2])))
    table = np.clip(np.arange(256) * max(0.45, min(1.25, light)), 0, 255).astype(np.uint8)
    canvas = table[canvas]
    _draw_bonnet(canvas)
    return canvas


def _draw_sky(canvas: np.ndarray, scenery: _Scenery, heading: float) -> None:
    top, low = scenery.sky
    share = np.linspace(0, 1, HORIZON)[:, None, None]
    canvas[:HORIZON] = (top * (1 - share) + low * share).astype(np.uint8)
    directions = heading - np.arctan((np.arange(WIDTH) - WIDTH / 2) / FOCAL_LENGTH)
    places = (directions / (2 * math.pi) * len(scenery.hills)) % len(scenery.hills)
    heights = np.interp(places, np.arange(len(scenery.hills) + 1), np.append(scenery.hills, scenery.hills[0]))
    rows = np.arange(HORIZON)[:, None]
    np.copyto(canvas[:HORIZON], scenery.hill, where=(rows >= HORIZON - heights)[..., None])


def _draw_ground(canvas: np.ndarray, course: Course, scenery: _Scenery, eye: Pose, distance: float) -> None:
    import cv2

    ground = canvas[HORIZON:]
    ground[:] = scenery.grass
    points, headings, along = course.ahead(distance - 3.0, _FARTHEST)
    sideways = np.stack([-np.sin(headings), np.cos(headings)], axis=1)
    seen = _Lines(points, sideways, along, eye)
    half = ROAD_WIDTH / 2
    fill = functools.partial(_fill, canvas)
    fill([seen.strip(half + 1.3, -half - 1.3)], scenery.grass * 0.8 + np.array([28, 20, 8]))
    fill([seen.strip(half, -half)], scenery.asphalt)
    for side in (1, -1):
        inner, outer = side * half, side * (half + _KERB_WIDTH)
        fill([seen.strip(inner, outer)], np.array([225, 222, 215]))
        fill(seen.strips(inner, outer, 2.0, 1.0), np.array([190, 40, 35]))
        fill([seen.strip(side * (half - 0.25), side * (half - 0.25 - _LINE_WIDTH))], np.array([235, 235, 230]))
    middle = seen.strips(_LINE_WIDTH / 2, -_LINE_WIDTH / 2, 6.0, 3.0)
    fill(middle if scenery.dashed else [seen.strip(_LINE_WIDTH / 2, -_LINE_WIDTH / 2)], np.array([238, 214, 90]))
    _texture_ground(ground, eye)
    shade = np.zeros((HEIGHT, WIDTH), np.uint8)
    for shadow in seen.at(scenery.shadows, half + 3.0, -half - 3.0, course.length):
        _fill(shade, [shadow], 1)
    if shade.any():
        cv2.copyTo((canvas * np.float32(0.62)).astype(np.uint8), shade, canvas)


def _texture_ground(ground: np.ndarray, eye: Pose) -> None:
    """Grain that lies on the ground: multiplied, fading with the distance."""
    import cv2

    forward, left, strength = _ground_grid()
    cosine, sine = np.float32(math.cos(eye.heading)), np.float32(math.sin(eye.heading))
    span = _TEXTURE_SIDE * _TEXEL
    x = (forward * cosine - left * sine + np.float32(eye.x % span)) / np.float32(_TEXEL)
    y = (forward * sine + left * cosine + np.float32(eye.y % span)) / np.float32(_TEXEL)
    grain = cv2.remap(_texture(), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    factor = 1 + strength * grain
    np.copyto(ground, np.clip(ground * factor[..., None], 0, 255).astype(np.uint8))


def _draw_trees(canvas: np.ndarray, course: Course, scenery: _Scenery, eye: Pose, distance: float) -> None:
    import cv2

    away = (scenery.trees[:, 0] - distance) % course.length
    for index in [each for each in np.argsort(-away) if 2 < away[each] < _FARTHEST]:
        tree = scenery.trees[index]
        foot = course.pose(tree[0], tree[1])
        forward, left = _seen_from(eye, np.array([[foot.x, foot.y]]))[0]
        if forward < 3:
            continue
        scale = FOCAL_LENGTH / forward
        x, y = WIDTH / 2 - left * scale, HORIZON + _CAMERA_HEIGHT * scale
        height, width = tree[2] * scale, tree[2] * scale * 0.45
        if not (-width < x < WIDTH + width):
            continue
        trunk = np.array([(x - width * 0.12, y), (x + width * 0.12, y), (x, y - height * 0.5)])
        crown = np.array([(x - width / 2, y - height * 0.22), (x + width / 2, y - height * 0.22), (x, y - height)])
        haze = min(0.55, forward / 200)
        green = np.array([38, 78, 40]) * tree[3] * (1 - haze) + scenery.sky[1] * haze
        for corners, colour in ((trunk, np.array([74, 52, 36])), (crown, green)):
            fixed = np.round(np.clip(corners, -2000, 2000) * 2**_FRACTION_BITS).astype(np.int32)
            cv2.fillConvexPoly(canvas, fixed, tuple(int(part) for part in colour), cv2.LINE_AA, _FRACTION_BITS)


def _draw_bonnet(canvas: np.ndarray) -> None:
    import cv2

    centre = (WIDTH // 2, HEIGHT + 34)
    cv2.ellipse(canvas, centre, (190, 56), 0, 180, 360, (46, 50, 58), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, centre, (190, 55), 0, 200, 340, (92, 98, 108), 1, cv2.LINE_AA)


class _Lines:
    """The stretch of road before the camera, from which strips along it are projected."""

    def __init__(self, points: np.ndarray, sideways: np.ndarray, along: np.ndarray, eye: Pose) -> None:
        self._points, self._sideways, self._along, self._eye = points, sideways, along, eye

    def strip(self, left: float, right: float, start: int = 0, end: int | None = None) -> np.ndarray:
        """The polygon between two offsets from the centre line, cut off where it lies behind the camera; (n, 2)."""
        points, sideways = self._points[start:end], self._sideways[start:end]
        outline = np.concatenate([points + left * sideways, (points + right * sideways)[::-1]])
        return _projected(_before_the_camera(_seen_from(self._eye, outline)))

    def strips(self, left: float, right: float, period: float, length: float) -> list[np.ndarray]:
        """A strip of that length at the beginning of every period."""
        phase = np.floor(self._along % period / length).astype(int)
        begins = np.flatnonzero((phase == 0) & (np.roll(phase, 1) != 0))
        steps = round(length / (self._along[1] - self._along[0]))
        edges = np.concatenate([self._points + left * self._sideways, self._points + right * self._sideways])
        seen = _seen_from(self._eye, edges).reshape(2, -1, 2)
        before = (seen[..., 0] >= _NEAREST).all(axis=0)
        drawn = _projected(np.maximum(seen, (_NEAREST, -np.inf)).reshape(-1, 2)).reshape(seen.shape)
        pieces = [slice(begin, begin + steps + 1) for begin in begins]
        found = [
            np.concatenate([drawn[0, each], drawn[1, each][::-1]])
            if before[each].all()
            else self.strip(left, right, each.start, each.stop)
            for each in pieces
            if before[each].any()
        ]
        return [polygon for polygon in found if len(polygon)]

    def at(self, places: np.ndarray, left: float, right: float, ring: float) -> list[np.ndarray]:
        """Strips at places (distance, length) of a closed road."""
        found = []
        for distance, length in places:
            inside = np.flatnonzero((self._along - distance) % ring < length)
            if len(inside) > 1:
                found.append(self.strip(left, right, inside[0], inside[-1] + 1))
        return [polygon for polygon in found if len(polygon)]


def _seen_from(eye: Pose, points: np.ndarray) -> np.ndarray:
    """Points of the ground as (forward, left) of the camera, (n, 2)."""
    cosine, sine = math.cos(eye.heading), math.sin(eye.heading)
    east, north = points[:, 0] - eye.x, points[:, 1] - eye.y
    return np.stack([east * cosine + north * sine, north * cosine - east * sine], axis=1)


def _before_the_camera(outline: np.ndarray) -> np.ndarray:
    """The polygon without what is nearer than the camera sees (Sutherland and Hodgman, 1974, for one edge)."""
    following = np.roll(outline, -1, axis=0)
    inside, next_inside = outline[:, 0] >= _NEAREST, following[:, 0] >= _NEAREST
    if inside.all():
        return outline
    crossing = inside != next_inside
    step = following[:, 0] - outline[:, 0]
    share = np.where(crossing, (_NEAREST - outline[:, 0]) / np.where(crossing, step, 1.0), 0.0)
    cut = outline + share[:, None] * (following - outline)
    both = np.stack([outline, cut], axis=1).reshape(-1, 2)
    return both[np.stack([inside, crossing], axis=1).reshape(-1)]


def _projected(seen: np.ndarray) -> np.ndarray:
    scale = FOCAL_LENGTH / seen[:, 0]
    return np.stack([WIDTH / 2 - seen[:, 1] * scale, HORIZON + _CAMERA_HEIGHT * scale], axis=1)


def _fill(canvas: np.ndarray, polygons: list[np.ndarray], colour: np.ndarray | int) -> None:
    import cv2

    fixed = [
        np.round(np.clip(each, -8000, 8000) * 2**_FRACTION_BITS).astype(np.int32) for each in polygons if len(each)
    ]
    if not fixed:
        return
    ink = tuple(int(part) for part in colour) if isinstance(colour, np.ndarray) else colour
    smooth = cv2.LINE_AA if canvas.ndim == 3 else cv2.LINE_8
    cv2.fillPoly(canvas, fixed, ink, smooth, _FRACTION_BITS)


@functools.cache
def _ground_grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every pixel below the horizon: metres forward, metres left, and how much of the grain is left there."""
    rows = np.arange(HEIGHT - HORIZON, dtype=np.float32) + 0.5
    forward = np.repeat((_CAMERA_HEIGHT * FOCAL_LENGTH / rows)[:, None], WIDTH, axis=1)
    left = forward * (WIDTH / 2 - np.arange(WIDTH, dtype=np.float32)) / np.float32(FOCAL_LENGTH)
    return forward, left, np.float32(0.5) * np.exp(-forward / np.float32(14))


@functools.cache
def _texture() -> np.ndarray:
    """Grain of several sizes that repeats without a seam, float32 of mean 0 and about ±0.5."""
    import cv2

    random = np.random.default_rng(5)
    grain = np.zeros((_TEXTURE_SIDE, _TEXTURE_SIDE), np.float32)
    for size, weight in ((512, 0.5), (128, 0.7), (32, 0.6)):
        coarse = random.standard_normal((size, size)).astype(np.float32)
        wide = np.pad(coarse, 2, mode="wrap")
        factor = _TEXTURE_SIDE // size
        large = cv2.resize(wide, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        grain += weight * large[2 * factor : -2 * factor, 2 * factor : -2 * factor]
    return np.clip(grain * 0.3, -0.6, 0.6)


@functools.lru_cache(maxsize=256)
def _scenery(seed: int) -> _Scenery:
    random = np.random.default_rng((seed, 23))
    hills = np.zeros(720)
    angles = np.linspace(0, 2 * math.pi, 720, endpoint=False)
    for wave in range(2, 14):
        hills += random.uniform(0.3, 1.0) * 9 / wave * np.cos(wave * angles + random.uniform(0, 2 * math.pi))
    trees = int(random.integers(60, 110))
    sides = random.choice([-1.0, 1.0], trees)
    overcast = random.uniform(0, 0.7)
    blue = np.array([92, 146, 214]) * (1 - overcast) + np.array([168, 176, 186]) * overcast
    return _Scenery(
        grass=np.array([92, 124, 58]) + random.uniform(-22, 22, 3),
        asphalt=np.array([98, 98, 102]) + random.uniform(-22, 22),
        sky=(blue, np.array([206, 220, 232])),
        hill=(np.array([104, 128, 120]) + random.uniform(-16, 16, 3)).astype(np.uint8),
        hills=np.clip(hills + 5, 1, 34),
        trees=np.stack([
            random.uniform(0, 1200, trees), sides * random.uniform(ROAD_WIDTH / 2 + 3, 22, trees),
            random.uniform(3, 9, trees), random.uniform(0.7, 1.3, trees),
        ], axis=1),
        shadows=np.stack([random.uniform(0, 1200, 14), random.uniform(1.5, 8, 14)], axis=1),
        light=np.stack([
            random.uniform(0.04, 0.14, 3), random.uniform(8, 60, 3), random.uniform(0, 2 * math.pi, 3)
        ], axis=1),
        dashed=bool(random.uniform() < 0.75),
    )  # fmt: skip
