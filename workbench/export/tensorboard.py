"""What a training told, as event files of TensorBoard: curves by epoch and the loss of every batch.

TensorFlow writes the records; TensorBoard itself, which TensorFlow no longer brings from 2.21 on, is not needed for
that. An event file is a TFRecord file of `Event` messages, the first of which names the version of the format.
"""

import math
import time
from pathlib import Path

from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.events import BatchesDone, Progress
from workbench.export.exporter import DiffersError, Exporter, Outcome, written_by_tensorflow
from workbench.i18n import _, mark
from workbench.registry import Registry
from workbench.runs.folder import RunFolder

_VERSION = "brain.Event:2"
_PARTS = ("train", "validation")
_VALIDATION = "val_"
_NO_CURVES = ("epoch", "seconds")
_LINES_BETWEEN_CHECKS = 200

Scalar = tuple[str, float, int, float]


class TensorBoard(Exporter):
    """Curves of a run, of training and validation in a folder each so that TensorBoard draws them together."""

    name = "tensorboard"
    title = mark("TensorBoard event files")
    help = mark("A folder with the curves of a run: metrics by epoch, the loss by batch. Needs no model.")
    limits = mark(
        "To look at them takes TensorBoard, which TensorFlow no longer brings: pip install tensorboard. Holds scalars "
        "only: no pictures, no graph, no histograms."
    )

    def made(self, folder: Path) -> bool:
        """Whether it holds event files in folders of ours and nothing beside them."""
        files = [entry for entry in folder.rglob("*") if not entry.is_dir()]
        return all(entry.parent.parent == folder and entry.parent.name in _PARTS for entry in files) and all(
            entry.name.startswith("events.out.tfevents.") for entry in files
        )

    def export(self, source: str, place: Path, emit: Emit, control: Control) -> Outcome:
        """Write the event files, and count what can be read from them again."""
        run = RunFolder(Path(source).expanduser())
        if not run.exists():
            raise UserError(_("{path} is not a run: it holds no experiment.toml.").format(path=source))
        emit(Progress(mark("Reading what the training told"), 0))
        scalars = _scalars(run, control)
        if not any(scalars.values()):
            text = _("The run {name!r} has nothing to draw: no epoch and no batch of it has finished.")
            raise UserError(text.format(name=run.name))
        for part, found in scalars.items():
            if found:
                path = place / part / f"events.out.tfevents.{int(found[0][3]):010d}.workbench"
                path.parent.mkdir(parents=True)
                _write(path, found, control)
                if _count(path, control) != len(found):
                    raise DiffersError(_("The event file of {part} cannot be read again. It was not kept.").format(
                        part=part))  # fmt: skip
        return Outcome(notes=(_(
            "TensorFlow no longer brings TensorBoard. To look at the curves: `pip install tensorboard`, then "
            "`tensorboard --logdir DIR` with this folder, or the one around it to see several runs."
        ),))  # fmt: skip


def _scalars(run: RunFolder, control: Control) -> dict[str, list[Scalar]]:
    """Per part its values: tag, value, step, wall time in seconds since 1970.

    Steps of curves by epoch are epochs, from 1 as elsewhere in the workbench; of curves by batch, batches since the
    beginning. The run did not write down at what time each epoch ended, only how long it took: the time between two
    sessions of a resumed training is left out, and the batches of an epoch are spread evenly over it.
    """
    rows = run.metrics()
    clock = float(run.environment().get("created") or time.time())
    scalars: dict[str, list[Scalar]] = {part: [] for part in _PARTS}
    spans: dict[int, tuple[float, float]] = {}
    for number, row in enumerate(rows, 1):
        epoch = int(row.get("epoch", number))
        seconds = row.get("seconds", 0.0)
        begun, clock = clock, clock + (seconds if math.isfinite(seconds) else 0.0)
        spans[epoch] = begun, clock
        for name, value in row.items():
            if name in _NO_CURVES or math.isnan(value):
                continue
            part = "validation" if name.startswith(_VALIDATION) else "train"
            scalars[part].append((f"epoch/{name.removeprefix(_VALIDATION)}", value, epoch, clock))
    scalars["train"] += _batches(run, spans, clock, control)
    scalars["train"].sort(key=lambda scalar: scalar[3])
    return scalars


def _batches(run: RunFolder, spans: dict[int, tuple[float, float]], last: float, control: Control) -> list[Scalar]:
    """The loss of every batch and the learning rate; of an epoch that was begun twice, what came of it last.

    Args:
        run: whose.
        spans: when an epoch, counted from 1, began and ended.
        last: when the last of them ended, for what came after.
        control: asked now and then.
    """
    by_epoch: dict[int, dict[int, tuple[float, float]]] = {}
    steps_of: dict[int, int] = {}
    for number, event in enumerate(run.events(mentioning='"batches_done"')):
        if number % _LINES_BETWEEN_CHECKS == 0:
            control.check()
        if not isinstance(event, BatchesDone):
            continue
        first = event.step - len(event.losses)
        batches = by_epoch.setdefault(event.epoch, {})
        if first in batches:  # resumed from before: what came after that was done anew
            batches = by_epoch[event.epoch] = {step: told for step, told in batches.items() if step < first}
        steps_of[event.epoch] = event.steps
        batches.update({first + index: (loss, event.learning_rate) for index, loss in enumerate(event.losses)})
    scalars: list[Scalar] = []
    for epoch, batches in sorted(by_epoch.items()):
        before = sum(steps for other, steps in steps_of.items() if other < epoch)
        begun, ended = spans.get(epoch + 1, (last, last))
        for step, (loss, rate) in sorted(batches.items()):
            when = begun + (ended - begun) * min(1.0, (step + 1) / steps_of[epoch])
            for tag, value in (("batch/loss", loss), ("batch/learning_rate", rate)):
                if not math.isnan(value):
                    scalars.append((tag, value, before + step + 1, when))
    return scalars


def _write(path: Path, scalars: list[Scalar], control: Control) -> None:
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    def write() -> None:
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(event_pb2.Event(wall_time=scalars[0][3], file_version=_VERSION).SerializeToString())
            for number, (tag, value, step, when) in enumerate(scalars):
                if number % _LINES_BETWEEN_CHECKS == 0:
                    control.check()
                event = event_pb2.Event(wall_time=when, step=step)
                event.summary.value.add(tag=tag, simple_value=value)
                writer.write(event.SerializeToString())

    written_by_tensorflow(write)


def _count(path: Path, control: Control) -> int:
    """How many values an event file holds."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    count = 0
    for number, record in enumerate(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()):
        if number % _LINES_BETWEEN_CHECKS == 0:
            control.check()
        count += len(event_pb2.Event.FromString(record).summary.value)
    return count


def register(registry: Registry) -> None:
    """Add it."""
    registry.exporters.add(TensorBoard())
