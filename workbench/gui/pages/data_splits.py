"""How many samples each split has, as a bar and in words, already while a slider moves."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from workbench.data.source import SPLIT_TITLES
from workbench.experiment import SplitsSection
from workbench.gui.theme import GRID, appearance, plot_color, theme
from workbench.gui.widgets import hint
from workbench.i18n import _


def split_title(name: str) -> str:
    """A split's name for people."""
    return _(SPLIT_TITLES[name]) if name in SPLIT_TITLES else name


def estimate_sizes(counts: dict[str, int], ready_made: tuple[str, ...], shares: SplitsSection) -> dict[str, int]:
    """The sizes the splits will have with other shares.

    Args:
        counts: samples per split as they were read.
        ready_made: splits that came with the dataset; they stay as they are.
        shares: the shares on screen.
    """
    drawn_from = sum(count for name, count in counts.items() if name not in ready_made)
    sizes = dict(counts)
    for name in ("validation", "test"):
        if name not in ready_made:
            sizes[name] = round(drawn_from * getattr(shares, name))
    sizes["train"] = sum(counts.values()) - sizes["validation"] - sizes["test"]
    return sizes


class SplitBar(QWidget):
    """The splits as parts of a bar, their sizes below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar()
        self._text = hint("")
        self._text.setObjectName("split_sizes")
        self._note = hint("")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID // 2, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        layout.addWidget(self._note)
        self.set_sizes({})

    @property
    def text(self) -> str:
        """The sizes in words."""
        return self._text.text()

    @property
    def note(self) -> str:
        """Which splits came with the dataset."""
        return self._note.text()

    def set_sizes(self, sizes: dict[str, int], ready_made: tuple[str, ...] = ()) -> None:
        """Show these sizes; none while the data are not known."""
        names = ", ".join(split_title(name) for name in ready_made)
        note = _("Comes with the dataset, whatever its share: {names}.").format(names=names) if names else ""
        self._note.setText(note)
        self._note.setVisible(bool(note))
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
