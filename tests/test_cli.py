"""Commands that need no training: what they print, and what bad input gets."""

import json
import subprocess
import sys

import pytest

from workbench.cli import run
from workbench.cli.arguments import parser
from workbench.errors import UserError
from workbench.events import StageStarted
from workbench.experiment import new_experiment, parse_experiment
from workbench.experiment_toml import write_experiment
from workbench.registry import registry
from workbench.runs.writer import RunWriter, create_run_folder


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def experiment_file(tmp_path):
    path = tmp_path / "bài tập 1.toml"
    write_experiment(new_experiment(), path)
    return path


def assert_one_message(capfd, *words):
    captured = capfd.readouterr()
    assert captured.err.startswith("workbench: ")
    assert "Traceback" not in captured.err
    for word in words:
        assert word in captured.err
    return captured


def test_new_prints_an_experiment_that_reads_back_as_the_same(capfd, home):
    assert run(["new"]) == 0
    captured = capfd.readouterr()
    assert parse_experiment(captured.out, "printed") == new_experiment()
    assert captured.err == ""


def test_new_takes_a_dataset_and_an_architecture(capfd, home):
    assert run(["new", "--dataset", "shapes", "--architecture", "mlp"]) == 0
    assert parse_experiment(capfd.readouterr().out, "printed") == new_experiment("shapes", "mlp")


def test_a_name_with_a_typo_gets_a_suggestion_and_exit_code_2(capfd, home):
    assert run(["new", "--dataset", "digts"]) == 2
    captured = assert_one_message(capfd, "Did you mean 'digits'?", "shapes")
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian", "x.toml"], ["trian", "Did you mean 'train'?"]),
        (["train"], ["EXPERIMENT.toml", "--help"]),
        (["train", "x.toml", "--runz", "y"], ["--runz"]),
        (["evaluate", "x", "--split", "tset"], ["Did you mean 'test'?"]),
        (["list", "archtectures"], ["Did you mean 'architectures'?"]),
        (["resume", "x", "--epochs", "many"], ["many"]),
        (["predict", "nothing-of-that-name", "x.png"], ["There is no run", "workbench runs"]),
        (["predict", "nothing-of-that-name", ""], ["empty text"]),
        (["predict", "nothing-of-that-name", "x.png", " "], ["empty text"]),
        (["inspect", "run", "", "--method", "grad_cam", "--out", "x"], ["empty text"]),
        (["runs", "compare", "one"], ["two runs"]),
        (["runs", "list", "--runs", __file__], ["is not a folder", "test_cli.py"]),
        (["inspect", "run", "--method", "grad_cam", "--out", "x"], ["--sample"]),
        ([], ["--help"]),
    ],
)
def test_arguments_that_cannot_be_meant_get_one_message_and_exit_code_2(capfd, home, arguments, words):
    assert run(arguments) == 2
    assert_one_message(capfd, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["version", "dataset", "architecture", "workbench new"]),
        ("version = 1\n[dataset\nname = 'digits'", ["not valid TOML", "line 2"]),
        ("version = 99\n[dataset]\nname='digits'\n[architecture]\nname='mlp'", ["99", "Update"]),
        ("version = 1\n[dataset]\nname='digits'\n[architecture]\nname='mpl'", ["Did you mean 'mlp'?"]),
        (
            "version = 1\n[dataset]\nname='digits'\n[architecture]\nname='mlp'\n[training]\nepoch=3\nbatch_size=0",
            ["training.epoch", "Did you mean 'epochs'", "training.batch_size"],
        ),
    ],
)
def test_an_experiment_that_cannot_be_used_says_what_is_wrong_with_it(capfd, home, tmp_path, text, words):
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    assert run(["train", str(path)]) == 2
    assert_one_message(capfd, *words)
    assert not (home / "runs").exists()


def test_a_file_that_is_not_there_or_no_text_is_named(capfd, home, tmp_path):
    assert run(["train", str(tmp_path / "nowhere.toml")]) == 2
    captured = assert_one_message(capfd, "There is no file", "nowhere.toml", "workbench new")
    assert "Errno" not in captured.err
    (tmp_path / "picture.toml").write_bytes(b"\x89PNG\xff\xfe")
    assert run(["data", str(tmp_path / "picture.toml")]) == 2
    assert_one_message(capfd, "picture.toml")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.epoch=3", ["Did you mean 'epochs'"]),
        ("training.epochs", ["section.key=value"]),
        ("training.epochs=several", ["several"]),
        ("trainin.epochs=3", ["trainin"]),
        ("training.optimizer.name=adm", ["Did you mean 'adam'"]),
        ("training.epochs=3\nbatch_size = 8", ["batch_size", "line break"]),
        ("training.epochs=true", ["training.epochs", "valid integer; it is true"]),
    ],
)
def test_a_change_that_cannot_be_made_is_explained(capfd, home, experiment_file, change, words):
    assert run(["train", str(experiment_file), "--set", change]) == 2
    assert_one_message(capfd, *words)


def test_changes_are_toml_values_or_texts():
    from workbench.cli.training import apply_change

    experiment = new_experiment()
    assert apply_change(experiment, "training.epochs=3").training.epochs == 3
    assert apply_change(experiment, "training.optimizer.learning_rate = 1e-4").training.optimizer.learning_rate == 1e-4
    assert apply_change(experiment, "training.optimizer.name=sgd").training.optimizer.momentum == 0.9
    assert apply_change(experiment, "splits.stratified=false").splits.stratified is False
    assert apply_change(experiment, "training.device=cpu").training.device == "cpu"
    assert apply_change(experiment, "name=5").name == "5"
    assert apply_change(experiment, "name=2024-01-31").name == "2024-01-31"
    assert apply_change(experiment, "name='a = b'").name == "a = b"
    assert apply_change(experiment, "dataset.name=shapes").preprocessing == new_experiment("shapes").preprocessing
    with pytest.raises(UserError, match="less than or equal"):
        apply_change(experiment, "splits.test=7")


@pytest.mark.parametrize("what", ["datasets", "architectures", "inspectors"])
def test_lists_show_every_registered_name(capfd, home, what):
    assert run(["list", what, "--json"]) == 0
    records = lines_of(capfd.readouterr().out)
    assert [record["name"] for record in records] == getattr(registry(), what).names()
    assert all(record["title"] and record["help"] for record in records)
    assert run(["list", what]) == 0
    text = capfd.readouterr().out
    assert all(record["name"] in text for record in records)


def test_the_list_of_plugins_names_the_one_that_ships(capfd, home):
    assert run(["list", "plugins", "--json"]) == 0
    assert [plugin["problem"] for plugin in lines_of(capfd.readouterr().out)] == [""] * len(registry().plugins)


def test_an_empty_runs_folder_is_no_error(capfd, home, tmp_path):
    assert run(["runs"]) == 0
    assert str(home / "runs") in capfd.readouterr().out
    assert run(["runs", "list", "--json", "--runs", str(tmp_path)]) == 0
    assert capfd.readouterr().out == ""


def test_runs_are_where_the_settings_of_the_window_say(capfd, home, tmp_path):
    (home / "settings").mkdir(parents=True)
    (home / "settings" / "settings.json").write_text(json.dumps({"runs": str(tmp_path / "đây")}), encoding="utf-8")
    assert run(["runs"]) == 0
    assert "đây" in capfd.readouterr().out
    (home / "settings" / "settings.json").write_text("not JSON", encoding="utf-8")
    assert run(["runs"]) == 0
    assert str(home / "runs") in capfd.readouterr().out


def test_a_defect_gives_one_message_and_a_log_with_the_traceback(capfd, home, monkeypatch, experiment_file):
    monkeypatch.setattr("workbench.jobs.JOBS", {})
    assert run(["code", str(experiment_file)]) == 1
    log = home / "settings" / "logs" / "command_line.log"
    assert_one_message(capfd, str(log), "no job answers")
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_without_a_command_the_window_opens_and_gives_its_exit_code(home, capfd):
    opened = []

    def open_window(arguments):
        opened.append(arguments)
        return 5

    assert run([], open_window) == 5
    assert run(["mine.toml"], open_window) == 5
    assert run(["runs"], open_window) == 0
    assert opened == [[], ["mine.toml"]]


def test_a_window_that_lacks_a_library_sends_to_the_doctor(home, capfd):
    def open_window(arguments):
        raise ImportError("libEGL.so.1: cannot open shared object file")

    assert run([], open_window) == 1
    assert_one_message(capfd, "libEGL.so.1", "workbench doctor")


def test_help_and_version_answer_quickly_and_name_every_command(home):
    done = subprocess.run([sys.executable, "-m", "workbench", "--help"], capture_output=True, text=True, check=True)
    for command in ("new", "data", "summary", "code", "train", "resume", "evaluate", "predict", "inspect", "runs"):
        assert f"\n    {command} " in done.stdout
    assert done.stderr == ""
    assert run(["--version"]) == 0


def test_a_reader_that_goes_away_is_no_error(home):
    command = f"{sys.executable} -m workbench new | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == "version = 1\n"
    assert done.stderr == ""


def test_the_list_of_architectures_holds_their_families_and_cards(capfd, home):
    assert run(["list", "architectures", "--json"]) == 0
    records = {record["name"]: record for record in lines_of(capfd.readouterr().out)}
    assert (records["simple_cnn"]["family"], records["simple_cnn"]["card"]) == ("", None)
    assert records["vit_tiny"]["family"] == "Vision transformers"
    card = records["vit_tiny"]["card"]
    assert (card["year"], card["size"], card["parameters"]) == (2020, 224, 5_717_416)
    assert card["idea"].startswith("The picture is cut into patches")
    assert run(["list", "architectures"]) == 0
    assert "arxiv" not in capfd.readouterr().out


def test_runs_that_are_compared_say_from_which_epoch_on_they_went_another_way(capfd, home):
    names = []
    for epoch in (1, 3):
        folder = create_run_folder(new_experiment(), home / "runs")
        with RunWriter(folder) as writer:
            writer.event(StageStarted(0, "head", "the head alone"))
            writer.event(StageStarted(epoch, "base", "the base, too"))
        names.append(folder.name)
    assert run(["runs", "compare", *names, "--runs", str(home / "runs")]) == 0
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert ["head", "1", "1"] in lines
    assert ["base", "2", "4"] in lines


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("inspect RUN --method grad_cam --out FOLDER seven.png", "path", "seven.png"),
        ("inspect --method grad_cam --out FOLDER RUN seven.png", "path", "seven.png"),
        ("predict RUN --top 3 one.png two.png", "paths", ["one.png", "two.png"]),
        ("corrections RUN --note blurred exclude a b", "names", ["a", "b"]),
    ],
)
def test_options_may_stand_before_files_and_names(line, field, value):
    assert getattr(parser().parse_args(line.split()), field) == value
