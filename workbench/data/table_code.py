"""Rows of tables in *Copy as Keras code*: what fills and scales them is found in the script, of its training rows."""

from workbench.data.input_kind import InputCode
from workbench.data.table_settings import TablePreprocessing
from workbench.experiment import Experiment
from workbench.specs import TableInput

_SCALINGS = {
    "zscore": ("filled.mean(axis=0)", "filled.std(axis=0)"),
    "minmax": ("filled.min(axis=0)", "np.ptp(filled, axis=0)"),
}


def table_code(experiment: Experiment, spec: TableInput) -> InputCode:
    """The part of a script that is about rows."""
    float32 = ', dtype="float32"'
    numbers = [number for number, column in enumerate(spec.columns) if not column.categories]
    lines = [
        f'row = keras.Input(({len(spec.columns)},), name="row")',
        *_listed(spec),
        "# Found in the training rows only.",
        "fill, centre, spread = statistics(rows)",
    ]
    parts = []
    if numbers:
        parts.append("numbers")
        taken, chosen = "row", ""
        if len(numbers) < len(spec.columns):
            lines.append(f"positions = {numbers}")
            taken, chosen = "keras.ops.take(row, positions, axis=1)", "[positions]"
        lines += [
            "# Around the filling value, a missing one is 0.",
            f"numbers = layers.Normalization(\n    mean=fill{chosen}.tolist(), variance=[1.0] * {len(numbers)}, "
            f'name="fill"{float32}\n)({taken})',
            "numbers = keras.ops.nan_to_num(numbers, nan=0.0)",
            f"numbers = layers.Normalization(\n    mean=(centre - fill){chosen}.tolist(), "
            f'variance=(spread**2){chosen}.tolist(), name="scale"{float32}\n)(numbers)',
        ]
    for number, column in enumerate(spec.columns):
        if column.categories:
            parts.append(f"words_{number}")
            lines += [
                f"index = keras.ops.nan_to_num(row[:, {number}], nan=float(fill[{number}]))",
                f'words_{number} = keras.ops.one_hot(keras.ops.cast(index, "int32"), {len(column.categories)})',
            ]
    joined = parts[0] if len(parts) == 1 else f"keras.ops.concatenate([{', '.join(parts)}], axis=1)"
    return InputCode(
        definitions=_statistics(experiment.preprocessing, spec),
        taken="inputs[{indices}]",
        raw="row",
        prepared="row",
        front=[*lines, f"x = {joined}"],
        learned=[f'x = values = keras.Input(({len(spec.columns)},), name="values")'],
        stored="values",
        parameter="rows",
        argument="x_train",
    )


def _listed(spec: TableInput) -> list[str]:
    lines = ["# The columns:"]
    for number, column in enumerate(spec.columns):
        about = f" ({column.unit})" if column.unit else ""
        if column.categories:
            about = ": " + ", ".join(column.categories)
        text = " ".join(f"{column.name}{about}".split())
        lines.append(f"# {number} {text if len(text) <= 100 else text[:97] + '...'}")
    return lines


def _statistics(preprocessing: TablePreprocessing, spec: TableInput) -> str:
    words = [number for number, column in enumerate(spec.columns) if column.categories]
    average = "median" if preprocessing.missing == "median" else "mean"
    lines = [
        "def statistics(rows):",
        '    """What fills every column, what is subtracted from it, and what then divides it."""',
        '    rows = rows.astype("float64")',
        f"    fill = np.nan_to_num(np.nan{average}(rows, axis=0))",
    ]
    if words:
        lines += [
            f"    for number in {words}:",
            "        # Of words, the most frequent one.",
            "        present = rows[~np.isnan(rows[:, number]), number]",
            '        fill[number] = np.bincount(present.astype("int64")).argmax() if len(present) else 0',
        ]
    if preprocessing.scaling in _SCALINGS:
        centre, spread = _SCALINGS[preprocessing.scaling]
        lines += [
            "    filled = np.where(np.isnan(rows), fill, rows)",
            f"    centre, spread = {centre}, {spread}",
            "    # A column that never changes stays as it is.",
            "    spread = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(centre)), spread, 1.0)",
            "    return fill, centre, spread",
        ]
    else:
        lines.append("    return fill, np.zeros(len(fill)), np.ones(len(fill))")
    return "\n".join(lines)
