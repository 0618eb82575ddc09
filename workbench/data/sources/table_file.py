"""A table of a user's own: CSV, TSV or an Excel workbook; a column to be learned from the others."""

import contextlib
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench.data.arrays import content_stamp
from workbench.data.locations import given_file
from workbench.data.source import LIKELY, NO_SPLIT, POSSIBLE, ColumnsToChoose, DatasetSource, Emit, Offer, Samples
from workbench.data.tables.head import Head, look
from workbench.data.tables.pandas_code import pandas_code
from workbench.data.tables.rows import no_picture
from workbench.data.tables.table import Choice, kind_of_target, read_table, target_column
from workbench.errors import UserError
from workbench.experiment import DatasetSection
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.section import setting
from workbench.specs import ClassTarget, TableInput, TargetSpec, ValuesTarget

_EXPECTED = mark("a table with a header: a CSV or TSV file, or an Excel workbook (.xlsx)")
_KINDS = {"number": ValuesTarget.kind, "class": ClassTarget.kind}
_MOST_DIFFERENT, _FEWEST_WORDS = 0.8, 20
_ENDINGS = {".csv": POSSIBLE, ".tsv": LIKELY, ".tab": LIKELY, ".xlsx": LIKELY, ".xlsm": LIKELY}
_FEWEST_PIXELS = 48  # a CSV with more columns may as well hold pictures


class TableFileSection(DatasetSection):
    """Where the table is, what is learned from what."""

    name: Literal["table_file"] = "table_file"
    path: str = setting(
        "", title=mark("File"), widget="file",
        help=mark("CSV or TSV (any usual separator and encoding), or an Excel workbook."),
    )  # fmt: skip
    sheet: str = setting("", title=mark("Sheet"), help=mark("Of a workbook; empty: the first one."), widget="sheet")
    target: str = setting(
        "", title=mark("Target"), help=mark("The column to be learned; empty: the last one."), widget="column"
    )
    target_kind: Literal["auto", "number", "class"] = setting(
        "auto", title=mark("Kind of target"),
        help=mark("Automatic: words, and whole numbers with few different values, are classes."),
        labels={"auto": mark("Automatic"), "number": mark("Number"), "class": mark("Class")},
    )  # fmt: skip
    features: tuple[str, ...] = setting(
        (), title=mark("Features"), help=mark("The columns it is learned from; empty: all others."), widget="columns"
    )
    text: Literal["categories", "leave_out"] = setting(
        "categories", title=mark("Text columns"),
        help=mark("Words with at most 50 different values can be categories; other text is always left out."),
        labels={"categories": mark("Categories"), "leave_out": mark("Leave out")},
    )  # fmt: skip
    header: Literal["auto", "yes", "no"] = setting(
        "auto", title=mark("Header"), help=mark("Whether the first line has the names of the columns."), advanced=True,
        labels={"auto": mark("Automatic"), "yes": mark("Yes"), "no": mark("No")},
    )  # fmt: skip

    @property
    def choice(self) -> Choice:
        """What to make of the table."""
        return Choice(self.target, self.features, self.target_kind, self.text == "categories")


class TableFileSource(DatasetSource):
    """Rows of a file."""

    name = "table_file"
    title = mark("Table file")
    help = mark("A CSV, TSV or Excel file: any column can be learned from the others.")
    section = TableFileSection
    input_kind = TableInput.kind

    def target_kind(self, section: TableFileSection) -> str:
        """Values or classes, from the first 2 MB; what is not there yet counts as values."""
        if section.target_kind in _KINDS:
            return _KINDS[section.target_kind]
        try:
            head = look(given_file(section.path, self.name, _(_EXPECTED)), section.sheet, section.header)
            return _KINDS[kind_of_target(head.columns[target_column(head, section.choice)], "auto")]
        except (UserError, OSError):
            return ValuesTarget.kind

    def settled(self, section: TableFileSection, target: TargetSpec) -> TableFileSection:
        """With the kind of target."""
        kinds = {kind: name for name, kind in _KINDS.items()}
        return section.model_copy(update={"target_kind": kinds[target.kind]})

    def preprocessing(self, section: TableFileSection) -> dict[str, Any]:
        """Nothing that is not usual."""
        return {}

    def takes(self, path: Path) -> Offer | None:
        """A file with an ending of tables; of a CSV with very many columns others may make pictures."""
        certainty = _ENDINGS.get(path.suffix.lower())
        if certainty is None or not path.is_file():
            return None
        settings = {"path": str(path)}
        with contextlib.suppress(UserError, OSError):
            head = look(path)
            if certainty == POSSIBLE:
                certainty = LIKELY if 2 <= len(head.columns) <= _FEWEST_PIXELS else POSSIBLE
            if target := _better_target(head):
                settings["target"] = target
        return Offer(settings, certainty)

    def columns(self, section: TableFileSection) -> ColumnsToChoose:
        """As the first 2 MB have them."""
        if not section.path:
            return ColumnsToChoose()
        head = look(given_file(section.path, self.name, _(_EXPECTED)), section.sheet, section.header)
        columns = tuple((column.name, column.kind) for column in head.columns)
        return ColumnsToChoose(columns, {"target": head.columns[target_column(head, Choice())].name})

    def open(self, section: TableFileSection, emit: Emit) -> Samples:
        """Read the whole table."""
        path = given_file(section.path, self.name, _(_EXPECTED))
        table = read_table(path, section.sheet, section.header, section.choice, emit)
        return Samples(
            names=table.names,
            targets=table.targets,
            target=table.target,
            ready_split=np.full(len(table.values), NO_SPLIT, np.int8),
            read=no_picture,
            fingerprint=f"table_file 1 {content_stamp(path)} {section.model_dump_json()}",
            problems=table.problems,
            columns=table.columns,
            values=table.values,
        )

    def reader_code(self, section: TableFileSection) -> str:
        """By pandas, where that reads the same; else by this module."""
        path = given_file(section.path, self.name, _(_EXPECTED))
        head = look(path, section.sheet, section.header)
        target = head.columns[target_column(head, section.choice)]
        code = pandas_code(head, target, self.open(section, lambda event: None))
        if code is not None:
            return code
        settings = ", ".join(f"{key}={value!r}" for key, value in section.model_dump().items() if key != "name")
        return f'''\
def read_dataset(channels=0):
    """The rows of the table (NaN where a value is missing), their targets and the names of the classes, if any."""
    # By the workbench: pandas alone reads this file in another way.
    from workbench.data.sources.table_file import TableFileSection, TableFileSource

    samples = TableFileSource().open(TableFileSection({settings}), lambda event: None)
    return samples.values, samples.targets, list(getattr(samples.target, "class_names", ()))
'''


def _better_target(head: Head) -> str:
    """The last column of numbers, where the very last one is nothing to learn: dates, words that hardly repeat."""
    last = head.columns[-1]
    repeated = len(set(last.values)) <= _MOST_DIFFERENT * len(last.values) or len(last.values) < _FEWEST_WORDS
    if last.kind == "number" or (last.kind == "text" and repeated):
        return ""
    return next((column.name for column in reversed(head.columns) if column.kind == "number"), "")


def register(registry: Registry) -> None:
    """Called once by the registry."""
    registry.datasets.add(TableFileSource())
