"""What was found about a run, on Train and Evaluate: shown at once, mended by one click, taken back by undo."""

import pytest
from PySide6.QtCore import Qt

from workbench.events import EpochFinished, Finished, Found, RunStarted
from workbench.experiment import from_values, new_experiment
from workbench.finding import Finding
from workbench.gui.document import Document
from workbench.gui.findings_panel import FindingsPanel
from workbench.gui.settings import Settings
from workbench.requests import ResumeRequest
from workbench.runs.writer import RunWriter, create_run_folder, store_learned

DEAD = Finding(
    "dead_units", "error", "All units of dense_1 are dead.", "They answer <0> for every sample.",
    "Set the learning rate to 0.0001", (("training.optimizer.learning_rate", 0.0001),),
)  # fmt: skip
ALONE = Finding("divergence", "warning", "The loss rises.", "It diverges.", "Look at the data")
NOTE = Finding("learned_well", "information", "It learned.", "And it holds.", "Judge it on the test split")


@pytest.fixture
def over_trained(home):
    """A run whose validation loss rises from its fourth epoch on, of the window's first experiment."""
    folder = create_run_folder(new_experiment(), home / "runs")
    rows = [{"epoch": n, "loss": 1 / n, "val_loss": 0.5 + 0.1 * abs(n - 4)} for n in range(1, 16)]
    with RunWriter(folder) as writer:
        writer.metrics(rows)
        writer.event(RunStarted(str(folder.path), folder.name, 15))
        writer.event(Finished("completed", str(folder.path), best_epoch=3))
    numbers = {"numbers": {"accuracy": 0.95}, "samples": 500}
    store_learned(folder, {"train": numbers, "validation": numbers, "guessing": {"accuracy": 0.1}})
    return folder


@pytest.fixture
def show_panel(qtbot):
    def show(findings, **settings):
        panel = FindingsPanel(**settings)
        qtbot.addWidget(panel)
        panel.resize(700, 100)
        panel.set_findings(findings, new_experiment())
        panel.show()
        qtbot.waitExposed(panel)
        return panel

    return show


def names(findings):
    return [finding.name for finding in findings.panel.findings]


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def watch(open_window, scripted_engine, qtbot, folder, events):
    """The Train page on a training that told these events and goes on."""

    def script(request, emit, engine):
        for event in (RunStarted(str(folder.path), folder.name, 15), *events):
            emit(event)
        engine.wait(30)

    window = open_window(training=scripted_engine(script), page="train")
    page = window.pages.page("train")
    size = page.curves.size()
    window.train()
    qtbot.waitUntil(lambda: page.findings.panel.findings != (), timeout=5000)
    assert page.curves.size() == size
    return window, page


def test_severity_is_a_sign_and_a_word_and_the_text_can_be_selected_and_is_never_markup(show_panel):
    panel = show_panel((DEAD, ALONE, NOTE))
    assert [row.accessibleName().split(":")[0] for row in panel.rows] == ["Error", "Warning", "Information"]
    row = panel.rows[0]
    assert row.text.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard
    assert "They answer <0> for every sample." in row.text.accessibleName()
    assert "&lt;0&gt;" in row.text.text()
    assert [button.accessibleName() for button in panel.buttons] == ["Mend: Set the learning rate to 0.0001"]


def test_many_findings_scroll_and_a_narrow_list_grows_with_them(show_panel, qtbot):
    many = tuple(Finding(f"fault_{number}", "warning", "Seen.", "Why.", "Do it") for number in range(12))
    panel = show_panel(many)
    for window, list_ in ((1200, 200), (600, 120)):
        panel.resize(700, window)
        qtbot.waitUntil(lambda list_=list_: panel._area.height() == list_)
    assert panel._area.verticalScrollBar().maximum() > 0
    narrow = show_panel(many, highest=0, narrow=True)
    assert narrow._area.height() > 600
    assert narrow._area.verticalScrollBar().maximum() == 0


def test_a_list_without_faults_is_folded_until_a_key_opens_it(show_panel, qtbot):
    panel = show_panel((NOTE,))
    assert panel.fold.text() == "No faults found; notes: 1"
    assert not panel.rows[0].isVisible()
    panel.fold.setFocus()
    qtbot.keyClick(panel.fold, Qt.Key.Key_Space)
    assert panel.rows[0].isVisible()
    with_a_fault = show_panel((DEAD, NOTE))
    assert with_a_fault.rows[0].isVisible()


def test_what_is_found_while_it_trains_is_shown_at_once_and_mended_with_undo(
    open_window, scripted_engine, qtbot, over_trained
):
    told = (Found(1, DEAD.to_json()), Found(2, DEAD.to_json()), Found(2, ALONE.to_json()))
    window, page = watch(open_window, scripted_engine, qtbot, over_trained, told)
    qtbot.waitUntil(lambda: names(page.findings) == ["dead_units", "divergence"])
    document = window.workspace.document
    before = document.experiment
    click(qtbot, page.findings.panel.buttons[0])
    assert document.experiment.training.optimizer.learning_rate == 0.0001
    assert document.undo_stack.undoText() == "Set the learning rate to 0.0001"
    assert window.statusBar().currentMessage().startswith("Changed in the experiment: Set the learning rate")
    assert page.findings.panel.buttons == []
    document.undo_stack.undo()
    assert document.experiment == before
    (button,) = page.findings.panel.buttons
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert document.experiment.training.optimizer.learning_rate == 0.0001
    qtbot.waitUntil(page.findings.panel.fold.hasFocus)


def test_when_a_training_ends_what_is_seen_afterwards_follows(open_window, scripted_engine, qtbot, over_trained):
    path = str(over_trained.path)
    epoch = EpochFinished(0, {"loss": 1.0, "val_loss": 1.0}, 0.001, 1.0, 1.0, True, 0)
    events = (RunStarted(path, over_trained.name, 15), epoch, Finished("completed", path, best_epoch=3))
    window = open_window(training=scripted_engine(events), page="train")
    page = window.pages.page("train")
    window.train()
    qtbot.waitUntil(lambda: names(page.findings) == ["over_training", "learned_well"], timeout=5000)
    click(qtbot, page.findings.panel.buttons[0])
    assert window.workspace.document.experiment.training.early_stopping == 3


def test_a_run_that_goes_on_keeps_what_it_told_before(open_window, scripted_engine, qtbot, over_trained):
    path = str(over_trained.path)
    with RunWriter(over_trained) as writer:
        for event in (RunStarted(path, over_trained.name, 15), Found(1, DEAD.to_json())):
            writer.event(event)

    def script(request, emit, engine):
        emit(RunStarted(path, over_trained.name, 20, 15))
        emit(Found(16, ALONE.to_json()))
        engine.wait(30)

    window = open_window(training=scripted_engine(script), page="train")
    page = window.pages.page("train")
    window.workspace.training.submit(ResumeRequest(path, 20))
    qtbot.waitUntil(lambda: names(page.findings) == ["dead_units", "divergence"], timeout=5000)


def test_a_run_of_another_experiment_brings_its_own_with_the_change_and_asks_before(
    open_window, qtbot, over_trained, answers
):
    window = open_window(page="evaluate")
    page, document = window.pages.page("evaluate"), window.workspace.document
    document.new(new_experiment("digits", "lenet5"))
    window.workspace.set_current_run(str(over_trained.path))
    qtbot.waitUntil(lambda: names(page.findings) == ["over_training", "learned_well"], timeout=5000)
    click(qtbot, page.findings.panel.buttons[0])
    assert answers.asked == ["Save the changes?"]
    assert document.experiment.architecture.name == "lenet5"
    answers.choice = "discard"
    click(qtbot, page.findings.panel.buttons[0])
    assert document.experiment == new_experiment().changed("training.early_stopping", 3)
    assert over_trained.name in window.statusBar().currentMessage()
    document.undo_stack.undo()
    assert document.experiment == new_experiment()
    assert len(page.findings.panel.buttons) == 1


@pytest.mark.parametrize("fault", ["newer", "gone", "going on"])
def test_a_run_that_cannot_be_judged_shows_no_findings(open_window, qtbot, over_trained, fault):
    toml = over_trained.path / "experiment.toml"
    if fault == "newer":
        toml.write_text(toml.read_text().replace("version = 1", "version = 99"))
    if fault == "gone":
        for file in over_trained.path.iterdir():
            file.unlink()
    window = open_window(page="evaluate")
    window.pages.page("train")
    if fault == "going on":
        (over_trained.path / "events.jsonl").unlink()
        with RunWriter(over_trained):
            show_on_both(window, qtbot, str(over_trained.path))
    else:
        show_on_both(window, qtbot, str(over_trained.path))


def show_on_both(window, qtbot, run):
    window.workspace.set_current_run(run)
    for name in ("evaluate", "train"):
        page = window.show_page(name)
        qtbot.waitUntil(lambda page=page: not page.findings._files.busy, timeout=5000)
        qtbot.wait(50)
        assert names(page.findings) == []
        assert not page.findings.isVisible()


def test_a_document_knows_what_was_trained_from_it_though_the_data_settled_something(home):
    document = Document(Settings())
    path = {"name": "table_file", "path": "/tmp/rows.csv"}
    mine = new_experiment("digits", "mlp").model_dump() | {"dataset": path}
    for name in ("preprocessing", "augmentation", "task"):
        mine.pop(name)
    document.new(from_values(mine, "mine"))
    settled = from_values({**mine, "dataset": {**path, "target_kind": "number"}}, "settled")
    assert document.has_been(settled)
    document.set_value("training.epochs", 77)
    assert document.has_been(settled)
    assert not document.has_been(settled.changed("training.epochs", 78))
    assert not document.has_been(settled.changed("dataset.path", "/tmp/others.csv"))
    document.new()
    assert not document.has_been(settled)
    document.close()
