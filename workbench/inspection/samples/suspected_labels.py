"""Labels that are probably wrong, by confident learning; see `workbench.inspection.samples.confident_learning`."""

import dataclasses
from typing import Any, Literal

import numpy as np

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Figure, Gallery, Matrix, Table
from workbench.i18n import _, counted, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.samples.confident_learning import Suspects, probabilities_by_folds, suspects
from workbench.inspection.samples.whole_split import answers_of, feature_layer, features_of, probabilities_of
from workbench.registry import registry
from workbench.section import Section, setting
from workbench.specs import ImageInput, TableInput

LEARNED = "train"  # the split whose labels the model has learned


class SuspectedLabelsSection(Section):
    """Settings of the suspected labels."""

    probabilities: Literal["auto", "model", "folds"] = setting(
        "auto", title=mark("Probabilities"),
        help=mark(
            "Those of the model are right for samples it was not trained on. By folds, a classifier on its features is "
            "asked about samples it has not seen. Automatic: by folds for the training split."
        ),
        labels={"auto": mark("Automatic"), "model": mark("Of the model"), "folds": mark("By folds")},
    )  # fmt: skip
    folds: int = setting(
        5, title=mark("Folds"), ge=2, le=20, shown_if=("probabilities", ("auto", "folds")),
        help=mark("Into how many parts the samples are divided; more take longer."),
    )  # fmt: skip
    count: int = setting(
        60,
        title=mark("At most"),
        unit="samples",
        ge=1,
        le=500,
        help=mark("How many are shown, the most suspected first."),
    )


class SuspectedLabels(Inspector):
    """The samples whose label the model contradicts with confidence."""

    name = "suspected_labels"
    title = mark("Suspected labels")
    help = mark(
        "Finds samples whose label is probably wrong: the model is confident of another class, more than it usually is "
        "where that class is right. Look at each; then relabel or leave out."
    )
    paper = "Northcutt et al. 2021, arXiv:1911.00068"
    section = SuspectedLabelsSection
    subject = "split"
    family = "samples"
    quick = False
    inputs = (ImageInput.kind, TableInput.kind)

    def layers(self, model: Any) -> list[str]:
        """It chooses its layer itself."""
        return []

    def inspect(self, model: Any, question: Question) -> Findings:
        """The suspected samples, and how often each label is contradicted by which class."""
        data, split, params = question.split.data, question.split, question.params
        if not data.target.strata_names:
            raise UserError(_("Only labels that are classes can be suspected; what is learned here is none."))
        labels = np.asarray(split.targets[:], np.int64)
        by_folds = params.probabilities == "folds" or (params.probabilities == "auto" and split.name == LEARNED)
        chances = _by_folds(question, labels) if by_folds else _of_model(question)
        found = suspects(chances, labels)
        question.control.check()
        note = _note(found, split.name, len(labels), by_folds, params)
        return Findings((_samples(question, found, chances, note), _matrix(found, labels, data.target.class_names)))


def _of_model(question: Question) -> np.ndarray:
    opened, split = question.opened, question.split
    outputs = answers_of(opened, split.data, split.name, question.emit, question.control)
    return probabilities_of(opened, split.data, outputs)


def _by_folds(question: Question, labels: np.ndarray) -> np.ndarray:
    opened, split, folds = question.opened, question.split, question.params.folds
    if len(labels) < 2 * folds:
        text = counted(
            "The {split} split has one sample, too few for {folds} folds.",
            "The {split} split has {count} samples, too few for {folds} folds.",
            len(labels),
        )
        raise UserError(text.format(split=split.name, count=len(labels), folds=folds))
    layer = feature_layer(opened)
    features = features_of(opened, split.data, split.name, layer, question.emit, question.control)

    def tell(done: int) -> None:
        question.emit(Progress(_("Fitting classifiers on the other parts"), done, folds))

    classes = len(split.data.target.class_names)
    return probabilities_by_folds(features, labels, classes, folds, question.control.check, tell)


def _note(found: Suspects, split: str, count: int, by_folds: bool, params: SuspectedLabelsSection) -> str:
    parts = [
        counted(
            "{found} of {count} labels of the split {split} is suspected; estimated share of wrong ones: {noise:.1%}.",
            "{found} of {count} labels of the split {split} are suspected; estimated share of wrong ones: {noise:.1%}.",
            len(found.order),
        ).format(found=len(found.order), count=count, split=split, noise=found.noise)
    ]
    if len(found.order) > params.count:
        parts.append(_("The {shown} most suspected are shown.").format(shown=params.count))
    if by_folds:
        parts.append(
            _("Probabilities: by a logistic regression on the model's features, which has not seen the sample.")
        )
    if split == LEARNED and by_folds:
        parts.append(_("The features themselves were learned with these labels, so that some wrong ones stay hidden."))
    elif split == LEARNED:
        parts.append(
            _(
                "Probabilities: of the model, which was trained on these very labels and may know wrong ones by heart: "
                "few are found. By folds finds more."
            )
        )
    elif not by_folds:
        parts.append(_("Probabilities: of the model, which was not trained on these samples."))
    return " ".join(parts)


def _samples(question: Question, found: Suspects, chances: np.ndarray, note: str) -> Figure:
    data, split = question.split.data, question.split
    names = data.target.class_names
    shown = found.order[: question.params.count]
    better = [names[index] for index in found.better[shown]]
    for_it = chances[shown, found.better[shown]].tolist()
    own = chances[shown, np.asarray(split.targets[shown], np.int64)].tolist()
    kind = registry().inputs.get(data.input.kind)
    indices = [int(index) for index in split.indices[shown]]
    figure = kind.show(
        data,
        indices,
        lambda index: names[data.targets[index]],
        lambda picture, _index: picture,
        shown.tolist(),
        _("Suspected labels"),
    )
    if isinstance(figure, Table):
        columns = {_("Confident of"): better, _("Probability"): for_it, _("Of its label"): own}
        figure = figure.with_columns(2, columns)
    elif isinstance(figure, Gallery):
        text = _("{label} → {better}\n{percent:.0f}\u00a0% against {own:.0f}\u00a0%")
        tiles = tuple(
            dataclasses.replace(
                tile,
                caption=text.format(label=tile.caption, better=name, percent=100 * high, own=100 * low),
                wrong=True,
            )
            for tile, name, high, low in zip(figure.tiles, better, for_it, own, strict=True)
        )
        figure = dataclasses.replace(figure, tiles=tiles)
    return dataclasses.replace(figure, note=f"{note} {figure.note}".strip())


def _matrix(found: Suspects, labels: np.ndarray, names: tuple[str, ...]) -> Matrix:
    cells: dict[tuple[int, int], list[int]] = {}
    for number in found.order.tolist():
        cells.setdefault((int(labels[number]), int(found.better[number])), []).append(number)
    return Matrix(
        _("Labels and what the model is confident of"),
        found.joint,
        names,
        _("Label"),
        _("Confident of"),
        {cell: tuple(numbers) for cell, numbers in cells.items()},
        note=_("Samples of which the model is confident. Off the diagonal are the suspected ones."),
    )


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(SuspectedLabels())
