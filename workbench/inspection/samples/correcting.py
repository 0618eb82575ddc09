"""The job that changes the list of corrections of a dataset; the data themselves are never touched."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.attended import unless_abandoned
from workbench.control import Control, Emit
from workbench.data.corrected import content, positions
from workbench.data.corrections import (
    EXCLUDE,
    RELABEL,
    Correction,
    changed_by_nobody_else,
    read_corrections,
    usual_place,
    write_corrections,
)
from workbench.data.named_samples import places_of
from workbench.data.source import Samples
from workbench.errors import UserError, did_you_mean
from workbench.events import Event
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.inspection.loaded import open_data
from workbench.registry import registry
from workbench.requests import CorrectRequest
from workbench.runs.folder import RunFolder

_NAMED = 3  # faulty names in a message
_SEARCHED = 2000  # names that are compared with a faulty one


@dataclass(frozen=True)
class ListChange:
    """What became of a list.

    Attributes:
        file: the list.
        names: the samples that were asked about.
        before: the lines that the list had for them; `after` those it has now.
        lines: how many the whole list has now.
    """

    file: str
    names: tuple[str, ...]
    before: tuple[Correction, ...]
    after: tuple[Correction, ...]
    lines: int

    @property
    def corrected(self) -> int:
        """How many of the samples had or have a line; the others were given the label that they have anyway."""
        return len({line.name for line in (*self.before, *self.after)})


def place_of_list(experiment: Experiment) -> Path:
    """The list that corrections of an experiment's data go to: its own, unless that is the copy of a run."""
    section = experiment.corrections
    if section.file and not section.digest:
        return Path(section.file).expanduser().absolute()
    return usual_place(experiment.dataset)


def lines_of(experiment: Experiment) -> tuple[Correction, ...]:
    """What stands in that list; where there is none yet, what the run's copy has."""
    place = place_of_list(experiment)
    if place.exists():
        return read_corrections(place)
    if experiment.corrections.digest:
        return read_corrections(Path(experiment.corrections.file).expanduser())
    return ()


def correct(request: CorrectRequest, emit: Emit, control: Control) -> ListChange:
    """Change the list.

    Raises:
        UserError: a sample or a class is unknown, labels of these data are no classes, or the list cannot be written.
        Stopped: it was asked to stop; the list is as it was then.
    """
    names = _names(request, emit, control)
    place = place_of_list(request.experiment)
    known = {line.name: line for line in lines_of(request.experiment)}
    match request.action:
        case "set":
            wanted = {line.name: line for line in request.lines}
        case "remove":
            _refuse_unknown(names, list(known), _("The list {place} has no correction of").format(place=place))
            wanted = {}
        case _:
            wanted = _new_lines(request, names, emit, control)
    control.check()
    with changed_by_nobody_else():
        known = {line.name: line for line in lines_of(request.experiment)}  # as it is by now
        changed = {**{name: line for name, line in known.items() if name not in names}, **wanted}
        if changed != known or not place.exists():
            with unless_abandoned():
                write_corrections(place, changed.values())
    before = tuple(known[name] for name in names if name in known)
    after = tuple(changed[name] for name in names if name in changed)
    return ListChange(str(place), names, before, after, len(changed))


def _names(request: CorrectRequest, emit: Emit, control: Control) -> tuple[str, ...]:
    """Every name once, in order."""
    names = list(request.names)
    if request.samples:
        data = open_data(RunFolder(request.run).experiment(), emit, control)
        for split, number in request.samples:
            names += [data.names[place] for place in places_of(data, split, [number])]
    if not names:
        raise UserError(_("No sample was named."))
    return tuple(dict.fromkeys(names))


def _new_lines(request: CorrectRequest, names: Sequence[str], emit: Emit, control: Control) -> dict[str, Correction]:
    """The lines for the samples of these names. A sample that gets its own label back needs none."""

    def emit_unless_stopped(event: Event) -> None:
        control.check()
        emit(event)

    source = registry().datasets.get(request.experiment.dataset.name)
    samples = source.open(request.experiment.dataset, emit_unless_stopped)
    if request.action == RELABEL:
        _refuse_label(request.label, samples)
    index_of = positions(set(names), samples)
    _refuse_unknown(names, list(index_of), _("The dataset has no sample called"), samples.names)
    today = datetime.date.today().isoformat()
    lines = {}
    for name in names:
        control.check()
        index = index_of[name]
        line = Correction(name, EXCLUDE, "", content(samples, index), request.note, today)
        if request.action == RELABEL:
            if samples.target.class_names[int(samples.targets[index])] == request.label:
                continue
            line = replace(line, action=RELABEL, label=request.label)
        lines[name] = line
    return lines


def _refuse_label(label: str, samples: Samples) -> None:
    if not samples.target.strata_names:
        raise UserError(_("Only labels that are classes can be changed; a sample of these data can be left out."))
    names = samples.target.class_names
    if label not in names:
        hint = did_you_mean(label, names)
        text = _("The dataset has no class {label!r}. {hint} Its classes are: {names}.")
        raise UserError(" ".join(text.format(label=label, hint=hint, names=", ".join(names)).split()))


def _refuse_unknown(names: Sequence[str], known: Sequence[str], text: str, all_names: Sequence[str] = ()) -> None:
    there = set(known)
    missing = [name for name in names if name not in there]
    if missing:
        shown = ", ".join(repr(name) for name in missing[:_NAMED])
        more = _(" and {count} more").format(count=len(missing) - _NAMED) if len(missing) > _NAMED else ""
        hint = did_you_mean(missing[0], list(all_names or known)[:_SEARCHED])
        raise UserError(f"{text} {shown}{more}. {hint}".strip())
