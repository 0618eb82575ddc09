"""What can be asked of a job: one frozen class per job, plain values, picklable.

`workbench.jobs` maps each request to the function that answers it. The class of the answer stands beside it there.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.experiment import Experiment


@dataclass(frozen=True)
class TrainRequest:
    """Train an experiment as a new run in the folder `runs`; answered by the run folder."""

    experiment: Experiment
    runs: str


@dataclass(frozen=True)
class ResumeRequest:
    """Go on with a run; a larger number of `epochs` (total) extends a completed one, 0 keeps its own."""

    run: str
    epochs: int = 0


@dataclass(frozen=True)
class DataRequest:
    """Look at the data of an experiment: samples, classes, splits, problems. `gallery` pictures are shown."""

    experiment: Experiment
    gallery: int = 60


@dataclass(frozen=True)
class AugmentationRequest:
    """Some training samples before and after the experiment's augmentation."""

    experiment: Experiment
    count: int = 6
    seed: int = 0


@dataclass(frozen=True)
class SummaryRequest:
    """The layer table of an experiment whose architecture only Keras can build, or of any."""

    experiment: Experiment


@dataclass(frozen=True)
class DiagnoseRequest:
    """Look for what keeps an experiment from learning; answered by `Finding`s, the worst first.

    Attributes:
        experiment: what is looked at.
        run: a run folder that it belongs to, to judge what came of it; empty for none.
        read_data: whether to read the data where they are at hand.
        trial: whether to train a few steps, to know what memory and time they take; needs the data.
    """

    experiment: Experiment
    run: str = ""
    read_data: bool = True
    trial: bool = False


@dataclass(frozen=True)
class FindRateRequest:
    """Look for a learning rate by training some steps; `params` as in `RateFinderSection`, answered by `Tried`."""

    experiment: Experiment
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OneBatchRequest:
    """Overfit one batch, to see whether it can be learned; `params` as in `OneBatchSection`, answered by `Tried`."""

    experiment: Experiment
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialRequest:
    """Train a few steps, to know what memory and time a training takes; answered by `Tried`."""

    experiment: Experiment


@dataclass(frozen=True)
class MeasureRequest:
    """How many pictures a second an architecture takes on this machine; answered by `Speed`s, which are kept, too.

    Attributes:
        experiment: its architecture, input, batch size, optimizer, device and precision; its data are not needed.
        own: whether to measure at its own input and batch.
        standard: whether to measure at the size the architecture was published for, with its settings of then.
    """

    experiment: Experiment
    own: bool = True
    standard: bool = False


@dataclass(frozen=True)
class AdviseRequest:
    """How to use a trained base for an experiment's data; answered by `Advice`, with the experiment set up.

    Attributes:
        experiment: whose data are to be learned.
        similar: whether they look like the base's: yes, no, or auto to let it be guessed.
        base: an application of Keras, a run or a model file; empty for the experiment's own, or a usual one.
        samples: to train on; 0 to count them. `classes` goes with it, 0 where they are not known.
    """

    experiment: Experiment
    similar: Literal["yes", "no", "auto"] = "auto"
    base: str = ""
    samples: int = 0
    classes: int = 0


@dataclass(frozen=True)
class EvaluateRequest:
    """Judge a run's best model on a split (`train`, `validation`, `test`)."""

    run: str
    split: str = "test"


@dataclass(frozen=True)
class CalibrateRequest:
    """Mend the confidence of a run's classifier by a temperature fitted on a split, or take that back (`undo`)."""

    run: str
    split: str = "validation"
    undo: bool = False


@dataclass(frozen=True)
class SamplesRequest:
    """Pictures of samples of a run's split, by their indices in it."""

    run: str
    split: str
    indices: tuple[int, ...]


@dataclass(frozen=True)
class CorrectRequest:
    """Change the list of corrections of a dataset; answered by `ListChange`.

    Attributes:
        experiment: whose data; its own list is changed, or the usual one of its dataset.
        action: `exclude`, `relabel` (to `label`), `remove` from the list, or `set`: let the list have these `lines`.
        names: of samples.
        run: a run folder, for `samples`: (split, number in it) of its data instead of names.
        note: kept with every line.
    """

    experiment: Experiment
    action: Literal["exclude", "relabel", "remove", "set"]
    names: tuple[str, ...] = ()
    run: str = ""
    samples: tuple[tuple[str, int], ...] = ()
    label: str = ""
    note: str = ""
    lines: tuple[Any, ...] = ()


@dataclass(frozen=True)
class InspectRequest:
    """Look into a run's model with a method, on a file or on a sample of a split.

    Attributes:
        model: a run folder or a `.keras` file.
        method: name of an inspector; `params` are its settings (`layer`, `target`...).
        path: a picture; empty to take `sample` of `split`.
        pixels: encoded picture bytes (PNG) instead of a path, for drawings and the clipboard.
        offer: only tell what the method offers for this model, its layers and classes, without looking.
    """

    model: str
    method: str
    params: dict
    path: str = ""
    pixels: bytes = b""
    split: str = "test"
    sample: int = 0
    offer: bool = False


@dataclass(frozen=True)
class ProbeRequest:
    """Look at the epochs of a finished run as probes would have; answered by the epochs, counted from 1.

    Attributes:
        run: a run folder.
        params: settings of `[probes]` in place of the run's own.
        best: where the weights of its epochs were not kept, look at the best model and the last epoch instead.
    """

    run: str
    params: dict[str, Any] = field(default_factory=dict)
    best: bool = False


@dataclass(frozen=True)
class PredictRequest:
    """Predict with a run's model: paths (files or folders), encoded picture bytes, or rows (column name -> value)."""

    model: str
    paths: tuple[str, ...] = ()
    pixels: bytes = b""
    top: int = 5
    heatmap: bool = False
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class SideBySideRequest:
    """Let several runs answer the same samples; answered by `SideBySideAnswer`.

    Attributes:
        runs: run folders, 2 to 8.
        split: whose samples; those that the split of every run holds are compared.
        samples: how many are shown with their answers and heatmaps.
        method: an inspector that makes heatmaps; empty for none. `params` are its settings.
    """

    runs: tuple[str, ...]
    split: str = "test"
    samples: int = 8
    method: str = "grad_cam"
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportRequest:
    """Write a run, or several beside each other, as one self-contained HTML file; answered by its path.

    Attributes:
        runs: run folders, 1 to 8.
        out: the file; replaced once the new one is whole.
        split: whose samples the models are judged on and shown with.
        samples: how many of them are shown with heatmaps; 0 for none.
        method: an inspector that makes the heatmaps; empty for none.
    """

    runs: tuple[str, ...]
    out: str
    split: str = "test"
    samples: int = 6
    method: str = "grad_cam"


@dataclass(frozen=True)
class ExportRequest:
    """Write a run's model, or what its training told, in a format of others; answered by `Exported`.

    Attributes:
        run: a run folder; for models also a `.keras` file.
        format: name of an exporter.
        out: the file or folder to write.
        force: whether a file, or a folder of the same format, that is there may be replaced.
    """

    run: str
    format: str
    out: str
    force: bool = False


@dataclass(frozen=True)
class ServeRequest:
    """Keep a service up until it is asked to stop.

    Attributes:
        service: name of a service; `params` are its settings (`port`...).
        model: a run folder or a `.keras` file.
    """

    service: str
    model: str
    params: dict


@dataclass(frozen=True)
class CodeRequest:
    """The experiment as a stand-alone Keras script; answered by its text."""

    experiment: Experiment


@dataclass(frozen=True)
class DevicesRequest:
    """The devices a training can use, with their memory."""
