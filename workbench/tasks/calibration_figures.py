"""What there is to see of how far a classifier's confidence can be trusted."""

import numpy as np

from workbench.figures import Bars, Curve, Points, Scatter
from workbench.i18n import _
from workbench.tasks.calibration import Reliability

PAPER = "Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599"


def reliability_diagram(parts: dict[str, Reliability]) -> Scatter:
    """Accuracy by confidence; calibrated answers lie on the diagonal.

    Args:
        parts: by what is to be told apart ("as trained", "mended").
    """
    points = tuple(
        Points(name, found.confidence[found.counts > 0], found.accuracy[found.counts > 0])
        for name, found in parts.items()
    )
    diagonal = Curve(_("Calibrated"), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    errors = "; ".join(
        f"{name} {found.error:.4f}" if len(parts) > 1 else f"{found.error:.4f}" for name, found in parts.items()
    )
    note = _(
        "Expected calibration error: {errors}. Below the line the model is surer than it is right, above it less sure."
    )
    return Scatter(
        _("Reliability diagram"), _("Confidence"), _("Accuracy"), points, (diagonal,),
        square=True, note=note.format(errors=errors),
    )  # fmt: skip


def confidence_histogram(parts: dict[str, Reliability]) -> Bars:
    """How many answers are how sure; bins at both ends that hold nothing are left out."""
    found = next(iter(parts.values()))
    held = np.flatnonzero(sum(part.counts for part in parts.values()))
    shown = range(held[0], held[-1] + 1) if len(held) else range(0)
    edges = found.edges
    series = {
        name or _("Share of the samples"): tuple(
            float(part.counts[index] / max(part.counts.sum(), 1)) for index in shown
        )
        for name, part in parts.items()
    }
    return Bars(
        _("Confidence of the answers"),
        tuple(f"{edges[index]:.2f} … {edges[index + 1]:.2f}" for index in shown),
        series,
        value_label=_("Share of the samples"),
    )
