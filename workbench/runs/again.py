"""The experiment of a run, to go on from: it names the list of corrections beside the data, not the run's copy."""

from pathlib import Path

from workbench.data.corrections import digest, read_corrections, usual_place
from workbench.errors import UserError
from workbench.experiment import CorrectionsSection, Experiment
from workbench.i18n import _
from workbench.runs.folder import RunFolder


def experiment_again(folder: RunFolder) -> tuple[Experiment, str]:
    """The experiment of a run, and what is to be said of its corrections; empty for nothing.

    The list that the run copied is named where it still does the same: further corrections go there. Else the copy of
    the run stays named, since another list makes another experiment.

    Raises:
        UserError: the run has no experiment that can be used.
    """
    experiment = folder.experiment()
    wanted = experiment.corrections.digest
    if not wanted:
        return experiment, ""
    about = folder.environment().get("corrections")
    before = about.get("file") if isinstance(about, dict) else None
    places = [Path(before).expanduser()] if before else []
    places = [place for place in (*places, usual_place(experiment.dataset)) if place.exists()]
    for place in places:
        if _digest_of(place) == wanted:
            own = CorrectionsSection(file=str(place))
            return experiment.model_copy(update={"corrections": own}), ""
    if places:
        text = _(
            "The list of corrections {place} is another one by now: this experiment names the copy that the run was "
            "trained with. To learn from the list as it is, choose it on the Data page."
        )
        return experiment, text.format(place=places[0])
    return experiment, _(
        "The list of corrections of this run is no longer beside the data: this experiment names the run's own copy."
    )


def _digest_of(place: Path) -> str:
    try:
        return digest(read_corrections(place))
    except UserError:  # it was spoilt since
        return ""
