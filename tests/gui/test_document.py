"""The experiment on screen: nothing of it is ever lost."""

import pytest
from PySide6.QtCore import QTimer

from workbench.errors import UserError
from workbench.experiment import new_experiment, read_experiment
from workbench.gui import document as document_module
from workbench.gui.document import Document
from workbench.gui.settings import Settings, read_settings


@pytest.fixture
def make_document(qapp, home):
    made = []

    def make():
        document = Document(Settings())
        made.append(document)
        return document

    yield make
    for document in made:
        document.close()


def test_a_new_document_holds_a_complete_experiment_on_digits(make_document):
    document = make_document()
    assert document.experiment == new_experiment()
    assert not document.modified


def test_every_change_is_told_and_can_be_undone_and_redone(make_document):
    document = make_document()
    seen = []
    document.changed.connect(seen.append)
    assert document.set_value("training.epochs", 3) == ""
    document.undo_stack.undo()
    document.undo_stack.redo()
    assert [experiment.training.epochs for experiment in seen] == [3, 10, 3]


def test_typing_a_number_is_one_step_of_the_history(make_document):
    document = make_document()
    for value in (1, 12, 128):
        document.set_value("training.batch_size", value)
    document.set_value("training.epochs", 4)
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert document.experiment == new_experiment()


def test_changes_of_the_same_setting_with_a_pause_between_are_two_steps(make_document, monkeypatch):
    monkeypatch.setattr(document_module, "MERGE_SECONDS", -1.0)
    document = make_document()
    document.set_value("training.epochs", 3)
    document.set_value("training.epochs", 4)
    assert document.undo_stack.count() == 2


def test_typing_back_to_the_old_value_leaves_no_step(make_document):
    document = make_document()
    document.set_value("training.epochs", 3)
    document.set_value("training.epochs", 10)
    assert document.undo_stack.count() == 0
    assert not document.modified


def test_the_undo_menu_names_the_setting(make_document):
    document = make_document()
    document.set_value("training.optimizer.learning_rate", 0.5)
    assert document.undo_stack.undoText() == "Change learning rate"


def test_a_refused_value_changes_nothing_and_says_why(make_document):
    document = make_document()
    message = document.set_value("training.epochs", 0)
    assert "epochs" in message
    assert document.undo_stack.count() == 0


def test_choosing_another_optimizer_can_be_undone(make_document):
    document = make_document()
    assert document.set_value("training.optimizer", {"name": "sgd"}) == ""
    assert document.experiment.training.optimizer.momentum == 0.9
    document.undo_stack.undo()
    assert document.experiment.training.optimizer.name == "adam"


def test_saving_writes_a_file_that_reads_back_equal_and_clears_the_mark(make_document, tmp_path):
    document = make_document()
    document.set_value("training.epochs", 3)
    assert document.modified
    path = tmp_path / "Thí nghiệm số 1.toml"
    document.save(path)
    assert not document.modified
    assert read_experiment(path) == document.experiment
    assert document.recent[0] == str(path)
    document.undo_stack.undo()
    assert document.modified


def test_saving_without_a_place_asks_for_one(make_document):
    with pytest.raises(UserError, match="no file"):
        make_document().save()


def test_a_file_that_cannot_be_written_is_a_message(make_document, tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        make_document().save(tmp_path / "missing" / "x.toml")


def test_opening_a_broken_file_keeps_the_experiment(make_document, tmp_path):
    document = make_document()
    document.set_value("training.epochs", 3)
    broken = tmp_path / "broken.toml"
    broken.write_text("version = ", encoding="utf-8")
    with pytest.raises(UserError, match="TOML"):
        document.open(broken)
    assert document.experiment.training.epochs == 3
    assert document.undo_stack.count() == 1


def test_the_experiment_survives_a_crash(make_document, qtbot, tmp_path):
    first = make_document()
    first.save(tmp_path / "mine.toml")
    first.set_value("training.epochs", 7)
    qtbot.waitUntil(lambda: not first._autosave.isActive(), timeout=3000)
    second = make_document()  # the first was never closed: as after a crash
    assert second.experiment.training.epochs == 7
    assert second.path == first.path
    assert second.modified


def test_a_safety_copy_that_cannot_be_read_is_put_aside_and_said(make_document, home):
    (home / "settings").mkdir(parents=True)
    (home / "settings" / "current.toml").write_text("garbage = [", encoding="utf-8")
    document = make_document()
    assert document.experiment == new_experiment()
    assert "put aside" in document.recovery_message
    assert (home / "settings" / "current.unreadable.toml").read_text(encoding="utf-8") == "garbage = ["


def test_an_experiment_from_a_run_counts_as_not_saved(make_document):
    document = make_document()
    document.new(new_experiment(architecture="mlp"))
    assert document.modified
    document.new()
    assert not document.modified


def test_the_safety_copy_is_written_once_for_many_changes(make_document, qtbot):
    document = make_document()
    timer = document._autosave
    assert isinstance(timer, QTimer)
    for epochs in range(1, 40):
        document.set_value("training.epochs", epochs)
    assert timer.isActive()
    assert not document._safety_copy.exists()


def test_bad_keys_of_the_settings_are_dropped_one_by_one(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "pink", "cache_gigabytes": 3.5, "of_a_newer_version": 1}', encoding="utf-8")
    values = read_settings(path)
    assert values.theme == "system"
    assert values.cache_gigabytes == 3.5


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "\x00"])
def test_settings_that_cannot_be_read_count_as_empty(tmp_path, text):
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    assert read_settings(path) == read_settings(tmp_path / "missing.json")
