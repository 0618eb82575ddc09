"""The real window: navigation, menus, drops, closing, and a real training from click to result."""

import threading

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from workbench.engine import Engine
from workbench.events import Finished
from workbench.experiment import new_experiment
from workbench.gui.drops import understand
from workbench.gui.pages import PAGES
from workbench.runs.folder import RunFolder
from workbench.runs.writer import create_run_folder


def drop(window, *paths):
    """Drop files on the window through Qt's own events."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle = window.rect().center()
    arguments = (data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(middle, Qt.DropAction.CopyAction, *arguments)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(middle), Qt.DropAction.CopyAction, *arguments)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()


def test_every_page_is_reached_by_the_list_and_by_its_key(open_window, qtbot):
    window = open_window()
    for row, entry in enumerate(PAGES):
        window.navigation.setCurrentRow(row)
        assert window.pages.current_name == entry.name
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=3000)
    for number, entry in enumerate(PAGES, start=1):
        QTest.keyClick(window, getattr(Qt.Key, f"Key_{number % 10}"), Qt.KeyboardModifier.ControlModifier)
        assert window.pages.current_name == entry.name
        assert window.navigation.currentRow() == number - 1


def test_the_train_button_trains_and_shows_the_training(open_window, scripted_engine, qtbot):
    window = open_window(training=scripted_engine([Finished("completed", "")]))
    qtbot.mouseClick(window.header.train, Qt.MouseButton.LeftButton)
    assert window.pages.current_name == "train"
    qtbot.waitUntil(lambda: not window.workspace.training.running, timeout=3000)
    (request,) = window.workspace.training.engine.requests
    assert request.experiment == new_experiment()
    assert request.runs == str(window.workspace.settings.runs_folder)


def test_the_menus_have_no_two_actions_with_the_same_key(open_window):
    window = open_window()
    keys = []
    for menu in window.menuBar().actions():
        for action in menu.menu().actions():
            keys += [shortcut.toString() for shortcut in action.shortcuts()]
    assert len(keys) > 15
    assert sorted(keys) == sorted(set(keys))
    assert QKeySequence("F5").toString() in keys


def test_no_page_has_a_key_of_the_menus(open_window):
    window = open_window()
    menus = {keys.toString() for menu in window.menuBar().actions() for action in menu.menu().actions()
             for keys in action.shortcuts()}  # fmt: skip
    for row in range(len(PAGES)):
        window.navigation.setCurrentRow(row)
    pages = {shortcut.key().toString() for shortcut in window.findChildren(QShortcut)}
    assert {"Ctrl+E", "Ctrl+F", "Ctrl+G"} <= pages
    assert not pages & menus  # Qt calls neither of two with the same key


def test_title_and_header_show_name_and_modified_mark(open_window, qtbot):
    window = open_window()
    assert not window.isWindowModified()
    window.workspace.document.set_value("name", "Chữ số")
    assert window.isWindowModified()
    assert window.windowTitle().startswith("Chữ số[*]")
    assert window.header.name.text() == "Chữ số"
    assert "changed since it was saved" in window.header.details.text()
    window.actions_by_name["undo"].trigger()
    assert not window.isWindowModified()


def test_saving_asks_for_a_file_once_and_opening_brings_it_back(open_window, answers, tmp_path):
    window = open_window()
    window.workspace.document.set_value("training.epochs", 3)
    answers.to_save = tmp_path / "mine"
    window.actions_by_name["save"].trigger()
    assert (tmp_path / "mine.toml").exists()
    window.workspace.document.set_value("training.epochs", 4)
    answers.to_save = None
    window.actions_by_name["save"].trigger()
    window.actions_by_name["new"].trigger()
    assert window.workspace.document.experiment.training.epochs == 10
    answers.to_open = tmp_path / "mine.toml"
    window.actions_by_name["open"].trigger()
    assert window.workspace.document.experiment.training.epochs == 4
    assert [action.text() for action in window.actions_by_name.recent_menu.actions()] == [str(tmp_path / "mine.toml")]


def test_starting_over_with_unsaved_changes_asks_and_cancel_keeps_them(open_window, answers):
    window = open_window()
    window.workspace.document.set_value("training.epochs", 3)
    window.actions_by_name["new"].trigger()
    assert answers.asked == ["Save the changes?"]
    assert window.workspace.document.experiment.training.epochs == 3
    answers.choice = "discard"
    window.actions_by_name["new"].trigger()
    assert window.workspace.document.experiment == new_experiment()


def test_a_file_with_a_fault_is_explained_and_changes_nothing(open_window, answers, tmp_path):
    window = open_window()
    path = tmp_path / "fault.toml"
    path.write_text('version = 1\n[dataset]\nname = "digitz"\n[architecture]\nname = "mlp"\n', encoding="utf-8")
    drop(window, path)
    assert "Did you mean 'digits'?" in answers.told[0]
    assert window.workspace.document.experiment == new_experiment()


def test_a_dropped_experiment_opens(open_window, tmp_path):
    from workbench.experiment_toml import write_experiment

    window = open_window()
    path = tmp_path / "thí nghiệm.toml"
    write_experiment(new_experiment(architecture="lenet5"), path)
    drop(window, path)
    assert window.workspace.document.experiment.architecture.name == "lenet5"


def test_a_folder_dropped_on_the_data_page_becomes_the_dataset(open_window, tmp_path):
    window = open_window(page="data")
    folder = tmp_path / "ảnh của tôi"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        image = QImage(8, 8, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.red)
        image.save(str(folder / name / "1.png"))
    drop(window, folder)
    dataset = window.workspace.document.experiment.dataset
    assert dataset.name == "image_folder"
    assert str(folder) in dataset.model_dump().values()


def test_a_folder_dropped_elsewhere_asks_what_to_do_with_it(open_window, answers, tmp_path):
    window = open_window(page="runs")
    (tmp_path / "pictures").mkdir()
    drop(window, tmp_path / "pictures")
    assert answers.asked == ["A folder was dropped"]
    assert window.workspace.document.experiment == new_experiment()


@pytest.mark.parametrize(
    ("name", "page", "what"),
    [
        ("a.toml", "data", "open"),
        ("a.png", "data", "predict"),
        ("a.txt", "runs", "predict"),
        ("arrays.npz", "model", "dataset"),
        ("model.keras", "data", "run"),
        ("folder", "data", "dataset"),
        ("folder", "predict", "predict"),
        ("folder", "train", "ask"),
    ],
)
def test_what_a_drop_means_depends_on_the_thing_and_the_page(tmp_path, name, page, what):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    else:
        path.touch()
    assert understand([path], page).what == what


def test_dropping_a_run_folder_shows_the_run(open_window, tmp_path):
    window = open_window()
    folder = create_run_folder(new_experiment(), tmp_path)
    drop(window, folder.path)
    assert window.workspace.current_run == str(folder.path)
    assert window.pages.current_name == "evaluate"


def test_a_new_experiment_from_a_run_is_the_runs_own(open_window, tmp_path):
    window = open_window()
    assert not window.actions_by_name["new_from_run"].isEnabled()
    folder = create_run_folder(new_experiment(architecture="mlp"), tmp_path)
    window.workspace.set_current_run(str(folder.path))
    window.actions_by_name["new_from_run"].trigger()
    assert window.workspace.document.experiment.architecture.name == "mlp"
    assert window.workspace.document.modified


def test_closing_while_training_asks_and_no_keeps_everything_open(open_window, scripted_engine, answers, qtbot):
    window = open_window(training=scripted_engine(lambda request, emit, engine: engine.wait()))
    window.train()
    window.close()
    assert answers.asked == ["A training is running"]
    assert window.isVisible()
    assert window.workspace.training.running


def test_closing_while_training_stops_it_cleanly_and_then_closes(open_window, scripted_engine, answers, qtbot):
    window = open_window(training=scripted_engine(lambda request, emit, engine: engine.wait()))
    window.train()
    window.train()
    answers.choice = "yes"
    engine = window.workspace.training.engine
    qtbot.waitUntil(lambda: engine.busy, timeout=3000)
    with qtbot.waitSignal(window.closed, timeout=5000):
        window.close()
    assert "stop" in engine.calls
    assert "kill" not in engine.calls
    assert engine.closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("workbench")]


def test_a_finished_training_becomes_the_run_that_all_pages_look_at(open_window, scripted_engine, qtbot, tmp_path):
    folder = create_run_folder(new_experiment(), tmp_path)
    window = open_window(training=scripted_engine([Finished("completed", str(folder.path))]))
    with qtbot.waitSignal(window.workspace.current_run_changed, timeout=3000):
        window.train()
    assert window.workspace.current_run == str(folder.path)


def test_geometry_and_page_come_back(open_window, qtbot):
    window = open_window()
    window.resize(1111, 777)
    window.show_page("runs")
    window.close()
    again = open_window(page="runs")
    values = again.workspace.settings.values
    assert values.page == "runs"
    assert values.geometry


def test_the_theme_menu_changes_and_remembers_the_theme(open_window, qapp):
    window = open_window()
    window.actions_by_name["theme_dark"].trigger()
    assert window.workspace.settings.values.theme == "dark"
    assert qapp.palette().window().color().lightness() < 60
    window.actions_by_name["theme_light"].trigger()
    assert qapp.palette().window().color().lightness() > 200


def test_a_real_training_started_by_a_click_ends_with_a_run_and_live_curves(qtbot, open_window, real_engine):
    window = open_window(training=real_engine)
    document = window.workspace.document
    document.set_value("training.epochs", 2)
    document.set_value("training.batch_size", 128)
    QTest.mouseClick(window.header.train, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    page = window.pages.page("train")
    qtbot.waitUntil(lambda: page.record is not None and page.record.end is not None, timeout=90_000)
    qtbot.waitUntil(lambda: not window.workspace.training.running, timeout=5_000)
    run = RunFolder(window.workspace.current_run)
    assert run.state() == "completed"
    assert len(page.record.history) == 2
    losses = [event.metrics["loss"] for event in page.record.history]
    assert losses[1] < losses[0]
    assert {"data", "build", "compile", "first_batch"} <= set(page.record.phases)
    assert [row["loss"] for row in run.metrics()] == pytest.approx(losses)


def test_a_real_training_pauses_goes_on_stops_and_is_killed_from_its_page(qtbot, open_window):
    window = open_window(training=Engine("training", device="cpu"), page="train")
    training = window.workspace.training
    window.workspace.document.set_value("training.epochs", 500)
    page = window.pages.page("train")
    page.controls.train.click()
    qtbot.waitUntil(lambda: page.record is not None and len(page.record.history) >= 1, timeout=90_000)
    assert "engine" in page.record.phases  # this one was not started before
    page.controls.pause.click()
    qtbot.waitUntil(lambda: training.paused, timeout=10_000)
    done = page.record.batches_done
    qtbot.wait(400)
    assert page.record.batches_done == done
    page.controls.resume.click()
    qtbot.waitUntil(lambda: page.record.batches_done > done, timeout=10_000)
    page.controls.stop.click()
    qtbot.waitUntil(lambda: not training.running, timeout=20_000)
    assert page.record.end.state == "stopped"
    stopped = RunFolder(page.record.run)
    assert stopped.state() == "stopped"
    assert stopped.model_path.exists()
    page.controls.train.click()
    # The last epoch told may not be saved yet when the engine is killed; those before it are.
    qtbot.waitUntil(lambda: len(page.record.history) >= 3, timeout=60_000)
    page.controls.stop_now.click()
    qtbot.waitUntil(lambda: not training.running, timeout=20_000)
    killed = RunFolder(page.record.run)
    assert killed.path != stopped.path
    assert killed.state() == "stopped"
    assert [type(event) for event in killed.events()].count(Finished) == 1
    assert len(killed.metrics()) >= 2


def test_a_picture_dragged_out_of_a_browser_onto_any_page_is_predicted(open_window):
    window = open_window(page="runs")
    picture = QImage(12, 12, QImage.Format.Format_RGB32)
    picture.fill(0x336699)
    data = QMimeData()
    data.setImageData(picture)
    arguments = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    middle = window.rect().center()
    QApplication.sendEvent(window, QDragEnterEvent(middle, *arguments))
    QApplication.sendEvent(window, QDropEvent(QPointF(middle), *arguments))
    assert window.pages.current_name == "predict"


def test_typing_a_name_in_the_header_names_the_experiment_and_is_undone_in_one_step(open_window, qtbot):
    window = open_window()
    qtbot.mouseClick(window.header.name, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(window.header.name, "Deep digits")
    assert window.workspace.document.experiment.name == "Deep digits"
    assert window.windowTitle().startswith("Deep digits[*]")
    window.actions_by_name["undo"].trigger()
    assert window.header.name.text() == ""
    assert window.header.name.placeholderText() == "Untitled experiment"


def test_a_recipe_of_the_menu_becomes_the_experiment(open_window):
    window = open_window()
    menu = window.actions_by_name["recipes"].menu()
    road = next(action for action in menu.actions() if action.data() == "road")
    assert "PilotNet" in road.text()
    road.trigger()
    assert window.workspace.document.experiment.dataset.name == "road"
    assert window.workspace.document.path is None
    assert window.pages.current_name == "data"


def test_recipes_of_a_folder_stand_in_a_menu_of_their_own(open_window):
    menu = open_window().actions_by_name["recipes"].menu()
    assert not any("/" in (action.data() or "") for action in menu.actions())
    report = next(action.menu() for action in menu.actions() if action.text() == "cifar10 report")
    assert {action.data() for action in report.actions()} >= {"cifar10_report/vgg16_as_written"}
