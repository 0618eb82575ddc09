"""What a user says about runs: kept beside them, changed for many at once, undone, and searched for."""

import dataclasses

import pytest

from workbench.errors import UserError
from workbench.runs.notes import NotesChange, RunNotes, change_notes, read_notes, restore_notes, tags_of, write_notes
from workbench.runs.query import filtered, parse_query
from workbench.runs.summary import RunSummary


@pytest.fixture
def folders(tmp_path):
    made = [tmp_path / "chạy một", tmp_path / "two"]
    for folder in made:
        folder.mkdir()
    return made


def test_notes_come_back_as_they_were_written_and_a_run_without_them_has_none(folders):
    notes = RunNotes("first week", ("baseline", "giữ-lại"), 'Too "wide" a kernel.\nTry 3.')
    write_notes(folders[0], notes)
    assert read_notes(folders[0]) == notes
    assert read_notes(folders[1]) == RunNotes()


def test_a_change_leaves_what_it_does_not_name_as_it_is(folders):
    write_notes(folders[0], RunNotes("g", ("a", "b"), "text"))
    change_notes(folders[:1], NotesChange(add=("c", "b"), remove=("a",)))
    assert read_notes(folders[0]) == RunNotes("g", ("b", "c"), "text")


def test_changes_of_several_runs_are_undone_together_and_only_where_something_changed(folders):
    write_notes(folders[0], RunNotes(tags=("keep",)))
    before = change_notes(folders, NotesChange(add=("keep",)))
    assert [path.name for path, _notes in before] == ["two"]
    restore_notes(before)
    assert [read_notes(folder).tags for folder in folders] == [("keep",), ()]


def test_a_comment_in_the_file_stays(folders):
    (folders[0] / "notes.toml").write_text('# mine\nversion = 1\ntags = ["a"]\n')
    change_notes(folders[:1], NotesChange(note="new"))
    assert (folders[0] / "notes.toml").read_text().startswith("# mine\n")
    assert read_notes(folders[0]) == RunNotes(tags=("a",), note="new")


@pytest.mark.parametrize("content", ["version = = 1", "version = 9", 'version = 1\ntags = "a"', "\xff"])
def test_notes_that_cannot_be_understood_are_neither_shown_nor_overwritten(folders, content):
    (folders[1] / "notes.toml").write_bytes(content.encode("latin-1"))
    assert read_notes(folders[1]) == RunNotes()
    with pytest.raises(UserError, match=r"notes\.toml"):
        change_notes(folders, NotesChange(add=("x",)))
    assert (folders[1] / "notes.toml").read_bytes() == content.encode("latin-1")
    assert read_notes(folders[0]) == RunNotes()


def test_tags_lose_their_spaces_and_signs_of_filters_are_refused():
    assert tags_of("first try, keep, first try,,") == ("first-try", "keep")
    with pytest.raises(UserError, match="cannot be a tag"):
        tags_of("a:b")
    with pytest.raises(UserError, match="cannot be a tag"):
        tags_of("x" * 41)


RUN = RunSummary("wide kernels", "/r/a", "cifar10", "simple_cnn", "completed", "val_accuracy", 0.8, 30.0, 1.0, 3, 5)
RUNS = (
    dataclasses.replace(RUN, tags=("baseline",), group="First week", values={"val_accuracy": 0.8, "val_loss": 0.4}),
    dataclasses.replace(RUN, name="narrow", state="failed", values={"val_accuracy": float("nan")}, note="kernels 1x1"),
    dataclasses.replace(RUN, name="digits run", dataset="digits", values={"val_accuracy": 0.6}, parameters=900),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [0, 1, 2]),
        ("kernels", [0, 1]),
        ("KERNELS -narrow", [0]),
        ("tag:baseline", [0]),
        ("-tag:baseline", [1, 2]),
        ('group:"first week" state:completed', [0]),
        ("dataset:cifar", [0, 1]),
        ("val_accuracy>0.7", [0]),
        ("val_accuracy<=60%", [2]),
        ("-val_accuracy>0.7", [1, 2]),
        ("parameters<1000", [2]),
        ("seconds_per_epoch=10 state:", [0, 1, 2]),
        ("12:30", []),
    ],
)
def test_words_and_terms_narrow_the_list(text, found):
    assert filtered(RUNS, text) == [RUNS[number] for number in found]


def test_an_unknown_term_says_so_and_offers_the_nearest():
    with pytest.raises(UserError, match=r"'val_acuracy'.*Did you mean 'val_accuracy'"):
        filtered(RUNS, "val_acuracy>0.5")
    with pytest.raises(UserError, match="state is a text"):
        filtered(RUNS, "state>5")
    with pytest.raises(UserError, match="val_loss is a number"):
        filtered(RUNS, "val_loss<low")


def test_while_a_query_is_typed_what_is_not_understood_narrows_nothing():
    query = parse_query("colour:red wide", ["val_accuracy"])
    assert len(query.problems) == 1
    assert query.matches(RUNS[0], "wide kernels")
