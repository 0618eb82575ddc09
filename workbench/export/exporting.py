"""The job `export`: something of a run as a file or a folder for others, whole and checked or not there."""

import contextlib
import glob
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from workbench.attended import attended
from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.export.exporter import Check, Exporter, Outcome
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import ExportRequest

_LONGEST_TOLD = 300  # letters of a path


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the file or folder.
        format: name of the exporter.
        bytes: its size.
        check: how it compares with the model; None for what is no model.
        notes: what whoever uses it must know.
    """

    path: str
    format: str
    bytes: int
    check: Check | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        check = None if self.check is None else vars(self.check)
        return {**vars(self), "check": check, "notes": list(self.notes)}


def export_model(request: ExportRequest, emit: Emit, control: Control) -> Exported:
    """Write beside the place, check, and put it there.

    Raises:
        UserError: it cannot be written there, something has to be installed, or it did not stand the check.
        Stopped: asked to; nothing is left behind.
    """
    exporter: Exporter = registry().exporters.get(request.format)
    lacking = exporter.missing()
    if lacking:
        text = _("To export as {format}, something has to be installed: {command}")
        raise UserError(text.format(format=_(exporter.title), command=lacking))
    place = place_of(request.out, exporter)
    with _told_of(place):
        _check(place, request, exporter)
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove_parts_of_the_dead(place)
        part = place.with_name(f".{place.stem}.{os.getpid()}.part{exporter.ending}")
        try:
            # Attended here, not as a whole: whoever stopped it ends at once, and may end the process with it. What was
            # written by then goes first.
            outcome = attended(control, lambda: _written(exporter, request.run, part, emit, control))
            size = _size(part)
            _put(part, place)
        finally:
            _remove(part)
    return Exported(str(place), exporter.name, size, outcome.check, outcome.notes)


def place_of(out: str, exporter: Exporter) -> Path:
    """Where an export goes: the path with the ending of the format, if it has none.

    Raises:
        UserError: it is no path that there could be.
    """
    if not out.strip():
        raise UserError(_("Say where the export goes: a path that ends with a name."))
    place = Path(out)
    try:
        place = place.expanduser().absolute()
        folder = stat.S_ISDIR(place.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        folder = False
    except (OSError, ValueError, RuntimeError) as error:  # too long, not allowed to look, ~somebody who is nobody here
        raise _unwritable(place, error) from None
    if exporter.ending and not place.suffix and not folder:
        place = place.with_name(place.name + exporter.ending)
    return place


def _written(exporter: Exporter, source: str, part: Path, emit: Emit, control: Control) -> Outcome:
    """What the exporter tells; where nobody waits for it any more, what it wrote meanwhile is removed, too."""
    try:
        return exporter.export(source, part, emit, control)
    finally:
        if control.stop_requested:
            _remove(part)


def _remove_parts_of_the_dead(place: Path) -> None:
    """Remove what was half written beside the place by a process that was killed."""
    for part in place.parent.glob(f".{glob.escape(place.stem)}.*.part*"):
        process = part.name.removeprefix(f".{place.stem}.").partition(".")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            _remove(part)


def _check(place: Path, request: ExportRequest, exporter: Exporter) -> None:
    """Whether the name fits the format; only what the same exporter may have written is replaced."""
    if exporter.ending and place.suffix.lower() != exporter.ending and not place.is_dir():
        text = _("{format}: the name ends with {ending}, not with {wrong}. Name it {better}.")
        better = place.with_suffix(exporter.ending).name
        raise UserError(
            text.format(format=_(exporter.title), ending=exporter.ending, wrong=place.suffix, better=better)
        )
    if place.is_dir() and any(place.iterdir()):
        if exporter.ending:
            example = place / f"{Path(request.run).stem}{exporter.ending}"
            raise UserError(
                _("{path} is a folder. Name a file, such as {example}.").format(path=place, example=example)
            )
        if not exporter.made(place):
            text = _("{path} is a folder that holds other things. Name a new folder.")
            raise UserError(text.format(path=place))
        _refuse_unless_forced(request, place)
    elif place.is_file():
        if not exporter.ending:
            raise UserError(_("{path} is a file, and a folder is written. Name a new folder.").format(path=place))
        _refuse_unless_forced(request, place)


@contextlib.contextmanager
def _told_of(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(place, error) from None


def _unwritable(place: Path, error: Exception) -> UserError:
    return UserError(_("{path} cannot be written: {reason}. Choose another place, or make room there.").format(
        path=_shortened(str(place)), reason=getattr(error, "strerror", None) or error))  # fmt: skip


def _shortened(path: str) -> str:
    return path if len(path) <= _LONGEST_TOLD else f"{path[:_LONGEST_TOLD]}…"


def _refuse_unless_forced(request: ExportRequest, place: Path) -> None:
    if not request.force:
        raise UserError(_("{path} is there already. Name another, or say that it may be replaced (--force).").format(
            path=place))  # fmt: skip


def _put(part: Path, place: Path) -> None:
    if not place.is_dir():
        os.replace(part, place)
        return
    former = place.with_name(f".{place.name}.{os.getpid()}.former")
    os.rename(place, former)  # no system replaces a folder that holds something at once
    try:
        os.rename(part, place)
    except OSError:
        os.rename(former, place)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):  # it is not there, or where nothing can be written nothing is left either
            part.unlink()
