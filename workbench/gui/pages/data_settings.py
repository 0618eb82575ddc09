"""The left side of the Data page: which dataset, how it becomes the network's input, its splits, its augmentation."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from workbench.data.source import DatasetSource
from workbench.errors import UserError
from workbench.experiment import (
    AugmentationSection,
    Experiment,
    PreprocessingSection,
    SplitsSection,
    from_values,
)
from workbench.gui.data_reader import DataReader
from workbench.gui.document import Document
from workbench.gui.experiment_form import ExperimentForm
from workbench.gui.pages.data_splits import SplitBar, estimate_sizes
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry

WIDTH = 46 * GRID


class DataSettings(QScrollArea):
    """Forms of the sections that belong to the data."""

    augmentation_edited = Signal()
    data_edited = Signal()

    def __init__(self, workspace: Workspace, reader: DataReader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._document = workspace.document
        self._reader = reader
        self._dataset_forms: dict[str, ExperimentForm] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setProperty("role", "plain")
        self._cards = QVBoxLayout(inside)
        self._cards.setContentsMargins(0, 0, GRID, 0)
        self._cards.setSpacing(2 * GRID)
        self._cards.addWidget(self._dataset_card())
        self.splits_form = ExperimentForm(self._document, "splits", SplitsSection)
        self.split_bar = SplitBar()
        self._add_card(_("Splits"), self.splits_form, self.split_bar)
        self.preprocessing_form = ExperimentForm(self._document, "preprocessing", PreprocessingSection)
        self._add_card(_("Input of the network"), self.preprocessing_form)
        self.augmentation_form = ExperimentForm(self._document, "augmentation", AugmentationSection)
        note = hint(_("Random changes to the training samples. See them in the tab Augmentation."))
        self._add_card(_("Augmentation"), note, self.augmentation_form)
        self._cards.addStretch(1)
        self.setWidget(inside)
        self.augmentation_form.applied.connect(self.augmentation_edited)
        for form in (self.splits_form, self.preprocessing_form):
            form.applied.connect(self.data_edited)
        self._document.changed.connect(self.show_experiment)
        workspace.data_report_changed.connect(self._show_sizes)
        self.show_experiment(self._document.experiment)

    def minimumSizeHint(self) -> QSize:
        """As wide as the forms need: they never scroll sideways."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(WIDTH + 2 * GRID, 60 * GRID)

    @property
    def dataset_form(self) -> ExperimentForm:
        """The form of the chosen dataset."""
        return self._dataset_forms[self._document.experiment.dataset.name]

    def show_experiment(self, experiment: Experiment) -> None:
        """Show an experiment's data settings."""
        name = experiment.dataset.name
        source: DatasetSource = registry().datasets.get(name)
        self.dataset_box.setCurrentIndex(self.dataset_box.findData(name))
        self._dataset_help.setText(_(source.help))
        if name not in self._dataset_forms:
            form = ExperimentForm(self._document, "dataset", source.section, set_value=self._set_dataset_value)
            form.applied.connect(self.data_edited)
            self._dataset_forms[name] = form
            self._dataset_place.addWidget(form)
        for other, form in self._dataset_forms.items():
            form.setVisible(other == name and form.layout().count() > 0)
        self._dataset_forms[name].set_section(experiment.dataset)
        self.splits_form.set_section(experiment.splits)
        self.preprocessing_form.set_section(experiment.preprocessing)
        self.augmentation_form.set_section(experiment.augmentation)
        self._show_sizes()

    def _dataset_card(self) -> Card:
        card = Card(_("Dataset"))
        self.dataset_box = QComboBox()
        self.dataset_box.setAccessibleName(_("Dataset"))
        for source in registry().datasets:
            self.dataset_box.addItem(_(source.title), source.name)
            self.dataset_box.setItemData(self.dataset_box.count() - 1, _(source.help), Qt.ItemDataRole.ToolTipRole)
        self.dataset_box.activated.connect(self._choose_dataset)
        label = QLabel(_("&Source"))
        label.setBuddy(self.dataset_box)
        self._dataset_help = hint("")
        self._dataset_place = QVBoxLayout()
        self._dataset_place.setSpacing(0)
        card.content.addWidget(label)
        card.content.addWidget(self.dataset_box)
        card.content.addWidget(self._dataset_help)
        card.content.addLayout(self._dataset_place)
        return card

    def _add_card(self, title: str, *widgets: QWidget) -> None:
        card = Card(title)
        for widget in widgets:
            card.content.addWidget(widget)
        self._cards.addWidget(card)

    def _choose_dataset(self, index: int) -> None:
        name = self.dataset_box.itemData(index)
        if name != self._document.experiment.dataset.name:
            change_dataset(self._document, {"name": name}, _("Choose the dataset {name}").format(name=name))
            self.data_edited.emit()

    def _set_dataset_value(self, path: str, value: Any) -> str:
        field = path.removeprefix("dataset.")
        section = self._document.experiment.dataset
        title = _(type(section).model_fields[field].title).lower() if field in type(section).model_fields else field
        values = {**section.model_dump(), field: value}
        return change_dataset(self._document, values, _("Change {name}").format(name=title), path)

    def _show_sizes(self) -> None:
        report, settings = self._workspace.data_report, self._reader.reported
        if report is None or settings is None:
            self.split_bar.set_sizes({})
        else:
            shares = self._document.experiment.splits
            sizes = report.splits if shares == settings[1] else estimate_sizes(report.splits, report.ready_made, shares)
            self.split_bar.set_sizes(sizes, report.ready_made)


def change_dataset(document: Document, dataset: dict[str, Any], text: str, merge_key: str = "") -> str:
    """Change the dataset's section as one undoable step.

    The input size and the task follow the dataset where another one was chosen, and also where it only points
    elsewhere and the user left the input as the dataset suggested it.

    Returns:
        An empty string, or what is wrong; nothing was changed then.
    """
    old = document.experiment
    values = old.model_dump()
    values["dataset"] = dataset
    another = dataset["name"] != old.dataset.name
    if another or old.preprocessing == _suggested(old):
        values.pop("preprocessing")
    if another:
        values.pop("task")
    try:
        new = from_values(values, _("The dataset"))
    except UserError as error:
        return str(error)
    document.apply(new, text, merge_key)
    return ""


def _suggested(experiment: Experiment) -> PreprocessingSection:
    source: DatasetSource = registry().datasets.get(experiment.dataset.name)
    return PreprocessingSection(**source.preprocessing(experiment.dataset))
