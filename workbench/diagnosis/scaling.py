"""How values are scaled before they enter the network: once, by the right number, or not at all."""

from collections.abc import Iterator
from math import prod
from typing import Any

from workbench.diagnosis.facts import Facts, is_normalization
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.specs import ImageInput, TableInput

GREY_LEVELS = 255
_FITTING = (1 / 255, 1 / 256, 1 / 127.5, 1 / 128)
_CLOSE = 0.001  # relative: 1/255 written with a few digits
_SLIP = 1.5  # a factor this close to 1/255 was meant to be it
_TWICE = 1 / 5_000  # where 0-255 is brought to less than 0.05, it was scaled twice
_LARGE = 30.0  # values of a column beyond this slow the learning down


def scaling_of_pictures(facts: Facts) -> Iterator[Finding]:
    """The factor that stands in place of the scaling, and rescalings within the network."""
    if not isinstance(facts.input, ImageInput):
        return
    factor = facts.experiment.overrides.scaling_factor
    within = prod(facts.factors, start=1.0)
    if facts.scales_itself:
        yield from _scaling_of_a_base(facts, within)
        return
    changes = (("overrides.scaling_factor", None),)
    remedy = _("Scale by the setting of the input")
    if factor is None:
        if within < 1 / 50:
            yield _two_rescalings(within / GREY_LEVELS, (("overrides.scaling_factor", 1.0),), _("Do not scale before"))
        return
    total = factor * within
    if _is_fitting(total):
        return
    if factor and abs(total) < _TWICE:
        yield _two_rescalings(total, changes, remedy)
    elif factor > 0 and 1 / _SLIP < factor * GREY_LEVELS < _SLIP:
        yield Finding(
            "scaling_factor", "warning",
            _("The pictures are divided by {divisor:g}.").format(divisor=round(1 / factor, 3)),
            _("Grey levels go from 0 to 255: divided by {divisor:g} they end at {end:.3g} instead of 1. It looks like "
              "a slip for 255; whoever divides by 255 when predicting gives the model other values than it has "
              "learned.").format(divisor=round(1 / factor, 3), end=GREY_LEVELS * factor),
            remedy, changes,
        )  # fmt: skip
    elif factor * GREY_LEVELS >= _LARGE:
        if not _normalised_at_once(facts):
            yield Finding(
                "no_scaling", "error",
                _("The pictures are not scaled: values up to {end:g} enter the network.").format(
                    end=GREY_LEVELS * factor
                ),
                _("The initial weights are made for values around 1. Values a hundred times as large make the first "
                  "gradients explode, and ReLUs die."),
                remedy, changes,
            )  # fmt: skip
    else:
        yield Finding(
            "scaling_factor", "warning",
            _("The pictures are multiplied by {factor:g}, so that their values end at {end:.3g}.").format(
                factor=factor, end=GREY_LEVELS * factor
            ),
            _("The initial weights are made for values around 1; others make learning slow or unstable."),
            remedy, changes,
        )  # fmt: skip


def _scaling_of_a_base(facts: Facts, within: float) -> Iterator[Finding]:
    """A network that scales by itself must do so once, and nobody before it."""
    factor = facts.experiment.overrides.scaling_factor
    if factor is not None:
        remedy = _("Leave the scaling to the network")
        yield _two_rescalings(factor / GREY_LEVELS, (("overrides.scaling_factor", None),), remedy)
    elif within < _TWICE:
        pixels = getattr(facts.experiment.architecture, "pixels", "auto")
        changes = (("architecture.pixels", "auto"),) if pixels != "auto" else ()
        yield _two_rescalings(within, changes, _("Hand the pixels to the base as they are"))


def _two_rescalings(factor: float, changes: tuple, remedy: str) -> Finding:
    return Finding(
        "two_rescalings", "error",
        _("The pictures are rescaled twice: 255 becomes {end:.2g}.").format(end=GREY_LEVELS * factor),
        _("All pictures are nearly black to the network: what tells them apart is too small to be learned from."),
        remedy, changes,
    )  # fmt: skip


def _is_fitting(factor: float) -> bool:
    return any(abs(factor / good - 1) < _CLOSE for good in _FITTING)


def _normalised_at_once(facts: Facts) -> bool:
    """Whether the first layer after the scaling normalises."""
    names = [row.name for row in facts.rows]
    after = names.index("scale") + 1 if "scale" in names else 0
    return bool(facts.rows[after : after + 1]) and is_normalization(facts.rows[after])


def scaling_of_tables(facts: Facts) -> Iterator[Finding]:
    """Columns of a table that go unscaled into a network."""
    if not isinstance(facts.input, TableInput) or not facts.uses_mini_batches:
        return
    if getattr(facts.experiment.preprocessing, "scaling", "") != "none":
        return
    largest = max(
        ((max(abs(each.minimum), abs(each.maximum)), each.name) for each in facts.input.columns if not each.categories),
        default=(0.0, ""),
    )
    if largest[0] > _LARGE:
        yield Finding(
            "no_scaling", "warning",
            _("The columns are not scaled: {name} goes up to {value:,.6g}.").format(name=largest[1], value=largest[0]),
            _("A column of large values rules the gradient: learning is slow or diverges, and small columns are "
              "not heard."),
            _("Scale every column to mean 0 and deviation 1"), (("preprocessing.scaling", "zscore"),),
        )  # fmt: skip


def register(registry: Any) -> None:
    """Add the checks."""
    registry.checks.add(Check(
        "scaling_of_pictures", mark("Scaling of pictures"),
        mark("Whether pictures are scaled once, and by the right number."),
        "before", scaling_of_pictures,
    ))  # fmt: skip
    registry.checks.add(Check(
        "scaling_of_tables", mark("Scaling of tables"),
        mark("Whether columns of large values go unscaled into the network."),
        "before", scaling_of_tables,
    ))  # fmt: skip
