"""Lists to choose from: what does not fit ends in an ellipsis, and is told whole."""

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from workbench.gui.elided_box import ElidedBox
from workbench.gui.form_editors import ChoiceEditor
from workbench.gui.form_fields import FieldPlan

LONG = "Mixed over the picture, as the paper has it"


@pytest.fixture
def box(qtbot):
    box = ElidedBox()
    qtbot.addWidget(box)
    box.addItems(["Short", LONG])
    box.setToolTip("What is mixed.")
    box.resize(150, 30)
    box.show()
    return box


def test_what_fits_is_shown_as_it_is(box):
    assert box.elided_text == "Short"
    assert box.whole_tip == ""


def test_a_long_choice_ends_in_an_ellipsis_and_its_tool_tip_tells_it_whole(box, qtbot):
    box.setCurrentIndex(1)
    assert box.elided_text.endswith("…")
    assert LONG.startswith(box.elided_text[:-1])
    assert box.fontMetrics().horizontalAdvance(box.elided_text) < 150
    assert box.whole_tip == f"{LONG}\nWhat is mixed."
    QApplication.sendEvent(box, QHelpEvent(QEvent.Type.ToolTip, QPoint(5, 5), box.mapToGlobal(QPoint(5, 5))))
    qtbot.waitUntil(lambda: QToolTip.text() == box.whole_tip)
    box.resize(600, 30)
    assert box.elided_text == LONG
    assert box.whole_tip == ""


def test_a_hint_in_an_empty_list_is_shortened_too(box):
    box.setPlaceholderText("No camera was found on this machine")
    box.setCurrentIndex(-1)
    assert box.elided_text.startswith("No camera")
    assert box.elided_text.endswith("…")
    assert not box.grab().isNull()


def test_the_field_of_a_form_adds_the_help_of_its_editor(qtbot):
    plan = FieldPlan("mix", "choice", "Mix", "What is mixed.", "", "", False, choices=(("a", LONG), ("b", "B")))
    editor = ChoiceEditor(plan)
    qtbot.addWidget(editor)
    editor.setToolTip(plan.help)
    editor.set_value("a")
    editor.resize(120, 30)
    editor.show()
    assert editor.box.whole_tip == f"{LONG}\nWhat is mixed."
