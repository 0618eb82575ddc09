"""What can be changed in an experiment that learned too little, or too much by heart: a text and settings each."""

from collections.abc import Iterator

from workbench.architectures.fitting import suits
from workbench.architectures.table import hidden_layers
from workbench.diagnosis.after_outcome import Outcome
from workbench.diagnosis.remedies import Remedy, first_that_fits
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry

_RESTRAINED = 0.3  # a dropout from here on holds a network back noticeably
_DROPOUT = 0.5  # Srivastava et al. (2014)
_WEIGHT_DECAY = 0.01
_STILL_FALLING = 0.05  # of the loss, over the last quarter of the epochs


def against_bias(run: Outcome) -> Remedy:
    """The first that fits: longer where the loss still falls, freer where something holds it back, larger."""
    return _first(run.experiment, (*_longer(run), *_freer(run.experiment), *_larger(run.experiment)))


def against_variance(run: Outcome) -> Remedy:
    """The first that fits: more varied samples, dropout, weight decay."""
    return _first(run.experiment, (*_varied(run), *_dropout(run.experiment), *_decayed(run)))


def hidden_layers_instead_of_none(experiment: Experiment) -> Remedy:
    """A network with hidden layers where there is none: a plane alone cannot tell apart what lies crosswise."""
    return _first(experiment, tuple(_with_hidden_layers(experiment)) if _has_no_hidden_layer(experiment) else ())


def _first(experiment: Experiment, remedies: tuple[Remedy, ...]) -> Remedy:
    return first_that_fits(experiment, (remedy for remedy in remedies if _is_heard(experiment, remedy)))


def _is_heard(experiment: Experiment, remedy: Remedy) -> bool:
    """Whether the trainer takes notice of all of it, or another trainer is part of it."""
    deaf_to = registry().trainers.get(experiment.trainer.name).deaf_to
    paths = [path for path, _value in remedy.changes]
    return "trainer.name" in paths or not any(path.startswith(deaf_to) for path in paths)


def _longer(run: Outcome) -> Iterator[Remedy]:
    losses = run.series("loss")
    quarter = max(len(losses) // 4, 1)
    if len(losses) <= quarter or not run.heeds("epochs") or run.best < len(losses) - 1 - quarter:
        return
    fell = losses[-1 - quarter] - losses[-1]
    if fell > _STILL_FALLING * abs(losses[-1 - quarter]):
        epochs = 2 * max(run.experiment.training.epochs, len(losses))
        yield Remedy(_("Train for {epochs} epochs").format(epochs=epochs), (("training.epochs", epochs),))


def _freer(experiment: Experiment) -> Iterator[Remedy]:
    if getattr(experiment.architecture, "dropout", 0.0) >= _RESTRAINED:
        yield Remedy(_("Train without dropout"), (("architecture.dropout", 0.0),))
    if getattr(experiment.training.optimizer, "weight_decay", 0.0) > _WEIGHT_DECAY:
        yield Remedy(_("Train without weight decay"), (("training.optimizer.weight_decay", 0.0),))


def _larger(experiment: Experiment) -> Iterator[Remedy]:
    section = experiment.architecture
    if _has_no_hidden_layer(experiment):
        yield from _with_hidden_layers(experiment)
    changes = []
    for name in ("width_multiplier", "base_filters", "filters", "dense"):
        value = getattr(section, name, None)
        if value:
            doubled = tuple(2 * each for each in value) if isinstance(value, tuple) else 2 * value
            changes.append((f"architecture.{name}", doubled))
    if changes:
        yield Remedy(_("Make the network twice as wide"), tuple(changes))


def _has_no_hidden_layer(experiment: Experiment) -> bool:
    layers = hidden_layers(experiment)
    return layers is not None and not any(hasattr(layer, "units") or hasattr(layer, "filters") for layer in layers)


def _with_hidden_layers(experiment: Experiment) -> Iterator[Remedy]:
    source = registry().datasets.get(experiment.dataset.name)
    target_kind = registry().tasks.get(experiment.task.name).learns.kind
    for architecture in registry().architectures:
        if architecture.family or not suits(architecture, source.input_kind, target_kind):
            continue
        changed = experiment.changed("architecture.name", architecture.name)
        if hasattr(changed.architecture, "filters") or hasattr(changed.architecture, "dense"):
            text = _("Take a network with hidden layers: {title}").format(title=_(architecture.title))
            yield Remedy(text, (("architecture.name", architecture.name), ("trainer.name", "fit")))
            return


def _varied(run: Outcome) -> Iterator[Remedy]:
    if not run.experiment.augmentation.active:
        settings = ", ".join(f"{path.rpartition('.')[2]} {value:g}" for path, value in run.task.for_variety)
        text = _("Change the training samples at random: {settings}").format(settings=settings)
        yield Remedy(text, run.task.for_variety)


def _dropout(experiment: Experiment) -> Iterator[Remedy]:
    if getattr(experiment.architecture, "dropout", _DROPOUT) < _DROPOUT:
        text = _("Set the dropout to {share:g}").format(share=_DROPOUT)
        yield Remedy(text, (("architecture.dropout", _DROPOUT),))


def _decayed(run: Outcome) -> Iterator[Remedy]:
    optimizer = run.experiment.training.optimizer
    if optimizer.name == "adam" and run.heeds("optimizer"):
        yield Remedy(_("Take AdamW with a weight decay of {decay:g}").format(decay=_WEIGHT_DECAY), (
            ("training.optimizer.name", "adamw"), ("training.optimizer.learning_rate", optimizer.learning_rate),
            ("training.optimizer.weight_decay", _WEIGHT_DECAY),
        ))  # fmt: skip
