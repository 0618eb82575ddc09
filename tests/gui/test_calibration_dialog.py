"""Calibrate on the Evaluate page: what it asks, shows and takes back; a picture of an embedding opens in Inspect."""

import json
import zipfile

import numpy as np
import pytest

from workbench.events import Finished
from workbench.experiment import new_experiment
from workbench.figures import Points, SampleCards, Scatter
from workbench.gui.pages.evaluate import EvaluatePage
from workbench.gui.pages.evaluate_calibration import can_be_mended
from workbench.gui.pages.inspect import InspectPage
from workbench.gui.workspace import Workspace
from workbench.inspection.answering import InspectAnswer
from workbench.requests import CalibrateRequest, EvaluateRequest, InspectRequest
from workbench.runs.writer import RunWriter, create_run_folder
from workbench.specs import ClassTarget, ImageInput, spec_to_json
from workbench.tasks.calibration import of_answers
from workbench.tasks.calibration_figures import reliability_diagram
from workbench.tasks.task import Evaluation
from workbench.training.calibration import Calibrated

DIAGRAM = reliability_diagram({"Before": of_answers(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 0]))})


def write_model(path, **more):
    """A zip with a description, as a model file has it."""
    about = {
        "version": 1, "task": "classification", "input": spec_to_json(ImageInput(8, 8, 1)),
        "target": spec_to_json(ClassTarget(("cat", "dog"))), **more,
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("workbench.json", json.dumps(about))


@pytest.fixture
def run(home):
    """A finished run whose model says what it is."""
    folder = create_run_folder(new_experiment(), home / "runs")
    with RunWriter(folder) as writer:
        writer.event(Finished("completed", str(folder.path), ""))
    write_model(folder.model_path)
    return folder


@pytest.fixture
def workspace(home, scripted_engine, run):
    """A workspace whose engine mends the model file as the job does."""

    def answer(request, _emit, engine):
        match request:
            case CalibrateRequest():
                temperature = 1.0 if request.undo else 2.5
                write_model(run.model_path, temperature=temperature)
                numbers = {"test": {"calibration_error": 0.1, "loss": 0.5}}
                after = {"test": {"calibration_error": 0.02, "loss": 0.3}}
                return Calibrated(temperature, {} if request.undo else numbers, after, (DIAGRAM,))
            case EvaluateRequest():
                return Evaluation({"loss": 0.1}, ())
            case InspectRequest():
                cards = SampleCards(np.array([7]), ("seven",), np.zeros(1, bool), np.zeros((1, 4, 4), np.uint8))
                points = Points("a", np.zeros(1), np.zeros(1), (7,))
                return InspectAnswer((Scatter("Plane", "x", "y", (points,), cards=cards),), (), (), "", "", 0.1)
        return engine.wait(1)

    made = Workspace(scripted_engine(answer), scripted_engine())
    yield made
    made.close()


@pytest.fixture
def page(qtbot, workspace, run):
    """The Evaluate page with that run, all of it judged."""
    page = EvaluatePage(workspace)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    workspace.set_current_run(str(run.path))
    qtbot.waitUntil(lambda: len(page._evaluations) == 3 and not workspace.questions.busy, timeout=5000)
    return page


def test_calibrating_tells_before_and_after_and_judges_anew(page, qtbot):
    assert page.calibrate_button.isVisible()
    dialog = page.open_calibration()
    assert "as it was trained" in dialog.told.text()
    assert not dialog.undo_button.isEnabled()
    judged = len([each for each in page.workspace.questions.engine.requests if isinstance(each, EvaluateRequest)])
    with qtbot.waitSignal(dialog.mended):
        dialog.mend_button.click()
    assert "0.1000 before, 0.0200 now" in dialog.notice.text
    assert "2.500" in dialog.told.text()
    assert dialog.panel.views[0].figure is DIAGRAM
    qtbot.waitUntil(lambda: len(page._evaluations) == 3 and not page.workspace.questions.busy, timeout=5000)
    asked = [each for each in page.workspace.questions.engine.requests if isinstance(each, EvaluateRequest)]
    assert len(asked) > judged
    with qtbot.waitSignal(dialog.mended):
        dialog.undo_button.click()
    assert "as it was trained" in dialog.told.text()
    assert not dialog.undo_button.isEnabled()
    dialog.close()


def test_only_a_network_that_tells_classes_apart_offers_it(page, run):
    assert can_be_mended(str(run.path))
    write_model(run.model_path, head={"count": 2})
    assert not can_be_mended(str(run.path))
    run.model_path.write_bytes(b"half of a model")
    assert not can_be_mended(str(run.path))
    page.refresh()
    assert not page.calibrate_button.isVisible()


def test_a_picture_chosen_from_an_embedding_opens_in_inspect(qtbot, workspace, run):
    page = InspectPage(workspace)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    workspace.set_current_run(str(run.path))
    qtbot.waitUntil(lambda: not page._patience.isActive() and not workspace.questions.busy, timeout=5000)
    page.method.choose("embeddings")
    page.look()
    qtbot.waitUntil(lambda: bool(page.panel.views) and not workspace.questions.busy, timeout=5000)
    page.panel.views[0].tile_clicked.emit(7)
    assert page.method.inspector.subject == "sample"
    assert page.source.source.sample == 7
