"""The dialog for what the user sets once: theme, where runs live, how big the cache may grow."""

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.gui.background import BackgroundWork
from workbench.gui.forms import Form
from workbench.gui.settings import Settings, SettingsValues
from workbench.gui.theme import GRID
from workbench.gui.training_text import memory
from workbench.gui.widgets import Notice, button_with_icon, heading, hint
from workbench.i18n import _
from workbench.paths import settings_folder


class SettingsDialog(QDialog):
    """Changes apply at once; Close only closes."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._files = BackgroundWork(self)
        self.setWindowTitle(_("Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(70 * GRID)
        self.form = Form(SettingsValues)
        self.form.set_section(settings.values)
        self.form.edited.connect(self._edited)
        self._cache = QLabel()
        self._cache.setProperty("role", "hint")
        self.clear = button_with_icon(_("C&lear cache"), "delete")
        self.clear.clicked.connect(self._clear_cache)
        self._notice = Notice()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * GRID, 2 * GRID, 3 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addWidget(heading(_("Settings")))
        layout.addWidget(self.form)
        row = QHBoxLayout()
        row.addWidget(self._cache, 1)
        row.addWidget(self.clear)
        layout.addLayout(row)
        layout.addWidget(self._notice)
        layout.addWidget(hint(_("Settings are kept in {path}.").format(path=settings_folder())))
        layout.addWidget(buttons)
        self._measure()

    def done(self, result: int) -> None:
        self._files.stop()
        super().done(result)

    def _edited(self, name: str, value: Any) -> None:
        try:
            self._settings.change(**{name: value})
        except (ValidationError, OSError) as error:
            self.form.set_error(name, str(error))

    def _measure(self) -> None:
        self._cache.setText(_("Measuring the cache…"))
        self._files.start(_cache_size, self._show_size)

    def _show_size(self, size: int) -> None:
        self._cache.setText(_("The cache holds {size}.").format(size=memory(size)))

    def _clear_cache(self) -> None:
        self.clear.setEnabled(False)
        self._files.start(_clear_cache, self._cleared)

    def _cleared(self, message: str) -> None:
        self.clear.setEnabled(True)
        self._notice.show_message(message, "error")
        self._measure()


def _cache_size(_post: object) -> int:
    from workbench.data.cache import size

    return size()


def _clear_cache(_post: object) -> str:
    from workbench.data.cache import clear

    try:
        clear()
    except (OSError, UserError) as error:
        return str(error)
    return ""
