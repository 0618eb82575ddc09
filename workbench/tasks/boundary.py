"""Where a classifier of two features draws its boundary: its answers over the plane, under the samples."""

from collections.abc import Callable

import numpy as np

from workbench.figures import Points, Scatter
from workbench.i18n import _
from workbench.tasks import plane
from workbench.tasks.task import Evidence

MAX_POINTS = 10_000


def decision_boundary(
    evidence: Evidence, names: tuple[str, ...], probabilities_of: Callable[[np.ndarray], np.ndarray]
) -> tuple[Scatter, ...]:
    """The figure for tables of two columns of numbers, else nothing.

    Args:
        evidence: what was judged.
        names: of the classes.
        probabilities_of: outputs of the network -> probabilities, (n, classes).
    """
    rows = plane.features_drawn(evidence, 2)
    if rows is None:
        return ()
    learned = plane.plane_of(evidence, rows)
    probabilities = probabilities_of(learned.outputs).reshape(plane.SIDE, plane.SIDE, len(names))
    if len(names) == 2:
        field, label = probabilities[..., 1], _("Probability of {name}").format(name=names[1])
    else:
        field = probabilities.argmax(axis=-1)
        label = _("Class: {names}").format(
            names=", ".join(f"{number} = {name}" for number, name in enumerate(names))
        )  # fmt: skip
    targets = np.asarray(evidence.targets).reshape(-1)
    drawn = np.flatnonzero(np.isfinite(rows).all(axis=1))
    note = ""
    if len(drawn) > MAX_POINTS:
        note = _("{shown} of {count} samples are drawn.").format(shown=MAX_POINTS, count=len(drawn))
        drawn = drawn[np.linspace(0, len(drawn) - 1, MAX_POINTS).astype(np.int64)]
    groups = []
    for number, name in enumerate(names):
        members = drawn[targets[drawn] == number]
        if len(members):
            groups.append(Points(name, rows[members, 0], rows[members, 1], tuple(members.tolist())))
    return (
        Scatter(
            _("Decision boundary over the two features"), *learned.labels, tuple(groups),
            field=field.astype(np.float64), field_range=learned.range, field_label=label, note=note,
        ),
    )  # fmt: skip
