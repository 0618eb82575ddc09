"""An experiment as TOML text: what `workbench new` prints and what stands in a run folder.

Comments are made from the fields, so that the file explains itself: what a setting does, its limits and its choices.
"""

import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import tomlkit
from pydantic.fields import FieldInfo
from tomlkit.items import Table

from workbench.atomic_files import replace_text
from workbench.experiment import ArchitectureSection, DatasetSection, Experiment, TaskSection
from workbench.i18n import _
from workbench.registry import registry
from workbench.section import Section

_LINE_WIDTH = 100
_BOUNDS = ("ge", "gt", "le", "lt")
_CATALOGUES = ((DatasetSection, "datasets"), (TaskSection, "tasks"), (ArchitectureSection, "architectures"))


def to_toml(experiment: Experiment, commented: bool = True) -> str:
    """The experiment as TOML that reads back to an equal one.

    Args:
        experiment: any experiment.
        commented: whether every setting is preceded by what it does and what it takes.
    """
    document = tomlkit.document()
    _fill(document, experiment, Experiment.model_fields, commented)
    return tomlkit.dumps(document)


def write_experiment(experiment: Experiment, path: Path) -> None:
    """Write the commented TOML; the file is replaced as a whole or stays as it was.

    A list of corrections in the same folder is named without it, so that both can be moved together.
    """
    listed = Path(experiment.corrections.file)
    if experiment.corrections.file and listed.parent == path.absolute().parent:
        beside = experiment.corrections.model_copy(update={"file": listed.name})
        experiment = experiment.model_copy(update={"corrections": beside})
    replace_text(path, to_toml(experiment))


def _fill(table: Any, section: Section, fields: dict[str, FieldInfo], commented: bool) -> None:
    """Put the settings of a section into a table: plain values first, as TOML demands, then the sections within."""
    inner = {name: getattr(section, name) for name in fields if isinstance(getattr(section, name), Section)}
    for name in sorted(fields.keys() - inner.keys(), key=_name_first(fields)):
        field = fields[name]
        value = getattr(section, name)
        if commented:
            for line in _comment(section, name, field):
                table.add(tomlkit.comment(line))
        if value is not None:
            table.add(name, _item(value))
        elif commented:
            table.add(tomlkit.comment(f"{name} ="))
    for name, value in inner.items():
        if _left_out(value, fields[name]):
            continue
        if commented:
            table.add(tomlkit.nl())
        table.add(name, _table(value, fields[name], commented))


def _left_out(section: Section, field: FieldInfo) -> bool:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return bool(extra.get("optional")) and section == field.get_default(call_default_factory=True)


def _name_first(fields: dict[str, FieldInfo]) -> Callable[[str], tuple[bool, int]]:
    order = list(fields)
    return lambda name: (name not in ("version", "name"), order.index(name))


def _table(section: Section, field: FieldInfo, commented: bool) -> Table:
    table = tomlkit.table()
    if commented and (names := _names_of_union(field.annotation)):
        what = _sentence(_("{help} The name is one of {choices}").format(
            help=_sentence(_(field.description or field.title or "")), choices=", ".join(names)))  # fmt: skip
        table.add(tomlkit.comment(what))
    _fill(table, section, type(section).model_fields, commented)
    return table


def _item(value: Any) -> Any:
    """The value as a TOML item; None inside of lists of settings is left out, as a missing key means None."""
    plain = _plain(value)
    if isinstance(plain, list) and any(isinstance(entry, dict) for entry in plain):
        rows = tomlkit.array()
        for entry in plain:
            row = tomlkit.inline_table()
            row.update(entry)
            rows.append(row)
        return rows.multiline(True)
    item = tomlkit.item(plain)
    if isinstance(plain, list) and len(item.as_string()) > _LINE_WIDTH:
        item.multiline(True)
    return item


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def _comment(section: Section, name: str, field: FieldInfo) -> list[str]:
    """The lines above a setting: what it does, and what it takes."""
    if name == "version":
        return []
    if name == "name" and not isinstance(section, Experiment):
        return [choices] if (choices := _registered(section)) else []
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    what = _sentence(_(field.description or field.title or name))
    takes = _choices(field) or _limits(field)
    takes = " ".join(part for part in (takes, _(extra.get("unit", ""))) if part)
    together = f"{what} {_sentence(takes)}" if takes else what
    return [together] if len(together) <= _LINE_WIDTH or not takes else [what, _sentence(takes)]


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", ":")) else f"{text[:1].upper()}{text[1:]}."


def _registered(section: Section) -> str:
    for base, catalogue in _CATALOGUES:
        if isinstance(section, base):
            return _sentence(_("one of {choices}").format(choices=", ".join(getattr(registry(), catalogue).names())))
    return ""  # the name that selects one of a union: said above its table


def _choices(field: FieldInfo) -> str:
    choices = ", ".join(str(choice) for choice in _literals(field.annotation))
    return _("one of {choices}").format(choices=choices) if choices else ""


def _limits(field: FieldInfo) -> str:
    """The range of a number, as in `4 to 1024`."""
    limits = {name: getattr(limit, name) for limit in field.metadata for name in _BOUNDS if hasattr(limit, name)}
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    if low is None and high is None:
        return ""
    if high is None:
        return _("{low} or more").format(low=low) if "ge" in limits else _("more than {low}").format(low=low)
    below = _("below {high}").format(high=high) if "lt" in limits else str(high)
    if low is None:
        return below if "lt" in limits else _("up to {high}").format(high=high)
    above = str(low) if "ge" in limits else _("above {low}").format(low=low)
    return _("{low} to {high}").format(low=above, high=below)


def _literals(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) is Literal:
        yield from typing.get_args(annotation)
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _literals(part)


def _names_of_union(annotation: Any) -> list[str]:
    """The names that select one of the sections of a union; empty for a single section."""
    sections = [part for part in typing.get_args(annotation) if isinstance(part, type) and issubclass(part, Section)]
    return [str(part.model_fields["name"].default) for part in sections if "name" in part.model_fields]
