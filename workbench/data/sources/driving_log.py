"""Recorded drives, as the Udacity simulator writes them: `driving_log.csv` and the folder `IMG` beside it.

The log was often written on another machine: of each path only the file's name is used.
"""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data import arrays
from workbench.data.decoding import decode_file
from workbench.data.locations import given_path
from workbench.data.source import CERTAIN, NO_SPLIT, DatasetSource, Emit, Offer, Problem, Samples
from workbench.data.sources.road import PILOTNET_INPUT
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ValuesTarget

LOG_NAME = "driving_log.csv"
_EXPECTED = mark("the simulator's driving_log.csv, or the folder that holds it and the folder IMG")
_COLUMNS = ("center", "left", "right", "steering", "throttle", "brake", "speed")
_ALL_NAMES = {"centre": "center", "steering angle": "steering", "steering_angle": "steering", "angle": "steering"}
_SIDES = {"center": ("centre", 0.0), "left": ("left", 1.0), "right": ("right", -1.0)}
# Sky and bonnet in the simulator's pictures of 160 rows.
_CROP = {"crop_top": 0.37, "crop_bottom": 0.16}


class DrivingLogSection(DatasetSection):
    """Where the log is, and what is taken of it."""

    name: Literal["driving_log"] = "driving_log"
    path: str = setting(
        "", title=mark("Driving log"), widget="folder",
        help=mark("The folder of driving_log.csv and IMG, as the simulator records them, or the log itself."),
    )  # fmt: skip
    cameras: Literal["centre", "all"] = setting(
        "all", title=mark("Cameras"), labels={"centre": mark("Centre"), "all": mark("Centre, left and right")},
        help=mark("The side cameras show what the middle one would see after drifting off."),
    )  # fmt: skip
    correction: float = setting(
        0.2, title=mark("Steering correction"), ge=0, le=1,
        help=mark("Added to the steering for the left camera and subtracted for the right one; 1 is full lock."),
    )  # fmt: skip
    straight_share: float = setting(
        1.0, title=mark("Straight ahead kept"), ge=0, le=1,
        help=mark("Share of the rows with a steering of 0 that is used: in most drives they are far too many."),
    )  # fmt: skip
    block: int = setting(
        10, title=mark("Rows in a block"), unit="rows", ge=1, le=100_000,
        help=mark("Neighbouring rows are nearly the same picture: so many stay in the same split."),
    )  # fmt: skip
    per_shift: float = setting(
        0.6, title=mark("Steering per shift"), ge=0, le=5, advanced=True,
        help=mark("What a picture that augmentation shifts by its whole width adds to the steering."),
    )  # fmt: skip
    seed: int = setting(
        0, title=mark("Seed"), help=mark("Which of the rows straight ahead are kept."), ge=0, le=2**31 - 1,
        advanced=True,
    )  # fmt: skip


@dataclass(frozen=True)
class _Row:
    """A row of the log: its number in the file, the pictures' names by camera, the steering."""

    number: int
    pictures: dict[str, str]
    steering: float


@dataclass
class _Found:
    """What is collected on the way."""

    rows: list[_Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class DrivingLogSource(DatasetSource):
    """A recorded drive."""

    name = "driving_log"
    title = mark("Driving log")
    help = mark("Pictures and steering as the Udacity simulator records them: driving_log.csv with the folder IMG.")
    section = DrivingLogSection
    architecture = "pilotnet"

    def target_kind(self, section: DatasetSection) -> str:
        """A number."""
        return ValuesTarget.kind

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """What PilotNet takes, without sky and bonnet."""
        return {**PILOTNET_INPUT, **_CROP}

    def task(self, section: DatasetSection) -> dict[str, Any]:
        """Steering is in its own measure already."""
        return {"target_scaling": "none"}

    def takes(self, path: Path) -> Offer | None:
        """A log, or the folder that has one."""
        log = path / LOG_NAME if path.is_dir() else path
        is_log = log.name == LOG_NAME and log.is_file()
        return Offer({"path": str(log.parent)}, CERTAIN) if is_log else None

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Read the log and find its pictures; one camera after the other, each in the order of the drive."""
        log = _log_at(section.path)
        found = _read(log, emit)
        rows = _without_straight(found.rows, section)
        pictures = _Pictures(log.parent)
        names: list[str] = []
        paths: list[Path] = []
        steering: list[float] = []
        groups: list[int] = []
        for camera in ("center", "left", "right") if section.cameras == "all" else ("center",):
            word, sign = _SIDES[camera]
            for row in rows:
                path = pictures.find(row.pictures.get(camera, ""))
                if path is None:
                    found.problems.append(_missing(row, camera, word, pictures))
                    continue
                names.append(f"{word} {row.number:06d}")
                paths.append(path)
                steering.append(max(-1.0, min(1.0, row.steering + sign * section.correction)))
                groups.append(row.number // section.block)
        if not names:
            raise UserError(_nothing_left(log, found, len(rows), pictures))
        return Samples(
            names=tuple(names),
            targets=np.array(steering, np.float32)[:, None],
            target=ValuesTarget(("steering",), ("",), mirrored=True, per_shift=section.per_shift),
            ready_split=np.full(len(names), NO_SPLIT, np.int8),
            read=lambda index, channels: decode_file(paths[index], channels),
            fingerprint=f"driving_log 1 {section.model_dump_json()} {arrays.content_stamp(log, *paths)}",
            problems=tuple(found.problems),
            paths=tuple(str(path) for path in paths),
            groups=np.array(groups, np.int64),
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By the log that was understood here, as a list."""
        log = _log_at(section.path)
        samples = self.open(section, lambda event: None)
        folder = Path(samples.paths[0]).parent
        rows = [
            (path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path), round(float(value), 6))
            for path, value in zip(map(Path, samples.paths), samples.targets[:, 0], strict=True)
        ]
        listed = "\n".join(f"        {row!r}," for row in rows)
        return f'''\
def read_dataset(channels=3):
    """Pictures and steering of {log.name}, left and right cameras corrected."""
    from pathlib import Path

    folder = Path({str(folder)!r})
    rows = [
{listed}
    ]
    mode = "grayscale" if channels == 1 else "rgb"
    images = []
    for name, steering in rows:
        try:
            images.append(keras.utils.img_to_array(keras.utils.load_img(folder / name, color_mode=mode), dtype="uint8"))
        except (OSError, ValueError):
            images.append(None)
    return images, np.array([[steering] for name, steering in rows], dtype="float32"), ["steering"]
'''


class _Pictures:
    """The pictures beside the log."""

    def __init__(self, folder: Path) -> None:
        below = [each for each in sorted(folder.iterdir()) if each.is_dir() and each.name.lower() == "img"]
        self.folders = [*below, folder]
        self._names: dict[str, Path] = {}
        for place in reversed(self.folders):
            self._names |= {each.name: each for each in place.iterdir() if each.is_file()}

    def find(self, given: str) -> Path | None:
        """The file of that name, whatever folder of whatever machine the log names; else the path as it is given."""
        name = _file_name(given)
        if not name:
            return None
        found = self._names.get(name)
        if found is not None:
            return found
        as_given = self.folders[-1] / given.replace("\\", "/")
        try:
            return as_given if as_given.is_file() else None
        except (OSError, ValueError):
            return None


def _file_name(given: str) -> str:
    return given.replace("\\", "/").rsplit("/", 1)[-1].strip()


def _log_at(path: str) -> Path:
    place = given_path(path, DrivingLogSource.name, _(_EXPECTED))
    if not place.is_dir():
        return place
    logs = [each for each in (place / LOG_NAME, place.parent / LOG_NAME) if each.is_file()]
    if not logs:
        raise UserError(
            _("{path} holds no {log}. Expected was {expected}.").format(path=place, log=LOG_NAME, expected=_(_EXPECTED))
        )
    return logs[0]


def _read(log: Path, emit: Emit) -> _Found:
    found = _Found()
    columns = {name: index for index, name in enumerate(_COLUMNS)}
    lines = _lines(log)
    for number, cells in lines:
        if number == 1:
            header = _header(cells)
            if header:
                columns = header
                continue
        _add_row(found, number, cells, columns)
        if number % 20_000 == 0:
            emit(Progress(_("Reading the driving log"), number))
    if not found.rows and not found.problems:
        raise UserError(_("{path} has no rows. Expected was {expected}.").format(path=log, expected=_(_EXPECTED)))
    return found


def _lines(log: Path) -> Iterator[tuple[int, list[str]]]:
    content = log.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = content.decode(encoding, "replace").replace("\0", "")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL)
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise UserError(_("{path} cannot be read as a table: {error}.").format(path=log, error=error)) from None


def _header(cells: list[str]) -> dict[str, int]:
    """Where each column is, when the first line names them."""
    words = [_ALL_NAMES.get(cell.lower(), cell.lower()) for cell in cells]
    return {word: words.index(word) for word in _COLUMNS if word in words} if "steering" in words else {}


def _add_row(found: _Found, number: int, cells: list[str], columns: dict[str, int]) -> None:
    where = _("row {number}").format(number=number)
    needed = columns["steering"] + 1
    if len(cells) < needed:
        reason = _("has {count} columns, where at least {needed} were expected: {names}")
        found.problems.append(Problem(where, reason.format(
            count=len(cells), needed=needed, names=", ".join(sorted(columns, key=columns.get)[:needed]))))  # fmt: skip
        return
    text = cells[columns["steering"]]
    steering = _number(text)
    if steering is None or not -1 <= steering <= 1:
        reason = _("the steering is {text!r}, where a number from -1 to 1 was expected")
        found.problems.append(Problem(where, reason.format(text=text)))
        return
    pictures = {camera: cells[columns[camera]] for camera in _SIDES if columns.get(camera, len(cells)) < len(cells)}
    found.rows.append(_Row(number, pictures, steering))


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _without_straight(rows: list[_Row], section: DrivingLogSection) -> list[_Row]:
    """The rows with only a share of those that steer straight ahead, chosen by the seed."""
    if section.straight_share >= 1:
        return rows
    drawn = np.random.default_rng(section.seed).uniform(size=len(rows))
    return [row for row, draw in zip(rows, drawn, strict=True) if row.steering != 0 or draw < section.straight_share]


def _missing(row: _Row, camera: str, word: str, pictures: _Pictures) -> Problem:
    where = _("row {number}").format(number=row.number)
    given = row.pictures.get(camera, "")
    if not given:
        return Problem(where, _("names no picture of the {camera} camera").format(camera=word))
    reason = _("the picture {name} is not in {folder}")
    return Problem(where, reason.format(name=_file_name(given), folder=pictures.folders[0]))


def _nothing_left(log: Path, found: _Found, rows: int, pictures: _Pictures) -> str:
    if rows:
        places = _(" or ").join(str(folder) for folder in pictures.folders)
        return _(
            "None of the pictures that {log} names was found. They were looked for in {places}. "
            "Put the folder IMG of the recording beside the log."
        ).format(log=log, places=places)
    if found.rows:
        return _(
            "All rows of {log} steer straight ahead, and none of them is kept. Keep a larger share of them."
        ).format(log=log)
    first = found.problems[0]
    return _("{log} has no usable row. {where}: {reason}. Expected was {expected}.").format(
        log=log, where=first.where, reason=first.reason, expected=_(_EXPECTED)
    )


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(DrivingLogSource())
