"""The live preview of the augmentation: training samples before and after, asked anew whenever a setting moves."""

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.experiment import Experiment
from workbench.figures import Gallery
from workbench.gui.data_reader import data_settings
from workbench.gui.figures import view_for
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.requests import AugmentationRequest

REST_MILLISECONDS = 200
SHOWN = 6
_KEY = "augmentation"


class AugmentationPreview(QWidget):
    """Asks only while it is seen."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._seed = 0
        self._wanted: Any = None
        self._answered_for: Any = None
        self.view: FigureView | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MILLISECONDS)
        self._rest.timeout.connect(self._ask)
        self._note = hint("")
        self._again = button_with_icon(_("Other changes"), "refresh")
        self._again.setToolTip(_("Draw other random changes"))
        self._again.clicked.connect(self._draw_others)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setAccessibleName(_("Making the preview"))
        keep = self._busy.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self._busy.setSizePolicy(keep)
        self._busy.hide()
        self._notice = Notice()
        head = QHBoxLayout()
        head.addWidget(self._note, 1)
        head.addWidget(self._again)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)
        self._layout.addLayout(head)
        self._layout.addWidget(self._busy)
        self._layout.addWidget(self._notice)
        self._layout.addStretch(1)
        workspace.document.changed.connect(self._experiment_changed)
        workspace.data_report_changed.connect(self._data_changed)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._experiment_changed(self._workspace.document.experiment)

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._rest.stop()
        self._workspace.questions.drop(_KEY)
        self._busy.hide()
        if self._wanted != self._answered_for:  # what was not answered is asked again when it is seen again
            self._wanted = None

    def _draw_others(self) -> None:
        self._seed += 1
        self._experiment_changed(self._workspace.document.experiment)

    def _data_changed(self) -> None:
        self._wanted = None
        self._experiment_changed(self._workspace.document.experiment)

    def _experiment_changed(self, experiment: Experiment) -> None:
        if not self.isVisible():
            return
        active = experiment.augmentation.active
        self._again.setVisible(active)
        if self._workspace.data_report is None:
            self._say_nothing_to_show(_("The preview shows once the data are read."))
            return
        if not active:
            self._say_nothing_to_show(_("No change is switched on. Raise one of the augmentation's values to see it."))
            return
        self._note.setText(_("Each row: a training sample, then what it may become. Every epoch draws anew."))
        wanted = (data_settings(experiment), experiment.augmentation, self._seed)
        if wanted != self._wanted:
            self._wanted = wanted
            self._busy.show()
            self._rest.start()
        elif self.view is not None:
            self.view.show()

    def _say_nothing_to_show(self, text: str) -> None:
        self._rest.stop()
        self._workspace.questions.drop(_KEY)
        self._wanted = None
        self._busy.hide()
        self._notice.show_message("")
        self._note.setText(text)
        if self.view is not None:
            self.view.hide()

    def _ask(self) -> None:
        request = AugmentationRequest(self._workspace.document.experiment, SHOWN, self._seed)
        self._workspace.questions.ask(request, self._answered, self._failed, key=_KEY)

    def _answered(self, gallery: Gallery) -> None:
        if self._rest.isActive():
            return
        self._answered_for = self._wanted
        self._busy.hide()
        self._notice.show_message("")
        if self.view is None:
            self.view = view_for(gallery, self)
            self.view.grid.rows_in_sight = 1  # it has the tab for itself and scrolls
            self._layout.insertWidget(3, self.view, 100)
        else:
            self.view.set_figure(gallery)
        self.view.show()

    def _failed(self, message: str) -> None:
        self._busy.hide()
        self._notice.show_message(message, "error")
