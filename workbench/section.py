"""The strict base of everything a user can set, and the translation of its validation errors into one message.

Limits, choices, units, titles and help texts live on the pydantic `Field`; forms, command-line help and the commented
TOML are made from them. Use `setting(...)` to declare one.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _


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
    location = [str(part) for part in fault["loc"]]
    place = ".".join(location)
    if fault["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, location[:-1])) if model else []
        text = _("there is no setting called {name!r}").format(name=location[-1])
        hint = did_you_mean(location[-1], known)
        allowed = _("known here: {names}").format(names=", ".join(known)) if known else ""
        return ". ".join(part for part in (f"{place}: {text}", hint.rstrip("."), allowed) if part)
    if fault["type"] == "missing":
        return _("{place}: is missing").format(place=place)
    message = fault["msg"].removeprefix("Value error, ")
    if isinstance(fault.get("ctx", {}).get("error"), UserError):
        return f"{place}: {message}"
    text = _("{place}: {message}; it is {value!r}").format(place=place, message=message, value=fault["input"])
    if fault["type"] == "literal_error" and isinstance(fault["input"], str):
        choices = [part.strip().strip("'") for part in fault["ctx"]["expected"].replace(" or ", ", ").split(",")]
        hint = did_you_mean(fault["input"], choices)
        text = f"{text}. {hint}" if hint else text
    return text


def _fields_at(model: type[BaseModel], location: list[str]) -> list[str]:
    for part in location:
        field = model.model_fields.get(part)
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return []
        model = field.annotation
    return list(model.model_fields)
