"""The job behind the comparison of runs: the same samples answered and explained by each, and where they disagree.

Runs are compared on the samples that the same split of each of them holds: by their files, by their names where the
runs learned from the same dataset, and else by what is in them.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from workbench.control import Control, Emit
from workbench.data.named_samples import check_split
from workbench.data.prepared import InputsOf, PreparedData
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import Experiment
from workbench.figure_files import blended
from workbench.figures import Adjustable, Figure, Gallery, Heatmap, Matrix, Scatter, Table, Tile
from workbench.i18n import _
from workbench.inspection.inspector import Inspector, Question
from workbench.inspection.loaded import OpenModel, open_data, open_model
from workbench.inspection.network import gradients
from workbench.inspection.pictures import shrunk
from workbench.registry import registry
from workbench.requests import SideBySideRequest
from workbench.runs.comparison import names_of
from workbench.runs.folder import RunFolder
from workbench.section import Section, explain
from workbench.tasks.task import Evaluation, Evidence, Task

MOST_RUNS = 8
MOST_DISAGREEMENTS = 48
TILE = 192
_BATCH = 64
_BATCH_BYTES = 16 * 1024**2
_LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class SideBySideAnswer:
    """What there is to see of several runs beside each other.

    Attributes:
        figures: numbers, the same samples, confusion matrices (or what a task has in their place), disagreements.
        names: of the runs, in the order of the letters that the figures call them by.
        common: how many samples the split of every run holds.
        disagreements: on how many of them two runs decide differently; None where answers are numbers, which always
            differ.
        summary: that in words.
        problems: what could not be shown of a run, and why.
    """

    figures: tuple[Figure, ...]
    names: tuple[str, ...]
    common: int
    disagreements: int | None
    summary: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Side:
    """One of the runs with the samples it is asked about; `places` are their indices in its data."""

    letter: str
    name: str
    path: str
    experiment: Experiment
    data: PreparedData
    places: np.ndarray


@dataclass(frozen=True)
class _Seen:
    """What one run answered to the common samples."""

    side: _Side
    outputs: np.ndarray
    evaluation: Evaluation
    texts: dict[int, str]  # by the number of a common sample
    heatmaps: dict[int, np.ndarray]
    problem: str = ""


def side_by_side(request: SideBySideRequest, emit: Emit, control: Control) -> SideBySideAnswer:
    """Ask several runs the same.

    Raises:
        UserError: too few or too many runs, no samples in common, other classes, an unknown split or method.
        Stopped: it was asked to stop.
    """
    if not 2 <= len(request.runs) <= MOST_RUNS:
        text = _("Side by side takes 2 to {most} runs, not {count}.")
        raise UserError(text.format(most=MOST_RUNS, count=len(request.runs)))
    return look_at(request, emit, control)


def look_at(request: SideBySideRequest, emit: Emit, control: Control) -> SideBySideAnswer:
    """The same for one run, too: its answers and heatmaps; see `side_by_side`."""
    method, params = _method(request)
    sides = _common(_opened(request, emit, control))
    count = len(sides[0].places)
    chosen = np.unique(np.linspace(0, count - 1, min(max(request.samples, 1), count)).round().astype(int)).tolist()
    seen = [_ask(side, method, params, chosen, emit, control) for side in sides]
    control.check()
    apart, decided = _differences(seen)
    figures = [_numbers(seen)] if len(seen) > 1 else []
    shown = _same_samples(seen, chosen, method)
    figures += [shown] if shown is not None else []
    if len(seen) > 1:
        figures += _matrices(seen)
        figures += _disagreements(seen, apart, decided, control)
    disagreements = int((apart > 0).sum()) if decided and len(seen) > 1 else None
    problems = tuple(one.problem for one in seen if one.problem)
    names = tuple(side.name for side in sides)
    return SideBySideAnswer(
        tuple(figures), names, count, disagreements, _summary(request, sides, count, disagreements), problems
    )


def _method(request: SideBySideRequest) -> tuple[Inspector | None, Section | None]:
    if not request.method:
        return None, None
    inspector = registry().inspectors.get(request.method)
    if inspector.family != "heatmaps" or inspector.subject != "sample":
        known = [one.name for one in registry().inspectors if (one.family, one.subject) == ("heatmaps", "sample")]
        text = _("{method} makes no heatmaps of samples; choose one of {known}.")
        raise UserError(text.format(method=request.method, known=", ".join(known)))
    try:
        return inspector, inspector.section.model_validate(request.params)
    except ValidationError as error:
        raise explain(error, request.method, inspector.section) from None


def _opened(request: SideBySideRequest, emit: Emit, control: Control) -> list[_Side]:
    """The runs with all samples of the split."""
    check_split(request.split)
    folders = [RunFolder(run) for run in request.runs]
    sides = []
    for letter, folder, name in zip(_LETTERS, folders, names_of(folders), strict=False):
        control.check()
        if not folder.model_path.exists():
            raise UserError(_("The run {name!r} has no model: no epoch of it has finished.").format(name=name))
        experiment = folder.experiment()
        data = open_data(experiment, emit, control)
        sides.append(_Side(letter, name, str(folder.path), experiment, data, data.splits[request.split]))
    first = sides[0]
    other = next((side for side in sides if side.data.target.meaning != first.data.target.meaning), None)
    if other is not None:
        text = _(
            "{first} and {other} learned other things: their classes or values differ, so they cannot be compared."
        )
        raise UserError(text.format(first=first.name, other=other.name))
    return sides


def _common(sides: list[_Side]) -> list[_Side]:
    """The runs with the samples that all of them have, in the order of the first.

    Raises:
        UserError: there is no such sample.
    """
    if len(sides) == 1 and len(sides[0].places):
        return sides
    for keys_of in (_names, _contents):
        keys = [keys_of(side) for side in sides]
        shared = set(keys[0]).intersection(*keys[1:])
        if shared:
            order = [key for key in keys[0] if key in shared]
            return [
                replace(side, places=np.array([places[key] for key in order]))
                for side, places in zip(sides, keys, strict=True)
            ]
    raise UserError(
        _(
            "This split of the runs has no sample in common: they learned from other data, or their splits were drawn "
            "with other seeds. Choose another split, or runs of the same data."
        )
    )


def _names(side: _Side) -> dict[Any, int]:
    """The samples by their files; by dataset and name where they are no files."""
    dataset = side.experiment.dataset.model_dump_json()
    times: Counter[Any] = Counter()
    keys: dict[Any, int] = {}
    for place in side.places.tolist():
        key = side.data.paths[place] if len(side.data.paths) else (dataset, side.data.names[place])
        times[key] += 1
        keys[key, times[key]] = place
    return keys


def _contents(side: _Side) -> dict[Any, int]:
    """The samples by what is in them, as far as they were brought to the same size."""
    return {
        hashlib.sha1(np.ascontiguousarray(side.data.inputs[place]).tobytes(), usedforsecurity=False).digest(): place
        for place in side.places.tolist()
    }


def _ask(
    side: _Side, method: Inspector | None, params: Section | None, chosen: list[int], emit: Emit, control: Control
) -> _Seen:
    control.check()
    opened = open_model(side.path)
    targets = side.data.targets[side.places]
    outputs = _outputs(side, opened, emit, control)
    task = opened.task
    losses = task.sample_losses(outputs, targets, side.data.target, side.experiment)
    names = tuple(side.data.names[place] for place in side.places)
    inputs = InputsOf(side.data.inputs, side.places)
    control.check()
    evaluation = task.evaluate(Evidence(outputs, targets, losses, side.data.target, names, side.data.input, inputs))
    answers = task.decode(outputs[chosen], side.data.target)
    texts = {number: answer.text for number, answer in zip(chosen, answers, strict=True)}
    heatmaps, problem = {}, ""
    if method is not None and side.data.inputs.ndim == 4:
        try:
            heatmaps = _heatmaps(side, opened, method, params, chosen, emit, control)
        except UserError as error:
            problem = f"{side.letter}: {error}"
    return _Seen(side, outputs, evaluation, texts, heatmaps, problem)


def _outputs(side: _Side, opened: OpenModel, emit: Emit, control: Control) -> np.ndarray:
    answer = gradients.outputs(opened.model)
    size = max(1, min(_BATCH, _BATCH_BYTES // max(1, side.data.inputs[0].nbytes)))
    parts = []
    what = _("{name}: answers").format(name=side.name)
    for start in range(0, len(side.places), size):
        control.check()
        prepared = np.asarray(side.data.inputs[side.places[start : start + size]])
        parts.append(opened.loaded.answers(np.asarray(answer(opened.inputs(prepared)))))
        emit(Progress(what, min(start + size, len(side.places)), len(side.places)))
    return np.concatenate(parts)


def _heatmaps(
    side: _Side, opened: OpenModel, method: Inspector, params: Section, chosen: list[int], emit: Emit, control: Control
) -> dict[int, np.ndarray]:
    """The pictures of the chosen samples with what the run looks at laid over them. Raises `UserError`."""
    if opened.kind.name not in method.inputs or (method.explains_answers and not opened.explainable):
        raise UserError(_("{method} cannot look into this model.").format(method=_(method.title)))
    found = {}
    what = _("{name}: heatmaps").format(name=side.name)
    for done, number in enumerate(chosen, 1):
        control.check()
        sample = np.array(side.data.inputs[side.places[number]])
        prepared = opened.prepared([sample])
        shown = (opened.shown(sample, prepared[0]),)
        names = opened.choices if opened.explainable else ()
        question = Question(
            opened, opened.inputs(prepared), shown, ("",), params, names, opened.decode, emit=emit, control=control
        )
        figures = _unfolded(method.inspect(opened.model, question).figures)
        heat = next((figure for figure in figures if isinstance(figure, Heatmap)), None)
        if heat is not None:
            found[number] = shrunk(blended(heat.pixels, heat.values, 0.5), TILE)
        emit(Progress(what, done, len(chosen)))
    return found


def _differences(seen: Sequence[_Seen]) -> tuple[np.ndarray, bool]:
    """How far apart the runs are on every sample, (n,), and whether they decide (for classes) or measure."""
    decide = _decider(seen[0])
    answers = [one.outputs if decide is None else decide(one.outputs) for one in seen]
    count = len(answers[0])
    apart = np.zeros(count)
    for number, first in enumerate(answers):
        for second in answers[number + 1 :]:
            if first.shape == second.shape:  # masks of other sizes cannot be laid over each other
                distance = first != second if decide is not None else np.abs(first - second)
                apart = np.maximum(apart, distance.reshape(count, -1).mean(axis=1))
    return apart, decide is not None


def _decider(seen: _Seen) -> Callable[[np.ndarray], np.ndarray] | None:
    """From outputs to what is decided (the class of a sample or of every pixel); None where answers are numbers."""
    task: Task = registry().tasks.get(seen.side.experiment.task.name)
    match task.output(seen.side.data.target).activation:
        case "softmax":
            return lambda outputs: outputs.argmax(axis=-1)
        case "sigmoid":
            return lambda outputs: (outputs > 0.5).squeeze(-1) if outputs.shape[-1] == 1 else outputs > 0.5
    return None


def _numbers(seen: Sequence[_Seen]) -> Table:
    metrics = dict.fromkeys(name for one in seen for name in one.evaluation.numbers)
    rows = tuple((name, *(one.evaluation.numbers.get(name) for one in seen)) for name in metrics)
    return Table(_("On the same samples"), (_("Measure"), *_titles(seen)), rows)


def _same_samples(seen: Sequence[_Seen], chosen: list[int], method: Inspector | None) -> Figure | None:
    """A row per sample: the picture with the truth, then each run's heatmap with its answer."""
    side = seen[0].side
    if side.data.inputs.ndim != 4:
        return _kind_of(side).show(
            side.data,
            [int(side.places[number]) for number in chosen],
            _captions(seen, chosen),
            lambda picture, _index: picture,
            [-1] * len(chosen),
            _("The same samples"),
        )
    tiles = []
    for number in chosen:
        tiles.append(Tile(_picture(side, number), _("true: {truth}").format(truth=_truth(side, number))))
        for one in seen:
            pixels = one.heatmaps.get(number)
            pixels = _picture(one.side, number) if pixels is None else pixels
            tiles.append(Tile(pixels, f"{one.side.letter}: {one.texts[number]}", -1, _is_wrong(one, number)))
    note = [_legend(seen)]
    if any(one.heatmaps for one in seen) and method is not None:
        note.append(_("Heatmaps by {method}, each of what its run answers.").format(method=_(method.title)))
    title = _("The same samples") if len(seen) > 1 else _("Some samples")
    return Gallery(title, tuple(tiles), columns=1 + len(seen), note=" ".join(note))


def _matrices(seen: Sequence[_Seen]) -> list[Figure]:
    """The confusion matrices of all runs; where a task has none, its points."""
    found: list[Figure] = []
    for one in seen:
        figures = _unfolded(one.evaluation.figures)
        matrix = next((each for each in figures if isinstance(each, Matrix)), None)
        matrix = matrix or next((each for each in figures if isinstance(each, Scatter)), None)
        if matrix is not None:
            # What a click on it would show are numbers in the common samples, which are no split of any run.
            changed = {"samples": {}} if isinstance(matrix, Matrix) else {}
            found.append(replace(matrix, title=f"{matrix.title}, {one.side.letter}: {one.side.name}", **changed))
    return found


def _disagreements(seen: Sequence[_Seen], apart: np.ndarray, decided: bool, control: Control) -> list[Figure]:
    order = [number for number in np.argsort(-apart, kind="stable").tolist() if apart[number] > 0]
    if not order:
        return []
    shown = order[:MOST_DISAGREEMENTS]
    side = seen[0].side
    control.check()
    title = _("Where they disagree") if decided else _("Where they differ most")
    figure = _kind_of(side).show(
        side.data,
        [int(side.places[number]) for number in shown],
        _captions(seen, shown),
        lambda picture, _index: picture,
        [-1] * len(shown),
        title,
    )
    note = _("{shown} of {count} samples, those furthest apart first. {legend}").format(
        shown=len(shown), count=len(order), legend=_legend(seen)
    )
    return [replace(figure, note=note)]


def _captions(seen: Sequence[_Seen], numbers: list[int]) -> Callable[[int], str]:
    """From a sample's place in the data of the first run to what is true and what every run says."""
    texts = [
        [answer.text for answer in _task(one.side).decode(one.outputs[numbers], one.side.data.target)] for one in seen
    ]
    side = seen[0].side
    captions = {}
    for row, number in enumerate(numbers):
        says = "\n".join(f"{one.side.letter}: {text[row]}" for one, text in zip(seen, texts, strict=True))
        captions[int(side.places[number])] = _("true: {truth}\n{says}").format(truth=_truth(side, number), says=says)
    return lambda place: captions[place]


def _is_wrong(one: _Seen, number: int) -> bool:
    decide = _decider(one)
    target = np.asarray(one.side.data.targets[one.side.places[number]])
    if decide is None:
        return False
    answer = decide(one.outputs[number : number + 1])[0]
    return np.shape(answer) == () and target.shape == () and int(answer) != int(target)


def _picture(side: _Side, number: int) -> np.ndarray:
    picture = np.array(side.data.inputs[side.places[number]])
    return np.ascontiguousarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def _truth(side: _Side, number: int) -> str:
    return _task(side).describe(side.data.targets[side.places[number]], side.data.target)


def _task(side: _Side) -> Task:
    return registry().tasks.get(side.experiment.task.name)


def _kind_of(side: _Side) -> Any:
    return registry().inputs.get(side.data.input.kind)


def _titles(seen: Sequence[_Seen]) -> tuple[str, ...]:
    return tuple(f"{one.side.letter}: {one.side.name}" for one in seen)


def _legend(seen: Sequence[_Seen]) -> str:
    return _("{runs}.").format(runs=", ".join(f"{one.side.letter} = {one.side.name}" for one in seen))


def _unfolded(figures: Sequence[Figure]) -> list[Figure]:
    return [part for each in figures for part in (each.figures() if isinstance(each, Adjustable) else (each,))]


def _summary(request: SideBySideRequest, sides: list[_Side], count: int, disagreements: int | None) -> str:
    sizes = {len(side.data.splits[request.split]) for side in sides}
    if sizes == {count}:
        text = _("All {count} samples of the {split} split are the same.")
    else:
        text = _("{count} samples of the {split} split are in all of them; these are compared.")
    parts = [text.format(count=f"{count:,}", split=request.split)]
    if disagreements is not None:
        share = 100 * disagreements / count
        parts.append(
            _("They disagree on {number} of them ({share:.1f} %).").format(number=f"{disagreements:,}", share=share)
        )
    return " ".join(parts)
