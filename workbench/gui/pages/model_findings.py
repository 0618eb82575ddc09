"""What keeps the experiment on screen from learning: a notice per finding, with a button that mends it."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from workbench.experiment import Experiment
from workbench.finding import Finding, applicable
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, section_title
from workbench.i18n import _

_HIGHEST = 200  # px; more findings than that are scrolled


class FindingsPanel(QWidget):
    """Findings from top to bottom, the worst first. Hidden while there are none."""

    apply_requested = Signal(object)  # the Finding whose changes are wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.findings: tuple[Finding, ...] = ()
        self.buttons: list[QPushButton] = []
        self._shown_for: tuple[tuple[Finding, bool], ...] = ()
        self._title = section_title("")
        self._list = QWidget()
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(GRID)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setMaximumHeight(_HIGHEST)
        self._area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._area.setAccessibleName(_("Findings"))
        self._area.setWidget(self._list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self._title)
        layout.addWidget(self._area)
        self.hide()

    def set_findings(self, findings: tuple[Finding, ...], experiment: Experiment) -> None:
        """Show what was found about an experiment."""
        self.findings = findings
        wanted = tuple((finding, applicable(finding, experiment)) for finding in findings)
        if wanted == self._shown_for:
            return
        self._shown_for = wanted
        self._clear()
        for finding, can_be_applied in wanted:
            self._rows.addWidget(self._row(finding, can_be_applied))
        self._title.setText(_("Findings: {count}").format(count=len(findings)))
        self.setVisible(bool(findings))
        self._fit_height()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def _row(self, finding: Finding, can_be_applied: bool) -> Notice:
        notice = Notice()
        text = f"{finding.seen}\n{finding.why}"
        if can_be_applied:
            button = QPushButton(_("Mend"))
            button.setToolTip(finding.remedy)
            button.setAccessibleName(f"{_('Mend')}: {finding.remedy}")
            button.clicked.connect(partial(self.apply_requested.emit, finding))
            notice.buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
            self.buttons.append(button)
        notice.show_message(f"{text}\n→ {finding.remedy}", finding.severity)
        return notice

    def _fit_height(self) -> None:
        """As high as the findings are at this width, up to a limit."""
        width = max(self._area.viewport().width(), 1)
        height = self._rows.heightForWidth(width) if self._rows.hasHeightForWidth() else self._rows.sizeHint().height()
        self._area.setFixedHeight(min(height, _HIGHEST))

    def _clear(self) -> None:
        self.buttons.clear()
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
