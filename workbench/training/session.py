"""The jobs `train` and `resume`: from an experiment to a run folder with a trained model.

Whatever is wrong with the experiment or its data shows before a run folder exists and is raised as `UserError`. From
then on a run ends with exactly one `Finished`, also when it failed.
"""

from pathlib import Path

from workbench.control import Control, Emit
from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.experiment_toml import write_experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder
from workbench.runs.writer import RunWriter, create_run_folder
from workbench.training.at_once import AtOnce
from workbench.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from workbench.training.epochs import EpochByEpoch
from workbench.training.execution import Execution, execute
from workbench.training.probes.beside import refuse_what_cannot_be_probed
from workbench.training.ready import ready_to_train
from workbench.training.teller import Teller


def train(request: TrainRequest, emit: Emit, control: Control) -> str:
    """Train an experiment as a new run.

    Returns:
        The run folder. Whether it completed stands in its last event.

    Raises:
        UserError: the experiment or its data cannot be used; no run was made.
    """
    teller = Teller(emit)
    experiment = request.experiment
    with ready_to_train(experiment, teller, control, anew=True) as prepared:
        refuse_what_cannot_be_probed(experiment, prepared)
        source = registry().datasets.get(experiment.dataset.name)
        settled = source.settled(experiment.dataset, prepared.data.target)
        experiment = experiment.model_copy(update={"dataset": settled})
        folder = create_run_folder(experiment, Path(request.runs))
        with RunWriter(folder) as writer:
            _run(Execution(folder, writer, experiment, prepared, teller, control))
    return str(folder.path)


def resume(request: ResumeRequest, emit: Emit, control: Control) -> str:
    """Go on with a run from its checkpoint; `epochs` above its own extends it.

    Raises:
        UserError: there is nothing to go on with, or the data are not those it was trained on.
    """
    folder = RunFolder(request.run)
    experiment = folder.experiment()
    teller = Teller(emit)
    with RunWriter(folder) as writer:
        end = folder.end()
        state = end.state if end is not None else "interrupted"
        at_once = registry().trainers.get(experiment.trainer.name).at_once
        wanted = request.epochs or experiment.training.epochs
        if state == "completed":
            _refuse_what_is_done(folder, experiment, wanted, at_once)
        # Killed before its first epoch ended, it has none: it begins anew in its folder.
        checkpoint = None
        if folder.checkpoint_path.exists() and not at_once:
            checkpoint = read_checkpoint(folder.checkpoint_path)
        experiment = experiment.changed("training.epochs", wanted)
        with ready_to_train(experiment, teller, control, anew=checkpoint is None) as prepared:
            _refuse_other_data(folder, prepared.data)
            if state == "completed" and checkpoint is not None:
                _mark_as_extended(folder, writer, checkpoint, wanted)
            write_experiment(experiment, folder.path / "experiment.toml")
            _run(Execution(folder, writer, experiment, prepared, teller, control, checkpoint))
    return str(folder.path)


def _run(execution: Execution) -> None:
    execute(execution, AtOnce if execution.trainer.at_once else EpochByEpoch)


def _refuse_what_is_done(folder: RunFolder, experiment: Experiment, wanted: int, at_once: bool) -> None:
    if at_once:
        raise UserError(
            _(
                "The run {name!r} is complete: its trainer {trainer} finds the weights at once, and more epochs have "
                "no meaning for it. To change something, train its experiment again as a new run."
            ).format(name=folder.name, trainer=experiment.trainer.name)
        )
    if wanted <= experiment.training.epochs:
        raise UserError(
            _("The run {name!r} is complete with {epochs} epochs. Give a larger total number of epochs to go on.")
            .format(name=folder.name, epochs=experiment.training.epochs)
        )  # fmt: skip


def _refuse_other_data(folder: RunFolder, data: PreparedData) -> None:
    known = folder.environment().get("data")
    if known and known != data.fingerprint:
        raise UserError(
            _(
                "The data of the run {name!r} have changed since it was trained. Bring them back as they were, or "
                "train its experiment again as a new run."
            ).format(name=folder.name)
        )


def _mark_as_extended(folder: RunFolder, writer: RunWriter, checkpoint: Checkpoint, epochs: int) -> None:
    """The schedule and the waiting for something better begin anew at the epoch reached."""
    reached = checkpoint.values["position"]["epoch"]
    extensions = folder.environment().get("extended", [])
    writer.environment({"extended": [*extensions, {"at_epoch": reached, "epochs": epochs}]})
    checkpoint.values["judge"].update(waited=0, plateau_waited=0, plateau_factor=1.0)
    # Kept at once: killed before the first epoch of the extension ends, the run must not go on with the old judgement.
    write_checkpoint(folder.checkpoint_path, checkpoint)
