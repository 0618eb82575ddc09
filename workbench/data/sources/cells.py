"""Generated microscope pictures of touching cells with their masks, the same for the same seed."""

import math
from typing import Any, Literal

import numpy as np

from workbench.data.arrays import with_channels
from workbench.data.source import NO_SPLIT, DatasetSource, Emit, Samples
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import MaskTarget

_TRIES_PER_CELL = 12
_OUTLINE_POINTS = 64


class CellsSection(DatasetSection):
    """How many, how large, how hard."""

    name: Literal["cells"] = "cells"
    count: int = setting(300, title=mark("Count"), unit="samples", help=mark("Pictures in all."), ge=10, le=100_000)
    size: int = setting(
        128, title=mark("Size"), unit="px", help=mark("Height and width of the generated pictures."), ge=32, le=1024
    )
    classes: Literal[2, 3] = setting(
        2, title=mark("Classes"),
        help=mark("Background and cells, or two kinds of cells: round pale and long dark ones."),
        labels={"2": mark("2 (background, cell)"), "3": mark("3 (background, round, long)")},
    )  # fmt: skip
    density: float = setting(
        0.4, title=mark("Density"), help=mark("The share of the picture that cells are to cover, about."), ge=0.05,
        le=0.8, widget="slider",
    )  # fmt: skip
    noise: float = setting(
        0.08, title=mark("Noise"), ge=0, le=0.5, widget="slider",
        help=mark("Standard deviation of the noise, as a share of the range of grey levels."),
    )  # fmt: skip
    seed: int = setting(0, title=mark("Seed"), help=mark("The same seed gives the same pictures."), ge=0, le=2**31 - 1)


class CellsSource(DatasetSource):
    """Made on the spot, sample by sample; nothing is stored but the cache."""

    name = "cells"
    title = mark("Cells")
    help = mark("Generated pictures of touching cells in uneven light, with masks. Nothing to download.")
    section = CellsSection

    def target_kind(self, section: DatasetSection) -> str:
        """A class per pixel."""
        return MaskTarget.kind

    def preprocessing(self, section: CellsSection) -> dict[str, Any]:
        """As they are generated."""
        return {"height": section.size, "width": section.size, "channels": 1, "scaling": "unit"}

    def open(self, section: CellsSection, emit: Emit) -> Samples:
        """Nothing to find."""
        digits = len(str(section.count - 1))
        names = (_("background"), _("cell")) if section.classes == 2 else (_("background"), _("round"), _("long"))
        return Samples(
            names=tuple(f"{index:0{digits}d}" for index in range(section.count)),
            targets=np.zeros(section.count, np.uint8),
            target=MaskTarget(names),
            ready_split=np.full(section.count, NO_SPLIT, np.int8),
            read=lambda index, channels: with_channels(draw(section, index)[0][..., np.newaxis], channels),
            read_target=lambda index: draw(section, index)[1],
            fingerprint=f"cells 1 {section.model_dump_json()}",
        )

    def reader_code(self, section: CellsSection) -> str:
        """By this module: what it draws is not worth repeating in a script."""
        return f'''\
def read_dataset(channels=1):
    """The generated cells with their masks (class indices); the workbench draws them, sample by sample."""
    from workbench.data.sources.cells import CellsSection, CellsSource

    section = CellsSection({", ".join(f"{k}={v!r}" for k, v in section.model_dump().items())})
    samples = CellsSource().open(section, lambda event: None)
    indices = range(len(samples.names))
    images = np.stack([samples.read(index, channels) for index in indices])
    return images, np.stack([samples.read_target(index) for index in indices]), list(samples.target.class_names)
'''


def draw(section: CellsSection, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Picture and mask of that index, both uint8 (size, size); they follow from the section and the index alone."""
    import cv2

    random = np.random.default_rng((section.seed, index))
    side = section.size
    mask = np.zeros((side, side), np.uint8)
    level = np.full((side, side), random.uniform(0.25, 0.45), np.float32)
    for centre, radius in _places(section, random):
        label = int(random.integers(1, section.classes))
        outline = _outline(centre, radius, label, random)
        alone = np.zeros_like(mask)
        cv2.fillPoly(alone, [np.round(outline * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        inside = alone > 0
        mask[inside] = label
        level[inside] = _shading(alone, label, random)[inside]
    blurred = cv2.GaussianBlur(level, (0, 0), max(0.6, side / 200))
    lit = blurred * _light(side, random)
    if section.noise:
        lit = lit + random.standard_normal(lit.shape, np.float32) * section.noise
    return np.clip(np.round(lit * 255), 0, 255).astype(np.uint8), mask


def _places(section: CellsSection, random: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Centres and radii; cells may touch and overlap a little, none hides another."""
    side, covered = section.size, 0.0
    placed: list[tuple[np.ndarray, float]] = []
    typical = max(4.0, side * 0.07)
    wanted = section.density * side * side
    for _try in range(_TRIES_PER_CELL * math.ceil(wanted / (math.pi * typical**2))):
        radius = typical * random.uniform(0.7, 1.5)
        centre = random.uniform(-0.3 * radius, side + 0.3 * radius, 2)
        if any(math.dist(centre, other) < 0.92 * (radius + size) for other, size in placed):
            continue
        placed.append((centre, radius))
        covered += math.pi * radius * radius
        if covered >= wanted:
            break
    return placed


def _outline(centre: np.ndarray, radius: float, label: int, random: np.random.Generator) -> np.ndarray:
    """A closed curve around a centre, (n, 2): a circle with dents, or a long ellipse with small ones."""
    angles = np.linspace(0, 2 * math.pi, _OUTLINE_POINTS, endpoint=False)
    dents = sum(
        random.uniform(0, 0.09 / wave) * np.cos(wave * angles + random.uniform(0, 2 * math.pi)) for wave in (2, 3, 5)
    )
    squeeze = random.uniform(0.8, 1.0) if label == 1 else random.uniform(0.4, 0.55)
    x, y = radius * (1 + dents) * np.cos(angles), radius * (1 + dents) * np.sin(angles) * squeeze
    turn = random.uniform(0, math.pi)
    return np.stack([x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)], axis=1) + centre


def _shading(alone: np.ndarray, label: int, random: np.random.Generator) -> np.ndarray:
    """Grey levels of one cell: a darker rim, a nucleus, paler or darker than what is around it by kind."""
    import cv2

    depth = cv2.distanceTransform(alone, cv2.DIST_L2, 3)
    deepest = max(float(depth.max()), 1.0)
    share = np.minimum(depth / deepest, 1.0)
    body = random.uniform(0.55, 0.75) if label == 1 else random.uniform(0.08, 0.18)
    rim = np.where(depth <= max(1.0, 0.12 * deepest), -0.25 if label == 1 else -0.06, 0.0)
    nucleus = np.where(share > random.uniform(0.6, 0.75), random.uniform(-0.2, -0.1) if label == 1 else 0.06, 0.0)
    return (body + rim + nucleus).astype(np.float32)


def _light(side: int, random: np.random.Generator) -> np.ndarray:
    """The lamp stands at one side and shines unevenly: factors around 1."""
    import cv2

    coarse = random.uniform(-0.12, 0.12, (3, 3)).astype(np.float32)
    ramp = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    angle = random.uniform(0, 2 * math.pi)
    slope = 0.35 * (math.cos(angle) * ramp[None, :] + math.sin(angle) * ramp[:, None])
    return 1.0 + slope + cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(CellsSource())
