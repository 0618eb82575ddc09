"""Corrections: what a list does to real data, what stays as it was, and what is said to a list that is wrong."""

import threading

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.data.corrected import content, corrected
from workbench.data.corrections import Correction, digest, read_corrections, usual_place, write_corrections
from workbench.data.prepare import prepare
from workbench.errors import UserError
from workbench.experiment import new_experiment, read_experiment, with_dataset
from workbench.experiment_toml import to_toml, write_experiment
from workbench.inspection.samples.correcting import correct
from workbench.registry import registry
from workbench.requests import CorrectRequest
from workbench.runs.folder import RunFolder
from workbench.runs.writer import create_run_folder

SIZE = {"height": 20, "width": 24}
HEAD = "# corrections of a dataset, version 1\nname,action,label,content,note,date\n"


def quiet(_event):
    pass


def with_list(experiment, *corrections, path=None):
    path = path or usual_place(experiment.dataset)
    write_corrections(path, corrections)
    return experiment.changed("corrections.file", str(path))


def prepared_of(experiment):
    return prepare(experiment, quiet, Control())


def opened(experiment):
    return registry().datasets.get(experiment.dataset.name).open(experiment.dataset, quiet)


def reasons(data):
    return {problem.where: problem.reason for problem in data.problems}


def named(data):
    """The names of the samples by split."""
    return {split: {data.names[index] for index in indices} for split, indices in data.splits.items()}


def test_a_list_leaves_samples_out_and_changes_labels_and_moves_no_other_sample_between_splits(home):
    plain = new_experiment()
    before = prepared_of(plain)
    gone = [before.names[index] for split in before.splits.values() for index in split[:3]]
    wrong = before.names[before.splits["train"][5]]
    lines = [Correction(name, "exclude") for name in gone] + [Correction(wrong, "relabel", "3")]
    after = prepared_of(with_list(plain, *lines))
    assert {split: names - set(gone) for split, names in named(before).items()} == named(after)
    assert sum(len(indices) for indices in after.splits.values()) == len(after.used) == 1797 - 9
    changed = np.flatnonzero(before.targets != after.targets)
    assert [after.names[index] for index in changed] == [wrong]
    assert after.targets[changed].tolist() == [3]
    assert [line.label for line in after.corrections if line.correction.name == wrong] == [wrong_label(before, wrong)]
    assert after.problems == ()


def wrong_label(data, name):
    return data.target.class_names[data.targets[list(data.names).index(name)]]


def test_the_fingerprint_follows_the_list_and_comes_back_with_the_data_as_they_were(home):
    plain = new_experiment()
    prints = [
        prepared_of(plain).fingerprint,
        prepared_of(with_list(plain, Correction("5", "exclude"))).fingerprint,
        prepared_of(with_list(plain, Correction("6", "exclude"))).fingerprint,
        prepared_of(with_list(plain, Correction("5", "relabel", "0"))).fingerprint,
    ]
    assert len(set(prints)) == 4
    assert prepared_of(with_list(plain)).fingerprint == prints[0]


def test_pictures_are_not_decoded_again_for_a_correction(home, picture_folder, experiment_on):
    folder = picture_folder({"chó con": 6, "mèo": 6})
    plain = experiment_on("image_folder", path=str(folder), preprocessing=SIZE)
    before = prepared_of(plain)
    cache = sorted(path.name for path in (home / "cache" / "data").iterdir() if path.is_dir())
    after = prepared_of(
        with_list(plain, Correction(before.names[0], "exclude"), Correction(before.names[1], "relabel", "mèo"))
    )
    assert sorted(path.name for path in (home / "cache" / "data").iterdir() if path.is_dir()) == cache
    assert np.bincount(after.targets[after.used]).tolist() == [4, 7]
    assert (folder.parent / f"{folder.name}.corrections.csv").is_file()
    assert len(list(folder.rglob("*.png"))) == 12


def test_rows_of_tables_and_masks_of_pictures_can_be_left_out_too(home, experiment_on):
    table = prepared_of(with_list(new_experiment("iris", "mlp"), Correction("row 3", "exclude")))
    assert len(table.inputs) == 149
    assert "row 3" not in set(table.names)
    assert sorted(np.concatenate(list(table.splits.values())).tolist()) == list(range(149))
    cells = experiment_on("cells", count=12, size=32, preprocessing={"height": 16, "width": 16})
    masks = prepared_of(with_list(cells, Correction("04", "exclude"), Correction("05", "relabel", "cell")))
    assert len(masks.used) == 11
    assert "only classes" in reasons(masks)["05"]


def test_a_line_that_fits_no_sample_any_more_is_told_and_the_rest_holds(home, picture_folder, experiment_on, encode):
    folder = picture_folder({"cat": 5, "dog": 5})
    plain = experiment_on("image_folder", path=str(folder), preprocessing=SIZE)
    samples = opened(plain)
    names = samples.names
    lines = [
        Correction(names[0], "exclude", content=content(samples, 0)),
        Correction(names[1], "exclude", content=content(samples, 1)),
        Correction("cat/gone.png", "exclude"),
        Correction(names[6], "relabel", "cats"),
    ]
    (folder / names[1]).write_bytes(encode(np.zeros((9, 9, 3), np.uint8)))
    data = prepared_of(with_list(plain, *lines))
    assert "another sample has this name now" in reasons(data)[names[1]]
    assert "none of that name" in reasons(data)["cat/gone.png"]
    assert "'cats'" in reasons(data)[names[6]]
    assert "Did you mean 'cat'" in reasons(data)[names[6]]
    assert [data.names[index] for index in data.left_out] == [names[0]]
    without_effect = {line.correction.name for line in data.corrections if line.problem}
    assert without_effect == {names[1], "cat/gone.png", names[6]}


def test_a_row_is_known_by_its_values_and_rows_of_other_columns_are_not_compared(home, tmp_path, experiment_on):
    path = tmp_path / "flats.csv"
    path.write_text("area,rooms,kind\n" + "".join(f"{30 + n},{n % 4},{'ab'[n % 2]}\n" for n in range(40)))
    plain = experiment_on("table_file", path=str(path), target="kind")
    known = content(opened(plain), 4)
    line = Correction("row 6", "exclude", content=known)
    assert not prepared_of(with_list(plain, line)).problems
    fewer = experiment_on("table_file", path=str(path), target="kind", features=("area",))
    assert not prepared_of(with_list(fewer, line)).problems
    path.write_text("area,rooms,kind\n" + "".join(f"{20 + n},{n % 4},{'ab'[n % 2]}\n" for n in range(40)))
    assert "another sample" in reasons(prepared_of(with_list(plain, line)))["row 6"]


def test_a_copy_of_a_sample_that_is_left_out_is_no_leak(home, picture_folder, experiment_on):
    folder = picture_folder({"a": 8, "b": 8})
    plain = experiment_on("image_folder", path=str(folder), preprocessing=SIZE)
    names = named(prepared_of(plain))
    source, copy = sorted(names["train"])[0], sorted(names["test"])[0]
    (folder / copy).write_bytes((folder / source).read_bytes())
    leaky = prepared_of(plain)
    assert [(leaky.names[one], leaky.names[other]) for one, other in leaky.leaks] == [(source, copy)]
    assert prepared_of(with_list(plain, Correction(copy, "exclude"))).leaks == ()
    assert prepared_of(with_list(plain, Correction(source, "exclude"))).leaks == ()


def test_nothing_is_left_to_train_on_where_all_is_left_out(home, picture_folder, experiment_on):
    folder = picture_folder({"a": 3, "b": 3})
    plain = experiment_on("image_folder", path=str(folder), preprocessing=SIZE)
    lines = [Correction(name, "exclude") for name in opened(plain).names]
    with pytest.raises(UserError, match="corrections leave all of them out"):
        prepared_of(with_list(plain, *lines))


def test_a_class_that_the_corrections_empty_is_told(home, picture_folder, experiment_on):
    folder = picture_folder({"a": 4, "b": 4, "c": 4})
    plain = experiment_on("image_folder", path=str(folder), preprocessing=SIZE)
    lines = [Correction(name, "relabel", "a") for name in opened(plain).names if name.startswith("c/")]
    assert reasons(prepared_of(with_list(plain, *lines)))["c"] == "no readable sample of this class"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line must be"),
        ("name,action\n5,exclude\n", "its first line must be"),
        (HEAD.replace("version 1", "version 7"), "of version 7"),
        ("# corrections of a dataset, version 1\n", "lacks the columns name, action, label"),
        (HEAD + "5,exlude,,,,\n", "line 3, '5': there is no action 'exlude'.*Did you mean 'exclude'"),
        (HEAD + "5,relabel,,,,\n", "line 3, '5': the new label is missing"),
        (HEAD + ",exclude,,,,\n", "line 3, '': the name of the sample is missing"),
        (HEAD + "5,exclude,,,,\n5,relabel,2,,,\n", "line 4, '5': there are two lines"),
        (HEAD + '5,exclude,,"half a li', "is damaged"),
    ],
)
def test_half_a_list_is_never_used(home, text, said):
    experiment = with_list(new_experiment())
    usual_place(experiment.dataset).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        prepared_of(experiment)


def test_a_list_that_is_gone_is_said_with_what_to_do(home):
    with pytest.raises(UserError, match=r"leave corrections\.file empty"):
        prepared_of(new_experiment().changed("corrections.file", "/nowhere/list.csv"))


def test_what_a_spreadsheet_makes_of_a_list_is_read(tmp_path):
    lines = (Correction("a;b.png", "relabel", "Katze", "", "blurred, perhaps"), Correction("c.png", "exclude"))
    path = tmp_path / "list.csv"
    write_corrections(path, lines)
    text = path.read_text(encoding="utf-8").replace("a;b.png", '"a;b.png"')
    first, rest = text.split("\n", 1)
    rest = rest.replace('"blurred, perhaps"', "blurred and more").replace(",", ";").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + f"{first};;;;;\r\n{rest};;;;;\r\n".encode())
    assert [(each.name, each.action, each.label) for each in read_corrections(path)] == [
        ("a;b.png", "relabel", "Katze"),
        ("c.png", "exclude", ""),
    ]


def test_a_list_comes_back_as_it_was_written_with_any_name(tmp_path):
    lines = [
        Correction('a "b",\nc.png', "exclude", note="a, b", date="2026-11-21"),
        Correction("mèo/\udcff.png", "relabel", "chó con", "0123"),
    ]
    write_corrections(tmp_path / "list.csv", lines)
    assert list(read_corrections(tmp_path / "list.csv")) == lines
    assert digest(lines) == digest(reversed([*lines]))


def test_data_that_cannot_be_written_beside_have_their_list_with_the_user(
    home, picture_folder, experiment_on, monkeypatch
):
    folder = picture_folder({"a": 1, "b": 1})
    dataset = experiment_on("image_folder", path=str(folder)).dataset
    assert usual_place(dataset) == folder.parent / f"{folder.name}.corrections.csv"
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert usual_place(dataset).parent == home / "corrections"
    assert usual_place(new_experiment("digits").dataset) == home / "corrections" / "digits.corrections.csv"
    generated = new_experiment("shapes").dataset
    other = generated.model_copy(update={"count": generated.count + 1})
    assert usual_place(generated) != usual_place(other)


def test_a_run_keeps_its_own_copy_of_the_list_wherever_it_goes(home, tmp_path):
    experiment = with_list(new_experiment(), Correction("5", "exclude", note="no digit"))
    before = prepared_of(experiment).fingerprint
    folder = create_run_folder(experiment, tmp_path / "runs")
    write_corrections(usual_place(experiment.dataset), [Correction(str(n), "exclude") for n in range(9)])
    moved = folder.path.rename(tmp_path / "elsewhere")
    again = RunFolder(moved).experiment()
    assert again.corrections.file == str(moved / "corrections.csv")
    assert prepared_of(again).fingerprint == before
    assert 'file = "corrections.csv"' in (moved / "experiment.toml").read_text(encoding="utf-8")
    about = RunFolder(moved).environment()["corrections"]
    assert (about["file"], about["count"]) == (str(usual_place(experiment.dataset)), 1)
    write_corrections(moved / "corrections.csv", [])
    with pytest.raises(UserError, match="not the one that this experiment was made with"):
        prepared_of(again)


def test_an_experiment_without_corrections_does_not_mention_them_and_with_a_list_comes_back_equal(home, tmp_path):
    assert "corrections" not in to_toml(new_experiment())
    experiment = with_list(new_experiment(), Correction("5", "exclude"), path=tmp_path / "mine.csv")
    write_experiment(experiment, tmp_path / "experiment.toml")
    assert read_experiment(tmp_path / "experiment.toml") == experiment
    other = tmp_path / "elsewhere" / "experiment.toml"
    other.parent.mkdir()
    write_experiment(experiment, other)
    assert str(tmp_path / "mine.csv") in other.read_text(encoding="utf-8")


def test_another_dataset_has_other_corrections_and_another_setting_of_the_same_keeps_them(
    home, picture_folder, experiment_on
):
    folder = picture_folder({"a": 2, "b": 2})
    experiment = with_list(experiment_on("image_folder", path=str(folder)))
    assert experiment.changed("dataset.name", "digits").corrections.file == ""
    assert experiment.changed("splits.seed", 4).corrections == experiment.corrections
    elsewhere = with_dataset(experiment, {"name": "image_folder", "path": str(folder.parent)})
    assert "corrections" not in elsewhere
    assert with_dataset(experiment, experiment.dataset.model_dump())["corrections"]["file"]


def test_looking_at_the_list_can_be_stopped(home):
    experiment = with_list(new_experiment(), Correction("5", "exclude"))
    control = Control()
    control.stop()
    with pytest.raises(Stopped):
        corrected(experiment.corrections, opened(experiment), control)


def test_windows_that_change_a_list_at_the_same_time_lose_nothing_of_each_other(home, tmp_path):
    path = tmp_path / "digits.corrections.csv"
    experiment = with_list(new_experiment(), path=path)
    names = opened(experiment).names[:8]
    failures = []

    def exclude(name):
        try:
            correct(CorrectRequest(experiment, "exclude", (name,)), quiet, Control())
        except BaseException as error:
            failures.append(error)

    windows = [threading.Thread(target=exclude, args=(name,)) for name in names]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert failures == []
    assert sorted(line.name for line in read_corrections(path)) == sorted(names)
