"""The reader of a table file in an exported script reads what the source reads, without the workbench if it can."""

import numpy as np
import pytest

from workbench.data.sources.table_file import TableFileSection, TableFileSource

SOURCE = TableFileSource()


def code_for(path, **settings):
    """The code to copy, after what it reads was compared with what the source reads."""
    section = TableFileSection(path=str(path), **settings)
    code = SOURCE.reader_code(section)
    samples = SOURCE.open(section, lambda event: None)
    names = {"np": np}
    exec(compile(code, "<script>", "exec"), names)
    values, targets, class_names = names["read_dataset"]()
    np.testing.assert_array_equal(values, samples.values)
    np.testing.assert_array_equal(targets, samples.targets)
    assert values.dtype == samples.values.dtype
    assert tuple(class_names) == getattr(samples.target, "class_names", ())
    return code


@pytest.mark.parametrize(
    ("lines", "settings"),
    [
        (["area (m²),rooms,price (USD)"] + [f"{40 + row}.5,{row % 4},{90 + row}" for row in range(30)], {}),
        (["a;b;y"] + [f"1,{row};{row % 3};{row}" for row in range(30)], {"target_kind": "number"}),
        (["a,town,y"] + [f"{row},{('Ulm', 'Huế', '')[row % 3]},{('no', 'yes')[row % 2]}" for row in range(30)], {}),
        ([f"{row}\t{row * 2}\t{row % 2}" for row in range(30)], {}),
        (["a, b, y"] + [f"{row}, {'?' if row % 5 == 0 else row}, {row / 7}" for row in range(30)], {}),
        (["a,a,y"] + [f"{row},{row + 1},{'' if row == 4 else row / 3}" for row in range(30)], {}),
    ],
    ids=["plain", "commas", "words", "no header", "gaps", "names twice"],
)
def test_usual_tables_are_read_by_pandas_alone(tmp_path, lines, settings):
    path = tmp_path / "bảng.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "workbench" not in code_for(path, **settings)


def test_a_workbook_is_read_by_pandas_alone(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [("a", "b", "y"), *((row, row % 3, row / 2) for row in range(20))]:
        book.active.append(row)
    book.save(tmp_path / "sổ.xlsx")
    assert "pd.read_excel" in code_for(tmp_path / "sổ.xlsx")


@pytest.mark.parametrize("strange", ["7,8", "1,2,3,4", "x y,2,3"], ids=["short", "long", "no number"])
def test_what_pandas_reads_in_another_way_the_workbench_reads_and_the_script_says_so(tmp_path, strange):
    path = tmp_path / "ragged.csv"
    path.write_text("\n".join(["a,b,y", *(f"{row},{row % 3},{row / 3}" for row in range(30)), strange]))
    assert "# By the workbench: pandas alone" in code_for(path, target="b", target_kind="number")
