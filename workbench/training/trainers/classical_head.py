"""`classical_head`: a frozen base makes features of the samples once, scikit-learn fits a classifier to them."""

from typing import Any

import numpy as np
import psutil

from workbench.architectures.transfer import TransferSection
from workbench.control import Emit
from workbench.data.cache import readable_bytes
from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.events import Note
from workbench.experiment import Experiment
from workbench.figures import Figure
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.training.embeddings import embed
from workbench.training.trainer import Problem, Solution, Trainer
from workbench.training.trainers import classical_figures
from workbench.training.trainers.classical_code import classical_code
from workbench.training.trainers.classical_layers import LINEAR, with_classifier, with_layers
from workbench.training.trainers.classical_search import Found, Samples, search, spectrum
from workbench.training.trainers.classical_sections import ClassicalHeadSection
from workbench.training.trainers.last_layer import features_of, refuse_cut_pictures

_COPIES = 6  # of the features of the training split that a search holds at the same time, at most
_SHARE_OF_MEMORY = 0.8


class ClassicalHead(Trainer):
    """Embedding, scaling, PCA, grid search."""

    name = "classical_head"
    title = mark("Classical head on features")
    help = mark(
        "For a transfer: the frozen base makes features of all samples once (kept on the disk for the next time), then "
        "scikit-learn fits a classifier to them and tries the values given by cross-validation. Linear classifiers "
        "become layers of the model. The values of the SVMs are no calibrated probabilities: read their order only."
    )
    section = ClassicalHeadSection
    at_once = True
    deaf_to = ("augmentation.", "architecture.dense", "architecture.dropout", "architecture.boundary", "overrides.")
    uses = ("batch_size", "class_weights", "precision", "device", "seed")

    def refuse(self, experiment: Experiment, data: PreparedData, network: Any) -> None:
        """It takes a base that stays as it is, classes, and enough samples of each."""
        section = experiment.architecture
        if not isinstance(section, TransferSection):
            raise UserError(
                _(
                    "The trainer classical_head is for the architecture transfer, which has a base; {name} has none. "
                    "Use the trainer fit."
                ).format(name=section.name)
            )
        if not _one_class_each(experiment, data):
            raise UserError(
                _("A classical head tells classes apart, and these samples have other targets. Use the trainer fit.")
            )
        if section.boundary:
            raise UserError(
                _(
                    "A classical head learns from features that stay as they are, but the base is to learn from the "
                    "layer {boundary!r} on. Leave architecture.boundary empty, or use the trainer two_phases."
                ).format(boundary=section.boundary)
            )
        if section.dense or experiment.overrides.extra_layers:
            raise UserError(
                _(
                    "The classifier follows the features at once; dense and extra layers between them would stay "
                    "untrained. Leave architecture.dense and overrides.extra_layers empty."
                )
            )
        overrides = experiment.overrides
        if overrides.output_activation != "auto" or overrides.loss_expects != "auto":
            raise UserError(_("A classical head has an output of its own. Set the overrides of output and loss back."))
        if experiment.augmentation.active:
            raise UserError(
                _(
                    "The features of every sample are made once, so augmentation has no effect on them. Switch the "
                    "augmentation off."
                )
            )
        _refuse_too_few(experiment, data, int(network.model.get_layer("logits").input.shape[-1]))

    def settings(self, experiment: Experiment, samples: int) -> Any:
        """Everything in one go."""
        return experiment.training.model_copy(update={"epochs": 1})

    def solve(self, problem: Problem) -> Solution:
        """See `Trainer.solve`."""
        section, data = problem.experiment.trainer, problem.data
        base = features_of(problem.network.trainable)
        features = embed(base, data, problem.settings.batch_size, problem.tell, problem)
        training = data.splits["train"]
        samples = Samples(
            features[training],
            np.asarray(data.targets, np.int64).reshape(-1)[training],
            len(_class_names(problem.experiment, data)),
            problem.settings.class_weights == "balanced",
            problem.settings.seed,
        )
        found = search(section, samples, problem.tell, problem.check)
        _tell_the_best(found, section.folds, problem.tell)
        shares = None if found.preparation.pca is None else spectrum(section, found.preparation, samples.features)
        classical_figures.store(problem.folder.path, found, section.folds, shares)
        answers = found.head.answers(found.preparation(features), problem.check)
        model = with_layers(problem.network.model, found.preparation)
        metrics = _metrics(problem, answers)
        if section.classifier.name not in LINEAR:
            return Solution(model, metrics, found.head, answers)
        activation = registry().tasks.get(problem.experiment.task.name).output(data.target).activation
        return Solution(with_classifier(model, found.head, activation, model.name), metrics, None, answers)

    def figures(self, folder: Any, experiment: Experiment, data: PreparedData, emit: Emit) -> tuple[Figure, ...]:
        """What was tried, and the curve of the PCA."""
        return classical_figures.figures(folder.path)

    def keras_code(self, experiment: Experiment, data: PreparedData, network: Any) -> str:
        """See `classical_code`; a classifier that is no layer has no place in a Keras model."""
        section, training = experiment.trainer, experiment.training
        if section.classifier.name not in LINEAR:
            raise UserError(
                _(
                    "Only linear classifiers become layers of a Keras model: this one cannot be written as a Keras "
                    "script. Choose logistic_regression or linear_svm as trainer.classifier to copy this experiment."
                )
            )
        refuse_cut_pictures(network)
        return classical_code(section, training.class_weights == "balanced", training.seed)


def _class_names(experiment: Experiment, data: PreparedData) -> tuple[str, ...]:
    return registry().tasks.get(experiment.task.name).choices(data.target)


def _one_class_each(experiment: Experiment, data: PreparedData) -> bool:
    """Whether every sample is of exactly one class, and the output says which."""
    output = registry().tasks.get(experiment.task.name).output(data.target)
    count = len(_class_names(experiment, data))
    alternatives = (output.units, output.activation) == ((1, "sigmoid") if count == 2 else (count, "softmax"))
    return alternatives and not output.spatial and data.targets.ndim == 1


def _refuse_too_few(experiment: Experiment, data: PreparedData, width: int) -> None:
    """Raise `UserError` when there are too few samples for the folds, or more features than the memory holds."""
    section = experiment.trainer
    training, names = data.splits["train"], _class_names(experiment, data)
    counts = np.bincount(np.asarray(data.targets).reshape(-1)[training], minlength=len(names))
    scarce = int(counts.argmin())
    if section.folds >= 2 and counts[scarce] < section.folds:
        raise UserError(
            _(
                "The class {name!r} has {count} samples in the training split, too few for {folds} folds, each of "
                "which needs one. Set trainer.folds to {most}, add samples of that class, or make validation and test "
                "smaller."
            ).format(
                name=names[scarce],
                count=int(counts[scarce]),
                folds=section.folds,
                most=int(counts[scarce]) if counts[scarce] > 1 else _("0 with one value for each setting"),
            )
        )
    learned = len(training)
    if section.folds >= 2:
        learned -= -(-learned // section.folds)
    if section.pca.name == "components" and section.pca.count > min(learned, width):
        raise UserError(
            _(
                "There cannot be {wanted} components: the base gives {width} features, and {samples} samples are "
                "learned from at a time. Set trainer.pca.count to {most} or less."
            ).format(wanted=section.pca.count, width=width, samples=learned, most=min(learned, width))
        )
    if section.classifier.name == "nearest_neighbours":
        most = max(section.classifier.neighbours)
        if most > learned:
            raise UserError(
                _(
                    "There are no {wanted} neighbours among the {samples} samples that are learned from at a time. "
                    "Set trainer.classifier.neighbours to smaller numbers."
                ).format(wanted=most, samples=learned)
            )
        if experiment.training.class_weights == "balanced":
            raise UserError(
                _("Nearest neighbours know no class weights. Set training.class_weights to none.")
            )  # fmt: skip
    needed = 4 * width * (len(data.inputs) + _COPIES * len(training))
    free = psutil.virtual_memory().available
    if needed > _SHARE_OF_MEMORY * free:
        raise UserError(
            _(
                "{count} features of {samples} samples need about {needed} of memory, and {free} are free. Set "
                "architecture.pooling to global_average, or choose a layer with fewer outputs as "
                "architecture.last_layer."
            ).format(count=width, samples=len(data.inputs), needed=readable_bytes(needed), free=readable_bytes(free))
        )


def _tell_the_best(found: Found, folds: int, tell: Emit) -> None:
    if folds >= 2:
        values = ", ".join(f"{name} = {value}" for name, value in found.best.values.items())
        tell(
            Note(
                _("Best of {count}: {values}, with an accuracy of {mean:.1f} % (± {spread:.1f}) in {folds} folds.")
                .format(count=len(found.candidates), values=values, mean=100 * found.best.mean,
                        spread=100 * found.best.spread, folds=folds)
            )
        )  # fmt: skip
    if not found.converged:
        tell(
            Note(
                _(
                    "The classifier ended at its limit of iterations before it had converged. Standardise the "
                    "features, or try smaller values of C."
                )
            )
        )


def _metrics(problem: Problem, answers: np.ndarray) -> dict[str, float]:
    """Loss and metrics of answers to all samples, on the training and the validation split."""
    data, task = problem.data, registry().tasks.get(problem.experiment.task.name)
    targets = task.encode(data.targets, data.target)
    metrics: dict[str, float] = {}
    for prefix, split in (("", "train"), ("val_", "validation")):
        indices = data.splits[split]
        if not len(indices):
            continue
        losses = task.sample_losses(answers[indices], data.targets[indices], data.target, problem.experiment)
        metrics[f"{prefix}loss"] = float(np.mean(losses))
        for metric in task.metrics(data.target, from_logits=False):
            metric.update_state(targets[indices], answers[indices])
            metrics[f"{prefix}{metric.name}"] = float(metric.result())
    return metrics


def register(registry: Any) -> None:
    """Add it to the trainers."""
    registry.trainers.add(ClassicalHead())
