"""The samples of a split in the order of their loss: the ones a model finds hardest, or easiest."""

import dataclasses
from typing import Any, Literal

import numpy as np

from workbench.errors import UserError, did_you_mean
from workbench.figures import Figure, Gallery, Table
from workbench.i18n import _, mark
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.loaded import OpenModel
from workbench.inspection.samples.whole_split import answers_of, probabilities_of
from workbench.registry import registry
from workbench.section import Section, setting
from workbench.specs import ImageInput, TableInput


class SamplesByLossSection(Section):
    """Settings of the samples by loss."""

    order: Literal["highest", "lowest"] = setting(
        "highest", title=mark("Order"), help=mark("Which loss comes first."),
        labels={"highest": mark("Highest loss first"), "lowest": mark("Lowest loss first")},
    )  # fmt: skip
    count: int = setting(
        60, title=mark("At most"), unit="samples", ge=1, le=500, help=mark("How many samples are shown.")
    )
    target: str = setting(
        "", title=mark("Class"), widget="target", coerce_numbers_to_str=True,
        help=mark("Only samples of this class; empty for all."),
    )  # fmt: skip


class SamplesByLoss(Inspector):
    """A gallery with what each sample is, what the model says and the loss."""

    name = "samples_by_loss"
    title = mark("Samples by loss")
    help = mark(
        "Shows the samples of a split that the model finds hardest or easiest. Among the hardest are mistakes of the "
        "model, and mistakes in the data."
    )
    section = SamplesByLossSection
    subject = "split"
    family = "samples"
    inputs = (ImageInput.kind, TableInput.kind)

    def layers(self, model: Any) -> list[str]:
        """It looks at no layer."""
        return []

    def choices(self, opened: OpenModel) -> tuple[str, ...]:
        """The classes that samples are of, where they are of one."""
        target = opened.loaded.target
        return target.strata_names if target is not None else ()

    def inspect(self, model: Any, question: Question) -> Findings:
        """One gallery, or for rows of a table one table."""
        opened, split, params = question.opened, question.split, question.params
        data, experiment = split.data, opened.run.experiment()
        outputs = answers_of(opened, data, split.name, question.emit, question.control)
        losses = opened.task.sample_losses(outputs, split.targets[:], data.target, experiment)
        chosen = _of_class(params.target, question)
        order = chosen[np.argsort(losses[chosen], kind="stable")]
        shown = (order[::-1] if params.order == "highest" else order)[: params.count]
        answers, wrong = _answers(question, outputs[shown], shown)

        def truth(index: int) -> str:
            return opened.task.describe(data.targets[index], data.target)

        figure = (
            registry()
            .inputs.get(data.input.kind)
            .show(
                data,
                [int(index) for index in split.indices[shown]],
                truth,
                lambda picture, index: opened.task.paint(picture, data.targets[index], data.target),
                shown.tolist(),
                _("Highest loss first") if params.order == "highest" else _("Lowest loss first"),
            )
        )
        figure = _with_answers(figure, answers, losses[shown].tolist(), wrong)
        note = _("{shown} of {count} samples of the split {split}. Mean loss of them all: {mean:.3g}.").format(
            shown=len(shown), count=len(order), split=split.name, mean=float(losses[order].mean())
        )
        figure = dataclasses.replace(figure, note=f"{note} {figure.note}".strip())
        return Findings((figure,), target=params.target)


def _of_class(name: str, question: Question) -> np.ndarray:
    """Numbers of the samples in the split that are of a class; all where none is named."""
    targets = question.split.targets
    if not name:
        return np.arange(len(targets))
    target = question.split.data.target
    strata = target.strata(targets[:]) if target.strata_names else None
    if strata is None:
        raise UserError(_("The samples of these data are of no class. Leave the class empty."))
    if name not in target.strata_names:
        hint = did_you_mean(name, target.strata_names)
        text = _("There is no class {name!r}. {hint} The classes are: {names}.")
        raise UserError(" ".join(text.format(name=name, hint=hint, names=", ".join(target.strata_names)).split()))
    found = np.flatnonzero(strata == target.strata_names.index(name))
    if not len(found):
        raise UserError(_("The {split} split has no sample of the class {name}.").format(
            split=question.split.name, name=name))  # fmt: skip
    return found


def _answers(question: Question, outputs: np.ndarray, numbers: np.ndarray) -> tuple[list[str], set[int]]:
    """What the model says of the samples of these numbers, and for which of them that is another class."""
    data, opened = question.split.data, question.opened
    if not data.target.strata_names:
        return [answer.text for answer in opened.decode(outputs)], set()
    chances = probabilities_of(opened, data, outputs)
    given = chances.argmax(axis=1)
    names = data.target.class_names
    texts = [
        _("{name} {percent:.0f} %").format(name=names[index], percent=100 * row[index])
        for index, row in zip(given, chances, strict=True)
    ]
    wrong = given != np.asarray(question.split.targets[numbers])
    return texts, set(numbers[wrong].tolist())


def _with_answers(figure: Figure, answers: list[str], losses: list[float], wrong: set[int]) -> Figure:
    """The samples with what the model says of them, beside what they are."""
    if isinstance(figure, Table):
        return figure.with_columns(2, {_("Predicted"): answers, _("Loss"): losses})
    if not isinstance(figure, Gallery):
        return figure
    text = _("{truth} → {answer}\nloss {loss:.3g}")
    tiles = tuple(
        dataclasses.replace(
            tile,
            caption=text.format(truth=tile.caption, answer=answer, loss=loss),
            wrong=tile.sample in wrong,
        )
        for tile, answer, loss in zip(figure.tiles, answers, losses, strict=True)
    )
    return dataclasses.replace(figure, tiles=tiles)


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(SamplesByLoss())
