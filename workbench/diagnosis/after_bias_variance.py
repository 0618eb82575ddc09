"""Bias and variance: did it learn its training samples, and does that hold for others?

Errors are counted as what is left of the error of guessing, so that one pair of limits serves accuracies of two and of
a thousand classes, numbers of any unit and masks. Four cases: neither, too much bias, too much variance, both.
"""

from collections.abc import Iterator
from typing import Any

from workbench.diagnosis.after_outcome import Numbers, Outcome, outcome
from workbench.diagnosis.after_remedies import against_bias, against_variance, hidden_layers_instead_of_none
from workbench.diagnosis.remedies import Remedy
from workbench.finding import Check, Finding
from workbench.i18n import _, mark
from workbench.runs.folder import RunFolder

# A tenth of what guessing gets wrong: with 10 classes 9 points of accuracy, a difference worth working on.
_GAP = 0.1
_LIKE_GUESSING = 0.95


def bias_and_variance(folder: RunFolder) -> Iterator[Finding]:
    """One finding per run, an information where all is well; none where one of the two errors is not known."""
    run = outcome(folder)
    if run is None or run.training is None or run.validation is None:
        return
    error = min(run.training.error, run.lowest_training_error)  # the best epoch may have been before it was learned
    gap = run.validation.error - error
    if not run.training.by_saved_model:
        # A mean while the weights change, with dropout on: the model does no worse on its own samples than on others.
        error = min(error, run.validation.error)
    has_bias, has_variance = error > run.task.learned_well, gap > _gap_that_counts(run.validation)
    if error > _LIKE_GUESSING:
        yield _nothing_learned(run)
    elif has_bias:
        yield _bias_and_variance(run) if has_variance else _bias(run)
    elif has_variance:
        yield _variance(run)
    else:
        yield _good(run)


def _gap_that_counts(validation: Numbers) -> float:
    """At least a tenth, and more than chance makes of few samples.

    Twice the standard error of a share p of n samples, in parts of the error g of guessing, is
    2 sqrt(p (1 - p) / n) / g: about 1.5 / sqrt(n) for the shares that matter here.
    """
    return max(_GAP, 1.5 * validation.samples**-0.5) if validation.samples else _GAP


def _nothing_learned(run: Outcome) -> Finding:
    remedy = hidden_layers_instead_of_none(run.experiment)
    return Finding(
        "nothing_learned", "error",
        _("It learned nothing: {numbers}.").format(numbers=_numbers(run)),
        _("It does no better than one answer for all samples. Either no gradient gets through (a learning rate that is "
          "too large, dead units, a loss that does not fit the output), or the inputs do not tell the target. "
          "A network that cannot even learn a single batch by heart has a fault of the first kind."),
        remedy.text or _("See the findings about the experiment itself, and try to overfit one batch."), remedy.changes,
    )  # fmt: skip


def _bias(run: Outcome) -> Finding:
    remedy = against_bias(run)
    return Finding(
        "high_bias", "warning",
        _("High bias: {numbers}.").format(numbers=_numbers(run)),
        _("Of what guessing gets wrong, {share} is left even on samples that it learned from. The network is too "
          "small, held back too much or was trained too briefly; or the inputs tell no more. More samples would not "
          "help. {also}").format(
            share=_percent(run.training.error), also=_about_the_training_values(run)).strip(),
        remedy.text or _("Take a larger network, train longer, or give it inputs that tell more."), remedy.changes,
    )  # fmt: skip


def _variance(run: Outcome) -> Finding:
    remedy = against_variance(run)
    also = _about_the_training_values(run)
    if run.training.error > run.task.learned_well:
        lowest = _percent(run.lowest_training_error)
        also = _("Later epochs brought what is left on training samples down to {lowest}, not that on others. {also}")
        also = also.format(lowest=lowest, also=_about_the_training_values(run))
    return Finding(
        "high_variance", "warning",
        _("High variance: {numbers}.").format(numbers=_numbers(run)),
        _("Of what guessing gets wrong, {train} is left on training samples, {validation} on others: it knows its "
          "samples by heart rather than what they have in common. More samples help most; else augmentation (mirrored "
          "pictures only where they mean the same), dropout, weight decay, early stopping, a smaller network. "
          "{also}").format(
            train=_percent(run.training.error), validation=_percent(run.validation.error), also=also).strip(),
        remedy.text or _("Collect more samples, stop early, or take a smaller network."), remedy.changes,
    )  # fmt: skip


def _bias_and_variance(run: Outcome) -> Finding:
    remedy: Remedy = against_bias(run)
    return Finding(
        "high_bias_and_variance", "warning",
        _("High bias and high variance: {numbers}.").format(numbers=_numbers(run)),
        _("Of what guessing gets wrong, {train} is left on training samples and {validation} on others: it did not "
          "learn enough, and part of that by heart. Bias first: a larger network, longer training, another "
          "architecture; once it knows its training samples, more samples, augmentation or dropout against the "
          "variance. {also}").format(
            train=_percent(run.training.error), validation=_percent(run.validation.error),
            also=_about_the_training_values(run)).strip(),
        remedy.text or _("Take a larger network or train longer first, then collect more samples."), remedy.changes,
    )  # fmt: skip


def _good(run: Outcome) -> Finding:
    seen = _("Low bias and low variance: {numbers}.")
    why = _("It learned its training samples, and that holds for others as well: neither bias nor variance stands out.")
    if run.validation.error > run.task.learned_well:
        seen = _("Low bias, and no variance that is certain: {numbers}.")
        why = _("It learned its training samples. Whether that holds for others is not certain: with so few validation "
                "samples the difference may be chance.")  # fmt: skip
    elif run.validation.error < run.training.error:
        why += " " + _("That validation looks better than training is no fault.")
        why += " " + (_about_the_training_values(run) or _("The difference is chance, or its samples are easier."))
    return Finding(
        "learned_well", "information",
        seen.format(numbers=_numbers(run)), why,
        _("Judge it once on the test split. What would make it better still is more samples and a larger network "
          "together."),
    )  # fmt: skip


def _numbers(run: Outcome) -> str:
    name = run.task.judged_by.replace("_", " ")
    values = (run.training.value, run.validation.value, run.guessing[run.task.judged_by])
    shares = run.task.metric_directions()[run.task.judged_by] == "max"
    train, validation, guessing = (_percent(value, 1) if shares else _number(value) for value in values)
    return _("{name} {train} on training samples, {validation} on validation samples, {guessing} by guessing").format(
        name=name, train=train, validation=validation, guessing=guessing
    )


def _about_the_training_values(run: Outcome) -> str:
    if run.training.by_saved_model:
        return ""
    return _("The training value is a mean over the best epoch, with dropout and augmentation on: it looks worse than "
             "the model is.")  # fmt: skip


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:.4g}"


def register(registry: Any) -> None:
    """Add the check."""
    registry.checks.add(Check(
        "bias_and_variance", mark("Bias and variance"),
        mark("Whether it learned its training samples, and whether that holds for others."),
        "after", bias_and_variance,
    ))  # fmt: skip
