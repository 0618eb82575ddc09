"""What can be done with selected samples, tiles or rows: leave them out, change their labels, take that back."""

import contextlib
from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.gui.corrector import corrector
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.sample_view import SampleView
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import read_about
from workbench.specs import spec_from_json

NARROW = 54 * GRID


class CorrectionsBar(QWidget):
    """A line with buttons; the same actions are in the context menus of galleries and tables, and on their keys.

    Samples that a correction names bear a sign there.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._corrector = corrector(workspace)
        self._shown: list[FigureView] = []
        self._views: list[SampleView] = []
        self._run = self._split = ""
        self._text = hint("")
        self._text.setToolTip(_("Ctrl+click, Shift+click or drag"))
        self.exclude_action = QAction(_("Leave out"), self)
        self.exclude_action.triggered.connect(self.exclude)
        self.labels = QMenu(_("Relabel as"), self)
        self.labels.triggered.connect(self._relabel)
        self.relabel_action = self.labels.menuAction()
        self.exclude_button = button_with_icon(_("Leave out"), "remove")
        self.exclude_button.setToolTip(_("Leave the selected samples out of the data (Del); the files stay"))
        self.exclude_button.clicked.connect(self.exclude)
        self.relabel_button = QPushButton(_("Relabel as"))
        self.relabel_button.setToolTip(_("Give the selected samples another class (F2); the files stay"))
        self.relabel_button.setMenu(self.labels)
        self.notice = Notice()
        self.undo_button = button_with_icon(_("Undo"), "undo")
        self.undo_button.clicked.connect(self._corrector.undo)
        self.notice.buttons.addWidget(self.undo_button)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.relabel_button)
        buttons.addWidget(self.exclude_button)
        buttons.addStretch(0)
        self._row = row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self._text, 1)
        row.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(row)
        column.addWidget(self.notice)
        self._corrector.told.connect(self._tell)
        self._corrector.changed.connect(self._show_corrections)
        self.follow((), "", "")

    def follow(self, views: Iterable[FigureView], run: str, split: str) -> None:
        """Act on the samples selected in these views of a run's split, and in those inside them; hidden without any."""
        for view in self._shown:
            with contextlib.suppress(RuntimeError):  # a view that is gone already
                view.drawn.disconnect(self._gather)
        self._leave()
        if run != self._run:
            self.notice.show_message("")
        self._run, self._split, self._shown = run, split, list(views)
        for view in self._shown:
            view.drawn.connect(self._gather)
        self._gather()

    def _gather(self) -> None:
        """Act on what shows samples by now: some views make others only when they are drawn."""
        found = [inside for view in self._shown for inside in view.sample_views]
        if found != self._views:
            self._leave()
            self._views = found
            self._fill_labels(_class_names(self._run) if found else ())
            for view in found:
                view.select_several()
                view.selection_changed.connect(self._show_selection)
                view.addAction(self.exclude_action)
                if self.relabel_action.isVisible():
                    view.addAction(self.relabel_action)
                for watched in (view, view.grid):
                    watched.installEventFilter(self)
            self._show_corrections()
        self._show_where_of_use()

    def _leave(self) -> None:
        """Leave the views alone that were acted on before."""
        for view in self._views:
            with contextlib.suppress(RuntimeError):  # a view that is gone already
                view.selection_changed.disconnect(self._show_selection)
                for action in (self.exclude_action, self.relabel_action):
                    view.removeAction(action)
                for watched in (view, view.grid):
                    watched.removeEventFilter(self)
        self._views = []

    def _show_corrections(self) -> None:
        lines = self._corrector.lines_of(self._run) if self._views else {}
        for view in self._views:
            view.show_corrections(lines)

    def _show_where_of_use(self) -> None:
        """Hidden while there are no samples in sight; a lasso brings some later."""
        self.setVisible(any(not view.isHidden() for view in self._views))
        self._show_selection()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the grids: Del leaves out, F2 opens the labels."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent) and watched in self._views:
            self._show_where_of_use()
        if event.type() == QEvent.Type.KeyPress and self.selected():
            if event.key() == Qt.Key.Key_Delete:
                self.exclude()
                return True
            if event.key() == Qt.Key.Key_F2 and self.relabel_button.isVisible():
                self.relabel_button.showMenu()
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow, the text stands above the buttons."""
        super().resizeEvent(event)
        narrow = event.size().width() < NARROW
        self._row.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)

    def selected(self) -> tuple[tuple[str, int], ...]:
        """Split and number of every selected sample."""
        samples = [sample for view in self._views if not view.isHidden() for sample in view.selected_samples]
        return tuple(dict.fromkeys((sample.split or self._split, sample.number) for sample in samples))

    def exclude(self) -> None:
        """Leave the selected samples out."""
        if samples := self.selected():
            self._corrector.exclude(self._run, samples)

    def _relabel(self, action: QAction) -> None:
        if samples := self.selected():
            self._corrector.relabel(self._run, samples, action.data())

    def _fill_labels(self, names: tuple[str, ...]) -> None:
        self.labels.clear()
        for name in names:
            self.labels.addAction(name.replace("&", "&&")).setData(name)
        self.relabel_action.setVisible(bool(names))
        self.relabel_button.setVisible(bool(names))

    def _show_selection(self) -> None:
        count = len(self.selected())
        for part in (
            self.exclude_action,
            self.exclude_button,
            self.relabel_action,
            self.relabel_button,
        ):
            part.setEnabled(count > 0)
        nothing = _("Select samples to mend the data.")
        self._text.setText(_("Selected: {count}").format(count=count) if count else nothing)

    def _tell(self, text: str, kind: str) -> None:
        self.notice.show_message(text, kind)
        self.undo_button.setVisible(self._corrector.can_undo)


def _class_names(run: str) -> tuple[str, ...]:
    """The classes that the samples of a run can be; none where they are of no class."""
    registry()  # plugins know more kinds of target
    try:
        target = spec_from_json((read_about(RunFolder(run).model_path) or {})["target"])
    except (UserError, KeyError, TypeError):
        return ()
    return target.strata_names
