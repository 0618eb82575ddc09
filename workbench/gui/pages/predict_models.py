"""Which model predicts: a run of the workbench, or a `.keras` file of anyone's."""

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QWidget

from workbench.gui.background import BackgroundWork
from workbench.gui.elided_box import ElidedBox
from workbench.gui.theme import GRID
from workbench.gui.widgets import button_with_icon
from workbench.i18n import _

MOST_LISTED = 200


class ModelChooser(QWidget):
    """The runs that have a model, newest first, and a button for a file. `ask_file` may be replaced by tests."""

    chosen = Signal(str)  # a run folder or a model file, by the user

    def __init__(self, work: BackgroundWork, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._model = ""
        self._files: list[str] = []
        self.ask_file: Callable[[QWidget], str] = _ask_file
        self.box = ElidedBox()
        self.box.setMinimumWidth(220)
        self.box.setMaximumWidth(520)
        self.box.setMinimumContentsLength(28)
        self.box.setMaxVisibleItems(20)
        self.box.setPlaceholderText(_("No model yet"))
        self.box.setAccessibleName(_("Model"))
        label = QLabel(_("Mode&l"))
        label.setBuddy(self.box)
        self.open_button = button_with_icon(_("Open model f&ile…"), "open")
        self.open_button.setToolTip(_("Predict with a .keras file from elsewhere"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(label)
        layout.addWidget(self.box, 100)
        layout.addWidget(self.open_button)
        layout.addStretch(1)
        self.box.activated.connect(self._activated)
        self.open_button.clicked.connect(self._open)

    @property
    def model(self) -> str:
        """The run folder or model file that is chosen; empty for none."""
        return self._model

    def set_model(self, model: str) -> None:
        """Show another model as the chosen one."""
        self._model = model
        if model and self.box.findData(model) < 0:
            self.box.insertItem(0, Path(model).name, model)
        self.box.setCurrentIndex(self.box.findData(model) if model else -1)

    def refresh(self, runs: Path) -> None:
        """List the runs of a folder anew; the disk is read in a worker thread."""
        self._work.start(lambda _post: runs_with_models(runs), self._list)

    def _list(self, runs: list[str]) -> None:
        entries = list(dict.fromkeys([*self._files, *runs]))
        if self._model and self._model not in entries:
            entries.insert(0, self._model)
        if entries == [self.box.itemData(place) for place in range(self.box.count())]:
            return
        self.box.clear()
        for entry in entries:
            self.box.addItem(Path(entry).name, entry)
            self.box.setItemData(self.box.count() - 1, entry, Qt.ItemDataRole.ToolTipRole)
        self.box.setCurrentIndex(self.box.findData(self._model) if self._model else -1)

    def _activated(self, place: int) -> None:
        self.chosen.emit(self.box.itemData(place))

    def _open(self) -> None:
        path = self.ask_file(self)
        if path:
            self._files.insert(0, path)
            self.chosen.emit(path)


def runs_with_models(runs: Path) -> list[str]:
    """The run folders that hold a model, the newest model first."""
    found = []
    try:
        with os.scandir(runs) as entries:
            folders = [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return []
    for folder in folders:
        try:
            found.append((os.stat(os.path.join(folder, "model.keras")).st_mtime_ns, folder))
        except OSError:
            continue
    return [folder for _time, folder in sorted(found, reverse=True)[:MOST_LISTED]]


def _ask_file(parent: QWidget) -> str:
    patterns = _("Keras models (*.keras *.h5);;All files (*)")
    return QFileDialog.getOpenFileName(parent, _("Open a model"), "", patterns)[0]
