"""The Evaluate page: its order of questions on scripted engines, and one real run judged by a real engine."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from workbench.engine import Engine
from workbench.errors import UserError
from workbench.events import Finished
from workbench.experiment import new_experiment
from workbench.figures import Gallery, Matrix, Points, Scatter, Table, Tile
from workbench.gui.pages.evaluate import EvaluatePage
from workbench.gui.pages.evaluate_samples import MOST_SHOWN
from workbench.gui.workspace import Workspace
from workbench.requests import EvaluateRequest, SamplesRequest, TrainRequest
from workbench.runs.writer import RunWriter, create_run_folder, store_evaluation
from workbench.specs import Column, TableInput, spec_to_json
from workbench.tasks.task import Evaluation

PIXELS = np.zeros((4, 4), np.uint8)
MATRIX = Matrix(
    "Confusion", np.array([[5, 1], [2, 7]]), ("cat", "dog"), "True", "Predicted",
    {(0, 1): (3,), (1, 0): (8, 6), (0, 0): (0, 1)},
)  # fmt: skip


def judged(split, ranking=(8, 3, 6)):
    numbers = {"test": 0.1, "validation": 0.2, "train": 0.3}
    return Evaluation({"loss": numbers[split], "accuracy": 0.9}, (MATRIX,), ranking)


def answer(request, _emit, _engine):
    match request:
        case EvaluateRequest():
            return judged(request.split)
        case SamplesRequest():
            return Gallery("Samples", tuple(Tile(PIXELS, "truth", index) for index in request.indices))
    raise AssertionError(request)


@pytest.fixture
def make_page(qtbot, home, scripted_engine):
    made = []

    def make(script=answer, show=True):
        workspace = Workspace(scripted_engine(script), scripted_engine())
        made.append(workspace)
        page = EvaluatePage(workspace)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        if show:
            page.show()
        return page

    yield make
    for workspace in made:
        workspace.close()


@pytest.fixture
def run(home):
    """A run with a model file whose content nobody reads here."""
    folder = create_run_folder(new_experiment(), home / "runs")
    with RunWriter(folder) as writer:
        writer.event(Finished("completed", str(folder.path), ""))
    folder.model_path.write_bytes(b"model")
    return folder


def requests(page, kind):
    return [request for request in page.workspace.questions.engine.requests if isinstance(request, kind)]


def settle(qtbot, page, splits=3):
    qtbot.waitUntil(lambda: len(page._evaluations) == splits and not page.workspace.questions.busy, timeout=5000)


def test_without_a_run_the_page_says_what_to_do_and_leads_there(make_page, qtbot):
    page = make_page()
    assert page.no_run.isVisible()
    with qtbot.waitSignal(page.workspace.page_requested) as asked:
        page.no_run.button.click()
    assert asked.args == ["train"]


def test_the_test_split_is_judged_first_and_the_others_afterwards(make_page, qtbot, run):
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    assert [request.split for request in requests(page, EvaluateRequest)] == ["test", "validation", "train"]
    assert page.numbers.cards["test"].texts == {"loss": "0.1000", "accuracy": "90.00 %"}
    assert page.numbers.cards["train"].texts["loss"] == "0.3000"
    assert page.numbers.cards["train"].state == ""
    assert [view.figure for view in page.panel.views] == [MATRIX]


def test_while_it_computes_the_page_says_so_and_shows_what_the_run_knows_already(make_page, qtbot, run):
    store_evaluation(run, "validation", {"loss": 0.25, "accuracy": 0.75})
    go_on = threading.Event()
    page = make_page(lambda *about: go_on.wait(5) and answer(*about))
    page.workspace.set_current_run(str(run.path))
    assert page.numbers.cards["test"].state == "Computing…"
    assert page.numbers.cards["validation"].texts == {"loss": "0.2500", "accuracy": "75.00 %"}
    go_on.set()
    settle(qtbot, page)


def test_nothing_is_asked_while_the_page_is_out_of_sight(make_page, qtbot, run):
    page = make_page(show=False)
    page.workspace.set_current_run(str(run.path))
    qtbot.wait(120)
    assert page.workspace.questions.engine.requests == []
    page.show()
    settle(qtbot, page)


def test_leaving_the_page_gives_the_engine_free_and_coming_back_goes_on(make_page, qtbot, run):
    def script(request, emit, engine):
        if isinstance(request, EvaluateRequest) and request.split == "validation" and not engine.free:
            engine.wait()
        return answer(request, emit, engine)

    page = make_page(script)
    engine = page.workspace.questions.engine
    engine.free = False
    page.workspace.set_current_run(str(run.path))
    qtbot.waitUntil(lambda: page._asked_later == "validation", timeout=5000)
    qtbot.waitUntil(lambda: any(getattr(r, "split", "") == "validation" for r in engine.requests), timeout=5000)
    page.hide()
    assert "stop" in engine.calls
    engine.free = True
    page.show()
    settle(qtbot, page)


def test_the_worst_samples_are_shown_first_with_what_they_are_and_were_taken_for(make_page, qtbot, run):
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    tiles = page.samples.gallery.figure.tiles
    assert [(tile.sample, tile.caption, tile.wrong) for tile in tiles] == [
        (8, "dog → cat", True), (3, "cat → dog", True), (6, "dog → cat", True),
    ]  # fmt: skip


def test_a_click_on_a_cell_shows_its_samples_and_the_way_back(make_page, qtbot, run):
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    canvas = page.panel.views[0].canvas
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.cell_rect(0, 0).center().toPoint())
    qtbot.waitUntil(lambda: page.samples.gallery.figure.title == "cat → cat", timeout=5000)
    assert [(tile.sample, tile.wrong) for tile in page.samples.gallery.figure.tiles] == [(0, False), (1, False)]
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.cell_rect(1, 1).center().toPoint())
    assert page.samples.message == "dog → dog: no samples."
    page.samples._back.click()
    qtbot.waitUntil(lambda: page.samples.gallery.figure.title == "Worst first", timeout=5000)


def test_a_click_on_a_sample_opens_it_in_inspect(make_page, qtbot, run):
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    page.numbers.cards["validation"].chosen.click()
    qtbot.waitUntil(lambda: page.samples.gallery.figure is not None and not page.workspace.questions.busy, timeout=5000)
    grid = page.samples.gallery.grid
    with qtbot.waitSignals([page.workspace.inspect_requested, page.workspace.page_requested]):
        place = grid.visualRect(grid.model().index(1, 0)).center()
        qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert page.workspace.sample_to_inspect == ("validation", 3)


def test_no_mistakes_and_very_many_mistakes_are_said(make_page, qtbot, run):
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    page.samples.set_evaluation(judged("test", ()))
    assert page.samples.message == "There are no mistakes on this split."
    page.samples.set_evaluation(judged("test", tuple(range(1000))))
    qtbot.waitUntil(lambda: not page.workspace.questions.busy, timeout=5000)
    assert len(requests(page, SamplesRequest)[-1].indices) == MOST_SHOWN
    assert page.samples.gallery.figure.note.startswith("200 of 1000")


def test_a_split_that_cannot_be_judged_is_a_message_and_can_be_tried_again(make_page, qtbot, run):
    def script(request, emit, engine):
        if engine.broken:
            raise UserError("The data vanished.")
        return answer(request, emit, engine)

    page = make_page(script)
    page.workspace.questions.engine.broken = True
    page.workspace.set_current_run(str(run.path))
    qtbot.waitUntil(lambda: page.notice.text == "The data vanished.", timeout=5000)
    assert page.numbers.cards["test"].state == ""
    page.workspace.questions.engine.broken = False
    page._retry.click()
    settle(qtbot, page)
    assert page.notice.text == ""


def test_a_run_that_still_trains_says_so(make_page, qtbot, run):
    with RunWriter(run):
        (run.path / "events.jsonl").write_text("")
        page = make_page()
        page.workspace.set_current_run(str(run.path))
        assert "still training" in page.notice.text
        settle(qtbot, page)
        run.model_path.unlink()
        page.refresh()
        assert "no model yet" in page.notice.text
        assert page.panel.views == []


def test_a_model_file_is_no_run_to_judge(make_page, qtbot, run):
    page = make_page()
    page.workspace.set_current_run(str(run.model_path))
    assert "no run" in page.notice.text
    qtbot.wait(80)
    assert page.workspace.questions.engine.requests == []


def test_another_run_takes_the_place_of_the_one_before_also_in_the_middle_of_it(make_page, qtbot, run, home):
    other = create_run_folder(new_experiment().changed("name", "other"), home / "runs")
    other.model_path.write_bytes(b"model")
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    page.workspace.set_current_run(str(other.path))
    settle(qtbot, page)
    assert {request.run for request in requests(page, EvaluateRequest)[-3:]} == {str(other.path)}
    assert other.name in page._about.text()


def test_a_real_run_is_judged_and_its_mistakes_are_shown(qtbot, home, real_engine):
    workspace = Workspace(real_engine, Engine("training", device="cpu"))
    try:
        page = EvaluatePage(workspace)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        page.show()
        experiment = new_experiment().changed("training.epochs", 1).changed("training.batch_size", 128)
        done = []
        workspace.questions.ask(TrainRequest(experiment, str(home / "runs")), done.append, done.append)
        qtbot.waitUntil(lambda: bool(done), timeout=90_000)
        workspace.set_current_run(str(done[0]))
        qtbot.waitUntil(lambda: len(page._evaluations) == 3 and not workspace.questions.busy, timeout=60_000)
        test = page._evaluations["test"]
        assert page.numbers.cards["test"].texts["accuracy"] == f"{100 * test.numbers['accuracy']:.2f} %"
        matrix = next(view for view in page.panel.views if view.figure.kind == "matrix")
        assert matrix.figure.values.sum() == sum(len(samples) for samples in matrix.figure.samples.values())
        shown = page.samples.gallery.figure.tiles
        assert [tile.sample for tile in shown] == list(test.ranking[:MOST_SHOWN])
        assert all(tile.wrong for tile in shown)
    finally:
        workspace.close()


REGRESSION = {
    "r2": 0.98765, "rmse": 23456.78, "mae": 1234.5678, "loss": 0.0123456, "mse": 5.5e8, "mape": 0.1234, "mpe": -0.05,
    "adjusted_r2": -1.25,
}  # fmt: skip


def rows_of_a_table(request, _emit, _engine):
    match request:
        case EvaluateRequest():
            points = Points("test", np.arange(4.0), np.arange(4.0), (0, 1, 2, 3))
            scatter = Scatter("Predicted against true", "true", "predicted", (points,))
            return Evaluation(REGRESSION, (scatter,), (2, 0, 1), {"mae": "€", "rmse": "€", "mse": "€²"})
        case SamplesRequest():
            return Table("Samples", ("Row", "area"), tuple((str(index), 1.5 * index) for index in request.indices))
    raise AssertionError(request)


def model_of_a_table(folder):
    import json
    import zipfile

    about = {"version": 1, "input": spec_to_json(TableInput((Column("area"),)))}
    with zipfile.ZipFile(folder.model_path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("workbench.json", json.dumps(about))


def test_of_many_numbers_the_first_four_by_the_task_stand_in_every_card_and_the_rest_in_its_tool_tip(
    make_page, qtbot, home
):
    folder = create_run_folder(new_experiment().changed("dataset.name", "diabetes"), home / "runs")
    folder.model_path.write_bytes(b"model")
    page = make_page(rows_of_a_table)
    page.resize(1280 - 168, 628)  # what the window leaves at 1280 x 720
    page.workspace.set_current_run(str(folder.path))
    settle(qtbot, page)
    for card in page.numbers.cards.values():
        assert card.texts == {"loss": "0.0123", "mae": "1235 €", "rmse": "23,457 €", "r2": "0.9877"}
        assert card.toolTip().splitlines() == ["MSE 5.5e+08 €²", "MAPE 12.34 %", "MPE -5.00 %", "Adjusted R² -1.25"]
        assert card.chosen.accessibleDescription() == ", ".join(card.toolTip().splitlines())
        for label in card._values.values():
            place = label.parentWidget()
            assert card.rect().contains(place.mapTo(card, place.rect().bottomRight()))
            assert label.width() >= label.sizeHint().width()
    assert page.numbers.height() < 140


@pytest.mark.parametrize("width", [700, 1112, 2390])
def test_numbers_of_different_lengths_are_laid_out_the_same_in_all_cards(make_page, qtbot, run, width):
    lengths = {"test": 1.0, "validation": 1e6, "train": 1e3}

    def script(request, emit, engine):
        found = rows_of_a_table(request, emit, engine)
        if not isinstance(found, Evaluation):
            return found
        numbers = {name: number * lengths[request.split] for name, number in found.numbers.items()}
        return replace(found, numbers=numbers)

    page = make_page(script)
    page.resize(width, 628)
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)

    def places():
        cards = page.numbers.cards.values()
        return [[label.parentWidget().pos() for label in card._values.values()] for card in cards]

    qtbot.waitUntil(lambda: all(len({place.y() for place in card}) <= 2 for card in places()), timeout=5000)
    first, *others = places()
    # The cards share a width that is no multiple of three.
    assert all((a - b).manhattanLength() <= 1 for other in others for a, b in zip(first, other, strict=True))


def test_rows_of_a_table_are_shown_as_a_table_and_a_click_on_a_point_shows_its_row(make_page, qtbot, run):
    model_of_a_table(run)
    page = make_page(rows_of_a_table)
    asked = []
    page.workspace.page_requested.connect(asked.append)
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    assert page.samples._other.figure.rows == (("2", 3.0), ("0", 0.0), ("1", 1.5))
    assert not page.samples.gallery.isVisible()
    page.panel.views[0].tile_clicked.emit(3)
    qtbot.waitUntil(lambda: page.samples._other.figure.title == "Sample 3", timeout=5000)
    assert page.samples._other.figure.rows == (("3", 4.5),)
    assert asked == []
    page.samples._back.click()
    qtbot.waitUntil(lambda: page.samples._other.figure.title == "Worst first", timeout=5000)


def test_a_long_name_of_a_run_is_shortened_in_its_middle_and_does_not_widen_the_page(make_page, qtbot, run, home):
    page = make_page()
    page.workspace.set_current_run(str(run.path))
    settle(qtbot, page)
    width = page.minimumSizeHint().width()
    long = create_run_folder(new_experiment().changed("name", "W" * 100), home / "runs")
    long.model_path.write_bytes(b"model")
    page.workspace.set_current_run(str(long.path))
    settle(qtbot, page)
    shown = page._about.text().split(":")[0]
    assert shown.startswith("WWWW")
    assert "…" in shown
    assert shown.endswith(long.name[-15:])
    assert page._about.toolTip() == str(long.path)
    assert page.minimumSizeHint().width() <= width
