"""What a classical head shows of its search: every candidate, and the variance that the components hold.

`search.json` in the run's folder holds it.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from workbench.atomic_files import replace_json
from workbench.figures import Curve, Curves, Figure, Table
from workbench.i18n import _
from workbench.training.trainers.classical_search import Found

SEARCH_FILE = "search.json"


def store(folder: Path, found: Found, folds: int, spectrum: np.ndarray | None) -> None:
    """Keep what the figures are made of."""
    pca = found.preparation.pca
    replace_json(
        folder / SEARCH_FILE,
        {
            "version": 1,
            "folds": folds,
            "best": found.candidates.index(found.best),
            "candidates": [
                {
                    "values": candidate.values,
                    "scores": candidate.scores,
                    "seconds": round(candidate.seconds, 3),
                    "unfinished": candidate.unfinished,
                }
                for candidate in found.candidates
            ],
            "components": 0 if pca is None else len(pca.components_),
            "spectrum": [] if spectrum is None else [round(float(value), 6) for value in spectrum],
        },
    )


def figures(folder: Path) -> tuple[Figure, ...]:
    """The table of the candidates, the best first, and the curve of the PCA; nothing where the file is damaged."""
    try:
        values = json.loads((folder / SEARCH_FILE).read_text(encoding="utf-8"))
        made = (_table(values) if values["folds"] >= 2 else None, _curve(values) if values["spectrum"] else None)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ()
    return tuple(figure for figure in made if figure is not None)


def _table(values: dict[str, Any]) -> Table:
    best = values["candidates"][values["best"]]
    ranked = sorted(values["candidates"], key=lambda candidate: (candidate is not best, -np.mean(candidate["scores"])))
    names = list(best["values"])
    rows = tuple(
        (
            _("best") if candidate is best else "",
            *(candidate["values"][name] for name in names),
            round(100 * float(np.mean(candidate["scores"])), 2),
            round(100 * float(np.std(candidate["scores"])), 2),
            candidate["seconds"],
            candidate["unfinished"],
        )
        for candidate in ranked
    )
    note = _("Accuracy in the {folds} folds of the training split: mean and standard deviation.")
    if any(candidate["unfinished"] for candidate in ranked):
        note += " " + _("Not converged: fits that ended at the limit of iterations.")
    columns = ("", *names, _("accuracy (%)"), _("spread (%)"), _("seconds of all fits"), _("not converged"))
    return Table(_("What was tried"), columns, rows, note=note.format(folds=values["folds"]))


def _curve(values: dict[str, Any]) -> Curves:
    share = 100 * np.array(values["spectrum"], float)
    chosen = int(values["components"])
    return Curves(
        _("Variance held by the components"),
        _("Components"),
        _("Share of the variance (%)"),
        (Curve(_("together"), np.arange(1, len(share) + 1, dtype=float), share),),
        ((_("chosen"), float(chosen)),),
        note=_("{count} components were taken; they hold {share:.1f} % of the variance of the training split.").format(
            count=chosen, share=share[min(chosen, len(share)) - 1]
        ),
    )
