"""What was found about an experiment or a run, as a list: a sign and a word for how bad it is, what was seen, why it
matters, and a button that mends it where a change of settings does.

Used by the Model page (before a training), the Train page (during and after) and the Evaluate page (after). It knows
nothing of where findings come from and changes nothing: `apply_requested` tells which one is to be mended.
"""

from functools import partial
from html import escape

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.finding import Finding, applicable
from workbench.gui.theme import GRID, set_icon
from workbench.i18n import _, mark

HIGHEST = 200  # px; more findings than that are scrolled
_WORDS = {"error": mark("Error"), "warning": mark("Warning"), "information": mark("Information")}
_PARAGRAPH = '<p style="margin: {space}px 0 0 0">{text}</p>'


class FindingRow(QFrame):
    """One finding; `button` is None where there is nothing to press."""

    def __init__(self, finding: Finding, state: str, narrow: bool = False, mend: str = "") -> None:
        """Show a finding.

        Args:
            finding: what was found.
            state: `applicable`, `applied`, or empty where it has no changes that fit.
            narrow: whether what can be pressed stands below the text instead of beside it.
            mend: what the button says that applies the changes; empty for *Mend*.
        """
        super().__init__()
        self.finding = finding
        self.button: QPushButton | None = None
        self.setProperty("role", f"notice-{finding.severity}")
        word = _(_WORDS[finding.severity])
        self.setAccessibleName(f"{word}: {finding.seen}")
        sign = QLabel()
        set_icon(sign, finding.severity)
        sign.setAccessibleName(word)
        self.text = QLabel(_rich(word, finding))
        self.text.setProperty("role", "notice")
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.text.setAccessibleName("\n".join((f"{word}: {finding.seen}", finding.why, finding.remedy)))
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._actions = QHBoxLayout()
        self._actions.setSpacing(GRID)
        body = QBoxLayout(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        body.setSpacing(GRID)
        body.addWidget(self.text, 1)
        body.addLayout(self._actions)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID if narrow else 2 * GRID, GRID, GRID if narrow else 2 * GRID, GRID)
        layout.setSpacing(GRID)
        layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(body, 1)
        edge = Qt.AlignmentFlag.AlignRight if narrow else Qt.AlignmentFlag.AlignTop
        if state == "applicable":
            self.button = self.add_button(mend or _("Mend"), finding.remedy)
        elif state == "applied":
            done = QLabel(_("Mended in the experiment"))
            done.setProperty("role", "hint")
            self._actions.addWidget(done, 0, edge)
        if narrow:
            self._actions.insertStretch(0, 1)

    def add_button(self, text: str, about: str) -> QPushButton:
        """A further button of this finding; `about` says what pressing it does."""
        button = QPushButton(text)
        button.setToolTip(about)
        button.setAccessibleName(f"{text}: {about}")
        self._actions.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return button


class FindingsPanel(QWidget):
    """Findings from top to bottom, the worst first, under a title that folds them. Hidden while there are none."""

    apply_requested = Signal(object)  # the Finding whose changes are wanted

    def __init__(
        self,
        parent: QWidget | None = None,
        highest: int = HIGHEST,
        narrow: bool = False,
        folds: bool = True,
        mend: str = "",
    ) -> None:
        """An empty panel.

        Args:
            parent: as of every widget.
            highest: pixels of the list before it scrolls; 0 lets it be as high as its findings.
            narrow: for a column too narrow for buttons beside the text.
            folds: whether they stand under a title that folds them; else they are always seen.
            mend: what the buttons say; empty for *Mend*.
        """
        super().__init__(parent)
        self.findings: tuple[Finding, ...] = ()
        self.rows: list[FindingRow] = []
        self._highest = highest
        self._narrow = narrow
        self._mend = mend
        self._folds = folds
        self._shown_for: tuple[tuple[Finding, str], ...] = ()
        self._chosen_open: bool | None = None  # by the user, for as long as there are findings
        self.fold = QPushButton()
        self.fold.setProperty("role", "fold")
        self.fold.clicked.connect(self._turn)
        self._list = QWidget()
        self._layout = QVBoxLayout(self._list)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(GRID)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(_("Findings"))
        self._area.setWidget(self._list)
        self._list.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        if not folds:
            self.fold.hide()
        layout.addWidget(self._area)
        self.hide()

    @property
    def buttons(self) -> list[QPushButton]:
        """The buttons that mend, from top to bottom."""
        return [row.button for row in self.rows if row.button is not None]

    def set_findings(self, findings: tuple[Finding, ...], experiment: Experiment | None) -> None:
        """Show what was found; the buttons are for what would change `experiment`, where there is one."""
        self.findings = findings
        wanted = tuple((finding, _state(finding, experiment)) for finding in findings)
        if wanted == self._shown_for:
            return
        self._shown_for = wanted
        focused = QApplication.focusWidget()
        had_focus = focused is not None and self._list.isAncestorOf(focused)
        self._clear()
        for finding, state in wanted:
            row = FindingRow(finding, state, self._narrow, self._mend)
            if row.button is not None:
                row.button.clicked.connect(partial(self.apply_requested.emit, finding))
            self.rows.append(row)
            self._layout.addWidget(row)
        self._layout.addStretch(1)
        if not findings:
            self._chosen_open = None
        self._show_fold()
        self.setVisible(bool(findings))
        self._fit_height()
        if had_focus and findings:
            self.fold.setFocus()  # the button that was pressed is gone: the keyboard goes on from the list's title

    @property
    def is_open(self) -> bool:
        """Whether the list is shown below its title; without faults it is not until somebody opens it."""
        if not self._folds:
            return True
        if self._chosen_open is not None:
            return self._chosen_open
        return any(finding.severity != "information" for finding in self.findings)

    def _turn(self) -> None:
        self._chosen_open = not self.is_open
        self._show_fold()

    def _show_fold(self) -> None:
        faults = sum(finding.severity != "information" for finding in self.findings)
        notes = len(self.findings) - faults
        if faults:
            text = _("Findings: {count}").format(count=len(self.findings))
        else:
            text = _("No faults found; notes: {count}").format(count=notes)
        is_open = self.is_open
        self.fold.setText(text)
        self.fold.setToolTip(_("Hide them") if is_open else _("Show them"))
        self.fold.setAccessibleName(f"{text}. {self.fold.toolTip()}")
        set_icon(self.fold, "down" if is_open else "right")
        self._area.setVisible(is_open)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._list and event.type() == QEvent.Type.LayoutRequest:  # a font or a text became known
            self._fit_height()
        return super().eventFilter(watched, event)

    def _fit_height(self) -> None:
        """As high as the findings are at this width, up to the limit."""
        layout = self._layout
        wraps = layout.hasHeightForWidth()  # not while its rows are new and hidden
        height = layout.heightForWidth(max(self.width(), 1)) if wraps else layout.sizeHint().height()
        # In a low window something of what stands below is to be left.
        highest = min(self._highest, self.window().height() // 5)
        scrolls = bool(self._highest) and height > highest
        # Never a bar for a moment: it would make the texts narrower, so higher, and be needed from then on.
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self._area.setVerticalScrollBarPolicy(needed if scrolls else off)
        self._area.setFixedHeight(highest if scrolls else height)

    def _clear(self) -> None:
        self.rows.clear()
        while self._layout.count():
            widget = self._layout.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()


def _state(finding: Finding, experiment: Experiment | None) -> str:
    if experiment is None or not finding.changes:
        return ""
    if applicable(finding, experiment):
        return "applicable"
    try:
        return "applied" if finding.mended(experiment) == experiment else ""
    except UserError:
        return ""


def _rich(word: str, finding: Finding) -> str:
    """The finding in three paragraphs: what was seen stands out, the remedy is set off by an arrow."""
    paragraphs = [
        f"<b>{_escaped(word)}: {_escaped(finding.seen)}</b>",
        _escaped(finding.why),
        f"→ {_escaped(finding.remedy)}" if finding.remedy else "",
    ]
    return "".join(
        _PARAGRAPH.format(space=0 if number == 0 else GRID // 2, text=text)
        for number, text in enumerate(paragraphs) if text
    )  # fmt: skip


def _escaped(text: str) -> str:
    """Plain text as markup; a number stays with its sign of percent."""
    return escape(text).replace(" %", "&nbsp;%").replace("\n", "<br>")
