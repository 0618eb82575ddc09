"""Confidence: how far the probabilities of a classifier can be trusted, and what one temperature would mend."""

from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.figures import Figure, Table
from workbench.i18n import _, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.samples.whole_split import answers_of
from workbench.section import Section, setting
from workbench.specs import ImageInput, TableInput
from workbench.tasks import calibration
from workbench.tasks.calibration_figures import PAPER, confidence_histogram, reliability_diagram
from workbench.tasks.classification import class_probabilities

_TINY = 1e-38


class ConfidenceSection(Section):
    """Settings of the reliability diagram."""

    bins: int = setting(
        calibration.BINS, title=mark("Bins"), ge=2, le=100,
        help=mark("Into how many ranges of equal width the confidence is divided."),
    )  # fmt: skip
    mended: bool = setting(
        True, title=mark("With a temperature"),
        help=mark("Show also what temperature scaling would make of it, fitted on the validation split."),
    )  # fmt: skip


class Confidence(Inspector):
    """Reliability diagram, calibration error, and both with a fitted temperature."""

    name = "confidence"
    title = mark("Confidence")
    help = mark("Compares how sure a classifier is with how often it is right. Evaluate can mend what differs.")
    section = ConfidenceSection
    subject = "split"
    inputs = (ImageInput.kind, TableInput.kind)
    family = "samples"
    paper = PAPER
    quick = False

    def layers(self, model: Any) -> list[str]:
        """None: it looks at the answers."""
        return []

    def inspect(self, model: Any, question: Question) -> Findings:
        """A diagram, a histogram and a table."""
        data, bins = question.split.data, question.params.bins
        if not data.target.strata_names:
            raise UserError(_("Only a model that tells classes apart says how sure it is; this one does not."))
        chances, targets = _answers(question, question.split.name)
        if not calibration.are_probabilities(chances):
            raise UserError(
                _(
                    "The answers of this model are no probabilities: it ends without a softmax or sigmoid. Leave "
                    "overrides.output_activation of its experiment on auto."
                )
            )
        parts = {_("As it is"): chances}
        temperature, note = 1.0, ""
        if question.params.mended and len(data.splits["validation"]):
            try:
                fitted_on, truth = _answers(question, "validation")
                temperature = calibration.fit_temperature(_logits(fitted_on), truth, question.control.check)
                parts[_("With temperature {value:.3g}").format(value=temperature)] = calibration.tempered(
                    _logits(chances), temperature
                )
            except UserError as error:
                note = str(error)
        kept = float((question.opened.loaded.about or {}).get("temperature", 1.0))
        if kept != 1:
            note = " ".join(
                (_("The model was mended already, by a temperature of {value:.3g}.").format(value=kept), note)
            )
        found = {name: calibration.of_answers(values, targets, bins) for name, values in parts.items()}
        rows = tuple(
            (name, one.error, one.largest, one.mean_confidence, one.mean_accuracy, _likelihood(parts[name], targets))
            for name, one in found.items()
        )
        columns = ("", _("Calibration error"), _("Largest gap"), _("Mean confidence"), _("Accuracy"), _("Loss"))
        figures: tuple[Figure, ...] = (
            reliability_diagram(found),
            confidence_histogram(found),
            Table(
                _("Confidence on the {split} split").format(split=question.split.name), columns, rows, note=note.strip()
            ),
        )
        return Findings(figures)


def _answers(question: Question, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, classes) and true classes (n,) of a split."""
    data, opened = question.split.data, question.opened
    outputs = answers_of(opened, data, split, question.emit, question.control)
    chances = class_probabilities(outputs, len(data.target.class_names))
    return chances, np.asarray(data.targets[data.splits[split]], np.int64).reshape(-1)


def _logits(chances: np.ndarray) -> np.ndarray:
    """Scores whose softmax they are: logarithms, which differ from those of the network by a constant a row."""
    return np.log(np.maximum(np.asarray(chances, np.float64), _TINY))


def _likelihood(chances: np.ndarray, targets: np.ndarray) -> float:
    return float(-np.mean(_logits(chances)[np.arange(len(targets)), targets])) if len(targets) else 0.0


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(Confidence())
