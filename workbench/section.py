"""The strict base of everything a user can set, and the translation of its validation errors into one message.

Limits, choices, units, titles and help texts live on the pydantic `Field`; forms, command-line help and the commented
TOML are made from them. Use `setting(...)` to declare one.
"""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _

_LONGEST_VALUE = 100  # characters of a faulty value that a message shows


class Section(BaseModel):
    """Frozen and strict: an unknown key or a value out of its limits is an error, never a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def setting(
    default: Any = ...,
    *,
    title: str,
    help: str = "",
    unit: str = "",
    widget: str = "",
    advanced: bool = False,
    labels: dict[str, str] | None = None,
    **limits: Any,
) -> Any:
    """A field of a section.

    Args:
        default: its default value; `...` makes it required.
        title: a short name for people, marked for translation by the maker of forms and help.
        help: one or two sentences on what it does.
        unit: what the number counts ("px", "degrees", "samples").
        widget: a hint to the form ("folder", "file", "slider", "hidden"); empty lets the type decide.
        advanced: whether a form folds it away at first.
        labels: for choices, a title per value.
        **limits: pydantic's own limits (`ge`, `le`, `gt`, `lt`, `min_length`, `multiple_of`, `default_factory`...).
    """
    extra = {"unit": unit, "widget": widget, "advanced": advanced, "labels": labels or {}}
    if "default_factory" in limits:
        return Field(title=title, description=help, json_schema_extra=extra, **limits)
    return Field(default, title=title, description=help, json_schema_extra=extra, **limits)


def explain(error: ValidationError, what: str, model: type[BaseModel] | None = None) -> UserError:
    """The validation error as one message for the user: every fault with its place, value and what is allowed."""
    lines = [_explain_one(fault, model) for fault in error.errors(include_url=False)]
    return UserError("\n".join([_("{what} cannot be used:").format(what=what), *(f"  {line}" for line in lines)]))


def _explain_one(fault: dict[str, Any], model: type[BaseModel] | None) -> str:
    location = list(fault["loc"])
    place = ".".join(str(part) for part in location)
    match fault["type"]:
        case "extra_forbidden":
            known = _fields_at(model, location[:-1]) if model else []
            return _unknown(_("{place}: there is no such setting.").format(place=place), str(location[-1]), known)
        case "missing":
            return _("{place}: is missing.").format(place=place)
        case "union_tag_invalid":
            tag = str(fault["ctx"]["tag"])
            text = _("{place}: there is no {tag!r}.").format(place=place, tag=tag)
            return _unknown(text, tag, _quoted(fault["ctx"]["expected_tags"]))
        case "literal_error":
            value = fault["input"]
            return _unknown(_("{place}: there is no {tag!r}.").format(place=place, tag=value), str(value),
                            _quoted(fault["ctx"]["expected"].replace(" or ", ", ")))  # fmt: skip
    message = fault["msg"].removeprefix("Value error, ")
    if "error" in fault.get("ctx", {}):
        return f"{place}: {message}" if place else message
    return _("{place}: {message}; it is {value}").format(place=place, message=message, value=_short(fault["input"]))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _unknown(text: str, name: str, known: list[str]) -> str:
    allowed = _("Known here: {names}.").format(names=", ".join(known)) if known else ""
    return " ".join(part for part in (text, did_you_mean(name, known), allowed) if part)


def _quoted(text: str) -> list[str]:
    return [part.strip().strip("'") for part in text.split(",")]


def _fields_at(model: type[BaseModel], location: list[str | int]) -> list[str]:
    """Names of the settings of the section at a location; a location holds indices and tags of unions, too."""
    candidates = [model]
    for part in location:
        annotations = [each.model_fields[part].annotation for each in candidates if part in each.model_fields]
        tagged = [each for each in candidates if part in _tags(each)]
        candidates = (
            [section for annotation in annotations for section in _sections_in(annotation)] or tagged or candidates
        )
    return sorted({name for section in candidates for name in section.model_fields})


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """All sections that an annotation names, however deep in unions, lists and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # A base without settings stands for the sections that are registered below it.
        return [annotation] if annotation.model_fields else annotation.__subclasses__()
    return [section for argument in get_args(annotation) for section in _sections_in(argument)]


def _tags(section: type[BaseModel]) -> set[Any]:
    return {field.default for name, field in section.model_fields.items() if name in ("name", "kind")}
