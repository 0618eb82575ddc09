"""The runs page, real run folders for it, and what its tests do with both."""

import math

import pytest

from workbench.engine import Engine
from workbench.events import EpochFinished, Finished
from workbench.experiment import new_experiment
from workbench.gui.pages.runs import RunsPage
from workbench.gui.workspace import Workspace
from workbench.runs.folder import RunFolder
from workbench.runs.writer import RunWriter, create_run_folder


def _write_run(runs, name, *, state="completed", epochs=3, rate=0.001, created=0.0, message="", accuracy=0.9):
    """A run folder as a training of so many epochs leaves it behind; a state of "" leaves its end out."""
    experiment = new_experiment().changed("name", name).changed("training.epochs", 5)
    experiment = experiment.changed("training.optimizer.learning_rate", rate)
    folder = create_run_folder(experiment, runs)
    target = folder.path.with_name(name)
    folder.path.rename(target)
    folder = RunFolder(target)
    with RunWriter(folder) as writer:
        for epoch in range(epochs):
            value = accuracy * (1 - math.exp(-epoch - 1))
            metrics = {"loss": 1 - value, "accuracy": value, "val_loss": 1.1 - value, "val_accuracy": value - 0.01}
            writer.add_metrics({"epoch": epoch + 1, **metrics, "learning_rate": rate, "seconds": 1.5})
            writer.event(EpochFinished(epoch, metrics, rate, 1.5, 1000.0, True, epoch))
        if created:
            writer.environment({"created": created})
        if state:
            writer.event(Finished(state, str(folder.path), message))
    return folder


@pytest.fixture
def workspace(qapp, home):
    workspace = Workspace(Engine("questions", device="cpu"), Engine("training", device="cpu"))
    yield workspace
    workspace.close()


@pytest.fixture
def runs(workspace):
    folder = workspace.settings.runs_folder
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def page(qtbot, workspace):
    page = RunsPage(workspace)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    return page


def _settle(qtbot, page):
    qtbot.waitUntil(lambda: not page._reading and not page._work.busy, timeout=10_000)
    qtbot.wait(1)


def _show(qtbot, page):
    page.show()
    _settle(qtbot, page)


def _names(page):
    return [run.name for run in page.table_model.rows]


def _select(page, *wanted):
    page.table.select([run.path for run in page.table_model.all_rows if run.name in wanted])


def _texts(page, row):
    model = page.table_model
    return [model.data(model.index(row, column)) for column in range(model.columnCount())]


@pytest.fixture
def write_run():
    return _write_run


@pytest.fixture
def settle():
    return _settle


@pytest.fixture
def show():
    return _show


@pytest.fixture
def names():
    return _names


@pytest.fixture
def select():
    return _select


@pytest.fixture
def texts():
    return _texts
