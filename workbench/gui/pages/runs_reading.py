"""The rows of the runs page: what was read from the disk, plus what waits in the queue."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from workbench.requests import ResumeRequest
from workbench.runs.summary import RunSummary

_LAST = 1e12


def with_queue(runs: Iterable[RunSummary], queue: Iterable[Any]) -> list[RunSummary]:
    """The runs with what waits to be trained: new ones on top, resumed ones marked as queued in their row."""
    fresh, resumed = [], set()
    for place, training in enumerate(queue):
        if isinstance(training.request, ResumeRequest):
            resumed.add(training.request.run)
        else:
            fresh.append(_queued(training, place))
    return [*fresh, *(dataclasses.replace(run, state="queued") if run.path in resumed else run for run in runs)]


def _queued(training: Any, place: int) -> RunSummary:
    experiment = training.request.experiment
    return RunSummary(
        name=training.name,
        path="",
        dataset=experiment.dataset.name,
        architecture=experiment.architecture.name,
        state="queued",
        metric_name="",
        metric=None,
        seconds=0.0,
        created=_LAST - place,  # above all that was made, what is next on top
        epochs_done=0,
        epochs=experiment.training.epochs,
    )
