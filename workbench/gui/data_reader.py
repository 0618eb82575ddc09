"""Keeps the report of the current experiment's data up to date: asks when the data's settings change, once they rest.

One per workspace, made by the first page that needs it; the pages show its state.
"""

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.events import Progress
from workbench.experiment import DatasetSection, Experiment
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.requests import DataRequest

REST_MILLISECONDS = 350
_KEY = "data"
_OBJECT_NAME = "data_reader"


def data_reader(workspace: Workspace) -> "DataReader":
    """The reader of a workspace."""
    return workspace.findChild(DataReader, _OBJECT_NAME) or DataReader(workspace)


class DataReader(QObject):
    """Asks for the data's report and says how that goes.

    Attributes:
        state: `incomplete` (a file or folder has to be chosen first), `reading`, `ready`, `failed` or `cancelled`.
        message: what went wrong, or what is being done.
        progress: the last one told, while reading.
        reported: the `data_settings` that the workspace's report was made from, None without a report.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.setObjectName(_OBJECT_NAME)
        self.state = "reading"
        self.message = ""
        self.progress: Progress | None = None
        self.reported: Any = None
        self._workspace = workspace
        self._asked: Any = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MILLISECONDS)
        self._rest.timeout.connect(self._ask)
        workspace.document.changed.connect(self._experiment_changed)
        self._experiment_changed(workspace.document.experiment)

    def read_again(self) -> None:
        """Ask at once, also where nothing changed: files may have."""
        self._asked = data_settings(self._workspace.document.experiment)
        self._tell("reading", "")
        self._ask()

    def cancel(self) -> None:
        """Give the reading up."""
        self._rest.stop()
        self._workspace.questions.drop(_KEY)
        self._tell("cancelled", _("Reading the data was cancelled."))

    def _experiment_changed(self, experiment: Experiment) -> None:
        settings = data_settings(experiment)
        if settings == self._asked:
            return
        if self._asked is None or settings[0] != self._asked[0]:
            self._forget()
        self._asked = settings
        self._workspace.questions.drop(_KEY)
        if missing_place(experiment.dataset):
            self._rest.stop()
            self._tell("incomplete", "")
            return
        self._tell("reading", "")
        self._rest.start()

    def _ask(self) -> None:
        request = DataRequest(self._workspace.document.experiment)
        self._workspace.questions.ask(request, self._answered, self._failed, self._told, key=_KEY)

    def _answered(self, report: Any) -> None:
        self.reported = self._asked
        self._workspace.set_data_report(report)
        self._tell("ready", "")

    def _failed(self, message: str) -> None:
        self._forget()
        self._tell("failed", message)

    def _forget(self) -> None:
        self.reported = None
        if self._workspace.data_report is not None:
            self._workspace.set_data_report(None)

    def _told(self, event: Any) -> None:
        if isinstance(event, Progress):
            self.progress = event
            self.changed.emit()

    def _tell(self, state: str, message: str) -> None:
        self.state, self.message, self.progress = state, message, None
        self.changed.emit()


def data_settings(experiment: Experiment) -> tuple[Any, ...]:
    """What the report depends on, the dataset first."""
    return (
        experiment.dataset, experiment.splits, experiment.preprocessing, experiment.task, experiment.corrections
    )  # fmt: skip


def places(section_class: type[DatasetSection]) -> dict[str, str]:
    """The fields of a dataset that name a file or a folder, with `file` or `folder`."""
    hints = {
        name: (field.json_schema_extra or {}).get("widget", "") for name, field in section_class.model_fields.items()
    }
    return {name: widget for name, widget in hints.items() if widget in ("file", "folder")}


def missing_place(section: DatasetSection) -> str:
    """The field that has to name a file or folder and does not yet; empty when there is none."""
    for name in places(type(section)):
        if type(section).model_fields[name].default == "" and not getattr(section, name):
            return name
        break  # what follows the first is optional
    return ""
