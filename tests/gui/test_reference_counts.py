"""PySide6 6.12.0 lost references to None and aborted the process after some thousand calls; we must never meet it."""

import sys

from PySide6.QtGui import QColor, QImage, QPainter


def test_two_thousand_calls_of_set_pen_leave_the_references_to_none_alone(qapp):
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    color = QColor("red")
    for _call in range(2000):  # what the first calls import and keep does not count
        painter.setPen(color)
    before = sys.getrefcount(None)
    for _call in range(2000):
        painter.setPen(color)
    after = sys.getrefcount(None)
    painter.end()
    # Python 3.12 made None immortal: its count never moves there. Elsewhere other code moves it by a few.
    assert abs(after - before) < 50
