"""A transfer on the Model page: frozen layers are named, and the boundary is chosen on the layer table."""

import pytest

from workbench.architectures.table import LayerRow, LayerTable
from workbench.errors import UserError
from workbench.gui.pages.model_table import KIND
from workbench.requests import SummaryRequest

ROWS = (
    LayerRow("image", "input", (None, None, 1)),
    LayerRow("resize", "resize", (28, 28, 1)),
    LayerRow("scale", "Rescaling", (28, 28, 1)),
    LayerRow("conv_1", "Conv2D", (26, 26, 8), 80, frozen=True),
    LayerRow("conv_2", "Conv2D", (24, 24, 8), 584, frozen=True),
    LayerRow("flatten_1", "Flatten", (4608,)),
    LayerRow("head_pooling", "GlobalAveragePooling2D", (8,)),
    LayerRow("logits", "dense", (10,), 90),
)


@pytest.fixture
def page(open_window, scripted_engine, qtbot):
    def script(request, emit, engine):
        if isinstance(request, SummaryRequest):
            return LayerTable(ROWS, 754, 90)
        raise UserError("there are no data here")

    window = open_window(questions=scripted_engine(script), page="model")
    document = window.workspace.document
    assert not window.show_page("model").table_panel.boundary_button.isVisible()
    document.apply(document.experiment.changed("architecture.name", "transfer"), "Transfer")
    page = window.show_page("model")
    qtbot.waitUntil(lambda: [row.name for row in page.table_panel.view.rows] == [row.name for row in ROWS])
    return page


def test_frozen_layers_say_so_and_are_counted(page):
    model = page.table_panel.view.model()
    assert [model.index(row, KIND).data() for row in (2, 3, 7)] == ["Rescaling", "Conv2D, frozen", "Dense"]
    assert "90 of them trained · 664 frozen" in page.table_panel.totals.text()


def test_the_boundary_is_chosen_on_the_layer_table_and_undone(page):
    button, document = page.table_panel.boundary_button, page.workspace.document
    assert button.isVisible()
    for layer in ("logits", "flatten_1"):  # of the head; and a boundary that would freeze the whole base
        page.table_panel.view.choose(layer)
        assert not button.isEnabled()
    page.table_panel.view.choose("conv_2")
    assert button.isEnabled()
    button.click()
    assert document.experiment.architecture.boundary == "conv_2"
    document.undo_stack.undo()
    assert document.experiment.architecture.boundary == ""


def test_only_the_fields_of_the_chosen_base_are_shown(page):
    form, document = page.settings.architecture_form, page.workspace.document

    def shown():
        return [name for name in ("source", "application", "weights") if form.editor(name).isVisibleTo(form)]

    assert shown() == ["application", "weights"]
    document.set_value("architecture.source", "kept")
    document.set_value("architecture.base", "run")
    assert shown() == ["source"]
    assert form.editor("source").line.text() == "kept"
    document.undo_stack.undo()
    assert shown() == ["application", "weights"]


def test_the_scaling_is_by_the_base(page):
    data = page.window().show_page("data").settings
    scaling = data.preprocessing_form.editor("scaling")
    assert not scaling.isVisible()
    assert "by the architecture Transfer" in data.scaled_by_itself.text()
    assert data.scaled_by_itself.isVisible()
    page.workspace.document.set_value("architecture.name", "simple_cnn")
    assert scaling.isVisible()
    assert not data.scaled_by_itself.isVisible()
