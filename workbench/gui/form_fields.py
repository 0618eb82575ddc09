"""What a form needs to know about a field of a section: read off pydantic once, free of Qt."""

import types
import typing
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workbench.i18n import _


@dataclass(frozen=True)
class FieldPlan:
    """How one field is edited.

    Attributes:
        kind: choice, bool, int, float, text, numbers, section, union, or "" for what no form can edit.
        choices: value and label of each choice (for a union: the name that selects a section, and its label).
        variants: the sections of a union by name.
        minimum: the lowest number allowed, or None; `exclusive` says that the number itself is not.
        optional: whether None is allowed, shown as an empty field.
        zero: what a number box shows for 0; empty for the number.
        shown_if: a field of the same section, and the values of it with which this one is shown; None for any.
    """

    name: str
    kind: str
    title: str
    help: str
    unit: str
    widget: str
    advanced: bool
    optional: bool = False
    zero: str = ""
    choices: tuple[tuple[Any, str], ...] = ()
    variants: tuple[tuple[str, type[BaseModel]], ...] = ()
    section: type[BaseModel] | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    item: type = str
    shown_if: tuple[str, tuple[Any, ...]] | None = None

    def has_meaning(self, section: BaseModel) -> bool:
        """Whether it has one beside the other values of its section."""
        if self.shown_if is None:
            return True
        name, values = self.shown_if
        return getattr(section, name) in values


def plan_fields(section: type[BaseModel]) -> list[FieldPlan]:
    """The plans of a section's fields that a form shows, in order."""
    plans = [_plan(name, field) for name, field in section.model_fields.items()]
    return [plan for plan in plans if plan.kind and plan.widget != "hidden"]


def _plan(name: str, field: FieldInfo) -> FieldPlan:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    annotation, optional = _without_none(field.annotation)
    facts: dict[str, Any] = {"kind": _kind(annotation), "optional": optional}
    if not field.title:  # a field without a title is not for people (the name that selects a section of a union)
        facts["kind"] = ""
    labels = extra.get("labels", {})
    match facts["kind"]:
        case "choice":
            facts["choices"] = tuple((value, _label(value, labels)) for value in typing.get_args(annotation))
        case "union":
            variants = {_variant_name(variant): variant for variant in typing.get_args(annotation)}
            facts["variants"] = tuple(variants.items())
            facts["choices"] = tuple((key, _label(key, labels)) for key in variants)
        case "section":
            facts["section"] = annotation
        case "numbers":
            facts["item"] = next((item for item in _items(annotation) if isinstance(item, type)), str)
        case "int" | "float":
            facts.update(_limits(field))
    return FieldPlan(
        name=name,
        title=_(field.title or name),
        help=_(field.description or ""),
        unit=_(extra.get("unit", "")),
        zero=_(extra.get("zero", "")),
        widget=extra.get("widget", ""),
        advanced=bool(extra.get("advanced", False)),
        shown_if=extra.get("shown_if"),
        **facts,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        arguments = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(arguments) == 1:
            return arguments[0], True
    return annotation, False


def _kind(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return "choice"
    if origin in (typing.Union, types.UnionType):
        parts = typing.get_args(annotation)
        return "union" if all(isinstance(part, type) and issubclass(part, BaseModel) for part in parts) else ""
    if origin in (tuple, list):
        items = _items(annotation)
        return "numbers" if all(part in (int, float, str) for part in items) else "custom"
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return "section"
        for kind, types_of_kind in (("bool", bool), ("int", int), ("float", float), ("text", str)):
            if issubclass(annotation, types_of_kind):
                return kind
    return "custom"


def _items(annotation: Any) -> list[Any]:
    """What a tuple or list holds, without the limits of each item."""
    parts = [part for part in typing.get_args(annotation) if part is not Ellipsis]
    return [typing.get_args(part)[0] if typing.get_origin(part) is typing.Annotated else part for part in parts]


def _variant_name(variant: type[BaseModel]) -> str:
    for key in ("name", "kind"):
        if key in variant.model_fields:
            return variant.model_fields[key].default
    return variant.__name__


def _label(value: Any, labels: dict[str, str]) -> str:
    text = labels.get(str(value))
    return _(text) if text else str(value).replace("_", " ")


def _limits(field: FieldInfo) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for limit in field.metadata:
        for key, name, exclusive in (
            ("ge", "minimum", ""),
            ("gt", "minimum", "exclusive_minimum"),
            ("le", "maximum", ""),
            ("lt", "maximum", "exclusive_maximum"),
        ):
            value = getattr(limit, key, None)
            if value is not None:
                found[name] = value
                if exclusive:
                    found[exclusive] = True
    return found
