"""Corrections of a dataset: a list beside it of samples to leave out and labels to change; the data stay untouched.

The list is a CSV that people can read and edit. Its first line names the version; then a line per sample: its name,
what is done with it, the new label, a digest of its content (so that another sample of the same name is not mistaken
for it), a note and the date. `workbench.data.corrected` applies it.
"""

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.atomic_files import replace_file
from workbench.errors import UserError, did_you_mean
from workbench.experiment import DatasetSection
from workbench.i18n import _
from workbench.paths import corrections_folder

VERSION = 1
EXCLUDE, RELABEL = "exclude", "relabel"
ACTIONS = (EXCLUDE, RELABEL)
LIST_NAME = "corrections.csv"  # in the folder of a run, and the ending beside a dataset
_FIRST_LINE = "# corrections of a dataset, version {version}"
_VERSION_LINE = re.compile(r"#.*version (\d+)")
_DIGITS = 16
_LOCK_SECONDS = 10


@dataclass(frozen=True)
class Correction:
    """What is to be done with a sample.

    Attributes:
        name: of the sample, as in `Samples.names`.
        action: `exclude` or `relabel`.
        label: the new class of a `relabel`.
        content: a digest of the sample, see `workbench.data.corrected`; empty where nothing is to be checked.
        note: of the user.
        date: when it was made, as 2026-11-21.
    """

    name: str
    action: str
    label: str = ""
    content: str = ""
    note: str = ""
    date: str = ""


COLUMNS = tuple(field.name for field in fields(Correction))


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """The lines of a list.

    Raises:
        UserError: there is no such file, or it is no list of corrections; half a list is never used.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")  # as file names are
    except FileNotFoundError:
        raise UserError(_(
            "There is no list of corrections {path}. Bring it back, or leave corrections.file empty to learn from the "
            "data as they are."
        ).format(path=path)) from None  # fmt: skip
    except OSError as error:
        raise UserError(_("The list of corrections {path} cannot be read: {reason}.").format(
            path=path, reason=error.strerror or error)) from None  # fmt: skip
    first, _newline, rest = text.partition("\n")
    found = _VERSION_LINE.match(first)
    if found is None:
        raise UserError(_("{path} is no list of corrections: its first line must be {line!r}.").format(
            path=path, line=_FIRST_LINE.format(version=VERSION)))  # fmt: skip
    if int(found[1]) > VERSION:
        raise UserError(_(
            "The list of corrections {path} is of version {version}; this workbench reads up to {ours}. Update the "
            "workbench."
        ).format(path=path, version=found[1], ours=VERSION))  # fmt: skip
    return _parsed(path, rest)


def _parsed(path: Path, text: str) -> tuple[Correction, ...]:
    header = text.partition("\n")[0]
    # Spreadsheets of some countries save with semicolons.
    delimiter = next((sign for sign in ",;\t" if sign in header), ",")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UserError(
            _("The list of corrections {path} is damaged: {error}.").format(path=path, error=error)
        ) from None
    names = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in ("name", "action", "label") if name not in names]
    if missing:
        raise UserError(_("The list of corrections {path} lacks the columns {missing}.").format(
            path=path, missing=", ".join(missing)))  # fmt: skip
    corrections: dict[str, Correction] = {}
    for number, row in enumerate(rows[1:], 3):
        values = {name: value for name, value in zip(names, row, strict=False) if name in COLUMNS}
        if not any(values.values()):
            continue
        reason = _wrong_with(values)
        if not reason and values["name"] in corrections:
            reason = _("there are two lines for this sample; one of them must go")
        if reason:
            raise UserError(_("The list of corrections {path} is damaged in line {number}, {name!r}: {reason}.").format(
                path=path, number=number, name=values.get("name", ""), reason=reason))  # fmt: skip
        corrections[values["name"]] = Correction(**values)
    return tuple(corrections.values())


def _wrong_with(values: dict[str, str]) -> str:
    if not values.get("name"):
        return _("the name of the sample is missing")
    action = values.get("action", "")
    if action not in ACTIONS:
        hint = did_you_mean(action, ACTIONS)
        text = _("there is no action {action!r}; it is {known}. {hint}")
        return text.format(action=action, known=_(" or ").join(ACTIONS), hint=hint).strip(" .")
    if action == RELABEL and not values.get("label"):
        return _("the new label is missing")
    return ""


def write_corrections(path: Path, corrections: Iterable[Correction]) -> None:
    """Replace the list as a whole, by name.

    Raises:
        UserError: it cannot be written.
    """
    text = io.StringIO(newline="")
    text.write(_FIRST_LINE.format(version=VERSION) + "\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(each) for each in sorted(corrections, key=lambda each: each.name))
    content = text.getvalue().encode("utf-8", "surrogateescape")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda file: file.write(content) and None)
    except OSError as error:
        raise UserError(_("The list of corrections {path} cannot be written: {reason}.").format(
            path=path, reason=error.strerror or error)) from None  # fmt: skip


@contextmanager
def changed_by_nobody_else() -> Iterator[None]:
    """While a list is read, changed and written again: what another window writes meanwhile would be lost.

    Raises:
        UserError: another one does not get done with that.
    """
    lock = None
    try:
        corrections_folder().mkdir(parents=True, exist_ok=True)
        lock = FileLock(corrections_folder() / "changing.lock", timeout=_LOCK_SECONDS, is_singleton=False)
        lock.acquire()
    except Timeout:
        raise UserError(
            _("Another window or program is changing a list of corrections. Nothing was changed here; try again.")
        ) from None
    except OSError:  # no folder of the user's own to put a lock into: then without
        lock = None
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def digest(corrections: Iterable[Correction]) -> str:
    """A text that is the same for lists that do the same; notes and dates do not count."""
    lines = sorted((each.name, each.action, each.label, each.content) for each in corrections)
    return hashlib.sha256(repr(lines).encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def usual_place(dataset: DatasetSection) -> Path:
    """Where the list of a dataset stands, whether there is one or not.

    Beside the file or folder of the dataset where that can be written to, else with the files of the user.
    """
    place = _place_of(dataset)
    if place is None:
        own = dataset.model_dump_json(exclude_defaults=True, exclude={"name"})
        mark = f"-{_short(own)}" if own != "{}" else ""  # other settings generate other samples
        return corrections_folder() / f"{dataset.name}{mark}.{LIST_NAME}"
    beside = place.with_name(f"{place.name}.{LIST_NAME}")
    if os.access(beside if beside.exists() else place.parent, os.W_OK):
        return beside
    return corrections_folder() / f"{place.name}-{_short(str(place))}.{LIST_NAME}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _place_of(dataset: DatasetSection) -> Path | None:
    """The file or folder of a dataset; None for one that comes with the workbench."""
    for name, field in type(dataset).model_fields.items():
        if (field.json_schema_extra or {}).get("widget") in ("file", "folder") and getattr(dataset, name):
            path = Path(getattr(dataset, name)).expanduser().absolute()
            return path if path.name else None  # the root of a disk has nothing beside it
    return None
