"""What can be done with the selected tiles of galleries: leave the samples out, change their labels, take that back."""

import contextlib
from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.gui.corrector import corrector
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.gallery_view import GalleryView
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import read_about
from workbench.specs import spec_from_json


class CorrectionsBar(QWidget):
    """A line with buttons; the same actions are in the galleries' context menus and on their keys."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._corrector = corrector(workspace)
        self._views: list[GalleryView] = []
        self._run = self._split = ""
        self._text = hint("")
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
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self._text, 1)
        row.addWidget(self.relabel_button)
        row.addWidget(self.exclude_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(row)
        column.addWidget(self.notice)
        self._corrector.told.connect(self._tell)
        self.follow((), "", "")

    def follow(self, views: Iterable[FigureView], run: str, split: str) -> None:
        """Act on the samples selected in these galleries of a run's split; hidden without any."""
        for view in self._views:
            with contextlib.suppress(RuntimeError):  # a view that is gone already
                view.selection_changed.disconnect(self._show_selection)
                for action in (self.exclude_action, self.relabel_action):
                    view.removeAction(action)
                view.grid.removeEventFilter(self)
        if run != self._run:
            self.notice.show_message("")
        self._run, self._split = run, split
        self._views = [view for view in views if isinstance(view, GalleryView)]
        self._fill_labels(_class_names(run) if self._views else ())
        for view in self._views:
            view.select_several()
            view.selection_changed.connect(self._show_selection)
            view.addAction(self.exclude_action)
            view.grid.installEventFilter(self)
            if self.relabel_action.isVisible():
                view.addAction(self.relabel_action)
        self.setVisible(bool(self._views))
        self._show_selection()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the grids: Del leaves out, F2 opens the labels."""
        if event.type() == QEvent.Type.KeyPress and self.selected():
            if event.key() == Qt.Key.Key_Delete:
                self.exclude()
                return True
            if event.key() == Qt.Key.Key_F2 and self.relabel_button.isVisible():
                self.relabel_button.showMenu()
                return True
        return super().eventFilter(watched, event)

    def selected(self) -> tuple[tuple[str, int], ...]:
        """Split and number of every selected sample."""
        tiles = [tile for view in self._views if view.figure is not None for tile in view.selected_tiles]
        return tuple(dict.fromkeys((tile.split or self._split, tile.sample) for tile in tiles if tile.sample >= 0))

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
        nothing = _("To mend the data, select samples: Ctrl+click, Shift+click or drag.")
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
