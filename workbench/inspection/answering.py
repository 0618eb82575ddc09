"""The job behind the Inspect page: one method, one sample, split or model, one answer."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from workbench.control import Control, Emit
from workbench.data.named_samples import check_split, places_in, places_of
from workbench.data.prepared import PreparedData
from workbench.errors import UserError
from workbench.figures import Figure
from workbench.i18n import _
from workbench.inspection.heatmaps.explained import answers_with_a_map
from workbench.inspection.inspector import Inspector, Question, SplitSamples
from workbench.inspection.loaded import OpenModel, open_data, open_model
from workbench.registry import registry
from workbench.requests import InspectRequest
from workbench.section import Section, explain


@dataclass(frozen=True)
class InspectAnswer:
    """What an inspection shows.

    Attributes:
        figures: in the order of a page.
        layers: the layers this method can look at.
        choices: what can be explained (the classes).
        layer: the layer that was looked at.
        target: the class that was explained, where one was.
        seconds: what it took, the opening of the model included.
        truth: for a sample of a split, what it really is.
        samples: for a sample of a split, how many there are in it.
        maps: whether the model answers with a map.
    """

    figures: tuple[Figure, ...]
    layers: tuple[str, ...]
    choices: tuple[str, ...]
    layer: str
    target: str
    seconds: float
    truth: str = ""
    samples: int = 0
    maps: bool = False


@dataclass(frozen=True)
class _Asked:
    """The sample that is asked about, and what is known about it."""

    sample: np.ndarray
    caption: str = ""
    truth: str = ""
    samples: int = 0


def inspect(request: InspectRequest, emit: Emit, control: Control) -> InspectAnswer:
    """Look into a model with a method.

    Raises:
        UserError: the model, method, layer, class, picture or sample does not exist or does not fit.
        Stopped: it was asked to stop.
    """
    start = time.perf_counter()
    inspector = registry().inspectors.get(request.method)
    try:
        params = inspector.section.model_validate(request.params)
    except ValidationError as error:
        raise explain(error, request.method, inspector.section) from None
    opened = open_model(request.model)
    control.check()
    if opened.kind.name not in inspector.inputs:
        kinds = ", ".join(_(registry().inputs.get(name).title) for name in inspector.inputs)
        raise UserError(
            _('"{method}" looks into models of data of the kind {kinds}; this one is of the kind {kind}.').format(
                method=_(inspector.title), kinds=kinds, kind=_(opened.kind.title)
            )
        )
    if inspector.explains_answers and not opened.explainable:
        raise UserError(
            _(
                '"{method}" follows an answer back through the network, but the classifier of this model is no part '
                "of it: the network ends in the features. Look at the feature maps, or train a linear classifier."
            ).format(method=_(inspector.title))
        )
    layers, maps = tuple(inspector.layers(opened.model)), answers_with_a_map(opened.model)
    if request.offer:
        return InspectAnswer((), layers, inspector.choices(opened), "", "", time.perf_counter() - start, maps=maps)
    asked, question = _asked_question(request, inspector, params, opened, emit, control)
    findings = inspector.inspect(opened.model, question)
    return InspectAnswer(
        findings.figures,
        layers,
        inspector.choices(opened),
        findings.layer,
        findings.target,
        time.perf_counter() - start,
        asked.truth,
        asked.samples,
        maps,
    )


def _asked_question(
    request: InspectRequest, inspector: Inspector, params: Section, opened: OpenModel, emit: Emit, control: Control
) -> tuple[_Asked, Question]:
    """The question to the inspector, and what is known of the sample it is about."""
    names = opened.choices if opened.explainable else ()  # the outputs are features otherwise
    nothing = np.empty((0,), np.uint8)
    question = Question(opened, nothing, (), (), params, names, opened.decode, emit=emit, control=control)
    match inspector.subject:
        case "model":
            return _Asked(nothing), question
        case "split":
            split = SplitSamples(request.split, _data(request, opened, emit, control))
            return _Asked(nothing, samples=len(split.indices)), replace(question, split=split)
    asked = _asked(request, opened, emit, control)
    control.check()
    prepared = opened.prepared([asked.sample])
    shown = (opened.shown(asked.sample, prepared[0]),) if asked.sample.ndim == 3 else ()
    return asked, replace(question, inputs=opened.inputs(prepared), pictures=shown, captions=(asked.caption,))


def _asked(request: InspectRequest, opened: OpenModel, emit: Emit, control: Control) -> _Asked:
    if not (request.pixels or request.path):
        return _sample(request, opened, emit, control)
    paths = (request.path,) if request.path else ()
    if paths and Path(request.path).expanduser().is_dir():
        raise UserError(_("{path} is a folder; one picture is looked at. Name a picture in it.").format(path=paths[0]))
    given = next(iter(opened.kind.asked(paths, request.pixels, (), opened.loaded.input, control)))
    if given.sample is None:
        where = request.path or _("The picture")
        raise UserError(_("{path}: {reason}").format(path=where, reason=given.error))
    return _Asked(given.sample, request.path.replace("\\", "/").rsplit("/", 1)[-1])


def _data(request: InspectRequest, opened: OpenModel, emit: Emit, control: Control) -> PreparedData:
    """The data of the run, which have the split that is asked about."""
    if opened.run is None:
        raise UserError(_("A model file has no samples of its own. Name a picture, or a run instead of the file."))
    check_split(request.split)
    return open_data(opened.run.experiment(), emit, control)


def _sample(request: InspectRequest, opened: OpenModel, emit: Emit, control: Control) -> _Asked:
    data = _data(request, opened, emit, control)
    count = len(places_in(data, request.split))
    (index,) = places_of(data, request.split, [request.sample])
    truth = opened.task.describe(data.targets[index], data.target)
    caption = _("{split} sample {index} ({truth})").format(split=request.split, index=request.sample, truth=truth)
    return _Asked(np.array(data.inputs[index]), caption, truth, count)
