"""The job that writes a run, or several beside each other, as one HTML file to read, keep and send.

What cannot be told (no model yet, data that are gone) is said in its place; the rest is written all the same.
"""

import datetime
from collections.abc import Callable
from pathlib import Path

from workbench.attended import unless_abandoned
from workbench.control import Control, Emit
from workbench.diagnosis.run_findings import findings_of_run
from workbench.errors import UserError
from workbench.events import Progress
from workbench.export.page import Drawer, code, page, paragraph, table
from workbench.figure_files import write_whole
from workbench.figures import Curve, Curves, Figure, Table
from workbench.i18n import _
from workbench.inspection.loaded import open_data
from workbench.inspection.side_by_side import MOST_RUNS, look_at
from workbench.requests import EvaluateRequest, ReportRequest, SideBySideRequest
from workbench.runs.comparison import compare, names_of
from workbench.runs.folder import RunFolder
from workbench.runs.notes import read_notes
from workbench.runs.parameters import parameters_of
from workbench.runs.summary import summarise_run
from workbench.training.evaluation import evaluate

Section = tuple[str, str]
_PARTS_OF_A_RUN = 5
_SAID_OF_ENVIRONMENT = ("python", "platform", "cores", "backend", "device", "seed", "started", "data")


def report(request: ReportRequest, emit: Emit, control: Control) -> str:
    """Write the report; the path of the file.

    Raises:
        UserError: there are no runs or too many, one of them is no run, or the file cannot be written.
        Stopped: it was asked to stop; nothing is written then.
    """
    target = Path(request.out).expanduser()
    content = report_page(request, emit, control).encode("utf-8")
    control.check()
    with unless_abandoned():
        write_whole(target, content)
    return str(target)


def report_page(request: ReportRequest, emit: Emit, control: Control) -> str:
    """The report as the text of an HTML file.

    Raises:
        UserError: there are no runs or too many, or one of them is no run.
        Stopped: it was asked to stop.
    """
    folders = [RunFolder(run) for run in request.runs]
    if not 1 <= len(folders) <= MOST_RUNS:
        text = _("A report takes 1 to {most} runs, not {count}.")
        raise UserError(text.format(most=MOST_RUNS, count=len(folders)))
    lost = next((folder for folder in folders if not folder.exists()), None)
    if lost is not None:
        raise UserError(_("{path} is not a run: it holds no experiment.toml.").format(path=lost.path))
    writer = _Writer(request, folders, emit, control)
    sections = writer.of_one(folders[0]) if len(folders) == 1 else writer.of_several()
    names = names_of(folders)
    title = names[0] if len(names) == 1 else _("{count} runs side by side").format(count=len(names))
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M")
    about = _("{what}, written by the workbench on {now}.").format(
        what=_("A training run") if len(names) == 1 else ", ".join(names), now=now
    )
    return page(title, about, sections)


class _Writer:
    """Gathers the parts, and tells how far it is."""

    def __init__(self, request: ReportRequest, folders: list[RunFolder], emit: Emit, control: Control) -> None:
        self._request = request
        self._folders = folders
        self._emit = emit
        self._control = control
        self._drawer = Drawer()
        self._done = 0
        self._total = len(folders) * _PARTS_OF_A_RUN + (len(folders) > 1)

    def of_one(self, folder: RunFolder) -> list[Section]:
        """All there is to say of a run."""
        return [
            (_("At a glance"), self._step(lambda: _summary(folder))),
            (_("Learning"), self._step(lambda: self._curves(folder))),
            (_("Evaluation"), self._step(lambda: self._evaluation(folder))),
            (_("Samples and heatmaps"), self._samples((folder,)) if self._request.samples else ""),
            (_("Findings"), self._step(lambda: _findings(folder))),
            (_("Data and environment"), self._step(lambda: self._data(folder) + _environment(folder))),
            (_("Experiment"), _experiment(folder)),
        ]

    def of_several(self) -> list[Section]:
        """What differs, then each of them."""
        comparison = compare([folder.path for folder in self._folders])
        tables = [figure for figure in comparison.figures if isinstance(figure, Table)]
        curves = [figure for figure in comparison.figures if isinstance(figure, Curves)]
        sections = [
            (_("What came of them, and what differs"), self._drawer.figures(reversed(tables))),
            (_("Curves"), self._drawer.figures(curves)),
            (_("The same samples"), self._samples(self._folders) if self._request.samples else ""),
        ]
        for name, folder in zip(comparison.names, self._folders, strict=True):
            parts = (
                lambda folder=folder: _summary(folder),
                lambda folder=folder: self._evaluation(folder),
                lambda folder=folder: _findings(folder),
                lambda folder=folder: self._data(folder) + _environment(folder),
                lambda folder=folder: _experiment(folder),
            )
            sections.append((name, "".join(self._step(part) for part in parts)))
        return sections

    def _step(self, write: Callable[[], str]) -> str:
        """A part, or why there is none of it."""
        self._control.check()
        try:
            text = write()
        except UserError as error:
            text = paragraph(str(error))
        self._done += 1
        self._emit(Progress(_("writing the report"), min(self._done, self._total), self._total))
        return text

    def _curves(self, folder: RunFolder) -> str:
        return self._drawer.figures(learning_curves(folder)) or paragraph(_("No epoch has finished."))

    def _evaluation(self, folder: RunFolder) -> str:
        known = folder.evaluation()
        names = dict.fromkeys(name for numbers in known.values() for name in numbers)
        numbers = table((_("Measure"), *known), [(name, *(one.get(name) for one in known.values())) for name in names])
        try:
            request = EvaluateRequest(str(folder.path), self._request.split)
            figures = evaluate(request, self._emit, self._control).figures
        except UserError as error:
            return (numbers if known else "") + paragraph(str(error))
        return (numbers if known else "") + self._drawer.figures(figures)

    def _samples(self, folders: tuple[RunFolder, ...] | list[RunFolder]) -> str:
        def write() -> str:
            request = SideBySideRequest(
                tuple(str(folder.path) for folder in folders),
                self._request.split,
                self._request.samples,
                self._request.method,
            )
            answer = look_at(request, self._emit, self._control)
            text = "".join(map(paragraph, (answer.summary, *answer.problems) if len(folders) > 1 else answer.problems))
            return text + self._drawer.figures(answer.figures)

        return self._step(write)

    def _data(self, folder: RunFolder) -> str:
        data = open_data(folder.experiment(), self._emit, self._control)
        rows = [(_("Samples in {split}").format(split=name), len(places)) for name, places in data.splits.items()]
        rows += [(_("Classes"), ", ".join(names))] if (names := getattr(data.target, "class_names", ())) else []
        rows.append((_("Problems"), len(data.problems)))
        return table((_("Data"), ""), rows)


def learning_curves(folder: RunFolder) -> list[Figure]:
    """The curves of every metric, its validation twin in the same drawing."""
    import numpy as np

    history = folder.metrics()
    figures: list[Figure] = []
    names = [name for name in (history[0] if history else {}) if name not in ("epoch", "seconds", "samples_per_second")]
    epochs = np.array([row["epoch"] for row in history])
    marks = tuple((title, epoch + 0.5) for epoch, title in folder.stages().items() if epoch > 0)
    for name in names:
        if not name.startswith("val_"):
            both = [one for one in (name, f"val_{name}") if one in names]
            curves = tuple(Curve(one, epochs, np.array([row[one] for row in history])) for one in both)
            figures.append(Curves(name, _("Epoch"), name, curves, marks))
    return figures


def _summary(folder: RunFolder) -> str:
    run = summarise_run(folder)
    notes = read_notes(folder.path)
    rows = [
        (_("State"), run.state),
        (_("Dataset"), run.dataset),
        (_("Architecture"), run.architecture),
        (_("Epochs"), f"{run.epochs_done} / {run.epochs}"),
        (_("Seconds of training"), round(run.seconds, 1)),
        (_("Parameters"), run.parameters if run.parameters is not None else parameters_of(folder)),
        (_("Samples a second"), run.samples_per_second and round(run.samples_per_second)),
        *((name, value) for name, value in run.values.items()),
        *([(_("Group"), notes.group)] if notes.group else []),
        *([(_("Tags"), ", ".join(notes.tags))] if notes.tags else []),
    ]
    text = table((_("Run"), folder.name), rows)
    return text + (paragraph(run.problem) if run.problem else "") + (paragraph(notes.note) if notes.note else "")


def _findings(folder: RunFolder) -> str:
    import html

    words = {"error": _("Error"), "warning": _("Warning"), "information": _("Information")}
    found = [
        f'<div class="finding {finding.severity}"><p><strong>{html.escape(words[finding.severity])}: '
        f"{html.escape(finding.seen)}</strong></p>{paragraph(finding.why)}{paragraph(finding.remedy)}</div>"
        for finding in findings_of_run(folder)
    ]
    return "".join(found) or paragraph(_("Nothing was found that keeps this run from learning."))


def _environment(folder: RunFolder) -> str:
    known = folder.environment()
    rows = [(name, str(known[name])) for name in _SAID_OF_ENVIRONMENT if known.get(name) is not None]
    versions = known.get("versions")
    rows += [(name, str(value)) for name, value in versions.items() if value] if isinstance(versions, dict) else []
    return table((_("Environment"), ""), rows) if rows else ""


def _experiment(folder: RunFolder) -> str:
    try:
        text = (folder.path / "experiment.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return paragraph(_("experiment.toml cannot be read: {error}").format(error=error))
    return code(text, _("experiment.toml of {name}: train it again with `workbench train`").format(name=folder.name))
