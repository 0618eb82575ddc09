"""Embeddings: what a layer makes of many samples, brought to the plane by PCA, LDA or t-SNE."""

from typing import Any, Literal

import numpy as np

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Adjustable, SampleCards
from workbench.i18n import _, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network.keeping import kept
from workbench.inspection.pictures import shrunk
from workbench.inspection.samples import projections, tsne
from workbench.inspection.samples.colouring import Placed, coloured, colouring_for
from workbench.inspection.samples.sample_features import Features, feature_layers, features_of, usual_layer
from workbench.section import Section, setting
from workbench.specs import ImageInput, TableInput

_CARD_BYTES = 48 * 1024**2
_LARGEST_CARD, _SMALLEST_CARD = 96, 16  # pixels
_BEFORE_TSNE = 50  # components
_KEPT = 8


class EmbeddingsSection(Section):
    """Settings of the embeddings."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("Whose output is brought to the plane; empty takes the layer before the output."),
    )  # fmt: skip
    method: Literal["pca", "lda", "tsne"] = setting(
        "pca", title=mark("Projection"), labels={"pca": "PCA", "lda": "LDA", "tsne": "t-SNE"},
        help=mark("PCA keeps the largest variance, LDA sets classes apart, t-SNE keeps neighbours together."),
    )  # fmt: skip
    count: int = setting(
        2000, title=mark("At most"), unit="samples", ge=4, le=100_000,
        help=mark("How many samples of the split are looked at, spread evenly over it."),
    )  # fmt: skip
    perplexity: float = setting(
        30.0, title=mark("Perplexity"), ge=2, le=500, shown_if=("method", ("tsne",)),
        help=mark("About how many neighbours each sample minds. Few show small groups, many the coarse order."),
    )  # fmt: skip
    steps: int = setting(
        500, title=mark("Steps"), ge=tsne.EXAGGERATED, le=5000, shown_if=("method", ("tsne",)),
        help=mark("Of gradient descent; with more than 10,000 samples, 1,000 and more draw groups further apart."),
    )  # fmt: skip


class Embeddings(Inspector):
    """The features of a layer in the plane."""

    name = "embeddings"
    title = mark("Embeddings")
    help = mark(
        "Places the samples of a split in a plane, by what a layer makes of them. Close samples are alike to it."
    )
    section = EmbeddingsSection
    subject = "split"
    inputs = (ImageInput.kind, TableInput.kind)
    family = "samples"
    paper = "PCA: Pearson 1901; LDA: Fisher 1936; t-SNE: van der Maaten & Hinton 2008"
    quick = False

    def layers(self, model: Any) -> list[str]:
        """The layers whose output has features."""
        return feature_layers(model)

    def inspect(self, model: Any, question: Question) -> Findings:
        """One plane, with a choice of what colours the points."""
        layer = question.params.layer or usual_layer(question.opened)
        if not layer:
            raise UserError(_("This model has no layer whose output has features."))
        features = features_of(question, layer, question.params.count)
        places, labels, note = _placed(question, layer, features)
        if features.fewer:
            note = " ".join((note, _("Fewer samples than asked for: more would not fit into memory.")))
        target, targets = question.split.data.target, np.asarray(question.split.targets[features.samples])
        truth = None
        if target.strata_names:
            truth = targets.astype(np.int64).reshape(-1)
        elif target.columns:
            truth = targets.reshape(len(targets), -1)[:, 0].astype(np.float64)
        title = _("{layer} of {count:,} samples ({split})").format(
            layer=layer, count=len(places), split=question.split.name
        )
        placed = Placed(
            places, _cards(question, features, targets), features.losses, truth, features.given,
            target.strata_names, title, labels, note,
        )  # fmt: skip
        return Findings((Adjustable(_("Embedding"), colouring_for(placed), placed, coloured),), layer)


def _placed(question: Question, layer: str, features: Features) -> tuple[np.ndarray, tuple[str, str], str]:
    """Places, the labels of the axes and a note; kept with the model."""
    params = question.params
    key = (layer, question.split.name, len(features.samples), question.split.data.fingerprint, params.method)
    key = (*key, params.perplexity, params.steps) if params.method == "tsne" else key
    make = _PROJECTIONS[params.method]
    return kept(question.opened.model, key, lambda: make(question, features), kind="places", most=_KEPT)


def _by_pca(question: Question, features: Features) -> tuple[np.ndarray, tuple[str, str], str]:
    question.emit(Progress(_("finding components"), 0))
    plane = projections.principal_components(features.values, 2, question.control.check)
    places = np.zeros((len(plane.places), 2), np.float32)
    places[:, : plane.places.shape[1]] = plane.places
    shares = [*plane.shares.tolist(), 0.0][:2]
    text = _("Component {number} ({share:.1%} of the variance)")
    return places, _labels(text, shares), ""


def _by_lda(question: Question, features: Features) -> tuple[np.ndarray, tuple[str, str], str]:
    data = question.split.data
    if not data.target.strata_names:
        raise UserError(_("LDA sets classes apart, and these samples have none. Take PCA or t-SNE."))
    classes = np.asarray(question.split.targets[features.samples], np.int64).reshape(-1)
    if len(np.unique(classes)) < 2:
        raise UserError(_("LDA sets classes apart, and all these samples are of one. Take PCA or t-SNE."))
    question.emit(Progress(_("setting classes apart"), 0))
    plane = projections.discriminants(features.values, classes, 2, question.control.check)
    first = _labels(_("Discriminant {number} ({share:.1%} of the separation)"), plane.shares.tolist())
    labels = (first[0], _("Largest variance of the rest")) if np.isnan(plane.shares[1]) else first
    note = ""
    if len(classes) < 5 * features.values.shape[1]:
        note = _(
            "With {count:,} samples of {width:,} features LDA sets even chance classes apart: the gaps look wider than "
            "they are."
        ).format(count=len(classes), width=features.values.shape[1])
    return plane.places, labels, note


def _by_tsne(question: Question, features: Features) -> tuple[np.ndarray, tuple[str, str], str]:
    check, params = question.control.check, question.params
    question.emit(Progress(_("finding components"), 0))
    reduced = projections.principal_components(features.values, _BEFORE_TSNE, check).places
    perplexity = tsne.usable_perplexity(params.perplexity, len(reduced))
    question.emit(Progress(_("finding neighbours"), 0))
    similar = tsne.similarities(reduced, perplexity, check)
    start = np.zeros((len(reduced), 2))
    start[:, : min(2, reduced.shape[1])] = reduced[:, :2]
    start += np.random.default_rng(0).normal(0, 1e-3 * (start.std() or 1.0), start.shape)  # equal samples part

    def tell(done: int, total: int) -> None:
        if done % 5 == 0 or done == total:
            question.emit(Progress(_("placing samples"), done, total))

    places, divergence = tsne.place(similar, start, params.steps, check, tell)
    note = _(
        "Divergence {divergence:.2f}. Neighbours mean something in t-SNE; sizes of groups and distances between "
        "them do not."
    ).format(divergence=divergence)
    if perplexity < params.perplexity:
        note += " " + _("The perplexity is {value:.0f}: there are too few samples for more.").format(value=perplexity)
    return places, (_("t-SNE 1"), _("t-SNE 2")), note


_PROJECTIONS = {"pca": _by_pca, "lda": _by_lda, "tsne": _by_tsne}


def _labels(text: str, shares: list[float]) -> tuple[str, str]:
    first, second = (text.format(number=number, share=share) for number, share in enumerate(shares[:2], 1))
    return first, second


def _cards(question: Question, features: Features, targets: np.ndarray) -> SampleCards:
    """A small picture, or the values of a row, and a line for every sample."""
    data, task = question.split.data, question.opened.task
    target, count = data.target, len(features.samples)
    classes = bool(target.strata_names)
    captions, wrong = [], np.zeros(count, bool)
    truths, answers = [], []
    for row, sample in enumerate(features.samples):
        if row % 500 == 0:
            question.control.check()
        truths.append(task.describe(targets[row], target))
        text, given = truths[-1], ""
        if features.given is not None and classes:
            wrong[row] = int(targets[row]) != int(features.given[row])
            given = target.class_names[int(features.given[row])]
            text = f"{text} → {given} ({features.confidence[row]:.0%})"
        elif features.given is not None:
            given = f"{features.given[row]:.4g}"
            text = f"{text} → {given}"
        answers.append(given)
        captions.append(
            _("#{sample}  {text}\nloss {loss:.3g}").format(sample=sample, text=text, loss=features.losses[row])
        )
    facts = {_("Target"): tuple(truths), _("Predicted"): tuple(answers), _("Loss"): tuple(features.losses.tolist())}
    if features.given is None:
        del facts[_("Predicted")]
    rows = isinstance(data.input, TableInput)
    return SampleCards(
        features.samples, tuple(captions), wrong, _pictures(question, features.samples),
        names=tuple(data.names[index] for index in question.split.indices[features.samples]),
        facts=facts,
        input=data.input if rows else None,
        values=np.asarray(question.split.inputs[features.samples], np.float32) if rows else None,
    )  # fmt: skip


def _pictures(question: Question, samples: np.ndarray) -> np.ndarray | None:
    if not isinstance(question.opened.loaded.input, ImageInput):
        return None
    inputs = question.split.inputs
    first = np.asarray(inputs[samples[0]])
    side = int(np.clip(np.sqrt(_CARD_BYTES / (len(samples) * first.shape[-1])), _SMALLEST_CARD, _LARGEST_CARD))
    small = shrunk(first, side)
    pixels = np.empty((len(samples), *small.shape), np.uint8)
    for row, sample in enumerate(samples):
        if row % 200 == 0:
            question.control.check()
        pixels[row] = shrunk(np.asarray(inputs[sample]), side)
    return pixels


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(Embeddings())
