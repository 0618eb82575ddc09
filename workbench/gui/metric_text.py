"""Metrics for people: their names and their values."""

import math

SHARES = ("accuracy", "mape", "mpe")  # numbers that people read in percent
ABBREVIATIONS = {
    "mae": "MAE", "mse": "MSE", "rmse": "RMSE", "mape": "MAPE", "mpe": "MPE", "r2": "R²", "iou": "IoU", "auc": "AUC",
    "f1": "F1", "val": "validation",
}  # fmt: skip


def readable(name: str) -> str:
    """The name of a metric: `top_5_accuracy` as "Top 5 accuracy", `val_adjusted_r2` as "Validation adjusted R²"."""
    words = " ".join(ABBREVIATIONS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def short_number(number: float, digits: int = 4) -> str:
    """A number with so many digits; large ones whole, with thousands parted, before they are powers of ten."""
    if 10_000 <= abs(number) < 1_000_000:
        return f"{number:,.0f}"
    return f"{number:.{digits}g}"


def number_text(name: str, number: float, unit: str = "") -> str:
    """Four digits; shares in percent."""
    if not math.isfinite(number):
        return "–"
    if any(share in name.split("_") for share in SHARES):
        return f"{100 * number:.2f} %"
    if abs(number) < 1:
        text = f"{number:.4f}" if abs(number) >= 0.001 or number == 0 else f"{number:.3g}"
    else:
        text = short_number(number)
    return f"{text} {unit}".strip()
