"""The line above the answer: look, stop, how far it is, and the same question as a command."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from workbench.events import Progress
from workbench.gui.pages.evaluate import progress_text
from workbench.gui.theme import GRID
from workbench.gui.widgets import button_with_icon, hint, primary_button
from workbench.i18n import _

SLOW_MILLISECONDS = 300


class InspectBar(QWidget):
    """Says what goes on; the progress and its button to stop are shown for what is not answered at once."""

    look_wanted = Signal()
    stop_wanted = Signal()
    command_wanted = Signal()
    slow = Signal()  # the answer is long in coming

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = primary_button(_("Loo&k"), "inspect")
        self.look.setToolTip(_("Ask this method (Ctrl+Return)"))
        self.stop = button_with_icon(_("Sto&p"), "stop")
        self.stop.setToolTip(_("Give this question up (Esc)"))
        self.command = button_with_icon(_("&Copy as command"), "copy")
        self.command.setToolTip(_("Put the command line that asks the same into the clipboard"))
        self.status = hint("")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(_("Progress of the answer"))
        self._patience = QTimer(self, singleShot=True, interval=SLOW_MILLISECONDS)
        self._patience.timeout.connect(self._turned_slow)
        self._lay_out()
        self._connect()
        self.show_rest("")

    @property
    def letters(self) -> tuple[str, ...]:
        """The texts with the access keys of this line."""
        return self.look.text(), self.stop.text(), self.command.text()

    def show_rest(self, text: str) -> None:
        """Nothing is asked any more; `text` says what there is."""
        self._patience.stop()
        self.progress.hide()
        self.stop.hide()
        self.status.setText(text)

    def show_asked(self) -> None:
        """A question was asked just now."""
        self.status.setText(_("Looking…"))
        self.progress.setRange(0, 0)
        self._patience.start()

    def show_progress(self, event: Progress) -> None:
        """How far the answer is."""
        self.status.setText(progress_text(event))
        self.progress.setRange(0, event.total)
        self.progress.setValue(event.done)

    def _turned_slow(self) -> None:
        self.progress.show()
        self.stop.show()
        self.slow.emit()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.look)
        row.addWidget(self.stop)
        row.addWidget(self.status, 1)
        row.addWidget(self.command)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(row)
        column.addWidget(self.progress)

    def _connect(self) -> None:
        self.look.clicked.connect(self.look_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.command.clicked.connect(self.command_wanted)

    def add_shortcuts(self, page: QWidget) -> None:
        """Ctrl+Return and Esc anywhere on the page."""
        for keys, wanted in (("Ctrl+Return", self.look_wanted), ("Ctrl+Enter", self.look_wanted),
                             ("Esc", self.stop_wanted)):  # fmt: skip
            shortcut = QShortcut(QKeySequence(keys), page)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(wanted)
