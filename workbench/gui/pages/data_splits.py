"""How many samples each split has, as a bar and in words, already while a slider moves."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from workbench.experiment import SplitsSection
from workbench.gui.theme import GRID, appearance, plot_color, theme
from workbench.gui.widgets import hint
from workbench.i18n import _, mark

SPLIT_TITLES = {"train": mark("Training"), "validation": mark("Validation"), "test": mark("Test")}
_ROUNDING = 2


def split_title(name: str) -> str:
    """A split's name for people."""
    return _(SPLIT_TITLES[name]) if name in SPLIT_TITLES else name


def estimate_sizes(counts: dict[str, int], before: SplitsSection, now: SplitsSection) -> dict[str, int]:
    """The sizes of the splits after a change of their shares.

    Args:
        counts: samples per split as they were read with the shares `before`.
        before: the shares of the report.
        now: the shares on screen.
    """
    if before == now:
        return counts
    total = sum(counts.values())
    test_is_ready_made = abs(counts["test"] - total * before.test) > _ROUNDING
    pool = total - counts["test"] if test_is_ready_made else total
    test = counts["test"] if test_is_ready_made else round(pool * now.test)
    validation_is_ready_made = abs(counts["validation"] - pool * before.validation) > _ROUNDING
    validation = counts["validation"] if validation_is_ready_made else round(pool * now.validation)
    return {"train": total - validation - test, "validation": validation, "test": test}


class SplitBar(QWidget):
    """The splits as parts of a bar, their sizes below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar()
        self._text = hint("")
        self._text.setObjectName("split_sizes")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID // 2, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        self.set_sizes({})

    @property
    def text(self) -> str:
        """The sizes in words."""
        return self._text.text()

    def set_sizes(self, sizes: dict[str, int]) -> None:
        """Show these sizes; none while the data are not known."""
        self._bar.sizes = sizes
        self._bar.setVisible(bool(sizes))
        self._bar.update()
        parts = [f"{split_title(name)} {count:,}" for name, count in sizes.items()]
        self._text.setText(" · ".join(parts) if parts else _("The sizes show once the data are read."))


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[str, int] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        appearance().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(10 * GRID, GRID + GRID // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        total = sum(self.sizes.values())
        if not total:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(outline)
        left = 0.0
        for number, count in enumerate(self.sizes.values()):
            width = self.width() * count / total
            painter.fillRect(QRectF(left, 0, width, self.height()), plot_color(number))
            if number:
                painter.fillRect(QRectF(left - 1, 0, 2, self.height()), QColor(theme().surface))
            left += width
        painter.end()
