"""Tables that cannot be learned from, and tables that change or go after the training."""

import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.events import Note
from workbench.experiment import from_values
from workbench.requests import EvaluateRequest, PredictRequest, ResumeRequest, TrainRequest
from workbench.runs.folder import RunFolder

COLOURS = ("red", "blue")
LINES = [f"{number},{COLOURS[number % 2]},{number * 3 + number % 2}" for number in range(20)]


@pytest.fixture
def table(tmp_path):
    """Write the table: lines without the header -> its path."""

    def write(lines=LINES, header="a,colour,y"):
        (tmp_path / "table.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return tmp_path / "table.csv"

    return write


def experiment_on(path, **sections):
    return from_values(
        {
            "version": 1,
            "dataset": {"name": "table_file", "path": str(path)},
            "architecture": {"name": "linear"},
            "trainer": {"name": "closed_form"},
            **sections,
        },
        "the test's experiment",
    )


@pytest.fixture
def train(home, tmp_path):
    from workbench.training import session

    return lambda experiment: session.train(TrainRequest(experiment, str(tmp_path)), lambda event: None, Control())


def evaluated(run):
    from workbench.training.evaluation import evaluate

    events = []
    evaluate(EvaluateRequest(run, "test"), events.append, Control())
    return [event.text for event in events if isinstance(event, Note)]


def test_a_run_is_not_judged_on_words_that_its_model_does_not_know(train, table):
    run = train(experiment_on(table()))
    assert evaluated(run) == []
    table([line.replace("red", "crimson") for line in LINES])
    with pytest.raises(UserError, match=r"colour \(blue, crimson\) in place of colour \(blue, red\)"):
        evaluated(run)
    table(header="a,Farbe,y")
    with pytest.raises(UserError, match=r"Farbe .* in place of colour"):
        evaluated(run)


def test_a_run_judged_on_data_that_have_changed_says_so(train, table):
    run = train(experiment_on(table()))
    table([*LINES[:-1], "19,blue,0"])
    (note,) = evaluated(run)
    assert "The data have changed since the run was trained" in note


@pytest.mark.parametrize("words", [["1", "2"], ["yes", "no"]])
def test_a_run_answers_when_its_table_is_gone_and_says_what_is_missing(train, table, words):
    from workbench.inspection.prediction import predict

    path = table([f"{number},red,{words[number > 9]}" for number in range(20)])
    run = train(experiment_on(path, architecture={"name": "mlp"}, trainer={"name": "fit"}, training={"epochs": 1}))
    assert RunFolder(run).experiment().dataset.target_kind == "class"
    table(LINES)  # numbers now
    assert RunFolder(run).experiment().dataset.target_kind == "class"
    path.unlink()
    request = PredictRequest(run, rows=({"a": "1", "colour": "red"},))
    assert predict(request, lambda event: None, Control()).items[0].answer is not None
    with pytest.raises(UserError, match=r"table.csv does not exist"):
        evaluated(run)


def test_an_experiment_whose_table_is_gone_names_it_and_not_the_task(table):
    path = table([f"{number},red,{number % 2}" for number in range(20)])
    values = experiment_on(path, architecture={"name": "mlp"}, trainer={"name": "fit"}).model_dump()
    path.unlink()
    with pytest.raises(UserError, match=r"table.csv does not exist"):
        from_values(values, "the experiment")


def test_a_target_that_is_constant_in_the_training_split_is_refused(train, table):
    from workbench.data.prepare import prepare

    experiment = experiment_on(table())
    odd = int(prepare(experiment, lambda event: None, Control()).splits["test"][0])
    table([f"{number},red,{9.5 if number == odd else 5.5}" for number in range(20)])
    experiment = experiment.changed("dataset.target_kind", "number")
    with pytest.raises(UserError, match=r"outside the training split.*y = 5\.5.*another seed"):
        train(experiment)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{0}e30,red,{0}", r"column a has values of up to 1\.[89]e\+31, too large"),
        ("{0},red,{0}e30", r"target y has values of up to 1\.9e\+31, too large"),
    ],
)
def test_numbers_that_overflow_when_they_are_squared_are_named(train, table, line, message):
    with pytest.raises(UserError, match=message):
        train(experiment_on(table([line.format(number) for number in range(20)])))


def test_dropping_every_row_names_the_column_that_lacks_most(train, table):
    path = table([f",red,{number}" if number % 3 == 0 else f"{number},,{number}" for number in range(20)])
    with pytest.raises(UserError, match=r"Every row lacks a value, most often for colour \(13 of 20 rows\)"):
        train(experiment_on(path, preprocessing={"missing": "drop"}))


def test_label_smoothing_of_numbers_is_refused(train, table):
    with pytest.raises(UserError, match="no labels that can be smoothed"):
        train(experiment_on(table(), training={"label_smoothing": 0.1}))


def test_a_closed_form_cannot_be_extended(train, table):
    from workbench.training.session import resume

    run = train(experiment_on(table()))
    with pytest.raises(UserError, match="finds the weights at once, and more epochs have no meaning"):
        resume(ResumeRequest(run, epochs=90), lambda event: None, Control())
    assert RunFolder(run).state() == "completed"
    assert RunFolder(run).experiment().training.epochs < 90


def test_settings_of_pictures_are_refused_for_tables(train, table):
    with pytest.raises(UserError, match=r"augmentation.flip: there is no such setting for this kind of data"):
        experiment_on(table(), augmentation={"flip": "horizontal"})
    with pytest.raises(UserError, match="scaling_factor is for pictures"):
        train(experiment_on(table(), overrides={"scaling_factor": 2.0}))
