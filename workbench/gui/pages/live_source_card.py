"""Where the moving picture comes from, and what is shown over it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel, QSlider, QVBoxLayout, QWidget

from workbench.gui.elided_box import ElidedBox
from workbench.gui.forms import Form
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, button_with_icon, hint
from workbench.i18n import _
from workbench.inspection.live.source import VIDEO_SUFFIXES, camera_index, cameras
from workbench.inspection.live.watching import LiveSection
from workbench.section import explain

_ONLY_AT_START = ("source", "loop", "width", "height")
_OF_VIDEOS, _OF_CAMERAS = ("loop",), ("width", "height")


class LiveSourceCard(QWidget):
    """Two cards: the source, and the settings. `ask_file` and `list_cameras` may be replaced by tests."""

    source_changed = Signal()
    told = Signal(dict)  # settings that a running service is to take over
    blend_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.section = LiveSection(source="")
        self.ask_file: Callable[[QWidget], str] = _ask_file
        self.list_cameras: Callable[[], list[tuple[int, str]]] = cameras
        self._files: list[str] = []
        self.box = ElidedBox()
        self.box.setAccessibleName(_("Source"))
        self.box.setPlaceholderText(_("No camera was found"))
        self.box.setMinimumContentsLength(18)
        label = QLabel(_("Camera &or video"))
        label.setBuddy(self.box)
        self.file_button = button_with_icon(_("Open &video…"), "open")
        self.source_card = Card(_("Source"))
        for widget in (label, self.box, self.file_button, hint(_("Or drop a video on this page."))):
            self.source_card.content.addWidget(widget)
        # Letters that the page's own buttons and labels have.
        self.form = Form(LiveSection, leave_out=("source",), letters=set("fervhlsnoibw"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setValue(50)
        blend = QLabel(_("&Blend of picture and what lies over it"))
        blend.setBuddy(self.slider)
        self.slider.setAccessibleName(_("Blend of picture and what lies over it"))
        self.settings_card = Card(_("What is shown"))
        for widget in (blend, self.slider, self.form):
            self.settings_card.content.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, GRID, 0)
        layout.setSpacing(2 * GRID)
        layout.addWidget(self.source_card)
        layout.addWidget(self.settings_card)
        layout.addStretch(1)
        self.box.activated.connect(self._activated)
        self.file_button.clicked.connect(self._open)
        self.form.edited.connect(self.change)
        self.slider.valueChanged.connect(lambda percent: self.blend_changed.emit(percent / 100))
        self.form.set_section(self.section)

    @property
    def source(self) -> str:
        """A camera's number or a video file; empty where none is chosen."""
        return self.section.source

    @property
    def blend(self) -> float:
        """How much of what lies over the picture is seen, 0 to 1."""
        return self.slider.value() / 100

    def refresh(self) -> None:
        """List the cameras anew."""
        entries = [(str(index), self._camera_title(index, name)) for index, name in self.list_cameras()]
        entries += [(path, Path(path).name) for path in self._files]
        self.box.clear()
        for value, title in entries:
            self.box.addItem(title, value)
            self.box.setItemData(self.box.count() - 1, value, Qt.ItemDataRole.ToolTipRole)
        if self.source not in [value for value, _title in entries]:
            self._set_source(entries[0][0] if entries else "")
        self.box.setCurrentIndex(self.box.findData(self.source))

    def use_video(self, path: str) -> None:
        """Choose a video file."""
        self._files = [path, *(file for file in self._files if file != path)]
        self._set_source(path)
        self.refresh()

    def set_running(self, running: bool) -> None:
        """While it runs, only what does not open the source anew can be changed."""
        self.source_card.setEnabled(not running)
        for name in _ONLY_AT_START[1:]:
            if editor := self.form.editor(name):
                editor.setEnabled(not running)

    def change(self, path: str, value: Any) -> None:
        """Change a setting, or say below it why it does not take that value."""
        try:
            changed = LiveSection.model_validate(self.section.model_dump() | {path: value})
        except ValidationError as error:
            self.form.set_error(path, str(explain(error, _("Live"), LiveSection)))
            return
        self.section = changed
        self.form.set_error(path, "")
        self.form.set_section(changed)
        if path not in _ONLY_AT_START:
            self.told.emit(changed.model_dump(exclude={*_ONLY_AT_START, "paced", "host", "port"}))

    def _set_source(self, source: str) -> None:
        self.section = self.section.model_copy(update={"source": source})
        of_camera = camera_index(source) is not None
        hidden = _OF_VIDEOS if of_camera else _OF_CAMERAS
        self.form.show_only([name for name in LiveSection.model_fields if name not in hidden])
        self.source_changed.emit()

    def _activated(self, place: int) -> None:
        self._set_source(self.box.itemData(place))

    def _open(self) -> None:
        path = self.ask_file(self)
        if path:
            self.use_video(path)

    @staticmethod
    def _camera_title(index: int, name: str) -> str:
        title = _("Camera {index}").format(index=index)
        return f"{title} ({name})" if name else title


def _ask_file(parent: QWidget) -> str:
    kinds = " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)
    patterns = _("Videos ({kinds});;All files (*)").format(kinds=kinds)
    return QFileDialog.getOpenFileName(parent, _("Open a video"), "", patterns)[0]
