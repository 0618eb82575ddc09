"""A training played back: the figures of one epoch, made of what its probes kept. NumPy only, quick, in any process."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from workbench.colour_maps import colour
from workbench.figure_files import stretched
from workbench.figures import Bars, Curve, Curves, Figure, Gallery, Matrix, Points, Scatter, Table, Tile
from workbench.i18n import _, mark
from workbench.registry import registry
from workbench.runs.folder import RunFolder
from workbench.runs.probe_files import ProbeFiles, Stored

CURVES, MAPS, HEATMAPS, FILTERS, WEIGHTS = "curves", "maps", "heatmaps", "filters", "weights"
ANSWERS, CONFUSION, EMBEDDING = "answers", "matrix", "embedding"
VIEWS = {
    CURVES: mark("Curves"),
    MAPS: mark("Feature maps"),
    HEATMAPS: mark("Heatmaps"),
    FILTERS: mark("Filters"),
    WEIGHTS: mark("Weights and gradients"),
    ANSWERS: mark("Predictions"),
    CONFUSION: mark("Confusion matrix"),
    EMBEDDING: mark("Embedding"),
}
_NOT_DRAWN = ("epoch", "learning_rate", "seconds")
_TILE_PIXELS = 96
_GROUPS = 20  # classes told apart in the embedding


@dataclass(frozen=True)
class Playback:
    """What there is to play of a run.

    Attributes:
        run: the run folder.
        about: what was looked at.
        epochs: those that were kept, 1-based, ascending.
        rows: of `metrics.csv`.
        axes: the directions of the embedding, (mean, axes): those of the newest epoch.
        note: why something is missing that was asked for, as the heatmaps; empty where nothing is.
    """

    run: Path
    about: Stored
    epochs: tuple[int, ...]
    rows: tuple[dict[str, float], ...]
    axes: tuple[np.ndarray, np.ndarray] | None = None
    note: str = ""
    _files: ProbeFiles = field(repr=False, kw_only=True)

    @property
    def views(self) -> list[str]:
        """Of `VIEWS`, those that this run has something for."""
        kept = self._kept
        return [CURVES, *(name for name, needs in _NEEDS.items() if not needs or needs[0] in kept)]

    def choices(self, view: str) -> tuple[str, ...]:
        """What can be chosen from within a view: layers; empty for nothing."""
        match view:
            case "maps":
                return tuple(self.about.values["layers"])
            case "weights":
                return tuple(self._newest.values["weighted"])
        return ()

    def figures(self, view: str, epoch: int, choice: str = "") -> tuple[Figure, ...]:
        """The figures of a view after an epoch. Raises `UserError` where it was not kept or cannot be read."""
        if view == CURVES:
            return _curves(self.rows, epoch)
        choices = self.choices(view)
        number = choices.index(choice) if choice in choices else 0
        names = (f"maps_{number}", f"units_{number}", f"range_{number}") if view == MAPS else _NEEDS[view]
        seen = self._files.read(epoch, names)
        match view:
            case "maps":
                return (_maps(self.about, seen, number),)
            case "heatmaps":
                return (_heatmaps(self.about, seen),)
            case "filters":
                return (_filters(self.about, seen),)
            case "weights":
                return _weights(seen, number)
            case "answers":
                return (_answers(self.about, seen),)
            case "matrix":
                return (_matrix(self.about, seen),)
        return (_embedding(self.about, seen, self.axes),)

    @cached_property
    def _newest(self) -> Stored:
        return self._files.read(self.epochs[-1], ("weight_sizes",))

    @cached_property
    def _kept(self) -> set[str]:
        """The names of the arrays of the newest epoch; of no counts where no layer has any."""
        empty = set() if self._newest.values["weighted"] else {"weight_counts"}
        layers = {MAPS} if self.about.values["layers"] else set()
        return (set(self._files.names(self.epochs[-1])) | layers) - empty


# What a view is made of; without the first of these there is nothing to see.
_NEEDS: dict[str, tuple[str, ...]] = {
    MAPS: (MAPS,),
    HEATMAPS: ("heat",),
    FILTERS: ("kernels",),
    WEIGHTS: ("weight_counts", "gradient_counts", "weight_sizes", "gradient_sizes"),
    ANSWERS: (),
    CONFUSION: ("matrix",),
    EMBEDDING: ("features",),
}


def open_playback(run: Path | str) -> Playback | None:
    """What there is to play of a run; None where nothing was kept.

    The directions of the embedding are those of the newest epoch, for all of them: a point then moves only because its
    features do, and nothing turns over between two epochs.

    Raises:
        UserError: the description or the newest epoch cannot be read.
    """
    files = ProbeFiles(run)
    epochs = files.epochs()
    if not epochs:
        return None
    newest = files.read(epochs[-1], ("features",))
    rows = tuple(RunFolder(run).metrics())
    axes = _axes(newest.arrays["features"]) if "features" in newest.arrays else None
    note = str(newest.values.get("note", ""))
    return Playback(Path(run), files.about(), tuple(epochs), rows, axes, note, _files=files)


def _axes(features: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The mean and the two directions in which features vary most (principal components)."""
    values = np.nan_to_num(features.astype(np.float64))
    if len(values) < 3 or values.shape[1] < 2:
        return None
    mean = values.mean(axis=0)
    _left, _sizes, directions = np.linalg.svd(values - mean, full_matrices=False)
    directions = directions[:2]
    # The sign of a direction is free: its largest part is positive, so that a newer epoch does not turn it over.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return mean, directions * np.sign(largest)


def _curves(rows: tuple[dict[str, float], ...], epoch: int) -> tuple[Figure, ...]:
    names = [name for name in (rows[0] if rows else {}) if name not in _NOT_DRAWN and not name.startswith("val_")]
    x = np.array([row["epoch"] for row in rows])
    figures = []
    for name in names:
        sides = [(_("training"), name), (_("validation"), f"val_{name}")]
        lines = tuple(
            Curve(title, x, np.array([row.get(key, np.nan) for row in rows])) for title, key in sides if key in rows[0]
        )
        title = name.replace("_", " ").capitalize()
        marks = ((_("Epoch {number}").format(number=epoch), float(epoch)),)
        figures.append(Curves(title, _("Epoch"), title, lines, marks))
    return tuple(figures)


def _maps(about: Stored, seen: Stored, number: int) -> Figure:
    captions = about.values["captions"]
    layer = about.values["layers"][number]
    if f"units_{number}" in seen.arrays:
        units = seen.arrays[f"units_{number}"].astype(np.float32)
        names = tuple(f"#{unit}" for unit in range(units.shape[1]))
        series = {f"{caption} ({place})": tuple(row.tolist()) for place, (caption, row) in enumerate(
            zip(captions[:4], units[:4], strict=False), 1)}  # fmt: skip
        return Bars(_("Output of {layer}").format(layer=layer), names, series, value_label=_("Value"))
    maps, ranges = seen.arrays[f"maps_{number}"], seen.arrays[f"range_{number}"]
    shown = about.values["maps"][number]
    tiles = tuple(
        Tile(
            maps[sample, ..., place],
            f"{caption} · #{channel}" if place == 0 else f"#{channel}",
            about.values["samples"][sample],
        )
        for sample, caption in enumerate(captions)
        for place, channel in enumerate(shown)
    )
    note = _(
        "A row is a sample. Each map goes from its lowest to its highest value in this epoch; the highest of all is "
        "{highest:.3g}."
    ).format(highest=float(ranges[..., 1].max()))
    return Gallery(_("Feature maps of {layer}").format(layer=layer), tiles, True, len(shown), note=note)


def _heatmaps(about: Stored, seen: Stored) -> Figure:
    tiles = []
    for place, (picture, heat) in enumerate(zip(about.arrays["pictures"], seen.arrays["heat"], strict=True)):
        tiles.append(_told(about, seen, place, _over(picture, heat)))
    note = _("Bright is where the network finds evidence for what it answers in this epoch.")
    known = registry().inspectors
    method = about.values["method"]
    title = _(known.get(method).title) if method in known.names() else method
    return Gallery(_("Heatmaps ({method})").format(method=title), tuple(tiles), note=note)


def _over(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A heatmap over a picture, as fine as a tile shows it."""
    scale = max(1, round(_TILE_PIXELS / max(picture.shape[:2])))
    below = np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
    below = np.stack([below] * 3, axis=-1) if below.ndim == 2 else below
    above = colour(stretched(heat.astype(np.float32) / 255, *below.shape[:2]))
    return ((below.astype(np.uint16) + above) // 2).astype(np.uint8)


def _answers(about: Stored, seen: Stored) -> Figure:
    title = _("Predictions")
    if "pictures" in about.arrays:
        tiles = [_told(about, seen, place, picture) for place, picture in enumerate(about.arrays["pictures"])]
        return Gallery(title, tuple(tiles))
    rows = zip(about.values["samples"], about.values["captions"], seen.values["answers"], strict=True)
    return Table(title, (_("Sample"), _("True"), _("Predicted")), tuple(rows))


def _told(about: Stored, seen: Stored, place: int, pixels: np.ndarray) -> Tile:
    """A sample with what it is and what the model says."""
    truth, answer = about.values["captions"][place], seen.values["answers"][place]
    classes = about.values["choices"]
    wrong = truth in classes and answer != truth and not answer.startswith(f"{truth} (")
    return Tile(pixels, f"{truth} → {answer}", about.values["samples"][place], wrong)


def _filters(about: Stored, seen: Stored) -> Figure:
    kernels = seen.arrays["kernels"].astype(np.float32)
    colours = kernels.shape[2] == 3
    tiles = []
    for number in range(kernels.shape[-1]):
        kernel = kernels[..., number] if colours else kernels[..., number].mean(axis=-1)
        low, high = float(kernel.min()), float(kernel.max())
        pixels = np.round((kernel - low) * (255 / (high - low or 1.0))).astype(np.uint8)
        tiles.append(Tile(pixels, _("#{number}\n{low:.2g} to {high:.2g}").format(number=number, low=low, high=high)))
    title = _("Filters of {layer}").format(layer=about.values["kernels"])
    return Gallery(title, tuple(tiles), not colours, note=_("Each from its lowest to its highest weight."))


def _weights(seen: Stored, number: int) -> tuple[Figure, ...]:
    layer = seen.values["weighted"][number]
    figures: list[Figure] = []
    sizes: dict[str, Any] = {}
    for name, title in (("weight", _("Weights of {layer}")), ("gradient", _("Gradients of {layer}"))):
        largest, of_all, _size = seen.arrays[f"{name}_sizes"][number].tolist()
        counts = seen.arrays[f"{name}_counts"][number].astype(np.float64)
        limit, widest = largest or 1.0, max(of_all, largest) or 1.0
        edges = np.linspace(-limit, limit, len(counts) + 1)
        # Up to the largest of all epochs, so that the axis stays as it is while it plays; nothing lies beyond `limit`.
        x = np.concatenate([[-widest, -limit], (edges[:-1] + edges[1:]) / 2, [limit, widest]])
        share = np.concatenate([[0.0, 0.0], counts / max(1.0, counts.sum()), [0.0, 0.0]])
        line = Curve(_("share of the values"), x, share)
        figures.append(Curves(title.format(layer=layer), _("Value"), _("Share"), (line,)))
        sizes[name] = tuple(seen.arrays[f"{name}_sizes"][:, 2].tolist())
    names = tuple(seen.values["weighted"])
    title = _("Size of all layers (root mean square)")
    figures.append(Bars(title, names, {_("Weights"): sizes["weight"]}, value_label=_("Weights")))
    title = _("Size of the gradients (root mean square)")
    figures.append(Bars(title, names, {_("Gradients"): sizes["gradient"]}, value_label=_("Gradients")))
    return tuple(figures)


def _matrix(about: Stored, seen: Stored) -> Figure:
    matrix = seen.arrays["matrix"]
    right = matrix.trace() / max(1, matrix.sum())
    note = _("{count:,} answers on the {split} split, {right:.1%} of them right.").format(
        count=int(matrix.sum()), split=about.values["split"], right=float(right)
    )
    return Matrix(_("Confusion matrix"), matrix, tuple(about.values["choices"]), _("True"), _("Predicted"), note=note)


def _embedding(about: Stored, seen: Stored, axes: tuple[np.ndarray, np.ndarray] | None) -> Figure:
    title = _("Embedding of {layer}").format(layer=about.values["features"])
    note = _(
        "The features before the output in two directions: the principal components of the newest epoch, for all "
        "epochs, each drawn at the same spread."
    )
    names = (_("first direction"), _("second direction"))
    if axes is None or "features" not in seen.arrays:
        return Scatter(title, *names, (), note=_("There are too few features for a plane."))
    mean, directions = axes
    places = (np.nan_to_num(seen.arrays["features"].astype(np.float64)) - mean) @ directions.T
    places -= places.mean(axis=0)
    places /= np.sqrt((places**2).sum(axis=1).mean()) or 1.0
    numbers = about.arrays["points"]
    groups = []
    for name, chosen in _groups(about):
        x, y = places[chosen].T
        groups.append(Points(name, x, y, tuple(numbers[chosen].tolist())))
    return Scatter(title, *names, tuple(groups), note=note)


def _groups(about: Stored) -> list[tuple[str, np.ndarray]]:
    """The points by what they are: a group a class, or all in one."""
    truth, classes = about.arrays.get("truth"), about.values["choices"]
    count = len(about.arrays["points"])
    if truth is None or truth.ndim != 1 or not np.issubdtype(truth.dtype, np.integer) or len(classes) > _GROUPS:
        return [(_("Samples"), np.arange(count))]
    return [(name, np.flatnonzero(truth == number)) for number, name in enumerate(classes) if np.any(truth == number)]
