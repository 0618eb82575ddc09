"""Generated pictures of labelled shapes: any size, count and number of classes, the same for the same seed."""

import colorsys
import math
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from workbench.data.arrays import with_channels
from workbench.data.source import NO_SPLIT, DatasetSource, Emit, Samples
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget

_COLOURS = {
    "red": (215, 40, 40),
    "green": (40, 165, 60),
    "blue": (45, 80, 220),
    "yellow": (235, 210, 40),
    "purple": (140, 50, 180),
    "orange": (240, 130, 30),
    "cyan": (50, 200, 215),
    "pink": (245, 150, 190),
    "brown": (125, 80, 45),
    "white": (245, 245, 245),
}


def _regular(corners: int, turn: float = 0.0, inner: float = 1.0) -> np.ndarray:
    """Corners of a regular polygon, or of a star when `inner` is below 1; (n, 2) on the unit circle."""
    count = corners if inner == 1.0 else 2 * corners
    angles = np.arange(count) * (2 * math.pi / count) - math.pi / 2 + turn
    radii = np.where(np.arange(count) % 2, inner, 1.0)[:, None]
    return radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)


_CROSS = np.array(
    [(-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1), (1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1), (-1, -1)]
) / math.hypot(1, 3)
_ARC = np.concatenate([_regular(48)[:33], _regular(48)[:33][::-1] * 0.6])

SHAPES: dict[str, np.ndarray] = {
    "circle": _regular(48),
    "square": _regular(4, math.pi / 4),
    "triangle": _regular(3),
    "star": _regular(5, inner=0.4),
    "cross": _CROSS,
    "bar": np.array([(-0.97, -0.25), (0.97, -0.25), (0.97, 0.25), (-0.97, 0.25)]),
    "hexagon": _regular(6),
    "arc": _ARC,
    "ellipse": _regular(48) * np.array([1.0, 0.5]),
    "arrow": np.array([(0, -1), (0.7, -0.2), (0.25, -0.2), (0.25, 0.95), (-0.25, 0.95), (-0.25, -0.2), (-0.7, -0.2)]),
    "saw": _regular(12, inner=0.7),
    "corner": np.array([(-0.8, -0.8), (-0.2, -0.8), (-0.2, 0.3), (0.8, 0.3), (0.8, 0.8), (-0.8, 0.8)]),
}
_MOST_CLASSES = len(SHAPES) * len(_COLOURS) * (len(_COLOURS) - 1)


class ShapesSection(DatasetSection):
    """How many, how large, how noisy."""

    name: Literal["shapes"] = "shapes"
    count: int = setting(2000, title=mark("Count"), unit="samples", help=mark("Pictures in all."), ge=10, le=1_000_000)
    size: int = setting(
        64, title=mark("Size"), unit="px", help=mark("Height and width of the generated pictures."), ge=8, le=512
    )
    classes: int = setting(
        4, title=mark("Classes"), ge=2, le=_MOST_CLASSES,
        help=mark("Up to 12 shapes; beyond that shapes in colours, then on coloured grounds."),
    )  # fmt: skip
    noise: float = setting(
        0.1, title=mark("Noise"), ge=0, le=1,
        help=mark("Standard deviation of the noise, as a share of the range of grey levels."),
    )  # fmt: skip
    colour: bool = setting(True, title=mark("Colour"), help=mark("Colour pictures instead of grey ones."))
    seed: int = setting(0, title=mark("Seed"), help=mark("The same seed gives the same pictures."), ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _grey_has_fewer_classes(self) -> "ShapesSection":
        if not self.colour and self.classes > len(SHAPES):
            raise ValueError(_("without colour there are at most {count} classes").format(count=len(SHAPES)))
        return self


class ShapesSource(DatasetSource):
    """Made on the spot, sample by sample; nothing is stored but the cache."""

    name = "shapes"
    title = mark("Shapes")
    help = mark("Generated pictures of circles, squares, stars... with noise. Any size, count and number of classes.")
    section = ShapesSection

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """As they are generated."""
        channels = 3 if section.colour else 1
        return {"height": section.size, "width": section.size, "channels": channels, "scaling": "unit"}

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Nothing to find."""
        digits = len(str(section.count - 1))
        return Samples(
            names=tuple(f"{index:0{digits}d}" for index in range(section.count)),
            targets=np.arange(section.count, dtype=np.int64) % section.classes,
            target=ClassTarget(_class_names(section.classes)),
            ready_split=np.full(section.count, NO_SPLIT, np.int8),
            read=lambda index, channels: with_channels(draw(section, index), channels),
            fingerprint=f"shapes 1 {section.model_dump_json()}",
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By this module: what it draws is not worth repeating in a script."""
        return f'''\
def read_dataset(channels={3 if section.colour else 1}):
    """The generated shapes; the workbench draws them, sample by sample."""
    from workbench.data.sources.shapes import ShapesSection, ShapesSource

    section = ShapesSection({", ".join(f"{k}={v!r}" for k, v in section.model_dump().items())})
    samples = ShapesSource().open(section, lambda event: None)
    images = np.stack([samples.read(index, channels) for index in range(len(samples.names))])
    return images, samples.targets, list(samples.target.class_names)
'''


def _class_names(classes: int) -> tuple[str, ...]:
    return tuple(" ".join(_class(label, classes)) for label in range(classes))


def _class(label: int, classes: int) -> tuple[str, ...]:
    """The words of a class: shape; or colour and shape; or colour, shape and ground."""
    variant, shape = divmod(label, len(SHAPES))
    shape_name = list(SHAPES)[shape]
    if classes <= len(SHAPES):
        return (shape_name,)
    ground, colour = divmod(variant, len(_COLOURS))
    names = list(_COLOURS)
    if classes <= len(SHAPES) * len(_COLOURS):
        return names[colour], shape_name
    return names[colour], shape_name, "on", names[(colour + 1 + ground) % len(names)]


def draw(section: ShapesSection, index: int) -> np.ndarray:
    """The picture of that index, uint8 (size, size, 1 or 3); it depends on nothing but the section and the index."""
    import cv2

    random = np.random.default_rng((section.seed, index))
    words = _class(index % section.classes, section.classes)
    shape = words[0] if len(words) == 1 else words[1]
    ground, ink = _colours(words, section.colour, random)
    side = section.size
    radius = side * random.uniform(0.22, 0.42)
    centre = random.uniform(radius, side - radius, 2) if side > 2 * radius else np.full(2, side / 2)
    angle = random.uniform(-math.pi / 9, math.pi / 9)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    corners = SHAPES[shape] @ turn * radius + centre
    channels = 3 if section.colour else 1
    picture = np.empty((side, side, channels), np.uint8)
    picture[:] = ground[:channels]
    # Coordinates in sixteenths of a pixel, edges smoothed.
    cv2.fillPoly(picture, [np.round(corners * 16).astype(np.int32)], ink[:channels], cv2.LINE_AA, 4)
    if section.noise:
        noise = random.standard_normal(picture.shape, np.float32)
        picture = np.clip(np.round(picture + noise * (255 * section.noise)), 0, 255).astype(np.uint8)
    return picture


def _colours(words: tuple[str, ...], colour: bool, random: np.random.Generator) -> tuple[tuple, tuple]:
    """Ground and ink; what the class does not say is drawn at random, with enough contrast."""
    if len(words) == 4:
        return _COLOURS[words[3]], _COLOURS[words[0]]
    dark_ground = bool(random.integers(2))
    ground_value, ink_value = random.uniform(0.0, 0.3), random.uniform(0.75, 1.0)
    if len(words) == 2:
        return (30, 30, 30), _COLOURS[words[0]]
    if not dark_ground:
        ground_value, ink_value = ink_value, ground_value
    return _tint(ground_value, colour, random), _tint(ink_value, colour, random)


def _tint(value: float, colour: bool, random: np.random.Generator) -> tuple[int, ...]:
    hue, saturation = random.uniform(), random.uniform(0.0, 0.6) if colour else 0.0
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(ShapesSource())
