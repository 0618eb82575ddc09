"""Mend how sure a run's classifier is, by one click, and take that back: what it does, before and after."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import UserError
from workbench.events import Event, Note, Progress
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, heading, hint, primary_button, section_title, shortened
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.requests import CalibrateRequest
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import read_about
from workbench.specs import spec_from_json
from workbench.training.calibration import Calibrated, temperature_of

KEY = "calibrate"
_COLUMN = 320  # px of a diagram


def can_be_mended(run: str) -> bool:
    """Whether the run's model is a network that tells classes apart, as far as its file says."""
    folder = RunFolder(run)
    try:
        about = (
            read_about(folder.model_path) if run and folder.exists() and folder.model_path.exists() else None
        ) or {}
        classes = "target" in about and spec_from_json(about["target"]).strata_names
    except (UserError, KeyError, TypeError):  # whoever opens the model says what is wrong with it
        return False
    return bool(classes) and not about.get("head")


class CalibrationDialog(QDialog):
    """Asks for the mending, and shows what came of it. Closing it stops what runs."""

    mended = Signal()  # the model file is another one now

    def __init__(self, workspace: Workspace, run: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace, self._run = workspace, run
        self.running = False
        self.setWindowTitle(_("Calibrate"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(96 * GRID, 78 * GRID)
        self.notice = Notice()
        self.told = hint("")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_("Calibrate"))
        self.panel = FigurePanel(column_width=_COLUMN, framed=True)
        self.mend_button = primary_button(_("&Calibrate"))
        self.undo_button = button_with_icon(_("&Undo"), "undo")
        self.undo_button.setToolTip(_("Give the model back the confidence it was trained with"))
        self.stop_button = button_with_icon(_("&Stop"), "stop")
        self._lay_out()
        self.mend_button.clicked.connect(self.mend)
        self.undo_button.clicked.connect(self.undo)
        self.stop_button.clicked.connect(self.stop)
        workspace.closing.connect(self.close)
        self._show_running(False)
        self._tell_temperature()
        self.mend_button.setFocus()

    def mend(self) -> None:
        """Fit a temperature and store it in the model."""
        self._ask(CalibrateRequest(self._run))

    def undo(self) -> None:
        """Take it back."""
        self._ask(CalibrateRequest(self._run, undo=True))

    def stop(self) -> None:
        """Give up what runs."""
        if self.running:
            self._workspace.questions.drop(KEY)
            self._show_running(False)
            self._tell_temperature()

    def done(self, result: int) -> None:
        self.stop()
        super().done(result)

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.mend_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.undo_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(heading(_("Calibrate")))
        layout.addWidget(section_title(shortened(RunFolder(self._run).name)))
        layout.addWidget(
            hint(
                _(
                    "Finds one number, the temperature, that brings how sure the model is in line with how often it is "
                    "right on the validation samples, and stores it in the model. No answer changes, only its "
                    "probability; wherever the model file is used, it gives the mended ones."
                )
            )
        )
        layout.addWidget(self.notice)
        layout.addWidget(self.told)
        layout.addLayout(row)
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)

    def _ask(self, request: CalibrateRequest) -> None:
        self.notice.show_message("")
        self.panel.clear()
        self._show_running(True)
        self.stop_button.setFocus()
        self._workspace.questions.ask(request, self._answered, self._failed, self._event, key=KEY)

    def _event(self, event: Event) -> None:
        match event:
            case Progress():
                self.bar.setRange(0, event.total)
                self.bar.setValue(event.done)
                self.told.setText(event.what[:1].upper() + event.what[1:])
            case Note():
                self.notice.show_message(event.text)

    def _answered(self, calibrated: Calibrated) -> None:
        self._show_running(False)
        self._tell_temperature()
        if calibrated.before:
            self.notice.show_message(*_about(calibrated))
        self.panel.set_figures(calibrated.figures)
        self.mended.emit()

    def _failed(self, message: str) -> None:
        self._show_running(False)
        self._tell_temperature()
        self.notice.show_message(message, "error")

    def _show_running(self, running: bool) -> None:
        self.running = running
        self.bar.setRange(0, 0)
        self.bar.setVisible(running)
        self.stop_button.setVisible(running)
        self.mend_button.setEnabled(not running)
        self.undo_button.setEnabled(not running)

    def _tell_temperature(self) -> None:
        """What the file says now."""
        try:
            temperature = temperature_of(self._run)
        except UserError as error:
            self.notice.show_message(str(error), "error")
            return
        self.undo_button.setEnabled(temperature != 1 and not self.running)
        known = _("The model is calibrated, by a temperature of {value:.3f}.").format(value=temperature)
        self.told.setText(_("The model is as it was trained: its temperature is 1.") if temperature == 1 else known)


def _about(calibrated: Calibrated) -> tuple[str, str]:
    """What became of the error, and the kind of notice it deserves."""
    split = "test" if "test" in calibrated.after else "validation"
    before, after = (numbers[split]["calibration_error"] for numbers in (calibrated.before, calibrated.after))
    text = _("Expected calibration error of the {split} samples: {before:.4f} before, {after:.4f} now.")
    told = text.format(split=split, before=before, after=after)
    if after <= before:
        return told, "success"
    worse = _("That is no better: the temperature was found on the validation samples. Undo gives the old one back.")
    return f"{told} {worse}", "warning"
