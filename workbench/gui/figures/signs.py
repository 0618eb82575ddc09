"""Signs on samples that need no colour to be told apart: a mistake, left out by a correction, relabelled by one."""

from PySide6.QtCore import QLineF, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from workbench.data.corrections import EXCLUDE, Correction
from workbench.i18n import _

_MISTAKE, _LEFT_OUT, _RELABELLED = "#b3261e", "#3c4043", "#0b57d0"
_ICON, _ICON_SCALE = 16, 2
SIGN_WIDTH = _ICON + 6  # what the sign takes of a cell


def draw_mistake(painter: QPainter, corner: QPoint, size: int) -> None:
    """A cross on a disc."""
    disc = QRectF(QPointF(corner), QSize(size, size))
    _prepare(painter, _MISTAKE)
    painter.drawEllipse(disc)
    third = size / 3
    cross = disc.adjusted(third, third, -third, -third)
    _draw_strokes(painter, size, (QLineF(cross.topLeft(), cross.bottomRight()),
                                  QLineF(cross.topRight(), cross.bottomLeft())))  # fmt: skip


def draw_correction(painter: QPainter, corner: QPoint, size: int, correction: Correction) -> None:
    """A bar on a disc for what is left out; an arrow on a square for what has another label."""
    box = QRectF(QPointF(corner), QSize(size, size))
    left, right = box.center() - QPointF(0.27 * size, 0), box.center() + QPointF(0.27 * size, 0)
    if correction.action == EXCLUDE:
        _prepare(painter, _LEFT_OUT)
        painter.drawEllipse(box)
        _draw_strokes(painter, size, (QLineF(left, right),))
        return
    _prepare(painter, _RELABELLED)
    painter.drawRoundedRect(box, size / 6, size / 6)
    head = 0.2 * size
    _draw_strokes(painter, size, (QLineF(left, right), QLineF(right, right + QPointF(-head, -head)),
                                  QLineF(right, right + QPointF(-head, head))))  # fmt: skip


def correction_icon(correction: Correction) -> QIcon:
    """The same sign for a cell of a table."""
    pixels = QPixmap(_ICON * _ICON_SCALE, _ICON * _ICON_SCALE)
    pixels.setDevicePixelRatio(_ICON_SCALE)
    pixels.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixels)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_correction(painter, QPoint(1, 1), _ICON - 2, correction)
    painter.end()
    return QIcon(pixels)


def in_words(correction: Correction) -> str:
    """What the sign says."""
    if correction.action == EXCLUDE:
        return _("left out by a correction")
    return _("relabelled as {label} by a correction").format(label=correction.label)


def _prepare(painter: QPainter, colour: str) -> None:
    painter.setPen(QPen(QColor("white"), 1.5))
    painter.setBrush(QColor(colour))


def _draw_strokes(painter: QPainter, size: int, lines: tuple[QLineF, ...]) -> None:
    painter.setPen(QPen(QColor("white"), max(2.0, size / 8)))
    painter.drawLines(lines)
