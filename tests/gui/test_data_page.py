"""The Data page in the real window: real data through a real engine; scripted engines for the order of questions."""

import shutil

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from workbench.data.report import DataReport
from workbench.data.source import Problem
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import SplitsSection
from workbench.gui.pages.data_report_view import AUGMENTATION, NUMBERS, PROBLEMS, SAMPLES
from workbench.gui.pages.data_splits import estimate_sizes
from workbench.registry import registry
from workbench.requests import AugmentationRequest, DataRequest
from workbench.specs import ClassTarget, ImageInput

ANSWER = 90_000
SOON = 10_000


@pytest.fixture
def page(open_window, real_engine):
    return open_window(questions=real_engine, page="data").show_page("data")


def report_of(count=100, name="a"):
    classes = {name: count // 2, "b": count - count // 2}
    splits = {"train": count - 2 * (count // 5), "validation": count // 5, "test": count // 5}
    return DataReport(count, classes, splits, {}, ImageInput(28, 28, 1), ClassTarget((name, "b")), (), (), ())


@pytest.fixture
def scripted_page(open_window, scripted_engine):
    """A page whose engine answers with `script(request, emit, engine)`."""

    def open_page(script):
        engine = scripted_engine(script)
        return open_window(questions=engine, page="data").show_page("data"), engine

    return open_page


def document(page):
    return page.workspace.document


def wait_for_report(qtbot, page, timeout=ANSWER):
    """Wait until what is shown fits the experiment."""
    qtbot.waitUntil(lambda: page.reader.state != "reading", timeout=timeout)
    assert page.reader.message == ""
    return page.workspace.data_report


def drop(page, *paths):
    """Drop files through Qt; whether the page took them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    spot = page.rect().center()
    enter = QDragEnterEvent(spot, Qt.DropAction.CopyAction, mime, buttons, keys)
    enter.ignore()
    page.dragEnterEvent(enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(page, QDragEnterEvent(spot, Qt.DropAction.CopyAction, mime, buttons, keys))
    event = QDropEvent(QPointF(spot), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, event)
    return event.isAccepted()


@pytest.fixture
def pictures(tmp_path):
    """A folder of two classes, twelve noisy pictures each."""
    random = np.random.default_rng(0)
    folder = tmp_path / "ảnh chó mèo"
    for name in ("chó", "mèo"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            Image.fromarray(random.integers(0, 256, (20, 30, 3), np.uint8)).save(folder / name / f"{number:02}.png")
    return folder


def test_the_digits_are_shown_with_their_classes_splits_and_sizes(qtbot, page):
    report = wait_for_report(qtbot, page)
    assert report is page.workspace.data_report
    view = page.report_view
    assert view.summary._values["samples"].text() == "1,797"
    assert view.summary._values["input"].text() == "28 × 28 × 1"
    assert "Training 1,257 · Validation 270 · Test 270" in page.settings.split_bar.text
    gallery = view.samples_view.figure
    assert len(gallery.tiles) == 60
    assert {tile.caption for tile in gallery.tiles} <= set("0123456789")
    view.tabs.setCurrentIndex(NUMBERS)
    assert [figure_view.figure.kind for figure_view in view.numbers.views] == ["bars", "table"]
    assert view.numbers.views[0].isVisible()
    view.tabs.setCurrentIndex(PROBLEMS)
    assert "No problems" in view.problems._summary.text()


def test_choosing_another_dataset_by_keyboard_shows_its_settings_and_its_samples(qtbot, page):
    box = page.settings.dataset_box
    box.setFocus()
    qtbot.keyClicks(box, box.itemText(box.findData("shapes")))
    assert document(page).experiment.dataset.name == "shapes"
    assert page.workspace.data_report is None
    assert page.settings.dataset_form.isVisible()
    count = page.settings.dataset_form.editor("count").box
    count.setFocus()
    count.selectAll()
    qtbot.keyClicks(count, "60")
    report = wait_for_report(qtbot, page)
    assert report.samples == 60
    assert report.input.channels == 3
    while document(page).undo_stack.canUndo():  # every letter may have chosen another one
        document(page).undo_stack.undo()
    assert box.currentData() == "digits"
    assert wait_for_report(qtbot, page).samples == 1797


def test_the_sizes_follow_the_slider_at_once_and_are_the_ones_that_are_made(qtbot, page):
    wait_for_report(qtbot, page)
    slider = page.settings.splits_form.editor("validation").slider
    slider.setFocus()
    for _press in range(3):
        qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    shares = document(page).experiment.splits
    assert shares.validation > 0.3
    shown = page.settings.split_bar.text
    assert f"Validation {round(1797 * shares.validation):,}" in shown
    report = wait_for_report(qtbot, page)
    assert page.settings.split_bar.text == shown
    assert f"Training {report.splits['train']:,}" in shown


def test_ready_made_splits_stay_as_they_are_when_a_share_changes():
    counts = {"train": 80, "validation": 20, "test": 1000}
    after = estimate_sizes(counts, ("test",), SplitsSection(validation=0.4, test=0.3))
    assert after == {"train": 60, "validation": 40, "test": 1000}


def test_a_test_split_that_comes_with_the_folder_is_kept_and_said_to_be(qtbot, page, pictures, tmp_path):
    both = tmp_path / "both"
    both.mkdir()
    shutil.copytree(pictures, both / "train")
    pictures.rename(both / "test")
    assert drop(page, both)
    report = wait_for_report(qtbot, page)
    assert report.splits["test"] == 24
    assert page.settings.split_bar.note == "Comes with the dataset, whatever its share: Test."
    assert len(report.leaks) == 24
    page.settings.splits_form.editor("validation").box.setValue(0.5)
    assert "Validation 12 · Test 24" in page.settings.split_bar.text
    assert wait_for_report(qtbot, page).splits == {"train": 12, "validation": 12, "test": 24}


def test_shares_that_leave_nothing_to_train_on_are_refused_under_the_field(qtbot, page):
    form = page.settings.splits_form
    form.editor("validation").box.setValue(0.6)
    form.editor("test").box.setValue(0.7)
    assert document(page).experiment.splits.test == 0.15
    assert "less than 5 %" in form._rows["test"]._error.text()
    assert form._rows["test"]._error.isVisibleTo(page)
    form.editor("test").box.setValue(0.1)
    assert not form._rows["test"]._error.isVisibleTo(page)


def test_a_dropped_folder_becomes_the_dataset_and_bad_files_are_listed_with_their_reason(qtbot, page, pictures):
    (pictures / "chó" / "hỏng.png").write_bytes(b"not a picture")
    (pictures / "mèo" / "rỗng.jpg").write_bytes(b"")
    shutil.copy(pictures / "chó" / "00.png", pictures / "chó" / "copy.png")
    assert drop(page, pictures)
    assert document(page).experiment.dataset.name == "image_folder"
    assert document(page).experiment.preprocessing.channels == 3
    report = wait_for_report(qtbot, page)
    assert set(report.classes) == {"chó", "mèo"}
    page.report_view.tabs.setCurrentIndex(PROBLEMS)
    rows = page.report_view.problems.table.rows.rows
    assert {row.where for row in rows if not row.leak} >= {"chó/hỏng.png", "mèo/rỗng.jpg"}
    assert all(row.reason for row in rows)
    assert page.report_view.tabs.tabText(PROBLEMS) == f"Problems ({len(rows)})"
    document(page).undo_stack.undo()
    assert document(page).experiment.dataset.name == "digits"


def test_dropped_arrays_and_tables_become_the_sources_that_read_them(qtbot, page, tmp_path):
    arrays = tmp_path / "mảng số.npz"
    random = np.random.default_rng(0)
    np.savez(arrays, x=random.integers(0, 256, (40, 12, 10, 3), np.uint8), y=np.arange(40) % 4)
    assert drop(page, arrays)
    experiment = document(page).experiment
    assert (experiment.dataset.name, experiment.dataset.path) == ("npz", str(arrays))
    assert (experiment.preprocessing.height, experiment.preprocessing.width) == (12, 10)
    table = tmp_path / "pixels.csv"
    table.write_text("\n".join(",".join(map(str, [n % 3, *random.integers(0, 256, 64)])) for n in range(30)))
    assert drop(page, table)
    assert document(page).experiment.dataset.name == "csv_images"
    assert wait_for_report(qtbot, page).samples == 30


def test_what_is_no_dataset_is_left_to_the_window(page, tmp_path):
    model = tmp_path / "model.keras"
    model.write_bytes(b"")
    run = tmp_path / "run"
    run.mkdir()
    (run / "experiment.toml").write_text("")
    assert not drop(page, model)
    assert not drop(page, run)
    assert document(page).experiment.dataset.name == "digits"


def test_a_folder_that_is_missing_is_asked_for_and_a_wrong_one_is_explained(qtbot, page, pictures, tmp_path):
    document(page).apply(document(page).experiment.changed("dataset.name", "image_folder"), "Choose")
    assert page.reader.state == "incomplete"
    assert page.report_view._empty.button.isVisible()
    assert "drop it" in page.report_view._empty.text.text()
    line = page.settings.dataset_form.editor("path").line
    line.setFocus()
    qtbot.keyClicks(line, str(tmp_path / "nothing"))
    qtbot.waitUntil(lambda: page.reader.state == "failed", timeout=ANSWER)
    assert page.report_view.notice.isVisible()
    assert "does not exist" in page.report_view.notice.text
    pictures.rename(tmp_path / "nothing")
    page.report_view._again.click()
    assert not page.report_view.notice.isVisible()
    assert wait_for_report(qtbot, page).samples == 24


def test_the_augmentation_is_shown_before_and_after_once_a_value_is_raised(qtbot, page):
    wait_for_report(qtbot, page)
    box = page.settings.augmentation_form.editor("rotation").box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "40")
    assert page.report_view.tabs.currentIndex() == AUGMENTATION
    preview = page.report_view.augmentation
    qtbot.waitUntil(lambda: preview.view is not None, timeout=ANSWER)
    gallery = preview.view.figure
    assert len(gallery.tiles) == 6 * gallery.columns
    before, after = gallery.tiles[0].pixels, gallery.tiles[1].pixels
    assert before.shape == after.shape
    assert np.any(before != after)
    preview._again.click()
    qtbot.waitUntil(lambda: preview.view.figure is not gallery, timeout=ANSWER)
    assert np.any(preview.view.figure.tiles[1].pixels != after)
    document(page).set_value("augmentation.rotation", 0.0)
    assert not preview.view.isVisible()
    assert "No change is switched on" in preview._note.text()


def test_many_quick_changes_are_one_question_and_only_the_last_answer_counts(qtbot, scripted_page):
    def script(request, emit, engine):
        return report_of(name=str(request.experiment.splits.seed))

    page, engine = scripted_page(script)
    qtbot.waitUntil(lambda: page.reader.state == "ready", timeout=SOON)
    asked = len(engine.requests)
    for seed in range(1, 21):
        document(page).set_value("splits.seed", seed)
    assert page.reader.state == "reading"
    qtbot.waitUntil(lambda: page.reader.state == "ready", timeout=SOON)
    assert len(engine.requests) == asked + 1
    assert set(page.workspace.data_report.classes) == {"20", "b"}


def test_an_answer_about_older_settings_never_shows(qtbot, scripted_page):
    def script(request, emit, engine):
        if request.experiment.splits.seed == 1:
            engine.stopped.wait(5)  # it answers although it was asked to stop
            return report_of(name="old")
        return report_of(name="new")

    page, engine = scripted_page(script)
    seen = []
    page.workspace.data_report_changed.connect(lambda: seen.append(page.workspace.data_report))
    document(page).set_value("splits.seed", 1)
    qtbot.waitUntil(lambda: any(request.experiment.splits.seed == 1 for request in engine.requests), timeout=SOON)
    document(page).set_value("splits.seed", 2)
    qtbot.waitUntil(lambda: page.reader.state == "ready", timeout=SOON)
    assert {name for report in seen if report for name in report.classes} == {"new", "b"}


def test_reading_shows_its_progress_and_can_be_cancelled(qtbot, scripted_page):
    def script(request, emit, engine):
        emit(Progress("Decoding", 300, 1000))
        return engine.wait()

    page, engine = scripted_page(script)
    view = page.report_view
    qtbot.waitUntil(lambda: view._bar.value() == 300, timeout=SOON)
    assert view._doing.text() == "Decoding: 300 of 1,000"
    qtbot.mouseClick(view.cancel_button, Qt.MouseButton.LeftButton)
    assert not view.busy.isVisible()
    assert "cancelled" in view.notice.text
    qtbot.waitUntil(lambda: "stop" in engine.calls, timeout=SOON)
    engine.script = lambda request, emit, engine: report_of()
    qtbot.mouseClick(view._again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.workspace.data_report is not None, timeout=SOON)
    assert not view.notice.isVisible()


def test_a_failure_says_what_to_do_and_the_next_report_takes_its_place(qtbot, scripted_page):
    def script(request, emit, engine):
        if request.experiment.splits.seed == 0:
            raise UserError("The folder holds one class only. Put the pictures of a second class beside it.")
        return report_of()

    page, _engine = scripted_page(script)
    qtbot.waitUntil(lambda: page.reader.state == "failed", timeout=SOON)
    assert "second class" in page.report_view.notice.text
    assert not page.report_view.summary.isVisible()
    document(page).set_value("splits.seed", 3)
    qtbot.waitUntil(lambda: page.reader.state == "ready", timeout=SOON)
    assert page.report_view.summary.isVisible()
    assert not page.report_view.notice.isVisible()


def test_problems_and_pictures_in_two_splits_are_searchable(qtbot, scripted_page):
    problems = tuple(Problem(f"cats/{number}.jpg", "the file is cut off") for number in range(2000))
    report = report_of()
    report = DataReport(**{**vars(report), "problems": problems, "leaks": (("dogs/1.png", "dogs/2.png"),)})
    page, _engine = scripted_page(lambda request, emit, engine: report)
    qtbot.waitUntil(lambda: page.reader.state == "ready", timeout=SOON)
    view = page.report_view.problems
    assert view.count == 2001
    assert view._summary.text().startswith("Noted: 2,000.")
    assert "Samples in two splits: 1." in view._summary.text()
    page.report_view.tabs.setCurrentIndex(PROBLEMS)
    qtbot.keyClicks(view._search, "dogs")
    (row,) = view.table.rows.rows
    assert row.where == "dogs/1.png"
    assert "dogs/2.png" in row.reason


def test_the_preview_is_asked_for_only_while_it_is_seen(qtbot, scripted_page):
    def script(request, emit, engine):
        return report_of() if isinstance(request, DataRequest) else engine.wait()

    page, engine = scripted_page(script)
    qtbot.waitUntil(lambda: page.reader.state == "ready", timeout=SOON)
    document(page).set_value("augmentation.flip", "both")
    qtbot.wait(400)
    assert not [request for request in engine.requests if isinstance(request, AugmentationRequest)]
    page.report_view.tabs.setCurrentIndex(AUGMENTATION)
    for step in range(1, 6):
        document(page).set_value("augmentation.rotation", 10.0 * step)
    wanted = lambda: [request for request in engine.requests if isinstance(request, AugmentationRequest)]  # noqa: E731
    qtbot.waitUntil(lambda: len(wanted()) == 1, timeout=SOON)
    assert wanted()[0].experiment.augmentation.rotation == 50.0


def test_the_input_follows_the_dataset_but_not_over_the_users_own_choice(page, tmp_path):
    def arrays(name, side):
        path = tmp_path / name
        np.savez(path, x=np.zeros((20, side, side), np.uint8), y=np.arange(20) % 2)
        return path

    drop(page, arrays("a.npz", 12))
    assert document(page).experiment.preprocessing.height == 12
    page.settings.dataset_form.editor("path").edited.emit(str(arrays("b.npz", 16)))
    assert document(page).experiment.preprocessing.height == 16
    document(page).set_value("preprocessing.height", 40)
    page.settings.dataset_form.editor("path").edited.emit(str(arrays("a.npz", 12)))
    assert document(page).experiment.preprocessing.height == 40


def test_every_setting_has_a_name_for_screen_readers_and_a_label_that_leads_to_it(page):
    for form in (page.settings.splits_form, page.settings.preprocessing_form, page.settings.augmentation_form):
        for row in form._rows.values():
            assert row._label.buddy() is row.editor
            assert row.editor.focusProxy().accessibleName()
    spot = page.settings.dataset_box.mapTo(page, QPoint(0, 0))
    assert page.rect().contains(spot)


def test_a_table_shows_its_rows_and_no_augmentation_and_brings_a_network_that_takes_it(qtbot, page):
    view = page.report_view
    wait_for_report(qtbot, page)
    assert view.tabs.isTabVisible(AUGMENTATION)
    view.tabs.setCurrentIndex(AUGMENTATION)
    page.settings.dataset_box.setCurrentIndex(page.settings.dataset_box.findData("diabetes"))
    page.settings.dataset_box.activated.emit(page.settings.dataset_box.currentIndex())
    experiment = document(page).experiment
    assert "table" in registry().architectures.get(experiment.architecture.name).inputs
    assert not view.tabs.isTabVisible(AUGMENTATION)
    assert not page.settings.augmentation_form.isVisible()
    assert wait_for_report(qtbot, page).samples == 442
    assert view.tabs.currentIndex() == SAMPLES
    assert view.summary._values["input"].text() == "10 columns"
    assert not view.summary._places["classes"].isVisible()
    assert view.samples_view.figure.kind == "table"
    assert "age (years)" in view.samples_view.figure.columns
    assert page.settings.preprocessing_form.editor("missing") is not None
    document(page).undo_stack.undo()
    assert document(page).experiment.architecture.name == "simple_cnn"
    wait_for_report(qtbot, page)
    assert view.samples_view.figure.kind == "gallery"
    assert view.tabs.isTabVisible(AUGMENTATION)


def test_masks_are_painted_into_the_samples_and_bring_a_network_that_answers_every_pixel(qtbot, page):
    page.settings.dataset_box.setCurrentIndex(page.settings.dataset_box.findData("cells"))
    page.settings.dataset_box.activated.emit(page.settings.dataset_box.currentIndex())
    experiment = document(page).experiment
    task = registry().tasks.get(experiment.task.name)
    assert task.output(task.learns.usual(2)).spatial
    assert experiment.architecture.name == "unet"
    assert document(page).set_value("dataset.count", 20) == ""
    wait_for_report(qtbot, page)
    tile = page.report_view.samples_view.figure.tiles[0].pixels
    assert tile.ndim == 3
    assert np.ptp(tile.astype(int), axis=-1).any()  # the picture is grey, the mask over it is not
