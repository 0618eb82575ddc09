"""Classes that the model never answers, or far less often than they occur."""

from collections.abc import Iterator
from typing import Any

from workbench.diagnosis.after_outcome import Outcome, outcome
from workbench.diagnosis.after_remedies import against_bias
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.runs.folder import RunFolder

# A model that answers a class as often as it occurs misses 4 samples of it by chance once in 55 times (e^-4), and 12
# samples but for 3 once in 430.
_FEWEST = 4
_FEWEST_FOR_SELDOM = 12
_SELDOM = 0.25
_RARE = 0.5  # of the mean number of samples per class
_STUCK = 0.5  # of the classes
_MOST_NAMED = 6


def classes_never_predicted(folder: RunFolder) -> Iterator[Finding]:
    """Classes that occur among new samples and are not among the answers; nothing for runs without counts."""
    run = outcome(folder)
    if run is None or len(run.answers) < 2:
        return
    never = [name for name, (true, answered) in run.answers.items() if true >= _FEWEST and answered == 0]
    seldom = [
        name for name, (true, answered) in run.answers.items()
        if true >= _FEWEST_FOR_SELDOM and 0 < answered <= _SELDOM * true
    ]  # fmt: skip
    if never:
        seen = _("Never predicted: {classes}.").format(classes=_named(run, never))
        yield _finding("class_never_predicted", seen, never, run)
    if seldom:
        seen = _("Predicted far less often than they occur: {classes}.").format(classes=_named(run, seldom))
        yield _finding("class_seldom_predicted", seen, seldom, run)


def _finding(name: str, seen: str, classes: list[str], run: Outcome) -> Finding:
    total = sum(true for true, _answered in run.answers.values())
    mean = total / len(run.answers)
    rare = all(run.answers[each][0] < _RARE * mean for each in classes)
    weights = run.task.for_rare_classes
    if rare:
        share = sum(run.answers[each][0] for each in classes) / total
        why = _("They make up {share:.2g} % of what is judged: leaving them out costs the loss next to nothing, so the "
                "network does, and the mean accuracy hides it.").format(share=100 * share)  # fmt: skip
        if weights and any(_value(run, path) != value for path, value in weights):
            return Finding(name, "warning", seen, why, _("Let every class count the same"), weights)
        return Finding(name, "warning", seen, why, _("Collect more samples of them, or leave them out."))
    answered = sum(answered > 0 for _true, answered in run.answers.values())
    if answered <= _STUCK * len(run.answers):
        why = _("Only {count} of {all} classes are ever answered, so this is no mistaking of some for others: it has "
                "not got beyond guessing.").format(count=answered, all=len(run.answers))  # fmt: skip
        return Finding(name, "warning", seen, why, _("See what is found about its loss, its layers and its settings."))
    why = _("They are not rare, so the network takes them for others: it has not learned what tells them apart, or "
            "their labels are wrong.")  # fmt: skip
    remedy = against_bias(run)
    text = remedy.text or _("Look at their samples and labels; take a larger network or train longer.")
    return Finding(name, "warning", seen, why, text, remedy.changes)


def _named(run: Outcome, classes: list[str]) -> str:
    texts = [
        _("{name} ({true:,} true, {answered:,} answered)").format(
            name=name, true=run.answers[name][0], answered=run.answers[name][1])
        for name in classes[:_MOST_NAMED]
    ]  # fmt: skip
    if len(classes) > _MOST_NAMED:
        texts.append(_("and {count} more").format(count=len(classes) - _MOST_NAMED))
    return ", ".join(texts)


def _value(run: Outcome, path: str) -> Any:
    section: Any = run.experiment
    for part in path.split("."):
        section = getattr(section, part, None)
    return section


def register(registry: Any) -> None:
    """Add the check."""
    registry.checks.add(Check(
        "classes_never_predicted", mark("Classes never predicted"),
        mark("Whether there are classes that the model never answers, or far too seldom."),
        "after", classes_never_predicted,
    ))  # fmt: skip
