"""What the Playback page shows of a run that kept nothing: how to switch probes on, and what can still be made."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.gui.pages.no_run import WIDEST
from workbench.gui.theme import GRID
from workbench.gui.widgets import button_with_icon, hint, primary_button, section_title
from workbench.i18n import _
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.probe_files import kept_weights


class NothingKept(QWidget):
    """An explanation in the middle of the page, with what can be done about it."""

    probes_wanted = Signal()
    afterwards_wanted = Signal(bool)  # whether of the best model and the last epoch only
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._best = False
        self._title = section_title(_("Nothing was kept to play back"))
        self._text = hint("")
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setFixedWidth(WIDEST)
        self.switch_on = primary_button(_("&Switch the probes on"), "play")
        self.switch_on.clicked.connect(self.probes_wanted)
        self.make = button_with_icon("", "refresh")
        self.make.clicked.connect(self._make)
        self.stop = button_with_icon(_("Sto&p"), "stop")
        self.stop.clicked.connect(self.stop_wanted)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(_("Epochs looked at"))
        self.progress.setFixedWidth(WIDEST)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * GRID)
        layout.addStretch(1)
        layout.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        # In rows of their own: a label that is aligned in its layout is not asked how high its lines are.
        layout.addLayout(_centred(self._text))
        layout.addLayout(_centred(self.switch_on, self.make, self.stop))
        layout.addLayout(_centred(self.progress))
        layout.addStretch(2)
        self.set_progress(-1, 0)

    def show_run(self, run: str, experiment: Experiment, training: bool) -> None:
        """Say what is missing of a run, and what can be done; the experiment on screen may have its probes already."""
        asked = experiment.probes.active
        self.switch_on.setVisible(not asked)
        if training:
            text = _("The training that runs keeps nothing of its epochs, or none of them has ended yet.")
        else:
            text = _("This run kept nothing of its epochs.")
        if asked:
            more = _("The experiment on screen has its probes switched on: its next training can be played back.")
        else:
            more = _(
                "Probes keep feature maps, heatmaps, filters, histograms, the confusion matrix and the embedding after "
                "each epoch of the next training. It becomes at most a twentieth slower."
            )
        self._text.setText(f"{text} {more}")
        kept = bool(run) and bool(kept_weights(run))
        self._best = not kept
        self.make.setText(_("&Make from kept weights") if kept else _("&Look at the best and the last epoch"))
        self.make.setVisible(not training and (kept or _has_epochs(run)))

    def set_progress(self, done: int, total: int) -> None:
        """How many epochs were looked at; -1 when nothing is being made."""
        busy = done >= 0
        self.progress.setVisible(busy)
        self.progress.setRange(0, total)
        self.progress.setValue(max(0, done))
        self.stop.setVisible(busy)
        self.make.setEnabled(not busy)

    def _make(self) -> None:
        self.afterwards_wanted.emit(self._best)


def _has_epochs(run: str) -> bool:
    """Whether a run went epoch by epoch and left a model."""
    folder = RunFolder(run)
    if not run or not Path(run).is_dir() or not folder.model_path.exists():
        return False
    try:
        return not registry().trainers.get(folder.experiment().trainer.name).at_once
    except UserError:
        return False


def _centred(*widgets: QWidget | QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
