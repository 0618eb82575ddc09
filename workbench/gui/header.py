"""The strip above the pages: which experiment this is, how the training goes, and the button that trains."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import UserError
from workbench.events import BatchesDone, Event, Finished, PhaseStarted, RunStarted
from workbench.gui.metric_text import number_text
from workbench.gui.theme import GRID
from workbench.gui.training_text import phase_title
from workbench.gui.widgets import primary_button
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry

_INSET = 8  # px between the edge of the name's field and its text, by the style sheet


class Header(QFrame):
    """Follows the document and the training; says `train_clicked`."""

    train_clicked = Signal()
    status_clicked = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._epochs = 0
        self.setProperty("role", "header")
        self.setFixedHeight(8 * GRID)
        self.name = QLineEdit()
        self.name.setProperty("role", "title")
        self.name.setAccessibleName(_("Name of the experiment"))
        self.name.setToolTip(_("Name of the experiment; its runs are called after it"))
        self.name.setMaxLength(120)
        self.name.setMaximumWidth(60 * GRID)
        self.name.textEdited.connect(self._rename)
        self.name.editingFinished.connect(self.show_document)
        self.details = QLabel()
        self.details.setProperty("role", "caption")
        self.details.setIndent(_INSET)
        self.status = QPushButton()
        self.status.setProperty("role", "flat")
        self.status.setToolTip(_("Show the training"))
        self.status.clicked.connect(self.status_clicked)
        self.progress = QProgressBar()
        self.progress.setFixedWidth(18 * GRID)
        self.progress.setAccessibleName(_("Progress of the training"))
        self.train = primary_button(_("Train"), "play")
        self.train.setObjectName("train_button")
        self.train.setToolTip(_("Train this experiment (Ctrl+R)"))
        self.train.clicked.connect(self.train_clicked)
        self._lay_out()
        workspace.document.changed.connect(self.show_document)
        workspace.document.state_changed.connect(self.show_document)
        workspace.training.event.connect(self._training_event)
        workspace.training.state_changed.connect(self._show_training)
        self.show_document()
        self._show_training()

    def show_document(self, _experiment: object = None) -> None:
        """Show name, modified mark, dataset and architecture."""
        document = self._workspace.document
        experiment = document.experiment
        if self.name.text() != experiment.name:
            self.name.setText(experiment.name)
        self.name.setPlaceholderText(document.display_name)
        dataset = _title(registry().datasets, experiment.dataset.name)
        architecture = _title(registry().architectures, experiment.architecture.name)
        changed = _("changed since it was saved") if document.modified else ""
        self.details.setText("  ·  ".join(part for part in (dataset, architecture, changed) if part))

    def _rename(self, name: str) -> None:
        self._workspace.document.set_value("name", name)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(3 * GRID - _INSET, GRID, 3 * GRID, GRID)
        layout.setSpacing(2 * GRID)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.name)
        names.addWidget(self.details)
        layout.addLayout(names, 1)
        layout.addStretch(0)
        training = QVBoxLayout()
        training.setSpacing(GRID // 2)
        training.addWidget(self.status)
        training.addWidget(self.progress)
        layout.addLayout(training)
        layout.addWidget(self.train)
        self.train.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def _show_training(self) -> None:
        training = self._workspace.training
        self.status.setVisible(training.running)
        self.progress.setVisible(training.running)
        self.train.setText(_("Add to queue") if training.running else _("Train"))
        if training.stopping:
            self.status.setText(_("Stopping…"))
        elif training.paused:
            self.status.setText(_("Paused"))
        elif training.running and not self.status.text():
            self.status.setText(_("Starting…"))
        if not training.running:
            self.status.setText("")
            self.progress.setRange(0, 0)

    def _training_event(self, event: Event) -> None:
        training = self._workspace.training
        if training.stopping or training.paused:
            return
        match event:
            case RunStarted():
                self._epochs = event.epochs
            case PhaseStarted():
                if event.phase != "train":
                    self.progress.setRange(0, 0)
                    self.status.setText(f"{phase_title(event.phase)}…")
            case BatchesDone():
                total = max(self._epochs * event.steps, 1)
                self.progress.setRange(0, total)
                self.progress.setValue(event.epoch * event.steps + event.step)
                self.status.setText(
                    _("Epoch {epoch} of {epochs}  ·  loss {loss}").format(
                        epoch=event.epoch + 1,
                        epochs=self._epochs,
                        loss=number_text("loss", event.losses[-1]) if event.losses else "–",
                    )
                )
            case Finished():
                self.status.setText("")


def _title(catalog: object, name: str) -> str:
    try:
        return _(catalog.get(name).title)
    except UserError:
        return name
