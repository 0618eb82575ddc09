"""A table file in *Copy as Keras code*: by pandas, where pandas alone reads what the workbench reads."""

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np

from workbench.data.source import Samples
from workbench.data.tables.head import ColumnLook, Head
from workbench.data.tables.workbook import is_workbook


def pandas_code(head: Head, target: ColumnLook, samples: Samples) -> str | None:
    """Source of `read_dataset`; None where pandas reads the file in another way.

    Args:
        head: how the table is written.
        target: the column that is learned.
        samples: what the workbench has read.
    """
    headers = {column.name: column.header for column in head.columns}
    columns = [headers[column.name] for column in samples.columns.columns]
    words = {headers[column.name]: list(column.categories) for column in samples.columns.columns if column.categories}
    class_names = list(getattr(samples.target, "class_names", ()))
    if class_names:
        words[target.header] = class_names
    for options in _ways_to_read(head, words):
        if _reads_the_same(head.path, options, (columns, target.header, words), samples):
            return _source(head.path, options, columns, target.header, words, class_names)
    return None


def as_numbers(table, columns, target, words):
    """Rows and targets as numbers, NaN where a value is missing; of a word, its place among the known ones."""
    for name, known in words.items():
        places = {word: place for place, word in enumerate(known)}
        table[name] = table[name].str.strip().map(places)
    table = table[table[target].notna()]
    return table[columns].to_numpy("float32"), table[target].to_numpy("float64")


def _ways_to_read(head: Head, words: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Arguments of pandas' reader, the plainest first."""
    texts = {"dtype": dict.fromkeys(words, "str")} if words else {}
    if is_workbook(head.path):
        return [{**({"sheet_name": head.sheet} if head.sheet else {}), **texts}]
    written: dict[str, Any] = {}
    if head.delimiter != ",":
        written["sep"] = head.delimiter
    if head.encoding.name != "utf-8":
        written["encoding"] = head.encoding.name.replace("-le", "").replace("-be", "")
    if any(column.format.decimal == "," for column in head.columns):
        written["decimal"] = ","
    named = {"names": [column.header for column in head.columns], "skiprows": head.skipped, "index_col": False}
    strange = {"na_values": ["?"], "skipinitialspace": True}
    return [{**written, **more, **texts} for more in ({}, strange, named | strange)]


def _reads_the_same(path: Path, options: dict[str, Any], arguments: tuple[Any, ...], samples: Samples) -> bool:
    import pandas

    try:
        table = getattr(pandas, _reader(path))(path, **options)
        values, targets = as_numbers(table, *arguments)
    except (ValueError, KeyError, AttributeError, TypeError, ImportError):  # it is another table for pandas
        return False
    expected = np.asarray(samples.targets, np.float64).reshape(-1)
    return (
        values.shape == samples.values.shape
        and np.allclose(values, samples.values, rtol=1e-6, atol=0, equal_nan=True)
        and np.allclose(targets, expected, rtol=1e-6, atol=0)
    )


def _reader(path: Path) -> str:
    return "read_excel" if is_workbook(path) else "read_csv"


def _source(
    path: Path, options: dict[str, Any], columns: list[str], target: str, words: dict[str, list[str]], names: list[str]
) -> str:
    given = "".join(f", {key}={value!r}" for key, value in options.items())
    targets = 'targets.astype("int64")' if names else 'targets.astype("float32")[:, np.newaxis]'
    return f'''\
{inspect.getsource(as_numbers).strip()}


def read_dataset(channels=0):
    """The rows of the table (NaN where a value is missing), their targets and the names of the classes, if any."""
    import pandas as pd

    table = pd.{_reader(path)}({str(path)!r}{given})
    columns = {_listed(columns)}
    words = {_listed(words)}
    values, targets = as_numbers(table, columns, {target!r}, words)
    return values, {targets}, {f"words[{target!r}]" if names else "[]"}
'''


def _listed(value: Any) -> str:
    """A list or dict of texts as source, over several lines where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else json.dumps(value, ensure_ascii=False, indent=4).replace("\n", "\n    ")
