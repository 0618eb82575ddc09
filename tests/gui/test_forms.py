"""Forms made from pydantic sections."""

from typing import Annotated, Literal

import pytest
from pydantic import Discriminator
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QSpinBox

from workbench.data.image_settings import ImageAugmentation, ImagePreprocessing
from workbench.experiment import OverridesSection, SplitsSection
from workbench.gui.form_editors import BoolEditor, FloatBox, FloatEditor, IntEditor, TextEditor
from workbench.gui.form_fields import plan_fields
from workbench.gui.forms import Form, with_mnemonic
from workbench.registry import registry
from workbench.section import Section, setting
from workbench.training_settings import Sgd, TrainingSection


@pytest.fixture
def make_form(qtbot):
    def make(section_class, section=None, **arguments):
        form = Form(section_class, **arguments)
        qtbot.addWidget(form)
        form.edits = []
        form.edited.connect(lambda path, value: form.edits.append((path, value)))
        form.set_section(section or section_class())
        form.show()
        return form

    return make


def type_into(box, text):
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)


@pytest.mark.parametrize(
    "section_class", [TrainingSection, ImagePreprocessing, ImageAugmentation, SplitsSection, OverridesSection]
)
def test_showing_a_section_says_nothing(make_form, section_class):
    assert make_form(section_class).edits == []


@pytest.mark.parametrize("section_class", [TrainingSection, ImagePreprocessing, ImageAugmentation, SplitsSection])
def test_every_field_with_a_title_has_an_editor_with_a_name_and_a_tip(make_form, section_class):
    form = make_form(section_class)
    for plan in plan_fields(section_class):
        editor = form.editor(plan.name)
        assert editor is not None, plan.name
        assert editor.focusProxy().accessibleName() == plan.title
        assert plan.help in editor.toolTip()


def test_labels_lead_to_their_fields_by_different_letters(make_form):
    form = make_form(TrainingSection)
    labels = [label for label in form.findChildren(QLabel) if label.buddy() is not None]
    letters = [label.text()[label.text().index("&") + 1].lower() for label in labels if "&" in label.text()]
    assert len(letters) >= 10
    assert len(set(letters)) == len(letters)
    assert not set(letters) & set("fervh")


def test_typing_a_whole_number_tells_the_number(make_form):
    form = make_form(TrainingSection)
    type_into(form.editor("batch_size").box, "128")
    assert form.edits[-1] == ("batch_size", 128)


@pytest.mark.parametrize("text", ["0.0001", "1e-4", "0,0001", ".0001"])
def test_a_small_learning_rate_can_be_typed_in_every_usual_way(make_form, text):
    form = make_form(TrainingSection)
    type_into(form.editor("optimizer.learning_rate").box, text)
    assert form.edits[-1][0] == "optimizer.learning_rate"
    assert form.edits[-1][1] == pytest.approx(0.0001)


@pytest.mark.parametrize(
    ("value", "text"), [(0.001, "0.001"), (0.0001, "0.0001"), (0.00001, "0.00001"), (1.0, "1"), (0.05, "0.05")]
)
def test_a_number_is_shown_in_as_few_figures_as_it_has(qtbot, value, text):
    box = FloatBox(by_size=True)
    qtbot.addWidget(box)
    box.setRange(1e-12, 100)
    box.setValue(value)
    assert box.text() == text


def test_the_arrows_of_a_learning_rate_go_by_its_size(qtbot):
    box = FloatBox(by_size=True)
    qtbot.addWidget(box)
    box.setRange(1e-12, 100)
    box.setValue(0.001)
    box.stepBy(1)
    assert box.value() == pytest.approx(0.002)
    box.stepBy(-2)
    assert box.value() == pytest.approx(0.0005)


def test_a_value_beyond_the_limits_is_never_told(make_form):
    form = make_form(TrainingSection)
    type_into(form.editor("batch_size").box, "99999999")
    type_into(form.editor("label_smoothing").box, "7")
    form.editor("epochs").box.setFocus()
    for path, value in form.edits:
        assert not (path == "batch_size" and value > 65_536)
        assert not (path == "label_smoothing" and value >= 1)


def test_what_is_being_typed_is_not_disturbed_by_showing_the_same_value_again(make_form):
    form = make_form(TrainingSection)
    box = form.editor("optimizer.learning_rate").box
    type_into(box, "0.0100")
    position = box.lineEdit().cursorPosition()
    section = TrainingSection(optimizer={"name": "adam", "learning_rate": 0.01})
    form.set_section(section)
    assert box.lineEdit().text() == "0.0100"
    assert box.lineEdit().cursorPosition() == position


def test_the_wheel_over_a_field_without_focus_changes_nothing(make_form):
    form = make_form(TrainingSection)
    form.editor("epochs").box.setFocus()
    for path in ("batch_size", "optimizer.learning_rate", "optimizer"):
        turn_wheel(form.editor(path).box)
    assert form.edits == []


def test_the_wheel_turns_the_field_that_has_the_focus(make_form, qtbot):
    form = make_form(TrainingSection)
    box = form.editor("batch_size").box
    form.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus, timeout=2000)
    turn_wheel(box)
    assert form.edits == [("batch_size", 33)]


def turn_wheel(widget):
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, widget.mapToGlobal(middle), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_choosing_another_optimizer_asks_for_its_defaults_and_shows_its_fields(make_form):
    form = make_form(TrainingSection)
    box = form.editor("optimizer").box
    assert isinstance(box, QComboBox)
    assert [box.itemText(row) for row in range(3)] == ["SGD", "Adagrad", "Adadelta"]
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert form.edits == [("optimizer", {"name": "sgd"})]
    form.set_section(TrainingSection(optimizer=Sgd()))
    assert form.editor("optimizer.momentum").box.value() == pytest.approx(0.9)
    assert isinstance(form.editor("optimizer.nesterov"), BoolEditor)


def test_a_choice_of_numbers_gives_the_number(make_form):
    form = make_form(ImagePreprocessing)
    box = form.editor("channels").box
    assert [box.itemText(row) for row in range(2)] == ["1 (grey)", "3 (colour)"]
    box.activated.emit(1)
    assert form.edits == [("channels", 3)]


def test_a_slider_and_its_number_move_together_and_tell_once(make_form):
    form = make_form(SplitsSection)
    editor = form.editor("validation")
    assert isinstance(editor, FloatEditor)
    editor.slider.setValue(25)
    assert editor.box.value() == pytest.approx(0.2)
    assert form.edits == [("validation", pytest.approx(0.2))]
    editor.box.setValue(0.4)
    assert editor.slider.value() == 50
    assert len(form.edits) == 2


def test_a_fault_is_said_under_its_field_and_taken_back(make_form):
    form = make_form(TrainingSection)
    form.set_error("optimizer.learning_rate", "too large")
    said = [label.text() for label in form.findChildren(QLabel) if label.isVisible() and label.text() == "too large"]
    assert said == ["too large"]
    form.set_section(TrainingSection())
    assert [label for label in form.findChildren(QLabel) if label.isVisible() and label.text() == "too large"] == []


def test_a_fault_in_a_folded_field_unfolds_it(make_form):
    form = make_form(TrainingSection)
    device = form.editor("device")
    assert not device.isVisible()
    form.set_error("device", "there is no such device")
    assert device.isVisible()


class Small(Section):
    name: Literal["small"] = "small"
    size: int = setting(1, title="Size", ge=1, le=5)


class Bare(Section):
    name: Literal["bare"] = "bare"


class Everything(Section):
    amount: float | None = setting(None, title="Amount", help="May be left out.")
    sizes: tuple[int, ...] = setting((3, 3), title="Sizes")
    folder: str = setting("", title="Folder", widget="folder")
    inner: Small = setting(title="Inner", default_factory=Small)
    either: Annotated[Small | Bare, Discriminator("name")] = setting(title="Either", default_factory=Bare)
    secret: int = setting(1, title="Secret", widget="hidden")


def test_an_empty_optional_number_means_none(make_form):
    form = make_form(Everything)
    line = form.editor("amount").line
    type_into(line, "0.5")
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    assert form.edits[-1] == ("amount", None)
    assert ("amount", 0.5) in form.edits


def test_several_numbers_are_typed_with_commas(make_form):
    form = make_form(Everything)
    type_into(form.editor("sizes").line, "5, 7")
    assert form.edits[-1] == ("sizes", (5, 7))


def test_nested_sections_tell_the_whole_path_and_hidden_fields_are_left_out(make_form):
    form = make_form(Everything)
    assert isinstance(form.editor("inner.size"), IntEditor)
    form.editor("inner.size").box.setValue(4)
    assert form.edits == [("inner.size", 4)]
    assert form.editor("secret") is None


def test_a_folder_field_offers_to_choose_one(make_form):
    editor = make_form(Everything).editor("folder")
    assert not editor.line.acceptDrops()  # a folder dropped on the line is the page's
    assert isinstance(editor, TextEditor)
    assert editor.findChild(QLineEdit).accessibleName() == "Folder"
    assert any(button.accessibleName() == "Choose Folder" for button in editor.children() if hasattr(button, "click"))


def test_the_unit_stands_behind_the_number(make_form):
    box = make_form(TrainingSection).editor("batch_size").box
    assert isinstance(box, QSpinBox)
    assert box.text() == "32 samples"


def test_a_mnemonic_is_a_letter_that_no_other_label_has():
    taken = {"e"}
    assert with_mnemonic("Epochs", taken) == "E&pochs"
    assert with_mnemonic("Epochs", taken) == "Ep&ochs"
    assert with_mnemonic("Q & A", taken) == "&Q && A"


class Base(Section):
    kind: Literal["own", "file", "net"] = setting("own", title="Kind")
    path: str = setting("", title="Path", shown_if=("kind", ("file", "net")))
    port: int = setting(80, title="Port", advanced=True, shown_if=("kind", ("net",)))


def test_fields_without_a_meaning_beside_the_others_are_hidden_and_keep_their_values(make_form):
    form = make_form(Base, Base(path="kept"))
    path, port = form.editor("path"), form.editor("port")
    fold = next(button for button in form.findChildren(QPushButton) if button.text() == "Advanced")
    assert not path.isVisible()
    assert not fold.isVisible()
    form.set_section(Base(kind="net", path="kept"))
    assert path.isVisible()
    assert path.line.text() == "kept"
    QTest.mouseClick(fold, Qt.MouseButton.LeftButton)
    assert port.isVisible()
    form.set_section(Base(kind="file"))
    assert path.isVisible()
    assert not fold.isVisible()
    form.show_only(["kind"])
    assert not path.isVisible()
    assert form.edits == []


def test_what_is_wrong_with_a_hidden_field_is_seen(make_form):
    form = make_form(Base)
    form.set_error("path", "There is no such file.")
    assert form.editor("path").isVisible()
    form.set_section(Base())
    assert not form.editor("path").isVisible()


def test_a_condition_names_a_field_and_choices_of_it():
    conditions = 0
    for catalog in ("datasets", "architectures", "trainers", "tasks"):
        for entry in getattr(registry(), catalog):
            plans = {plan.name: plan for plan in plan_fields(entry.section)}
            for name, values in (plan.shown_if for plan in plans.values() if plan.shown_if is not None):
                assert set(values) < {value for value, _label in plans[name].choices}
                conditions += 1
    assert conditions >= 4


class WithZero(Section):
    side: int = setting(0, title="Side", unit="px", zero="by the picture", ge=0, le=99)


def test_a_zero_that_stands_for_something_is_shown_as_that_and_can_be_typed_over(make_form):
    form = make_form(WithZero)
    box = form.editor("side").box
    assert box.text() == "by the picture"
    type_into(box, "7")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert (form.edits[-1], box.text()) == (("side", 7), "7 px")
    type_into(box, "0")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert (form.edits[-1], box.text()) == (("side", 0), "by the picture")
