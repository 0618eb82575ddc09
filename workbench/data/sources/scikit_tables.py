"""The small tables that come with scikit-learn: diabetes, iris, wine and breast cancer."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workbench.data.source import NO_SPLIT, DatasetSource, Emit, Samples
from workbench.data.tables.row_names import RowNames
from workbench.data.tables.rows import no_picture
from workbench.data.tables.units import name_and_unit
from workbench.experiment import DatasetSection
from workbench.i18n import mark
from workbench.registry import Registry
from workbench.specs import ClassTarget, Column, TableInput, ValuesTarget

_DIABETES_COLUMNS = (
    Column("age", "years"),
    Column("sex"),
    Column("bmi", "kg/m²"),
    Column("blood pressure", "mmHg"),
    Column("total cholesterol", "mg/dl"),
    Column("ldl", "mg/dl"),
    Column("hdl", "mg/dl"),
    Column("total cholesterol / hdl"),
    Column("log of triglycerides"),
    Column("blood sugar", "mg/dl"),
)


class DiabetesSection(DatasetSection):
    """Nothing to set."""

    name: Literal["diabetes"] = "diabetes"


class IrisSection(DatasetSection):
    """Nothing to set."""

    name: Literal["iris"] = "iris"


class WineSection(DatasetSection):
    """Nothing to set."""

    name: Literal["wine"] = "wine"


class BreastCancerSection(DatasetSection):
    """Nothing to set."""

    name: Literal["breast_cancer"] = "breast_cancer"


@dataclass(frozen=True)
class _About:
    """One of the tables.

    Attributes:
        section: its settings.
        title: for people; `help` likewise.
        loader: name of the function of `sklearn.datasets`; `options` are its arguments.
        value: what a table of numbers is to predict; empty for classes.
    """

    section: type[DatasetSection]
    title: str
    help: str
    loader: str
    options: str = ""
    value: str = ""


class ScikitTable(DatasetSource):
    """A table as scikit-learn has it, values not scaled."""

    input_kind = TableInput.kind

    def __init__(self, about: _About) -> None:
        self._about = about
        self.section = about.section
        self.name = about.section.model_fields["name"].default
        self.title = about.title
        self.help = about.help

    def target_kind(self, section: DatasetSection) -> str:
        """Always the same."""
        return ValuesTarget.kind if self._about.value else ClassTarget.kind

    def preprocessing(self, section: DatasetSection) -> dict[str, Any]:
        """Nothing that is not usual."""
        return {}

    def open(self, section: DatasetSection, emit: Emit) -> Samples:
        """Always there."""
        from sklearn import datasets

        options = {"scaled": False} if self._about.options else {}
        table = getattr(datasets, self._about.loader)(**options)
        values = table.data.astype(np.float32)
        if self._about.value:
            target = ValuesTarget((self._about.value,))
            targets, columns = table.target.astype(np.float32)[:, None], _DIABETES_COLUMNS
        else:
            target = ClassTarget(tuple(str(name).replace("_", " ") for name in table.target_names))
            targets = table.target.astype(np.int64)
            columns = tuple(Column(*name_and_unit(name.replace("_", " "))) for name in table.feature_names)
        return Samples(
            names=RowNames(np.arange(1, len(values) + 1)),
            targets=targets,
            target=target,
            ready_split=np.full(len(values), NO_SPLIT, np.int8),
            read=no_picture,
            fingerprint=f"{self.name} 1",
            columns=TableInput(tuple(map(_with_range, columns, values.T))),
            values=values,
        )

    def reader_code(self, section: DatasetSection) -> str:
        """By scikit-learn."""
        values = bool(self._about.value)
        targets = 'table.target.astype("float32")[:, np.newaxis]' if values else "table.target"
        names = "[]" if values else '[str(name).replace("_", " ") for name in table.target_names]'
        return f'''\
def read_dataset(channels=0):
    """The rows of the table, their targets and the names of the classes, if any."""
    from sklearn.datasets import {self._about.loader}

    table = {self._about.loader}({self._about.options})
    return table.data.astype("float32"), {targets}, {names}
'''


def _with_range(column: Column, values: np.ndarray) -> Column:
    return Column(column.name, column.unit, (), float(np.median(values)), float(values.min()), float(values.max()))


_TABLES = (
    _About(
        DiabetesSection, mark("Diabetes"),
        mark("How far diabetes went on in a year, by ten measurements of 442 patients. From scikit-learn."),
        "load_diabetes", "scaled=False", "disease progression",
    ),
    _About(
        IrisSection, mark("Iris"),
        mark("Three kinds of iris, by the petals and sepals of 150 flowers. From scikit-learn."), "load_iris",
    ),
    _About(
        WineSection, mark("Wine"), mark("Three cultivars, by 13 measurements of 178 wines. From scikit-learn."),
        "load_wine",
    ),
    _About(
        BreastCancerSection, mark("Breast cancer"),
        mark("Malignant or benign, by 30 measurements of 569 tumours. From scikit-learn."), "load_breast_cancer",
    ),
)  # fmt: skip


def register(registry: Registry) -> None:
    """Called once by the registry."""
    for about in _TABLES:
        registry.datasets.add(ScikitTable(about))
