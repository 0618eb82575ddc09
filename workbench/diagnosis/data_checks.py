"""What the data say: rare classes, classes without samples, the same sample in two splits."""

from collections.abc import Iterator
from typing import Any

from workbench.diagnosis.facts import Facts
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.specs import TableInput

_IMBALANCE = 5  # times as many samples of the most frequent class as of the rarest
_FEW = 10
_LEAKED_SHARE = 0.01
_LEAKED_ROWS = 0.2  # rows of a few columns are alike by chance, so more of them must be
_FEW_LEAKS = 2
_LISTED = 5


def balance_of_classes(facts: Facts) -> Iterator[Finding]:
    """Classes with far fewer training samples than others, or hardly any."""
    counts = facts.report.class_splits.get("train", {}) if facts.report is not None else {}
    if len(counts) < 2:
        return
    few = {name: count for name, count in counts.items() if count < _FEW}
    rarest, most = min(counts, key=counts.get), max(counts, key=counts.get)
    if few:
        listed = ", ".join(f"{name} ({count})" for name, count in list(few.items())[:_LISTED])
        more = ", …" if len(few) > _LISTED else ""
        yield Finding(
            "few_samples", "warning",
            _("Classes with fewer than {few} training samples: {names}.").format(few=_FEW, names=listed + more),
            _("A network cannot tell what such a class has in common, and what it scores on it says little."),
            _("Add samples of these classes, join them with others, or leave them out"),
        )  # fmt: skip
    elif counts[most] >= _IMBALANCE * counts[rarest] and facts.experiment.training.class_weights == "none":
        yield Finding(
            "class_imbalance", "warning",
            _("The class {most} has {count} training samples, {rarest} only {rare}.").format(
                most=most, count=counts[most], rarest=rarest, rare=counts[rarest]
            ),
            _("Answering with the frequent classes alone gives a small loss: the rare ones are learned last, or never. "
              "The accuracy hides it."),
            _("Give rare classes more weight"), (("training.class_weights", "balanced"),),
        )  # fmt: skip


def same_sample_in_two_splits(facts: Facts) -> Iterator[Finding]:
    """Samples that are trained on and judged by."""
    if facts.report is None:
        return
    leaks = facts.report.leaks
    held_back = facts.report.splits.get("validation", 0) + facts.report.splits.get("test", 0)
    share = _LEAKED_ROWS if isinstance(facts.input, TableInput) else _LEAKED_SHARE
    if len(leaks) <= max(_FEW_LEAKS, share * held_back):
        return
    first, second = leaks[0]
    yield Finding(
        "duplicates_across_splits", "warning",
        _("{count} samples stand in two splits, as {first} = {second}.").format(
            count=len(leaks), first=first, second=second
        ),
        _("The network is judged on samples it was trained on: the scores are better than it is."),
        _("Remove the duplicates from the dataset"),
    )  # fmt: skip


def register(registry: Any) -> None:
    """Add the checks."""
    registry.checks.add(Check(
        "balance_of_classes", mark("Balance of the classes"),
        mark("Classes with far fewer training samples than others."),
        "before", balance_of_classes,
    ))  # fmt: skip
    registry.checks.add(Check(
        "same_sample_in_two_splits", mark("Duplicates"),
        mark("The same sample in two splits."),
        "before", same_sample_in_two_splits,
    ))  # fmt: skip
