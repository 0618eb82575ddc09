"""The Model page in the real window: the table follows the typing, layers are moved by mouse and keyboard."""

import os
import statistics
import subprocess
import sys
import time

import pytest
from PySide6.QtCore import QModelIndex, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from workbench.gui.pages.model_code import CodeDialog
from workbench.gui.pages.model_table import KIND, NAME, PARAMETERS, SHAPE
from workbench.requests import CodeRequest, DataRequest, SummaryRequest
from workbench.specs import ClassTarget, ImageInput

ANSWER = 90_000


class Report:
    """What the Model page reads of a data report."""

    def __init__(self, *classes):
        self.classes = dict.fromkeys(classes, 50)
        self.splits = {"train": 40 * len(classes), "validation": 5 * len(classes), "test": 5 * len(classes)}
        self.class_splits = {"train": dict.fromkeys(classes, 40)}
        self.leaks = ()
        self.target = ClassTarget(classes)
        self.input = ImageInput(8, 8, 1)


def unanswered(request, emit, engine):
    return engine.wait(60)


@pytest.fixture
def window(open_window, scripted_engine):
    window = open_window(questions=scripted_engine(unanswered), page="model")
    window.workspace.set_data_report(Report(*"0123456789"))
    return window


@pytest.fixture
def page(window):
    return window.show_page("model")


@pytest.fixture
def layers_page(window, page):
    document = window.workspace.document
    document.apply(document.experiment.changed("architecture.name", "layers"), "Choose my own layers")
    return page


def cell(page, name, column):
    model = page.table_panel.view.model()
    for row in range(model.rowCount()):
        if model.index(row, NAME).data() == name:
            return model.index(row, column)
    raise AssertionError(f"no layer {name}")


def names(page):
    return [row.name for row in page.table_panel.view.rows]


def kinds(page):
    return [layer.kind for layer in page.workspace.document.experiment.architecture.layers]


def choose_by_keyboard(qtbot, box, name):
    """Open a combo box and take an entry with the arrow keys and Enter."""
    box.setFocus()
    box.showPopup()
    view = box.view()
    qtbot.waitUntil(view.isVisible)
    steps = box.findData(name) - box.currentIndex()
    for _step in range(abs(steps)):
        qtbot.keyClick(view, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not view.isVisible())


def retype(qtbot, box, text):
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, text)


def test_choosing_an_architecture_by_keyboard_shows_its_settings_and_its_layers(qtbot, page):
    choose_by_keyboard(qtbot, page.settings.architecture_box, "mlp")
    assert page.workspace.document.experiment.architecture.name == "mlp"
    assert page.settings.architecture_form.isVisible()
    assert names(page)[-2:] == ["logits", "output"]
    assert "dense_1" in names(page)
    page.workspace.document.undo_stack.undo()
    assert page.settings.architecture_box.currentData() == "simple_cnn"
    assert "conv_1" in names(page)


def test_the_first_letter_of_an_architecture_chooses_it_without_opening_the_list(qtbot, page):
    page.settings.architecture_box.setFocus()
    qtbot.keyClicks(page.settings.architecture_box, "Le")
    assert page.workspace.document.experiment.architecture.name == "lenet5"


def test_headings_of_the_families_are_passed_over_by_letters_and_arrows(qtbot, page):
    box = page.settings.architecture_box
    headings = [row for row in range(box.count()) if box.itemData(row) is None]
    assert [box.itemText(row) for row in headings][:2] == ["Small networks", "AlexNet and VGG"]
    assert not any(box.model().item(row).isEnabled() for row in headings)
    box.setFocus()
    qtbot.keyClicks(box, "DenseNet")  # the heading begins with these letters, too
    assert page.workspace.document.experiment.architecture.name == "densenet121"
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert page.workspace.document.experiment.architecture.name == box.itemData(headings_before(box) - 1)
    qtbot.keyClick(box, Qt.Key.Key_Home)
    assert box.currentIndex() == 1


def headings_before(box):
    """Row of the heading above DenseNet-121."""
    return box.findData("densenet121") - 1


def test_a_published_network_shows_its_card_and_one_of_our_own_none(qtbot, page):
    settings, document = page.settings, page.workspace.document
    assert not settings.paper.isVisible()
    document.apply(document.experiment.changed("architecture.name", "densenet121"), "Choose")
    assert settings.paper.isVisible()
    assert "Huang, Liu, van der Maaten, Weinberger (2017)" in settings.paper.paper.text()
    assert 'href="https://arxiv.org/abs/1608.06993"' in settings.paper.paper.text()
    assert settings.paper.size.text().startswith("8,062,504 parameters and 2.834 billion multiply-adds a picture")
    document.undo_stack.undo()
    assert not settings.paper.isVisible()


def test_the_table_follows_a_kernel_size_while_it_is_typed(qtbot, page):
    assert cell(page, "conv_1", SHAPE).data() == "26 × 26 × 32"
    retype(qtbot, page.settings.architecture_form.editor("kernel_size").box, "5")
    assert cell(page, "conv_1", SHAPE).data() == "24 × 24 × 32"
    assert cell(page, "conv_1", PARAMETERS).data() == f"{(5 * 5 + 1) * 32:,}"
    assert cell(page, "conv_1", KIND).data() == "Convolution"


def test_the_table_follows_within_50_milliseconds(qtbot, page):
    box = page.settings.architecture_form.editor("kernel_size").box
    seconds = []
    for size in (3, 5) * 10:
        begin = time.perf_counter()
        box.setValue(size)
        QApplication.processEvents()
        seconds.append(time.perf_counter() - begin)
    assert statistics.median(seconds) < 0.05


def test_a_selected_layer_explains_its_numbers(qtbot, page):
    view = page.table_panel.view
    place = view.visualRect(cell(page, "conv_1", KIND)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    text = page.table_panel.formula.text()
    assert "(3 × 3 × 1 + 1) × 32 = 320" in text
    assert "⌊(28 − 3) / 1⌋ + 1 = 26" in text
    retype(qtbot, page.settings.architecture_form.editor("kernel_size").box, "7")
    assert "(7 × 7 × 1 + 1) × 32 = 1600" in page.table_panel.formula.text()


def test_an_impossible_stack_marks_its_row_with_a_sign_and_says_why(qtbot, page):
    retype(qtbot, page.settings.architecture_form.editor("kernel_size").box, "15")
    marked = [row.name for row in page.table_panel.view.rows if row.problem]
    assert marked == ["conv_2"]
    assert not cell(page, "conv_2", NAME).data(Qt.ItemDataRole.DecorationRole).isNull()
    assert "15 × 15 is larger than its input of 7 × 7" in cell(page, "conv_2", SHAPE).data()
    assert "larger than its input" in cell(page, "conv_2", NAME).data(Qt.ItemDataRole.AccessibleTextRole)
    assert page.problem.isVisible()
    assert page.problem.text.startswith("conv_2: ")
    page.workspace.document.undo_stack.undo()
    assert not page.problem.isVisible()
    assert not [row for row in page.table_panel.view.rows if row.problem]


def test_the_output_layer_has_as_many_units_as_the_data_have_classes(page):
    page.workspace.set_data_report(Report("cat", "dog", "horse"))
    assert cell(page, "logits", SHAPE).data() == "3"
    assert not page.classes_note.isVisible()


def test_before_the_data_are_read_the_page_says_that_the_classes_are_a_guess(page):
    page.workspace.set_data_report(None)
    assert "known after the data are read" in page.classes_note.text()
    assert page.classes_note.isVisible()
    page.workspace.document.set_value("dataset.name", "shapes")
    page.workspace.document.set_value("dataset.classes", 7)
    assert cell(page, "logits", SHAPE).data() == "7"
    assert not page.classes_note.isVisible()


def test_layers_are_added_duplicated_and_removed_with_undo(qtbot, layers_page):
    page, layers = layers_page, layers_page.settings.layer_list
    before = kinds(page)
    layers.choose(1)
    action = next(action for action in layers.add_button.menu().actions() if action.data() == "batch_normalization")
    action.trigger()
    assert kinds(page) == [*before[:2], "batch_normalization", *before[2:]]
    assert layers.row == 2
    layers.view.setFocus()
    qtbot.keyClick(layers.view, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert kinds(page)[2:4] == ["batch_normalization"] * 2
    assert layers.row == 3
    qtbot.keyClick(layers.view, Qt.Key.Key_Delete)
    qtbot.keyClick(layers.view, Qt.Key.Key_Up)
    assert layers.row == 2
    qtbot.keyClick(layers.view, Qt.Key.Key_Delete)
    assert kinds(page) == before
    for _step in range(4):
        page.workspace.document.undo_stack.undo()
    assert kinds(page) == before
    page.workspace.document.undo_stack.redo()
    assert "batch_normalization" in kinds(page)
    assert "batch_norm_1" in names(page)


def test_a_layer_moves_by_alt_and_the_arrow_keys_and_stays_chosen(qtbot, layers_page):
    page, layers = layers_page, layers_page.settings.layer_list
    assert kinds(page)[-2:] == ["dense", "dropout"]
    layers.choose(len(kinds(page)) - 1)
    qtbot.keyClick(layers.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert kinds(page)[-2:] == ["dropout", "dense"]
    assert layers.row == len(kinds(page)) - 2
    qtbot.keyClick(layers.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(layers.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert kinds(page)[-2:] == ["dense", "dropout"]


def drop_row(view, row, pos):
    """Drop a dragged row there, through Qt's drop event."""
    mime = view.model().mimeData([view.model().index(row)])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(pos, Qt.DropAction.MoveAction, mime, buttons, keys)
    QApplication.sendEvent(view.viewport(), enter)
    event = QDropEvent(QPointF(pos), Qt.DropAction.MoveAction, mime, buttons, keys)
    QApplication.sendEvent(view.viewport(), event)
    return event.isAccepted()


def test_a_layer_moves_by_drag_and_undo_takes_it_back(layers_page):
    page, view = layers_page, layers_page.settings.layer_list.view
    before = kinds(page)
    assert before[:2] == ["convolution", "max_pooling"]
    second = view.visualRect(view.model().index(1))
    assert drop_row(view, 0, QPoint(second.center().x(), second.bottom() - 1))
    assert kinds(page) == ["max_pooling", "convolution", *before[2:]]
    assert page.settings.layer_list.row == 1
    assert page.workspace.document.undo_stack.undoText() == "Move convolution"
    page.workspace.document.undo_stack.undo()
    assert kinds(page) == before


def test_a_layer_dragged_over_from_another_list_is_not_taken(layers_page):
    page = layers_page
    extra = page.settings.extra_layers.list
    extra.add("dense")
    before = kinds(page)
    mime = extra.model.mimeData([extra.model.index(0)])
    assert not page.settings.layer_list.model.canDropMimeData(mime, Qt.DropAction.MoveAction, 0, 0, QModelIndex())
    assert not page.settings.layer_list.model.dropMimeData(mime, Qt.DropAction.MoveAction, 0, 0, QModelIndex())
    assert kinds(page) == before


REAL_DRAG = """
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from workbench.architectures.layer_stack import DEFAULT_STACK
from workbench.gui.layer_list import LayerListEditor
from workbench.specs import ClassTarget, ImageInput
application = QApplication([])
editor = LayerListEditor()
editor.set_layers(DEFAULT_STACK)
editor.resize(500, 600)
editor.show()
application.processEvents()
editor.edited.connect(lambda layers, text, key: print(*[layer.kind for layer in layers]))
view, window = editor.view, editor.windowHandle()
start = view.visualRect(view.model().index(0)).center()
end = view.visualRect(view.model().index(2)).bottomLeft() + QPoint(20, -1)
def place(pos):
    return view.viewport().mapTo(editor, pos)
def finish():
    for step in range(1, 6):
        QTest.mouseMove(window, place(start + (end - start) * step / 5))
        application.processEvents()
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=place(end))
QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=place(start))
QTimer.singleShot(100, finish)  # the drag runs an event loop of its own
for distance in (5, 15, 25):
    QTest.mouseMove(window, place(start + QPoint(0, distance)))
    application.processEvents()
"""


def test_a_layer_moves_when_it_is_dragged_with_the_mouse():
    # The offscreen platform has no drag and drop of its own; `minimal` has.
    environment = {**os.environ, "QT_QPA_PLATFORM": "minimal"}
    script = [sys.executable, "-c", REAL_DRAG]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split()[:3] == ["max_pooling", "convolution", "convolution"]


def test_a_layers_own_settings_are_edited_beside_the_list(qtbot, layers_page):
    page, layers = layers_page, layers_page.settings.layer_list
    page.table_panel.view.choose("conv_2")
    assert layers.row == 2
    form = layers._forms[type(layers.model.layers[2])]
    retype(qtbot, form.editor("filters").box, "48")
    assert page.workspace.document.experiment.architecture.layers[2].filters == 48
    assert cell(page, "conv_2", SHAPE).data() == "11 × 11 × 48"
    page.workspace.document.undo_stack.undo()
    assert page.workspace.document.experiment.architecture.layers[2].filters == 64
    assert form.editor("filters").box.value() == 64


def test_a_layer_that_cannot_stand_there_is_marked_in_the_list_too(qtbot, layers_page):
    page, layers = layers_page, layers_page.settings.layer_list
    layers.choose(4)
    assert kinds(page)[4] == "flatten"
    qtbot.mouseClick(layers._buttons["remove"], Qt.MouseButton.LeftButton)
    assert "flatten" not in kinds(page)
    assert page.problem.text.startswith("logits: ")
    layers.choose(0)
    form = layers._forms[type(layers.model.layers[0])]
    retype(qtbot, form.editor("kernel_size").box, "29")
    spoken = layers.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "problem" in spoken
    assert "29 × 29" in spoken


def test_extra_layers_of_the_overrides_stand_right_before_the_output(page):
    extra = page.settings.extra_layers.list
    extra.add("dense")
    assert page.workspace.document.experiment.overrides.extra_layers[0]["kind"] == "dense"
    assert names(page)[-3:] == ["extra_dense_1", "logits", "output"]
    extra.remove()
    assert page.workspace.document.experiment.overrides.extra_layers == ()


def test_the_script_can_be_saved_and_a_place_that_refuses_is_named(qtbot, tmp_path):
    copied = []
    dialog = CodeDialog("print('ảnh')\n", copied.append)
    qtbot.addWidget(dialog)
    dialog.ask_path = lambda parent, name: str(tmp_path / "mã.py")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert (tmp_path / "mã.py").read_text(encoding="utf-8") == "print('ảnh')\n"
    dialog.ask_path = lambda parent, name: str(tmp_path / "none" / "a.py")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert "cannot be written" in dialog.notice.text
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert copied == ["print('ảnh')\n"]


def test_a_builder_is_counted_by_the_engine_and_the_code_comes_on_the_clipboard(qtbot, open_window, real_engine):
    window = open_window(questions=real_engine, page="model")
    page = window.show_page("model")
    document = window.workspace.document
    document.set_value("preprocessing.height", 64)
    document.set_value("preprocessing.width", 64)
    document.apply(document.experiment.changed("architecture.name", "mini_xception"), "Choose")
    assert page._busy.isVisible()
    assert names(page) == []
    qtbot.waitUntil(lambda: not page._busy.isVisible(), timeout=ANSWER)
    assert "scale" in names(page)
    assert "parameters" in page.table_panel.totals.text()
    qtbot.mouseClick(page.copy_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.copy_button.isEnabled, timeout=ANSWER)
    code = QGuiApplication.clipboard().text()
    assert "import keras" in code
    compile(code, "copied.py", "exec")
    qtbot.mouseClick(page.view_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.findChild(CodeDialog) is not None, timeout=ANSWER)
    dialog = page.findChild(CodeDialog)
    assert dialog.text.toPlainText() == code
    dialog.close()


def test_an_answer_that_comes_after_the_architecture_changed_is_not_shown(qtbot, open_window, scripted_engine):
    asked = []

    def script(request, emit, engine):
        asked.append(type(request))
        return engine.wait()

    window = open_window(questions=scripted_engine(script), page="model")
    page = window.show_page("model")
    document = window.workspace.document
    window.workspace.questions.drop("data")
    qtbot.wait(500)
    window.workspace.questions.drop("data")
    document.apply(document.experiment.changed("architecture.name", "mini_xception"), "Choose")
    qtbot.waitUntil(lambda: SummaryRequest in asked, timeout=5000)
    document.undo_stack.undo()
    assert not page._busy.isVisible()
    assert "conv_1" in names(page)
    assert CodeRequest not in asked
    assert asked.count(DataRequest) <= 1
