"""What its user says about a run: a group, tags and a note, in `notes.toml` of the run folder.

```toml
version = 1
group = "first week"
tags = ["baseline", "keep"]
note = "Too wide a kernel."
```

The rest of the run is never touched by them, and a run without the file has none.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tomlkit

from workbench.atomic_files import replace_text
from workbench.errors import UserError
from workbench.i18n import _

FILE = "notes.toml"
VERSION = 1
LONGEST_TAG = 40
_FORBIDDEN = set(',;:"<>=')


@dataclass(frozen=True)
class RunNotes:
    """What is said about one run.

    Attributes:
        group: runs that belong together share it; empty for none.
        tags: without spaces, each once, in the order they were given.
        note: any text.
    """

    group: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class NotesChange:
    """What is to become of the notes of one run or of many; None leaves a thing as it is.

    Attributes:
        group: the new group; empty takes the runs out of theirs.
        add: tags to add; `remove` those to take away.
        note: the new note.
    """

    group: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    note: str | None = None

    def applied(self, notes: RunNotes) -> RunNotes:
        """The notes after the change. Raises `UserError` for a tag that cannot be one."""
        gone = {clean_tag(tag) for tag in self.remove}
        kept = [tag for tag in notes.tags if tag not in gone]
        return RunNotes(
            notes.group if self.group is None else " ".join(self.group.split()),
            tuple(dict.fromkeys([*kept, *(clean_tag(tag) for tag in self.add)])),
            notes.note if self.note is None else self.note.strip(),
        )


def clean_tag(text: str) -> str:
    """A tag as it is kept: spaces inside become hyphens, so that it can be searched for as `tag:first-try`.

    Raises:
        UserError: nothing is left of it, it is too long, or it holds a sign that filters use.
    """
    tag = "-".join(text.split())
    if not tag or len(tag) > LONGEST_TAG or _FORBIDDEN & set(tag):
        raise UserError(
            _("{text!r} cannot be a tag: it takes 1 to {most} letters, digits or signs, none of {forbidden}.").format(
                text=text, most=LONGEST_TAG, forbidden=" ".join(sorted(_FORBIDDEN))
            )
        )
    return tag


def tags_of(text: str) -> tuple[str, ...]:
    """The tags in a text, parted by commas. Raises `UserError` for one that cannot be a tag."""
    return tuple(dict.fromkeys(clean_tag(part) for part in text.split(",") if part.strip()))


def read_notes(path: Path) -> RunNotes:
    """The notes of a run folder; none where they cannot be read, which must not hide the run."""
    try:
        return _read(path)
    except UserError:
        return RunNotes()


def write_notes(path: Path, notes: RunNotes) -> None:
    """Keep the notes of a run folder; a comment in the file stays.

    Raises:
        UserError: it cannot be written, or what is there is damaged or of a newer version and would be lost.
    """
    _read(path)
    file = path / FILE
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
        document["version"] = VERSION
        document["group"] = notes.group
        document["tags"] = list(notes.tags)
        document["note"] = tomlkit.string(notes.note, multiline="\n" in notes.note)
        replace_text(file, tomlkit.dumps(document))
    except OSError as error:
        raise UserError(
            _("The notes of the run {name!r} cannot be written: {reason}. Make room, or let {path} be written to.")
            .format(name=path.name, reason=error.strerror or error, path=path)
        ) from None  # fmt: skip


def change_notes(paths: Iterable[Path], change: NotesChange) -> list[tuple[Path, RunNotes]]:
    """Change the notes of several runs, of all of them or of none.

    Returns:
        The runs that were changed, each with its notes of before; `restore_notes` takes it.

    Raises:
        UserError: a tag cannot be one, or the notes of a run cannot be read or written.
    """
    before = [(path, _read(path)) for path in paths]
    after = [(path, change.applied(notes)) for path, notes in before]
    changed: list[tuple[Path, RunNotes]] = []
    try:
        for (path, old), (_same, new) in zip(before, after, strict=True):
            if new != old:
                write_notes(path, new)
                changed.append((path, old))
    except UserError:
        restore_notes(changed)
        raise
    return changed


def restore_notes(before: Sequence[tuple[Path, RunNotes]]) -> None:
    """Give runs their notes of before. A run that was deleted or renamed since is passed over.

    Raises:
        UserError: the notes of a run cannot be written.
    """
    for path, notes in before:
        if path.is_dir():
            write_notes(path, notes)


def _read(path: Path) -> RunNotes:
    file = path / FILE
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return RunNotes()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            _("{path} cannot be read: {error}. Mend it, or delete it to begin with no notes.").format(
                path=file, error=error
            )
        ) from None
    if values.get("version") != VERSION:
        raise UserError(
            _("{path} is of version {version}, and this workbench knows version {known}. Update the workbench.").format(
                path=file, version=values.get("version"), known=VERSION
            )
        )
    group, tags, note = values.get("group", ""), values.get("tags", []), values.get("note", "")
    if not (isinstance(group, str) and isinstance(note, str) and isinstance(tags, list)):
        raise UserError(
            _("{path} holds something else than a group, a list of tags and a note. Mend it, or delete it.").format(
                path=file
            )
        )
    return replace(RunNotes(), group=group, note=note, tags=tuple(str(tag) for tag in tags))
