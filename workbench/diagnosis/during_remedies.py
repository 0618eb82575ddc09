"""What can be changed in an experiment whose training goes wrong: a text and settings each."""

from collections.abc import Iterator

from workbench.diagnosis.facts import Facts
from workbench.diagnosis.remedies import Remedy
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.finding import Finding, look
from workbench.i18n import _
from workbench.registry import registry
from workbench.training.observed import Observed

_ENDED = ("sigmoid", "tanh")  # activations with two ends, where nothing gets through
_OF_THE_RATE = ("learning_rate", "rate_for_trained_layers")


def faults_before(observed: Observed) -> tuple[Finding, ...]:
    """Faults of the experiment itself that explain a training that goes wrong, and can be mended."""
    task = registry().tasks.get(observed.experiment.task.name)
    try:
        output = task.output(observed.target)
        facts = Facts(observed.experiment, observed.input, observed.target, output, observed.table)
        found = look(registry().checks, "before", facts)
    except UserError:
        return ()
    return tuple(each for each in found if each.changes and (each.severity == "error" or each.name in _OF_THE_RATE))


def mended_before(observed: Observed) -> tuple[Remedy, ...]:
    """What the checks of the experiment itself offer."""
    return tuple(Remedy(finding.remedy, finding.changes) for finding in faults_before(observed))


def smaller_rate(observed: Observed, factor: float = 10.0) -> Iterator[Remedy]:
    """So many times smaller steps."""
    if heeds_the_rate(observed.experiment):
        rate = float(f"{observed.experiment.training.optimizer.learning_rate / factor:.3g}")
        yield Remedy(_("Set the learning rate to {rate:g}").format(rate=rate), (
            ("training.optimizer.learning_rate", rate),))  # fmt: skip


def usual_rate(observed: Observed) -> Iterator[Remedy]:
    """The optimizer's own default, where the rate is another one."""
    optimizer = observed.experiment.training.optimizer
    rate = type(optimizer).model_fields["learning_rate"].default
    if heeds_the_rate(observed.experiment) and optimizer.learning_rate != rate:
        yield Remedy(_("Set the learning rate to {rate:g}").format(rate=rate), (
            ("training.optimizer.learning_rate", rate),))  # fmt: skip


def normalised(observed: Observed) -> Iterator[Remedy]:
    """Batch normalisation, where an architecture has it as a setting and does without."""
    if getattr(observed.experiment.architecture, "normalization", "") == "none":
        text = _("Put batch normalisation between the layers")
        yield Remedy(text, (("architecture.normalization", "batch"),))


def rectified(observed: Observed) -> Iterator[Remedy]:
    """Another activation in place of one with two ends."""
    if getattr(observed.experiment.architecture, "activation", "") in _ENDED:
        yield Remedy(_("Take ReLU for the activation"), (("architecture.activation", "relu"),))
    stack = [layer.model_dump(mode="json") for layer in getattr(observed.experiment.architecture, "layers", ())]
    others = [{**layer, "activation": "relu"} if layer.get("activation") in _ENDED else layer for layer in stack]
    if others != stack:
        yield Remedy(_("Take ReLU for the activations"), (("architecture.layers", others),))


def never_dead(observed: Observed) -> Iterator[Remedy]:
    """A rectifying activation that lets a little through on its other side."""
    if getattr(observed.experiment.architecture, "activation", "") == "relu":
        yield Remedy(_("Take leaky ReLU for the activation"), (("architecture.activation", "leaky_relu"),))


def scaled(observed: Observed) -> Iterator[Remedy]:
    """Inputs of a common size, where they are as they come."""
    experiment = observed.experiment
    if experiment.overrides.scaling_factor is not None:
        yield Remedy(_("Scale the inputs as the preprocessing says"), (("overrides.scaling_factor", None),))
    elif getattr(experiment.preprocessing, "scaling", "") == "none":
        yield Remedy(_("Scale the inputs to mean 0 and deviation 1"), (("preprocessing.scaling", "zscore"),))


def heeds_the_rate(experiment: Experiment) -> bool:
    """Whether the trainer takes the optimizer of the settings."""
    uses = registry().trainers.get(experiment.trainer.name).uses
    return not uses or "optimizer" in uses
