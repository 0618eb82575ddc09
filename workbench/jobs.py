"""The jobs: heavy work as plain functions `job(request, emit, control) -> answer` that do not know who watches.

The command line runs them in the foreground, the window in an engine (`workbench.engine`). Only the table changes when
a job is added. A request class of a plugin or a test names its own job in an attribute `job = "module:function"`.

Jobs that look into models are attended: a stop is answered at once, also while a model is opened or traced. What they
change of files stands within `workbench.attended.unless_abandoned`. An export attends to its writing itself, so that a
stop is answered when what was half written is gone.
"""

import importlib
import os
from typing import Any

from workbench import requests
from workbench.attended import attended, wait_for_what_was_left
from workbench.control import Control, Emit
from workbench.events import Event

JOBS: dict[type, str] = {
    requests.TrainRequest: "workbench.training.session:train",
    requests.ResumeRequest: "workbench.training.session:resume",
    requests.DataRequest: "workbench.data.report:report",
    requests.AugmentationRequest: "workbench.data.augmentation:preview",
    requests.SummaryRequest: "workbench.architectures.summary:summarise",
    requests.DiagnoseRequest: "workbench.diagnosis.diagnose:diagnose",
    requests.FindRateRequest: "workbench.diagnosis.rate_finder:find_rate",
    requests.OneBatchRequest: "workbench.diagnosis.one_batch:overfit",
    requests.TrialRequest: "workbench.diagnosis.trial:try_a_step",
    requests.MeasureRequest: "workbench.diagnosis.speed:measure",
    requests.AdviseRequest: "workbench.diagnosis.adviser:advise",
    requests.EvaluateRequest: "workbench.training.evaluation:evaluate",
    requests.CalibrateRequest: "workbench.training.calibration:calibrate",
    requests.SamplesRequest: "workbench.training.evaluation:show_samples",
    requests.CorrectRequest: "workbench.inspection.samples.correcting:correct",
    requests.InspectRequest: "workbench.inspection.answering:inspect",
    requests.SideBySideRequest: "workbench.inspection.side_by_side:side_by_side",
    requests.ProbeRequest: "workbench.training.probes.afterwards:probe",
    requests.ReportRequest: "workbench.export.report:report",
    requests.PredictRequest: "workbench.inspection.prediction:predict",
    requests.ExportRequest: "workbench.export.exporting:export_model",
    requests.ServeRequest: "workbench.service:serve",
    requests.CodeRequest: "workbench.training.keras_script:write",
    requests.DevicesRequest: "workbench.training.devices:list_devices",
}

_ATTENDED = (
    requests.EvaluateRequest,
    requests.CalibrateRequest,
    requests.SamplesRequest,
    requests.CorrectRequest,
    requests.InspectRequest,
    requests.SideBySideRequest,
    requests.ProbeRequest,
    requests.ReportRequest,
    requests.PredictRequest,
)

_ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Both frameworks take nearly all memory of a GPU otherwise, and two engines share one.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


def prepare_environment() -> None:
    """Set what Keras and its backends read from the environment when imported, where the user has not."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def place_of(request: Any) -> str:
    """Where the job that answers a request lies, as `module:function`.

    Raises:
        TypeError: nothing answers it.
    """
    place = JOBS.get(type(request)) or getattr(request, "job", None)
    if place is None:
        raise TypeError(f"no job answers a {type(request).__name__}")
    return place


def run_job(request: Any, emit: Emit, control: Control) -> Any:
    """Run the job that answers the request, here and now.

    Args:
        request: one of `workbench.requests`.
        emit: called with every event of the job, from any thread.
        control: how the job is asked to stop, pause or go on.

    Returns:
        What the job answers.

    Raises:
        UserError: the request cannot be answered; the message says why.
        Stopped: the job was asked to stop and has nothing to keep.
    """
    prepare_environment()

    def emit_unless_stopped(event: Event) -> None:
        control.check()
        emit(event)

    def answer(tell: Emit) -> Any:
        module, function = place_of(request).split(":")
        return getattr(importlib.import_module(module), function)(request, tell, control)

    if isinstance(request, _ATTENDED):
        return attended(control, lambda: answer(emit_unless_stopped))
    wait_for_what_was_left(control)
    return answer(emit)
