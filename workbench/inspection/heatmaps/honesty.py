"""Whether a heatmap can be believed: two checks of a heatmap method on this model and this picture.

Deletion and insertion (Petsiuk et al. 2018, arXiv:1806.07421) ask whether the warm places matter to the answer; the
randomised-weights check (Adebayo et al. 2018, arXiv:1810.03292) whether the map depends on what the network learned.

Of the second the paper gives no limit: it shows how alike maps stay (rank correlation, structural similarity) and
leaves the verdict to the reader, as do Sixt et al. (2020, arXiv:1912.09818), who found methods whose maps do not depend
on the later layers. So both figures are shown for every step, and a method only fails where the square of the rank
correlation, the share of the ranks' variance that two maps have in common, is above a half: then more of the map is
there without anything learned than with it. Something of the picture is in every map (a place that is black gives
nothing to integrate over): of digits on black, integrated gradients keep 0.5 of a network that learned them, and two
networks with random weights 0.4 of each other; of faces they keep 0.02, saliency 0.25, and a map of edges keeps 1.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import create_model

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Bars, Curve, Curves, Figure, Gallery, Tile
from workbench.i18n import _, counted, mark
from workbench.inspection.heatmaps.baselines import LABELS, Baseline, baseline
from workbench.inspection.heatmaps.deletion import Answers, Exchange, exchange
from workbench.inspection.heatmaps.explained import (
    REGION_SETTINGS,
    Explained,
    HeatmapSection,
    Settled,
    explained,
    settle,
)
from workbench.inspection.heatmaps.heatmap_method import Heat, HeatmapMethod, check_finite, heatmap_figure, scaled
from workbench.inspection.heatmaps.randomised import (
    cascade,
    copy_of,
    maps_of_random_weights,
    rank_correlation,
    structural_similarity,
    weighted_layers,
)
from workbench.inspection.inspector import Findings, Inspector, Question
from workbench.inspection.network import gradients
from workbench.inspection.network.layers import layers_before_the_answer
from workbench.registry import registry
from workbench.section import Section, setting

FAILS_ABOVE = 0.71  # the root of a half; see above
_FEW_PLACES = 30  # by chance alone, the correlation of so many is above 0.3 in one case of twenty
_SHOWN_PIXELS = 96


class HonestySettings(HeatmapSection):
    """Settings of the checks, but for the method that is checked."""

    layer: str = setting(
        "", title=mark("Layer"), widget="layer",
        help=mark("The layer the checked method looks at; empty leaves it to the method."),
    )  # fmt: skip
    steps: int = setting(
        32, title=mark("Steps"), ge=4, le=512,
        help=mark("In how many steps the pixels are deleted and inserted: more is finer, and slower."),
    )  # fmt: skip
    deleted: Baseline = setting(
        "grey", title=mark("Deleted pixels become"), labels=LABELS,
        help=mark("What takes the place of a deleted pixel."),
    )  # fmt: skip
    inserted_into: Baseline = setting(
        "blurred", title=mark("Pixels are inserted into"), labels=LABELS,
        help=mark("The picture that insertion starts from."),
    )  # fmt: skip
    cascade: int = setting(
        4, title=mark("Steps of random weights"), ge=1, le=64,
        help=mark("In how many steps the layers get random weights, from the output layer down to all of them."),
    )  # fmt: skip
    draws: int = setting(
        3, title=mark("Draws"), ge=1, le=50, advanced=True,
        help=mark("How many times random weights and random orders are drawn; their mean counts."),
    )  # fmt: skip
    seed: int = setting(
        0, title=mark("Seed"), ge=0, le=2**31 - 1, advanced=True,
        help=mark("The same seed gives the same draws."),
    )  # fmt: skip


class Honesty(Inspector):
    """A heatmap method put to the test, the results beside its map."""

    name = "honesty"
    title = mark("Can a heatmap be believed?")
    help = mark("Checks a heatmap method on this model: do the warm places matter, and does the map change when the "
                "weights are random?")  # fmt: skip
    family = "heatmaps"
    explains_answers = True
    map_settings = REGION_SETTINGS
    paper = "Petsiuk et al. 2018, arXiv:1806.07421; Adebayo et al. 2018, arXiv:1810.03292"
    quick = False

    @cached_property
    def section(self) -> type[Section]:
        """The settings; made when first asked for, as plugins may add methods to choose from."""
        titles = {each.name: each.title for each in registry().inspectors if isinstance(each, HeatmapMethod)}
        field = setting(
            "grad_cam", title=mark("Heatmap"), labels=titles, help=mark("The method whose heatmap is checked.")
        )
        return create_model("HonestySection", __base__=HonestySettings, method=(Literal[tuple(titles)], field))

    def layers(self, model: Any) -> list[str]:
        """The layers that a method with a choice of layers can look at."""
        return layers_before_the_answer(model)

    def inspect(self, model: Any, question: Question) -> Findings:
        """The heatmap of every picture with the results of both checks."""
        gradients.check_explainable(model)
        if not question.choices:
            raise UserError(
                _("Heatmaps explain a class or a value, but nobody knows what the output of this model means.")
            )
        method = registry().inspectors.get(question.params.method)
        params = _params_of(method, question.params)
        asked = explained(question.params, question.choices, model)
        figures: list[Figure] = []
        found: list[_Checked] = []
        for number in range(len(question.inputs)):
            alone = replace(question, inputs=question.inputs[number : number + 1], params=params)
            checked = _check(method, model, alone, asked, question.params)
            found.append(checked)
            answer = question.decode(checked.heat.output[None])[0].text
            figures += _figures(method, checked, question, number, answer)
        return Findings(tuple(figures), found[0].heat.layer, question.choices[found[0].heat.target])


@dataclass(frozen=True)
class _Checked:
    """What was found out about one heatmap.

    Attributes:
        heat: it.
        deletion: None where it is the same everywhere and gives no order; `insertion` likewise.
        reached: how many layers had random weights at each step, and the name of the last one.
        maps: of random weights, [draw][step]; empty where the model could not be copied.
        correlations: of ranks with the map itself, (draws, steps); `similarities` likewise, structural ones.
        problem: why the model could not be copied.
    """

    heat: Heat
    deletion: Exchange | None
    insertion: Exchange | None
    reached: tuple[tuple[int, str], ...]
    maps: list[list[np.ndarray]]
    correlations: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    similarities: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    problem: str = ""


def _params_of(method: HeatmapMethod, params: HonestySettings) -> Section:
    """The settings of the checked method: what both have in common; the rest at its defaults."""
    common = set(HeatmapSection.model_fields) | {"layer"}
    given = {name: getattr(params, name) for name in common if name in method.section.model_fields}
    if params.layer and "layer" not in given:
        raise UserError(
            _("{method} looks at the whole network, not at a layer: leave the layer empty.").format(
                method=_(method.title)
            )
        )
    return method.section.model_validate(given)


def _check(
    method: HeatmapMethod, model: Any, question: Question, asked: Explained, params: HonestySettings
) -> _Checked:
    def told(what: str) -> Any:
        def progress(done: int, total: int) -> None:
            question.control.check()
            question.emit(Progress(what, done, total))

        return progress

    inputs = question.inputs
    heat = method.heat(model, question, asked)[0]
    check_finite([heat])
    if not np.ptp(heat.values) > 0:
        return _Checked(heat, None, None, (), [])
    question.control.check()
    answers = _answers(model, question, settle(model, inputs, replace(asked, index=heat.target)))
    picture, white = inputs[0].astype(np.float32), question.opened.white
    gone, empty = baseline(params.deleted, picture, white), baseline(params.inserted_into, picture, white)
    settings = (heat.values, params.steps, params.draws, params.seed, question.control)
    deletion = exchange(answers, picture, gone, *settings, told(_("Deletion")))
    insertion = exchange(answers, empty, picture, *settings, told(_("Insertion")))
    try:
        copy = copy_of(model)
    except ValueError as error:
        return _Checked(heat, deletion, insertion, (), [], problem=str(error))
    # The same layer and class throughout, whatever a network with random weights would choose.
    same = {"layer": heat.layer} if heat.layer and "layer" in type(question.params).model_fields else {}
    again = replace(question, params=question.params.model_copy(update=same), emit=lambda event: None)

    def look(changed: Any) -> np.ndarray:
        question.control.check()
        return np.nan_to_num(method.heat(changed, again, replace(asked, index=heat.target))[0].values)

    layers = weighted_layers(copy)
    if not layers:
        return _Checked(heat, deletion, insertion, (), [], problem=_("it has no weights"))
    counts = cascade(len(layers), params.cascade)
    maps = maps_of_random_weights(copy, look, counts, params.draws, params.seed, told(_("Random weights")))
    correlations, similarities = (
        np.array([[alike(heat.values, each) for each in draw] for draw in maps])
        for alike in (rank_correlation, structural_similarity)
    )
    reached = tuple((count, layers[count - 1].name) for count in counts)
    return _Checked(heat, deletion, insertion, reached, maps, correlations, similarities)


def _answers(model: Any, question: Question, settled: Settled) -> Answers:
    """What the model says for the class that is explained: its output, as users read it."""
    score = gradients.scores(model)
    index = int(settled.index[0])

    def ask(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        indices, region = settled.repeated(len(pictures))
        outputs, scores = score(pictures, indices, region)
        outputs = outputs[..., index if outputs.shape[-1] > 1 else 0]
        if region is not None:
            outputs = (outputs * region).sum(axis=(1, 2)) / region.sum(axis=(1, 2))
        return outputs, scores

    outputs, scores = ask(question.inputs.astype(np.float32))
    if settled.outputs.shape[-1] > 1 or index == 1:
        return lambda pictures: ask(pictures)[0]
    # Of a single unit, 0 stands for what lowers it: its complement where it is a probability, else its opposite.
    if np.allclose(outputs, -scores, rtol=1e-4, atol=1e-6):
        return lambda pictures: ask(pictures)[1]
    return lambda pictures: 1 - ask(pictures)[0]


def _figures(method: HeatmapMethod, checked: _Checked, question: Question, number: int, answer: str) -> list[Figure]:
    picture, caption = question.pictures[number], question.captions[number]
    failed, others = _verdicts(method, checked)
    heat = replace(checked.heat, note="\n".join(part for part in (checked.heat.note, *others) if part))
    shown = heatmap_figure(method, picture, caption, heat, question.choices, answer)
    figures: list[Figure] = [replace(shown, warning="\n".join(failed))]
    target = question.choices[heat.target]
    if checked.deletion is not None:
        title, x_label = _("Deletion: the warmest pixels go first"), _("Share of the pixels deleted")
        figures.append(_curves(checked.deletion, title, x_label, target, _("The sooner it falls, the better.")))
    if checked.insertion is not None:
        title, x_label = _("Insertion: the warmest pixels come first"), _("Share of the pixels inserted")
        figures.append(_curves(checked.insertion, title, x_label, target, _("The sooner it rises, the better.")))
    if checked.reached:
        figures += _figures_of_random_weights(method, checked)
    return figures


def _curves(found: Exchange, title: str, x_label: str, target: str, rule: str) -> Curves:
    note = _("{rule} Area under the curve: {area:.3f}; by chance {chance:.3f}. By chance: the same map, moved to other "
             "places ({times}).")  # fmt: skip
    times = counted("once", "{draws} times, the mean", len(found.by_chance)).format(draws=len(found.by_chance))
    return Curves(
        title, x_label, _("Answer for {target}").format(target=target),
        (
            Curve(_("By heat"), found.shares, found.by_heat),
            Curve(_("By chance"), found.shares, found.by_chance.mean(axis=0)),
        ),
        note=note.format(rule=rule, area=found.area, chance=found.area_by_chance, times=times),
    )  # fmt: skip


def _figures_of_random_weights(method: HeatmapMethod, checked: _Checked) -> list[Figure]:
    draws = len(checked.maps)
    names = [_("{count}: down to {layer}").format(count=count, layer=layer) for count, layer in checked.reached]
    bars = Bars(
        _("Random weights: how much of the map is left"),
        tuple(names),
        {
            _("Rank correlation with the map"): tuple(checked.correlations.mean(axis=0).tolist()),
            _("Structural similarity (SSIM)"): tuple(checked.similarities.mean(axis=0).tolist()),
        },
        _("Likeness"),
        note=_(
            "Layers with random weights, from the output down. 1 is the same map, 0 has nothing in common with it; "
            "with a rank correlation above {limit:g} when all weights are random, the method fails: more than half of "
            "the map is there without anything learned. {draws}"
        ).format(limit=FAILS_ABOVE, draws=counted("One draw.", "Mean of {draws} draws.", draws).format(draws=draws)),
    )
    tiles = [Tile(_as_tile(checked.heat.values, method), _("As trained"))]
    for (_count, layer), values, left in zip(checked.reached, checked.maps[0], checked.correlations[0], strict=True):
        tiles.append(Tile(_as_tile(values, method), f"{left:.2f} {layer}"))
    return [bars, Gallery(_("The map with random weights (first draw)"), tuple(tiles), values=True)]


def _as_tile(values: np.ndarray, method: HeatmapMethod) -> np.ndarray:
    import cv2

    pixels = (255 * scaled(values, method.brightest)).astype(np.uint8)
    scale = _SHOWN_PIXELS / max(pixels.shape)
    size = tuple(max(1, round(side * scale)) for side in pixels.shape[::-1])
    return cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST if scale > 1 else cv2.INTER_AREA)


def _verdicts(method: HeatmapMethod, checked: _Checked) -> tuple[list[str], list[str]]:
    """What the checks say, a sentence or two each: those that failed, and the others."""
    if checked.deletion is None or checked.insertion is None:
        return [], [_("The map is the same everywhere, so that there is nothing to check.")]
    failed, said = [], []
    if checked.deletion.area >= checked.deletion.area_by_chance:
        failed.append(_("FAILED deletion: deleting its warm places harms the answer no more than chance does."))
    else:
        said.append(_("✓ Passed deletion: its warm places matter more than others."))
    if checked.insertion.area <= checked.insertion.area_by_chance:
        failed.append(_("FAILED insertion: its warm places bring the answer no sooner than chance does."))
    else:
        said.append(_("✓ Passed insertion: its warm places bring the answer sooner than others."))
    if not checked.reached:
        text = _("Not checked with random weights, as the model cannot be copied ({reason}).")
        return failed, [*said, text.format(reason=checked.problem)]
    left, alike = (float(values[:, -1].mean()) for values in (checked.correlations, checked.similarities))
    if left > FAILS_ABOVE:
        text = _("FAILED random weights: with all weights random, the map of {method} hardly changes (rank correlation "
                 "{left:.2f}, SSIM {alike:.2f}). On this model and picture it shows the picture more than the "
                 "network.")  # fmt: skip
        failed.append(text.format(method=_(method.title), left=left, alike=alike))
    else:
        text = _("✓ Passed random weights: with all weights random, the map changes (rank correlation {left:.2f}, SSIM "
                 "{alike:.2f}).")  # fmt: skip
        said.append(text.format(left=left, alike=alike))
    if checked.heat.values.size < _FEW_PLACES:
        text = _("The map has {count} places only: too few for a firm answer.")
        said.append(text.format(count=checked.heat.values.size))
    return failed, said


def register(registry: Any) -> None:
    """Add the inspector to the registry."""
    registry.inspectors.add(Honesty())
