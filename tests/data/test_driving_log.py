"""Recorded drives: logs of other machines, with and without a header, and what may be wrong with them."""

import numpy as np
import pytest

from workbench.data.sources.driving_log import DrivingLogSection, DrivingLogSource
from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.specs import ValuesTarget

HEADER = "center,left,right,steering,throttle,brake,speed\n"


@pytest.fixture
def recording(tmp_path, encode, smooth_picture):
    """A maker of recordings: steerings -> a folder with a log and pictures; `base` is the folder as the log has it."""

    def make(steerings, base="IMG/", header=HEADER, pictures=True, rows=()):
        folder = tmp_path / "Bản ghi"
        (folder / "IMG").mkdir(parents=True, exist_ok=True)
        lines = []
        for number, steering in enumerate(steerings):
            names = [f"{side}_{number:03d}.jpg" for side in ("center", "left", "right")]
            for seed, name in enumerate(names):
                if pictures:
                    (folder / "IMG" / name).write_bytes(encode(smooth_picture(16, 32, 3 * number + seed), ".jpg"))
            lines.append(", ".join([*(base + name for name in names), str(steering), "0.5", "0", "20.1"]))
        (folder / "driving_log.csv").write_text(header + "\n".join([*lines, *rows]) + "\n", encoding="utf-8")
        return folder

    return make


def open_log(path, **settings):
    return DrivingLogSource().open(DrivingLogSection(path=str(path), **settings), lambda event: None)


@pytest.mark.parametrize(
    "base", ["IMG/", "/home/somebody/run 1/IMG/", "C:\\Users\\ai\\Desktop\\Dữ liệu\\IMG\\", "D:/runs/IMG\\", ""]
)
@pytest.mark.parametrize("header", [HEADER, "", "\ufeff" + HEADER], ids=["header", "bare", "bom"])
def test_pictures_are_found_beside_the_log_whatever_the_path(recording, base, header):
    samples = open_log(recording([0.1, -0.2], base=base, header=header), cameras="centre")
    assert samples.problems == ()
    assert samples.targets[:, 0].tolist() == pytest.approx([0.1, -0.2])
    assert samples.read(1, 3).shape == (16, 32, 3)


def test_the_log_itself_or_the_picture_folder_may_be_named(recording):
    folder = recording([0.1, 0.2])
    assert len(open_log(folder / "driving_log.csv").names) == 6
    assert len(open_log(folder / "IMG").names) == 6


def test_side_cameras_are_corrected_towards_the_middle_and_stay_within_full_lock(recording):
    samples = open_log(recording([0.0, 0.9, -0.95]), correction=0.3)
    steering = dict(zip(samples.names, samples.targets[:, 0].tolist(), strict=True))
    first = [name for name in samples.names if name.endswith("2")]
    assert [name.split()[0] for name in first] == ["centre", "left", "right"]
    assert [steering[name] for name in first] == pytest.approx([0.0, 0.3, -0.3])
    assert samples.targets.max() == 1.0
    assert samples.targets.min() == -1.0
    assert samples.target == ValuesTarget(("steering",), ("",), mirrored=True, per_shift=0.6)


def test_cameras_of_a_row_and_neighbouring_rows_share_a_group(recording):
    samples = open_log(recording([0.1] * 8), block=4)
    groups = {}
    for name, group in zip(samples.names, samples.groups.tolist(), strict=True):
        groups.setdefault(name.split()[1], set()).add(group)
    assert all(len(found) == 1 for found in groups.values())
    assert 1 < len(set(samples.groups.tolist())) < 8


def test_each_camera_keeps_the_order_of_the_drive(recording):
    samples = open_log(recording([0.1, 0.2, 0.3]))
    assert list(samples.names) == sorted(samples.names)
    assert samples.targets[:3, 0].tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_a_share_of_the_rows_straight_ahead_is_kept_the_same_for_the_same_seed(recording):
    folder = recording([0.0] * 40 + [0.5] * 5)
    kept = open_log(folder, cameras="centre", straight_share=0.25)
    assert 5 < len(kept.names) < 25
    assert (kept.targets == 0.5).sum() == 5
    assert open_log(folder, cameras="centre", straight_share=0.25).names == kept.names
    assert open_log(folder, cameras="centre", straight_share=0.25, seed=3).names != kept.names
    assert len(open_log(folder, cameras="centre", straight_share=0.0).names) == 5


def test_missing_pictures_and_bad_rows_are_named_and_the_rest_is_usable(recording):
    rows = ("IMG/a.jpg, IMG/b.jpg, IMG/c.jpg, fast, 0, 0, 0", "IMG/a.jpg, IMG/b.jpg", "a.jpg,b.jpg,c.jpg,nan,0,0,0",
            "a.jpg,b.jpg,c.jpg,25,0,0,0", "", "IMG/gone.jpg, IMG/left_000.jpg, , 0.5, 0, 0, 0")  # fmt: skip
    folder = recording([0.1, 0.2], rows=rows)
    (folder / "IMG" / "left_001.jpg").unlink()
    samples = open_log(folder)
    problems = {(problem.where, problem.reason) for problem in samples.problems}
    text = "\n".join(f"{where}: {reason}" for where, reason in sorted(problems))
    assert len(samples.names) == 6
    assert f"row 3: the picture left_001.jpg is not in {folder / 'IMG'}" in text
    assert "row 4: the steering is 'fast', where a number from -1 to 1 was expected" in text
    assert "row 5: has 2 columns" in text
    assert "row 6: the steering is 'nan'" in text
    assert "row 7: the steering is '25'" in text
    assert "row 9: the picture gone.jpg" in text
    assert "row 9: names no picture of the right camera" in text


def test_a_log_whose_pictures_are_all_gone_says_where_they_were_looked_for(recording):
    folder = recording([0.1, 0.2], pictures=False, base="C:\\runs\\IMG\\")
    with pytest.raises(UserError) as caught:
        open_log(folder)
    assert str(folder / "IMG") in str(caught.value)
    assert "driving_log.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "has no rows"),
        (HEADER, "has no rows"),
        ("\0\0\n1,2\n", "no usable row"),
        ("hello\nworld\n", "no usable row"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_what_was_expected(tmp_path, content, words):
    (tmp_path / "driving_log.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=words):
        open_log(tmp_path)


def test_a_folder_without_a_log_and_no_path_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no driving_log\.csv"):
        open_log(tmp_path)
    with pytest.raises(UserError, match="needs a path"):
        open_log("")


def test_semicolons_with_decimal_commas_and_another_order_of_columns_are_read(recording):
    folder = recording([0.1])
    (folder / "driving_log.csv").write_text("steering;center;speed\n-0,25;x\\center_000.jpg;3,5\n", encoding="utf-16")
    samples = open_log(folder, cameras="centre")
    assert samples.targets[:, 0].tolist() == [-0.25]


def test_a_changed_picture_changes_the_fingerprint(recording, encode, smooth_picture):
    folder = recording([0.1])
    before = open_log(folder).fingerprint
    (folder / "IMG" / "left_000.jpg").write_bytes(encode(smooth_picture(20, 40, 99), ".jpg"))
    assert open_log(folder).fingerprint != before


def test_a_new_experiment_on_a_recording_takes_the_input_and_training_of_pilotnet(recording):
    experiment = new_experiment("driving_log", DrivingLogSource.architecture).changed(
        "dataset.path", str(recording([0.1]))
    )
    assert (experiment.architecture.name, experiment.task.name) == ("pilotnet", "regression")
    assert (experiment.preprocessing.height, experiment.preprocessing.width) == (66, 200)
    assert experiment.training.optimizer.learning_rate == 1e-4


def test_a_real_recording_of_another_machine_is_read(sample_data):
    samples = open_log(sample_data / "udacity_sim", correction=0.25)
    assert len(samples.names) == 540
    assert samples.problems == ()
    assert samples.read(200, 3).shape == (160, 320, 3)
    names = [name.split() for name in samples.names]
    by_camera = {
        camera: samples.targets[[index for index, name in enumerate(names) if name[0] == camera], 0]
        for camera in ("centre", "left", "right")
    }
    straight = by_camera["centre"] == 0
    assert straight.sum() == 137
    assert np.allclose(by_camera["left"][straight], 0.25)
    assert np.allclose(by_camera["right"][straight], -0.25)


def test_the_reader_code_reads_what_the_source_reads(recording):
    import keras

    folder = recording([0.1, -0.4])
    section = DrivingLogSection(path=str(folder))
    names = {"np": np, "keras": keras}
    exec(DrivingLogSource().reader_code(section), names)
    images, targets, _names = names["read_dataset"](3)
    samples = DrivingLogSource().open(section, lambda event: None)
    assert np.allclose(targets, samples.targets)
    assert np.abs(images[3].astype(int) - samples.read(3, 3)).max() <= 4
