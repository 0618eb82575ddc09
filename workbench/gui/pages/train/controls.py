"""The buttons that steer a training."""

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from workbench.gui.forms import access_keys
from workbench.gui.theme import GRID
from workbench.gui.widgets import button_with_icon
from workbench.gui.workspace import Workspace
from workbench.i18n import _


class Controls(QWidget):
    """Train, pause or continue, stop, stop now: only what is possible can be pressed."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._training = workspace.training
        self.train = button_with_icon(_("&Train"), "play")
        self.pause = button_with_icon(_("&Pause"), "pause")
        self.resume = button_with_icon(_("&Continue"), "play")
        self.stop = button_with_icon(_("&Stop"), "stop")
        self.stop_now = button_with_icon(_("Stop &now"), "kill")
        self.stop_now.setProperty("role", "danger")
        self.stop.setToolTip(_("Stops after this batch and keeps everything learned"))
        self.stop_now.setToolTip(_("Kills the training; what it knew after its last epoch is kept"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        for button in self._buttons():
            layout.addWidget(button)
        self.train.clicked.connect(workspace.train)
        self.pause.clicked.connect(self._training.pause)
        self.resume.clicked.connect(self._training.resume)
        self.stop.clicked.connect(self._training.stop)
        self.stop_now.clicked.connect(self._training.stop_now)
        self.refresh()

    def refresh(self) -> None:
        """Offer what is possible now."""
        training = self._training
        can_act = training.running and not training.stopping
        self.train.setText(_("Add &to queue") if training.running else _("&Train"))
        self.pause.setVisible(not training.paused)
        self.resume.setVisible(training.paused)
        self.pause.setEnabled(can_act)
        self.resume.setEnabled(can_act)
        self.stop.setEnabled(can_act)
        self.stop_now.setEnabled(training.running)

    def letters(self) -> set[str]:
        """The access keys of its buttons."""
        return access_keys(*(button.text() for button in self._buttons()))

    def _buttons(self) -> tuple[QPushButton, ...]:
        return (self.train, self.pause, self.resume, self.stop, self.stop_now)
