"""The adviser of transfer learning: how many samples there are, against how much they look like the base's data.

Few and alike: the base's features and a new head. Few and different: features of its early layers, which are general.
Many and alike: fine-tune the later layers. Many and different: train all, from the base's weights or anew
(Yosinski et al., 2014; cs231n.github.io/transfer-learning). No data are needed: a number of samples will do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.architectures.applications import IMAGENET, NO_WEIGHTS, application_names
from workbench.architectures.base_network import ALL, run_folder
from workbench.architectures.fitting import suits
from workbench.architectures.transfer import TransferSection
from workbench.control import Control, Emit
from workbench.data.report import DataReport, report
from workbench.errors import UserError
from workbench.experiment import Experiment, from_values, read_experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import AdviseRequest, DataRequest

MANY, MANY_A_CLASS = 5_000, 500
EARLY, LATE = 0.33, 0.6  # shares of the depth: where early features are taken, and from where on a base is fine-tuned
SMALLEST_SIDE = 96  # networks that were trained at 224 px see next to nothing in smaller pictures
_ANEW_BELOW = 64  # pixels: smaller pictures of another kind are better served by a network with a stem for them
_DEFAULT_BASE, _DEFAULT_ANEW = "mobilenet_v2", "resnet_cifar"
_CLASSICAL = "classical_head"

FEATURES, EARLY_FEATURES, FINE_TUNING, EVERYTHING, ANEW = "features", "early_features", "fine_tuning", "all", "anew"


@dataclass(frozen=True)
class Advice:
    """What to do, why, and the experiment that does it.

    Attributes:
        name: one of the constants above.
        title: of it.
        reasons: what was seen and what follows, a sentence or two each.
        changes: path -> new value of every setting that differs, as in `training.epochs`.
        experiment: the whole, set up.
    """

    name: str
    title: str
    reasons: tuple[str, ...]
    changes: dict[str, Any]
    experiment: Experiment

    def to_json(self) -> dict[str, Any]:
        """As plain values, without the experiment."""
        return {"name": self.name, "title": self.title, "reasons": list(self.reasons), "changes": self.changes}


@dataclass(frozen=True)
class DataSize:
    """How much there is to learn from; `classes` 0 where they are not known or there are none."""

    samples: int
    classes: int = 0

    @property
    def many(self) -> bool:
        """Whether a base can be trained further without learning the samples by heart."""
        return self.samples >= MANY and (not self.classes or self.samples >= MANY_A_CLASS * self.classes)


def data_size(data: DataReport) -> DataSize:
    """Of the training split."""
    return DataSize(data.splits.get("train", 0), len(data.classes))


def base_of(experiment: Experiment, name: str = "") -> TransferSection:
    """The base to give advice on.

    Args:
        experiment: its own base where it is a transfer, else the pretrained twin of its architecture, or a usual one.
        name: another one: an application of Keras, a run's name or folder, or a model file.

    Raises:
        UserError: there is no such base.
    """
    own = experiment.architecture
    if not name:
        if isinstance(own, TransferSection):
            return own
        twin = own.name if own.name in application_names() else _DEFAULT_BASE
        return TransferSection(base="keras", application=twin)
    if name in application_names():
        return TransferSection(base="keras", application=name)
    if name.endswith((".keras", ".h5")):
        return TransferSection(base="file", source=name)
    run_folder(name)
    return TransferSection(base="run", source=name)


def trained_on(base: TransferSection) -> str:
    """What a base was trained on, for a question to the user."""
    match base.base:
        case "keras" if base.weights == IMAGENET:
            return _("1.3 million colour photographs of 1,000 kinds of things (ImageNet)")
        case "keras" if base.weights == NO_WEIGHTS:
            return _("nothing: it begins without weights")
        case "run":
            dataset = _experiment_of(base).dataset
            place = _place(dataset)
            title = _(registry().datasets.get(dataset.name).title)
            return _("the dataset {title} of an earlier run").format(title=f"{title} ({place})" if place else title)
    return _("what its file does not tell")


def guess_similar(experiment: Experiment, base: TransferSection) -> tuple[bool | None, str]:
    """Whether the data are like those of the base, as far as the settings tell, and why; None where they do not."""
    if base.base == "run":
        theirs, ours = _experiment_of(base).dataset, experiment.dataset
        if theirs == ours:
            return True, _("The base was trained on the same dataset.")
        if theirs.name != ours.name and not (_place(theirs) and _place(ours)):
            return False, _("The base was trained on another dataset.")
        return None, _("The base was trained on other data of this kind; only you can tell whether they look alike.")
    if base.base == "keras" and base.weights == IMAGENET:
        return _like_photographs(experiment)
    return None, _("Nothing tells what the base was trained on.")


def _like_photographs(experiment: Experiment) -> tuple[bool, str]:
    size = experiment.preprocessing
    own = registry().datasets.get(experiment.dataset.name).preprocessing(experiment.dataset)
    channels, side = own.get("channels", size.channels), min(own.get("height", size.height), size.height)
    if channels == 1:
        return False, _("Grey pictures are unlike the colour photographs the base was trained on.")
    if side < 32:
        return False, _("Pictures of {side} px hold no more than a hint of a photograph.").format(side=side)
    return True, _("Colour pictures of {side} px are taken for photographs of things; look whether they are.").format(
        side=side
    )


def quadrant(size: DataSize, similar: bool, side: int, base: TransferSection) -> str:
    """Which of the ways suits.

    Args:
        size: of the data.
        similar: whether they look like those of the base.
        side: the shorter one of a picture, in pixels.
        base: what it would start from.
    """
    if base.base == "keras" and base.weights == NO_WEIGHTS:
        return ANEW
    if not size.many:
        return FEATURES if similar else EARLY_FEATURES
    if similar:
        return FINE_TUNING
    return ANEW if base.base == "keras" and side < _ANEW_BELOW else EVERYTHING


def set_up(experiment: Experiment, base: TransferSection, way: str, layers: tuple[str, str]) -> Experiment:
    """The experiment changed to go a way.

    Args:
        experiment: its data, augmentation, name, device and seed are kept.
        base: what it starts from.
        way: as from `quadrant`.
        layers: of the base, one that ends its early part, and one from which on it is fine-tuned.
    """
    values = experiment.model_dump()
    early, late = layers
    head = {"boundary": "", "last_layer": "", "pooling": "global_average", "dense": (), "dropout": 0.2}
    base_fields = base.model_dump(include={"name", "base", "source", "application", "weights", "pixels"})
    if way == ANEW:
        return _anew(experiment, values, base)
    at = {EARLY_FEATURES: {"last_layer": early}, FINE_TUNING: {"boundary": late}, EVERYTHING: {"boundary": ALL}}
    values["architecture"] = {**base_fields, **head, **at.get(way, {})}
    values["preprocessing"] = {**values["preprocessing"], **_input_for(base, experiment)}
    if values["overrides"]["scaling_factor"] is not None:  # a base scales by itself
        values["overrides"] = {**values["overrides"], "scaling_factor": None}
    values["trainer"], training = _training(way, experiment)
    values["training"] = {**values["training"], "warmup_epochs": 0.0, **training}
    return from_values(values, _("the advice"))


def _training(way: str, experiment: Experiment) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trainer, and what of `[training]` goes with it."""
    if way in (FEATURES, EARLY_FEATURES):
        settings = {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "schedule": {"name": "constant"},
                    "epochs": 30, "early_stopping": 5}  # fmt: skip
        if _one_class_each(experiment) and _CLASSICAL in registry().trainers.names():
            return {"name": _CLASSICAL}, {}
        return {"name": "fit"}, settings
    whole = way == EVERYTHING
    trainer = {"name": "two_phases", "head_epochs": 2 if whole else 3, "base_rate": 0.5 if whole else 0.1,
               "head_optimizer": {"name": "adam", "learning_rate": 1e-3}}  # fmt: skip
    settings = {"optimizer": {"name": "adam", "learning_rate": 5e-4 if whole else 1e-3}, "schedule": {"name": "cosine"},
                "epochs": 30 if whole else 15, "early_stopping": 0}  # fmt: skip
    return trainer, settings


def _one_class_each(experiment: Experiment) -> bool:
    """Whether a sample is of exactly one of several classes, as a classifier on features wants it."""
    task = registry().tasks.get(experiment.task.name)
    target = task.learns.usual(3)
    output = task.output(target)
    return (output.units, output.activation) == (len(task.choices(target)), "softmax") and not output.spatial


def _anew(experiment: Experiment, values: dict[str, Any], base: TransferSection) -> Experiment:
    """Without a base: the same network with weights of its own where there is one."""
    named = base.application if base.application in registry().architectures.names() else _DEFAULT_ANEW
    own = experiment.architecture
    kept = not isinstance(own, TransferSection)
    architecture = registry().architectures.get(own.name if kept else named)
    values["architecture"] = own.model_dump() if kept else {"name": architecture.name}
    values["trainer"] = {"name": "fit"}
    values["training"] = {**values["training"], "epochs": 30, **architecture.default_training()}
    return from_values(values, _("the advice"))


def _input_for(base: TransferSection, experiment: Experiment) -> dict[str, Any]:
    """Height, width and channels that the base can make something of."""
    if base.base == "run":
        theirs = _experiment_of(base).preprocessing
        return {"height": theirs.height, "width": theirs.width, "channels": theirs.channels}
    own = experiment.preprocessing
    if base.base == "file":
        return {}
    return {"height": max(own.height, SMALLEST_SIDE), "width": max(own.width, SMALLEST_SIDE), "channels": 3}


def advise(request: AdviseRequest, emit: Emit, control: Control) -> Advice:
    """Look at the number of samples and at the likeness to the base's data, and set the experiment up.

    Raises:
        UserError: the number is not known, nobody can tell the likeness, or there is no such base.
    """
    experiment = request.experiment
    if not takes_advice(experiment):
        raise UserError(_("There is no advice for the dataset {name}: a transfer is for pictures with one answer each. "
                          "Train a network of your own.").format(name=experiment.dataset.name))  # fmt: skip
    base = base_of(experiment, request.base)
    size = DataSize(request.samples, request.classes) if request.samples else _size_of_data(experiment, emit, control)
    similar, why = guess_similar(experiment, base) if request.similar == "auto" else (request.similar == "yes", "")
    if similar is None:
        raise UserError(_("{why} Say whether the data are like {those}: yes or no.").format(
            why=why, those=trained_on(base)))  # fmt: skip
    control.check()
    side = min(experiment.preprocessing.height, experiment.preprocessing.width)
    way = quadrant(size, similar, side, base)
    layers, shares = ("", ""), (0.0, 0.0)
    if way in (EARLY_FEATURES, FINE_TUNING):
        layers, shares = _layers_of(base, {**experiment.preprocessing.model_dump(), **_input_for(base, experiment)})
    new = set_up(experiment, base, way, layers)
    reasons = (_of_size(size), why or _of_likeness(similar, base), *_of_way(way, layers, shares, new))
    return Advice(way, title_of(way), reasons, changed_settings(experiment, new), new)


def _size_of_data(experiment: Experiment, emit: Emit, control: Control) -> DataSize:
    source = registry().datasets.get(experiment.dataset.name)
    if not source.at_hand(experiment.dataset):
        raise UserError(_("The data are not here, so that nobody can count them. Say how many samples there are to "
                          "train on."))  # fmt: skip
    return data_size(report(DataRequest(experiment, gallery=0), emit, control))


def _layers_of(base: TransferSection, size: dict[str, Any]) -> tuple[tuple[str, str], tuple[float, float]]:
    """The last of the early layers and the first of the late ones, with how deep they lie."""
    from workbench.architectures.applications import application
    from workbench.architectures.base_network import file_base, rename_what_collides, run_base
    from workbench.architectures.cut_points import cut_points, nearest
    from workbench.architectures.summary import without_weights

    match base.base:
        case "run":
            network = run_base(base.source, "").network
        case "file":
            network = file_base(base.source, "").network
        case _:
            shape = (size["height"], size["width"], 3)
            network = without_weights(lambda: application(base.application, shape, NO_WEIGHTS))
    early, late = (nearest(cut_points(network), share) for share in (EARLY, LATE))
    if early is None or late is None:
        raise UserError(_("The base has too few layers to be cut: take its features, or train it whole."))
    rename_what_collides(network)  # a boundary is named as in the new network
    renamed = nearest(cut_points(network), LATE)
    return (early.layer, renamed.next_to_learn), (early.share, renamed.share)


def takes_advice(experiment: Experiment) -> bool:
    """Whether its samples are pictures with one answer each, which a transfer is for."""
    source = registry().datasets.get(experiment.dataset.name)
    target_kind = registry().tasks.get(experiment.task.name).learns.kind
    return suits(registry().architectures.get("transfer"), source.input_kind, target_kind)


def changed_settings(before: Experiment, after: Experiment) -> dict[str, Any]:
    """Path -> new value of what differs; of sections that were exchanged, what is not as it is at first."""
    like, found = before, {}
    for path in ("architecture.name", "trainer.name", "training.optimizer.name", "training.schedule.name"):
        new = _at(after, path)
        if _at(before, path) != new:
            like, found[path] = like.changed(path, new), new
    usual = dict(_leaves(like.model_dump(mode="json")))
    return {**found, **{path: value for path, value in _leaves(after.model_dump(mode="json"))
                        if path not in usual or usual[path] != value}}  # fmt: skip


def _at(experiment: Experiment, path: str) -> Any:
    value: Any = experiment
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _leaves(values: dict[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{place}.{key}" if place else key
        if isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield path, value


def _experiment_of(base: TransferSection) -> Experiment:
    return read_experiment(run_folder(base.source) / "experiment.toml")


def _place(dataset: Any) -> str:
    """The folder or file of a dataset, where it has one."""
    path = getattr(dataset, "path", "") or getattr(dataset, "folder", "")
    return Path(str(path)).name if path else ""


def title_of(way: str) -> str:
    """The title of a way."""
    titles = {
        FEATURES: _("Features of the base, and a new head"),
        EARLY_FEATURES: _("Features of the early layers only, and a new head"),
        FINE_TUNING: _("Fine-tune the later layers"),
        EVERYTHING: _("Fine-tune everything"),
        ANEW: _("Train anew"),
    }
    return titles[way]


def _of_size(size: DataSize) -> str:
    measure = _("many from {many:,} samples and {each} a class on").format(many=MANY, each=MANY_A_CLASS)
    a_class = _(", {count:,.0f} a class").format(count=size.samples / size.classes) if size.classes else ""
    verdict = _("many") if size.many else _("few")
    return _("There are {verdict} samples to train on: {samples:,}{a_class} ({measure}).").format(
        verdict=verdict, samples=size.samples, a_class=a_class, measure=measure
    )


def _of_likeness(similar: bool, base: TransferSection) -> str:
    if similar:
        return _("You say that they are like what the base was trained on: {what}.").format(what=trained_on(base))
    return _("You say that they are unlike what the base was trained on: {what}.").format(what=trained_on(base))


def _of_way(way: str, layers: tuple[str, str], shares: tuple[float, float], new: Experiment) -> tuple[str, ...]:
    if way == ANEW:
        return (_("The base has nothing to give to pictures like these, and there are enough to learn from without."),)
    texts = {
        FEATURES: _("The last features of the base fit, and training more than a head would learn few samples by "
                    "heart: the whole base stays as it is."),
        EARLY_FEATURES: _("Late layers know what the base was trained on, early ones edges and textures, which are "
                          "everywhere: the base ends at {early}, after {early_share:.0%} of its layers."),
        FINE_TUNING: _("Early layers are general and stay; from {late} on, after {late_share:.0%} of the layers, they "
                       "learn further, in steps ten times smaller than the head's, once the head has learned."),
        EVERYTHING: _("There are enough samples to change every layer. Trained weights are still the better beginning; "
                      "where they do not help, train anew."),
    }  # fmt: skip
    reasons = [texts[way].format(early=layers[0], late=layers[1], early_share=shares[0], late_share=shares[1])]
    if new.trainer.name == _CLASSICAL:
        reasons.append(_("The features are computed once and kept; a classifier on them is found in seconds."))
    if new.preprocessing.height == SMALLEST_SIDE:
        reasons.append(
            _("Pictures of {side} px are what such a base still sees something in; larger ones, up to 224 px, are "
              "slower and often better.").format(side=SMALLEST_SIDE)
        )  # fmt: skip
    return tuple(reasons)
