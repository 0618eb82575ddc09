"""The left side of the Data page: which dataset, how it becomes the network's input, its splits, its augmentation."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from workbench.data.source import DatasetSource
from workbench.experiment import CorrectionsSection, Experiment, SplitsSection
from workbench.gui.data_reader import DataReader
from workbench.gui.experiment_form import ExperimentForm
from workbench.gui.pages.data_change import change_dataset
from workbench.gui.pages.data_columns import ColumnNames
from workbench.gui.pages.data_forms import SectionForm
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
        self.columns = ColumnNames(self)
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
        self.corrections_form = ExperimentForm(self._document, "corrections", CorrectionsSection)
        self._add_card(_("Corrections"), self.corrections_form)
        self._preprocessing = SectionForm(self._document, "preprocessing")
        self.scaled_by_itself = hint("")
        self._preprocessing_card = self._add_card(_("Input of the network"), self._preprocessing, self.scaled_by_itself)
        self._augmentation = SectionForm(self._document, "augmentation")
        note = hint(_("Random changes to the training samples. See them in the tab Augmentation."))
        self._augmentation_card = self._add_card(_("Augmentation"), note, self._augmentation)
        self._cards.addStretch(1)
        self.setWidget(inside)
        self._augmentation.applied.connect(self.augmentation_edited)
        for form in (self.splits_form, self.corrections_form, self._preprocessing, self._dataset):
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
        return self._dataset.form

    @property
    def preprocessing_form(self) -> ExperimentForm:
        """The form of the input, as the chosen dataset has it."""
        return self._preprocessing.form

    @property
    def augmentation_form(self) -> ExperimentForm:
        """The form of the augmentation, likewise; it may be empty."""
        return self._augmentation.form

    def show_experiment(self, experiment: Experiment) -> None:
        """Show an experiment's data settings."""
        name = experiment.dataset.name
        source: DatasetSource = registry().datasets.get(name)
        self.dataset_box.setCurrentIndex(self.dataset_box.findData(name))
        self._dataset_help.setText(_(source.help))
        self.columns.follow(experiment.dataset)
        self._dataset.show_section(experiment.dataset)
        self.splits_form.set_section(experiment.splits)
        self.corrections_form.set_section(experiment.corrections)
        self._preprocessing.show_section(experiment.preprocessing)
        self._preprocessing_card.setVisible(self._preprocessing.has_fields)
        self._show_scaling(experiment)
        self._augmentation.show_section(experiment.augmentation)
        self._augmentation_card.setVisible(self._augmentation.has_fields)
        self._show_sizes()

    def _show_scaling(self, experiment: Experiment) -> None:
        """The scaling has no meaning for an architecture that scales by itself."""
        architecture = registry().architectures.get(experiment.architecture.name)
        names = type(experiment.preprocessing).model_fields
        form = self.preprocessing_form
        form.show_only([name for name in names if not (architecture.own_scaling and name == "scaling")])
        self.scaled_by_itself.setVisible(architecture.own_scaling and "scaling" in names)
        self.scaled_by_itself.setText(
            _("Scaling: by the architecture {title}, which does it by itself.").format(title=_(architecture.title))
        )

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
        self._dataset = SectionForm(
            self._document, "dataset", set_value=self._set_dataset_value, editors=self.columns.editors()
        )
        card.content.addWidget(label)
        card.content.addWidget(self.dataset_box)
        card.content.addWidget(self._dataset_help)
        card.content.addWidget(self._dataset)
        return card

    def _add_card(self, title: str, *widgets: QWidget) -> Card:
        card = Card(title)
        for widget in widgets:
            card.content.addWidget(widget)
        self._cards.addWidget(card)
        return card

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
