"""How something to predict is entered: the contract between the Predict page and the entries for each kind of input.

The page has what all models share: the choice of the model, the answers, saving them, stopping. What can be given to
a model follows from its input spec; `predict_entries` finds the entry for it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from workbench.gui.background import BackgroundWork
from workbench.gui.dropped import Dropped
from workbench.gui.pages.predict_drop_zone import DropZone
from workbench.gui.pages.predict_result import ResultView
from workbench.gui.pages.predict_rows import PredictedRow
from workbench.gui.theme import GRID
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.requests import PredictRequest
from workbench.specs import InputSpec


@dataclass(frozen=True)
class Given:
    """What was dropped, opened or pasted: files and folders, or the encoded bytes of a picture."""

    paths: tuple[str, ...] = ()
    pixels: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.paths or self.pixels)


class Entry(QWidget):
    """Base of the entries: a panel beside the answers, a bar of buttons, and a place to drop files on.

    What is in the panel (a drawing, a typed row) is predicted while it changes; files are predicted once.

    Attributes:
        kind: of the input specs that it serves.
        items: what one and what many of them are called, with the placeholders `count` and `time`.
        model: the run folder or model file that is asked; empty for none.
        bar: the buttons, to be put above the answers.
        drop_zone: what stands in the place of the answers while there are none, and while something is dragged.
    """

    kind: ClassVar[str] = ""
    items: ClassVar[tuple[str, str]] = (mark("{count} predicted"), mark("{count} predicted"))
    open_requested = Signal()
    paste_requested = Signal()
    live_changed = Signal()  # what is in the panel changed: predict it
    told = Signal(str)  # something to say above the answers
    failed = Signal(str)  # what it asked by itself went wrong

    def __init__(self, workspace: Workspace, result: ResultView, work: BackgroundWork, drop_zone: DropZone) -> None:
        super().__init__()
        self.workspace = workspace
        self.result = result
        self.work = work
        self.model = ""
        self.drop_zone = drop_zone
        self.drop_zone.clicked.connect(self.open_requested)
        self.bar = QWidget()
        self.buttons = QHBoxLayout(self.bar)
        self.buttons.setContentsMargins(0, 0, 0, 0)
        self.buttons.setSpacing(GRID)
        self.panel_wanted = True

    def set_model(self, model: str, spec: InputSpec | None) -> None:
        """Another model is asked from now on; `spec` is what it takes, where that is known."""
        self.model = model

    def file_patterns(self) -> str:
        """What the dialog that opens files offers."""
        return _("All files (*)")

    def claims(self, paths: list[Path]) -> bool:
        """Whether these files are surely meant for this entry, whatever they mean to the window."""
        return False

    def may_take(self, mime: QMimeData) -> bool:
        """Whether a drag is worth accepting. Cheap: called while the mouse moves."""
        return mime.hasUrls()

    def read(self, dropped: Dropped) -> Given:
        """What is to be predicted of a drop or the clipboard.

        Raises:
            UserError: nothing; the message says what can be given here.
        """
        return Given(dropped.paths, dropped.pixels)

    def request(self, given: Given) -> PredictRequest:
        """The question about files or a pasted picture."""
        return PredictRequest(self.model, given.paths, given.pixels)

    def live_request(self) -> PredictRequest | None:
        """The question about what is in the panel; None while there is nothing in it."""
        return None

    def name_of(self, item: Any, given: Given) -> str:
        """What an answer is called that does not come from a file."""
        return ""

    def show_row(self, row: PredictedRow, given: Given) -> None:
        """An answer came into sight: fetch what it lacks."""
