"""The findings on the Model page: what is wrong stands above the table, one button mends it, undo takes it back."""

import pytest
from PySide6.QtCore import Qt

from workbench.architectures.fitting import begin_with
from workbench.architectures.table import LayerRow, LayerTable
from workbench.errors import UserError
from workbench.finding import Finding
from workbench.requests import SummaryRequest


@pytest.fixture
def page(open_window, scripted_engine):
    window = open_window(questions=scripted_engine(lambda request, emit, engine: engine.wait(60)), page="model")
    return window.show_page("model")


def change(page, path, value):
    document = page.workspace.document
    document.apply(document.experiment.changed(path, value), f"Change {path}")


def test_a_healthy_experiment_shows_no_findings(page):
    assert page.findings.findings == ()
    assert not page.findings.isVisible()


def test_a_fault_is_shown_with_its_reason_and_mended_by_one_click_that_undo_takes_back(page, qtbot):
    change(page, "overrides.output_activation", "linear")
    change(page, "overrides.loss_expects", "probabilities")
    (finding,) = page.findings.findings
    assert finding.name == "logits_taken_for_probabilities"
    assert page.findings.isVisible()
    (button,) = page.findings.buttons
    assert button.accessibleName() == "Mend: Let the task choose the output activation and the loss"
    document = page.workspace.document
    before, steps = document.experiment, document.undo_stack.index()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert document.experiment.overrides.output_activation == "auto"
    assert document.experiment.overrides.loss_expects == "auto"
    assert document.undo_stack.index() == steps + 1
    assert not page.findings.isVisible()
    document.undo_stack.undo()
    assert document.experiment == before
    assert page.findings.isVisible()


def test_a_finding_without_changes_has_no_button(page):
    page.findings.set_findings((), page.workspace.document.experiment)
    assert page.findings.buttons == []
    finding = Finding("duplicates", "warning", "Seen.", "Why.", "Remove them")
    page.findings.set_findings((finding,), page.workspace.document.experiment)
    assert page.findings.isVisible()
    assert page.findings.buttons == []


def test_what_keeps_the_network_from_being_built_is_told_once(page):
    change(page, "architecture.kernel_size", 31)
    assert page.problem.text
    assert page.findings.findings == ()


def test_a_network_that_keras_builds_is_judged_when_its_layers_were_counted(open_window, scripted_engine, qtbot):
    rows = tuple(LayerRow(f"conv_{number}", "Conv2D", (32, 32, 8), 584) for number in range(19))
    table = LayerTable(rows, 19 * 584, 19 * 584)

    def answer(request, emit, engine):
        if isinstance(request, SummaryRequest):
            return table
        raise UserError("The data are not here.")  # asked for before or after the table, as the timers have it

    page = open_window(questions=scripted_engine(answer), page="model").show_page("model")
    page.workspace.document.apply(begin_with("cifar10", "vgg19").changed("training.optimizer.learning_rate", 1e-3), "")
    qtbot.waitUntil(lambda: page.findings.findings != ())
    (finding,) = page.findings.findings
    assert finding.name == "deep_plain_network"
    assert finding.changes == (("architecture.normalization", "batch"),)
