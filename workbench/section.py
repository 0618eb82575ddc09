"""The strict base of everything a user can set, and the translation of its validation errors into one message.

Limits, choices, units, titles and help texts live on the pydantic `Field`; forms, command-line help and the commented
TOML are made from them. Use `setting(...)` to declare one.
"""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _

_LONGEST_VALUE = 100  # characters of a faulty value that a message shows


class Section(BaseModel):
    """Frozen and strict: an unknown key or a value out of its limits is an error, never a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _a_truth_value_is_no_number(cls, values: Any) -> Any:
        """Python and pydantic take `true` for 1: `epochs = true` would train for one epoch."""
        if not isinstance(values, dict):
            return values
        suspects = [name for name, value in values.items() if name in cls.model_fields and _holds_truth_values(value)]
        doubtful = {name: values[name] for name in suspects if _only_numbers(cls.model_fields[name].annotation)}
        return {**values, **{name: _marked(value) for name, value in doubtful.items()}}


class _TruthValue:
    """Stands for a truth value where a number belongs: pydantic refuses it in its place."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "true" if self._value else "false"


def setting(
    default: Any = ...,
    *,
    title: str,
    help: str = "",
    unit: str = "",
    zero: str = "",
    widget: str = "",
    advanced: bool = False,
    labels: dict[str, str] | None = None,
    shown_if: tuple[str, tuple[Any, ...]] | None = None,
    optional: bool = False,
    **limits: Any,
) -> Any:
    """A field of a section.

    Args:
        default: its default value; `...` makes it required.
        title: a short name for people, marked for translation by the maker of forms and help.
        help: one or two sentences on what it does.
        unit: what the number counts ("px", "degrees", "samples").
        zero: what 0 stands for ("automatic"), where that is no number like the others: a form shows it instead.
        widget: a hint to the form ("folder", "file", "slider", "hidden"); empty lets the type decide.
        advanced: whether a form folds it away at first.
        labels: for choices, a title per value.
        shown_if: another field of the section and the values of it with which this one has a meaning: a form hides it
            with any other. It keeps its value, and a TOML file may set it at any time.
        optional: of a section within another: whether a TOML file leaves it out while all in it is at its default.
        **limits: pydantic's own limits (`ge`, `le`, `gt`, `lt`, `min_length`, `multiple_of`, `default_factory`...).
    """
    extra = {"unit": unit, "zero": zero, "widget": widget, "advanced": advanced, "labels": labels or {},
             "shown_if": shown_if, "optional": optional}  # fmt: skip
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
            if location[-1] in known:  # of a section for another kind of samples
                return _("{place}: there is no such setting for this kind of data; leave it out.").format(place=place)
            return _unknown(_("{place}: there is no such setting.").format(place=place), str(location[-1]), known)
        case "missing":
            return _("{place}: is missing.").format(place=place)
        case "union_tag_invalid":
            tag = str(fault["ctx"]["tag"])
            text = _("{place}: there is no {tag!r}.").format(place=place, tag=tag)
            return _unknown(text, tag, _quoted(fault["ctx"]["expected_tags"]))
        case "union_tag_not_found":
            key = fault["ctx"]["discriminator"].strip("'")
            text = _("{place}: its {key} is missing.").format(place=place, key=key)
            return _unknown(text, "", _tags_at(model, location, key) if model else [])
        case "model_type" | "model_attributes_type" | "dict_type":
            text = _("{place}: a table of settings is expected; it is {value}")
            return text.format(place=place, value=_short(fault["input"]))
        case "literal_error":
            value = fault["input"]
            if isinstance(value, str) and value in fault["ctx"]["expected"].replace(" or ", ", ").split(", "):
                text = _("{place}: must be the number {number}, not a text: leave out the quotes.")
                return text.format(place=place, number=value)
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
    """Names of the settings of the section at a location."""
    return sorted({name for section in _sections_at(model, location) for name in section.model_fields})


def _tags_at(model: type[BaseModel], location: list[str | int], key: str) -> list[str]:
    """The names by which one of the sections at a location is chosen."""
    fields = [section.model_fields[key] for section in _sections_at(model, location) if key in section.model_fields]
    return [str(field.default) for field in fields]


def _sections_at(model: type[BaseModel], location: list[str | int]) -> list[type[BaseModel]]:
    """The sections a location may mean; it holds indices and tags of unions, too."""
    candidates = [model]
    for part in location:
        annotations = [each.model_fields[part].annotation for each in candidates if part in each.model_fields]
        tagged = [each for each in candidates if part in _tags(each)]
        candidates = (
            [section for annotation in annotations for section in _sections_in(annotation)] or tagged or candidates
        )
    return candidates


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """All sections that an annotation names, however deep in unions, lists and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        # A base without settings stands for the sections that are registered below it.
        return [annotation] if annotation.model_fields else annotation.__subclasses__()
    return [section for argument in get_args(annotation) for section in _sections_in(argument)]


def _tags(section: type[BaseModel]) -> set[Any]:
    return {field.default for name, field in section.model_fields.items() if name in ("name", "kind")}


def _holds_truth_values(value: Any) -> bool:
    return isinstance(value, bool) or (
        isinstance(value, list | tuple) and any(isinstance(part, bool) for part in value)
    )


def _marked(value: Any) -> Any:
    if isinstance(value, bool):
        return _TruthValue(value)
    return type(value)(_TruthValue(part) if isinstance(part, bool) else part for part in value)


def _only_numbers(annotation: Any) -> bool:
    """Whether an annotation names numbers (also as choices, or in tuples) and no truth values."""
    leaves = list(_leaves(annotation))
    numbers = any(leaf in (int, float) or type(leaf) in (int, float) for leaf in leaves)
    return numbers and not any(leaf in (bool, Any) for leaf in leaves)


def _leaves(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)
