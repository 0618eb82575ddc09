"""The job `probe`: what the probes of a training would have seen, made after the fact from the weights it kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workbench.architectures.assembly import Network, assemble
from workbench.attended import unless_abandoned
from workbench.control import Control, Emit, Stopped
from workbench.data.batches import Batches
from workbench.data.prepared import PreparedData
from workbench.errors import UserError
from workbench.events import Event, Progress
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.inspection.loaded import open_data
from workbench.probe_settings import ProbesSection
from workbench.registry import registry
from workbench.requests import ProbeRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import load_model
from workbench.runs.probe_files import ProbeFiles, kept_weights, read_weights
from workbench.section import explain
from workbench.training.checkpoint import read_checkpoint
from workbench.training.devices import use_device
from workbench.training.probes.beside import probe_of
from workbench.training.probes.plan import make_plan
from workbench.training.probes.recorder import Recorder

_SAMPLES = 8  # where the run's own experiment asks for none
_Moment = tuple[int, Callable[[Network], None]]  # an epoch, counted from 1, and what brings its weights back


def probe(request: ProbeRequest, emit: Emit, control: Control) -> tuple[int, ...]:
    """Make the probes of a finished run anew; those it had are replaced when all are made.

    Raises:
        UserError: the weights were not kept, the data have changed, or a setting does not fit.
        Stopped: it was asked to stop; the run has what it had before.
    """
    folder = RunFolder(request.run)
    experiment = folder.experiment()
    settings = _settings(experiment, request.params)
    moments = _moments(folder, experiment, request.best)
    data = open_data(experiment, emit, control)
    known = folder.environment().get("data", data.fingerprint)
    if known != data.fingerprint:
        raise UserError(
            _("The data of the run {name!r} have changed since it was trained. Bring them back as they were.").format(
                name=folder.name
            )
        )
    control.check()
    with use_device("auto"):
        network = _network(experiment, data)
        plan = make_plan(experiment, data, network.model, settings)
        task = registry().tasks.get(experiment.task.name)
        training = Batches(data.inputs, task.encode(data.targets, data.target), None, data.splits["train"], 1)
        files = ProbeFiles(folder.path, "probes.part")
        files.delete()
        probe_ = probe_of(experiment, data, network, training)
        recorder = Recorder(plan, probe_, files, _nobody, _nobody, control, hurried=False)
        try:
            for done, (epoch, bring_back) in enumerate(moments):
                emit(Progress(_("looking at epochs"), done, len(moments)))
                control.check()
                bring_back(network)
                if not recorder.record(epoch, 0.0):
                    raise Stopped
            with unless_abandoned():
                files.take_place_of(ProbeFiles(folder.path))
        except OSError as error:
            raise UserError(
                _("The probes of {name!r} cannot be written: {reason}. Make room on the disk.").format(
                    name=folder.name, reason=error.strerror or error
                )
            ) from None
        finally:
            files.delete()
    emit(Progress(_("looking at epochs"), len(moments), len(moments)))
    return tuple(epoch for epoch, _bring_back in moments)


def _settings(experiment: Experiment, params: dict[str, Any]) -> ProbesSection:
    values = experiment.probes.model_dump()
    if not values["samples"]:
        values["samples"] = _SAMPLES
    if "samples" in params and "chosen" not in params:
        values.pop("chosen")
    try:
        settings = ProbesSection.model_validate({**values, **params})
    except ValidationError as error:
        raise explain(error, "[probes]", ProbesSection) from None
    if not settings.active:
        raise UserError(_("With 0 samples there is nothing to look at. Give 1 or more."))
    return settings


def _moments(folder: RunFolder, experiment: Experiment, best: bool) -> list[_Moment]:
    """The epochs that can be looked at."""
    if folder.is_locked():
        raise UserError(_("The run {name!r} is still training. Wait for its end.").format(name=folder.name))
    if registry().trainers.get(experiment.trainer.name).at_once:
        text = _("The trainer {name} found all weights at once: there are no epochs to look at, and nothing to play.")
        raise UserError(text.format(name=experiment.trainer.name))
    kept = kept_weights(folder.path)
    if kept:
        return [(epoch, _kept(folder.path, epoch)) for epoch in kept]
    if not best:
        raise UserError(
            _(
                "The run {name!r} did not keep the weights of its epochs (probes.keep_weights), so that only its best "
                "model and its last epoch can be looked at: ask for these (--best), or train it again with the "
                "weights kept."
            ).format(name=folder.name)
        )
    moments = _best_and_last(folder)
    if len(ProbeFiles(folder.path).epochs()) > len(moments):
        text = _("The run {name!r} has the probes of more epochs already; they would be lost. Nothing was changed.")
        raise UserError(text.format(name=folder.name))
    return moments


def _best_and_last(folder: RunFolder) -> list[_Moment]:
    if not folder.model_path.exists():
        raise UserError(_("The run {name!r} has no model yet: no epoch of it has finished.").format(name=folder.name))
    best, last = 1, 0
    moments: list[_Moment] = []
    if folder.checkpoint_path.exists():
        checkpoint = read_checkpoint(folder.checkpoint_path)
        best = max(1, checkpoint.values["judge"]["best_epoch"] + 1)
        position = checkpoint.values["position"]
        last = 0 if position["step"] else position["epoch"]
        if last and last != best:
            moments = [(last, lambda network: _set(network.trainable, checkpoint.weights))]
    path = folder.model_path
    return [(best, lambda network: _set(network.model, load_model(path).model.get_weights())), *moments]


def _kept(run: Path, epoch: int) -> Callable[[Network], None]:
    return lambda network: _set(network.model, read_weights(run, epoch))


def _set(model: Any, weights: list[Any]) -> None:
    try:
        model.set_weights(weights)
    except ValueError:
        raise UserError(
            _(
                "The weights that were kept do not fit the network of this experiment. Was experiment.toml changed "
                "after the run?"
            )
        ) from None


def _network(experiment: Experiment, data: PreparedData) -> Network:
    kind = registry().inputs.get(data.input.kind)
    return assemble(experiment, data.input, data.target, kind.statistics(data, experiment.preprocessing))


def _nobody(_told: Event | str) -> None:
    """What is told while it is made is of no interest before all of it is."""
