"""Generated drives: camera pictures of a bending road with the right steering, the same for the same seed."""

import math
from typing import Any, Literal

import numpy as np

from workbench.data.arrays import with_channels
from workbench.data.road.camera import BONNET, HEIGHT, HORIZON, picture
from workbench.data.road.course import Course, Pose, course_of
from workbench.data.road.driving import right_steering
from workbench.data.source import NO_SPLIT, DatasetSource, Emit, Samples
from workbench.events import Progress
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ValuesTarget

# A picture moved to the right by its width shows what a heading error of 58 degrees shows: twice the full lock.
_PER_SHIFT = 2.0
_SWERVES = ((41.0, 0.55), (17.0, 0.45))  # wave length in metres and share of the largest error


class RoadSection(DatasetSection):
    """How much is driven, and how badly."""

    name: Literal["road"] = "road"
    pictures: int = setting(
        3000, title=mark("Pictures"), unit="samples", help=mark("Pictures in all, the same number on every course."),
        ge=10, le=200_000,
    )  # fmt: skip
    courses: int = setting(
        24, title=mark("Courses"), ge=1, le=1000,
        help=mark("Different roads. All pictures of one stay in the same split, as neighbours look alike."),
    )  # fmt: skip
    offset: float = setting(
        1.5, title=mark("Largest offset"), unit="m", ge=0, le=3,
        help=mark("How far from the middle of the road the car swerves, so that the way back is learned, too."),
    )  # fmt: skip
    heading: float = setting(
        12.0, title=mark("Largest heading error"), unit="degrees", ge=0, le=30,
        help=mark("How far the car turns away from the direction of the road while it swerves."),
    )  # fmt: skip
    seed: int = setting(0, title=mark("Seed"), help=mark("The same seed gives the same pictures."), ge=0, le=2**20)


class RoadSource(DatasetSource):
    """Made on the spot, picture by picture; nothing is stored but the cache."""

    name = "road"
    title = mark("Road")
    help = mark("Generated camera pictures of a bending road with the right steering: -1 full left, 1 full right.")
    section = RoadSection
    architecture = "pilotnet"

    def target_kind(self, section: DatasetSection) -> str:
        """A number."""
        return ValuesTarget.kind

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """What PilotNet takes, without sky and bonnet."""
        return {
            **PILOTNET_INPUT,
            "crop_top": round((HORIZON - 8) / HEIGHT, 2),
            "crop_bottom": round(1 - BONNET / HEIGHT, 2),
        }

    def task(self, section: DatasetSection) -> dict[str, Any]:
        """Steering is in its own measure already."""
        return {"target_scaling": "none"}

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Make the courses and the right steering of every picture; pictures are drawn when they are read."""
        places = [_place(section, index) for index in range(section.pictures)]
        steering = np.empty((section.pictures, 1), np.float32)
        for index, (course, pose) in enumerate(places):
            steering[index] = right_steering(course, pose)
            if index % 1000 == 999:
                emit(Progress(_("Making the courses"), index + 1, section.pictures))
        numbers = [_number(section, index) for index in range(section.pictures)]
        return Samples(
            names=tuple(f"{course + 1:04d} / {picture + 1:05d}" for course, picture in numbers),
            targets=steering,
            target=ValuesTarget(("steering",), ("",), mirrored=True, per_shift=_PER_SHIFT),
            ready_split=np.full(section.pictures, NO_SPLIT, np.int8),
            read=lambda index, channels: with_channels(picture(*places[index]), channels),
            fingerprint=f"road 1 {section.model_dump_json()}",
            groups=np.array([course for course, _picture in numbers], np.int64),
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By this module: what it draws is not worth repeating in a script."""
        return f'''\
def read_dataset(channels=3):
    """The generated road; the workbench draws it, picture by picture."""
    from workbench.data.sources.road import RoadSection, RoadSource

    section = RoadSection({", ".join(f"{k}={v!r}" for k, v in section.model_dump().items())})
    samples = RoadSource().open(section, lambda event: None)
    images = np.stack([samples.read(index, channels) for index in range(len(samples.names))])
    return images, samples.targets, list(samples.target.names)
'''


PILOTNET_INPUT = {"height": 66, "width": 200, "channels": 3, "scaling": "symmetric"}
"""The input of the paper's network."""


def _number(section: RoadSection, index: int) -> tuple[int, int]:
    """The course of a picture, and its number on it: whole courses one after the other."""
    each = math.ceil(section.pictures / section.courses)
    return divmod(index, each)


def _place(section: RoadSection, index: int) -> tuple[Course, Pose]:
    """The course, and where the swerving car is on it."""
    number, step = _number(section, index)
    course = course_of(section.seed * 1000 + number)
    each = math.ceil(section.pictures / section.courses)
    distance = course.length * step / each
    phases = np.random.default_rng((section.seed, number, 31)).uniform(0, 2 * math.pi, 4)
    waves = [2 * math.pi * distance / length for length, _share in _SWERVES]
    shares = [share for _length, share in _SWERVES]
    offset = sum(share * math.sin(wave + phase) for share, wave, phase in zip(shares, waves, phases[:2], strict=True))
    heading = sum(
        share * math.sin(1.3 * wave + phase) for share, wave, phase in zip(shares, waves, phases[2:], strict=True)
    )
    return course, course.pose(distance, section.offset * offset, math.radians(section.heading) * heading)


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(RoadSource())
