"""The job that measures how many pictures a second an architecture takes on this machine."""

import datetime
import gc
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.architectures.assembly import assemble
from workbench.architectures.speeds import Case, Speed, case_of, keep, processor_name, standard_case, this_machine
from workbench.architectures.summary import keras_table, look_at
from workbench.control import Control, Emit
from workbench.diagnosis.diagnose import free_memory
from workbench.diagnosis.facts import gather
from workbench.diagnosis.memory import memory_needed
from workbench.errors import UserError
from workbench.events import Progress
from workbench.experiment import Experiment, from_values, new_experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import DevicesRequest, MeasureRequest
from workbench.specs import ImageInput
from workbench.training.devices import list_devices, use_device
from workbench.training.failure import is_out_of_memory
from workbench.training.optimizers import keras_optimizer
from workbench.training.steps import make_steps

_SECONDS = 2.0  # of repeating, for each of predicting and training
_STEPS = 30
_LONGEST_STEP = 20.0  # seconds: with more, smaller batches are measured
_BACKWARD = 3  # a step of training takes about so many times a prediction
_STAGES = 3  # building, predicting, training
_CLASSES, _PUBLISHED_CLASSES = 10, 1000


def measure(request: MeasureRequest, emit: Emit, control: Control) -> tuple[Speed, ...]:
    """Measure the architecture of an experiment with random pictures, keep what came of it, and answer with it.

    Classes are counted as published at the standard size; at the experiment's own there are ten, which hardly matters.

    Raises:
        UserError: it takes no pictures, cannot be built, or not even one picture fits into the memory.
        Stopped: it was asked to stop; what was measured until then is kept.
    """
    experiment = request.experiment
    cases = [case_of(experiment)] if request.own else []
    if request.standard:
        architecture = registry().architectures.get(experiment.architecture.name)
        cases.append(standard_case(architecture, experiment.training.device, experiment.training.precision))
    wanted = list(dict.fromkeys(case for case in cases if case is not None))
    if not wanted:
        raise UserError(_(
            "There is nothing to measure: {name} has no standard size, and the experiment's samples are no pictures."
        ).format(name=experiment.architecture.name))  # fmt: skip
    speeds = []
    for number, case in enumerate(wanted):
        told = _Told(emit, control, number, len(wanted))
        speed = _measured(experiment_of(case, experiment), case, told)
        keep(speed)
        speeds.append(speed)
    return tuple(speeds)


def experiment_of(case: Case, like: Experiment) -> Experiment:
    """The experiment that a case is measured with: no data are read, only its kind of target matters."""
    values: dict[str, Any] = new_experiment(architecture=case.architecture).model_dump()
    values["architecture"] = {"name": case.architecture, **json.loads(case.settings)}
    size = {"height": case.height, "width": case.width, "channels": case.channels}
    values["preprocessing"] = {**values["preprocessing"], **size, "scaling": "unit"}
    training = {"batch_size": case.batch_size, "device": case.device, "precision": case.precision}
    values["training"] = {**values["training"], **training, "optimizer": like.training.optimizer.model_dump()}
    return from_values(values, _("the experiment to measure with"))


class _Told:
    """Says what goes on, and asks whether to go on."""

    def __init__(self, emit: Emit, control: Control, case: int, cases: int) -> None:
        self._emit = emit
        self._control = control
        self._before = case * _STAGES
        self._all = cases * _STAGES

    def __call__(self, what: str, stage: int) -> None:
        self._control.check()
        self._emit(Progress(what, self._before + stage, self._all))

    def check(self) -> None:
        self._control.check()


def _measured(experiment: Experiment, case: Case, told: _Told) -> Speed:
    size = f"{case.height} × {case.width} px"
    told(_("building the network for {size}").format(size=size), 0)
    input = ImageInput(case.height, case.width, case.channels)
    task = registry().tasks.get(experiment.task.name)
    architecture = registry().architectures.get(case.architecture)
    published = case == standard_case(architecture, case.device, case.precision)
    target = task.learns.usual(_PUBLISHED_CLASSES if published else _CLASSES)
    table = look_at(experiment, lambda: keras_table(assemble(experiment, input, target).model))
    facts = gather(experiment, None, table=table, memory_bytes=free_memory(experiment))
    needed = memory_needed(facts)
    fitting = needed.largest_batch(facts.memory_bytes) if needed and facts.memory_bytes else case.batch_size
    if not fitting:
        raise UserError(_("Not even one picture of {size} fits into the memory with {name}.").format(
            size=size, name=case.architecture))  # fmt: skip
    batch = min(case.batch_size, fitting)
    with use_device(case.device):
        predicting, training, batch = _built_and_measured(experiment, input, target, batch, told)
    gc.collect()  # layers and graphs refer to each other, and a warm process goes on living
    today = datetime.date.today().isoformat()
    return Speed(case, predicting, training, batch, _processor(case.device), this_machine(), today)


def _built_and_measured(
    experiment: Experiment, input: ImageInput, target: Any, batch: int, told: _Told
) -> tuple[float, float, int]:
    """Pictures a second in predictions and in training, and the batch that both were measured with at last."""
    task = registry().tasks.get(experiment.task.name)
    network = assemble(experiment, input, target)
    pictures = np.random.default_rng(0).integers(0, 256, (batch, *input.shape), dtype=np.uint8)
    size = f"{input.height} × {input.width} px"
    told(_("predicting {size}").format(size=size), 1)
    predict = network.model.predict_on_batch
    predict(pictures[:1])
    alone = _seconds_each(lambda: predict(pictures[:1]), told.check, steps=1)
    while batch > 1 and alone * batch * _BACKWARD > _LONGEST_STEP:
        batch //= 2
    predicting, batch = _that_fits(batch, lambda count: _predict(predict, pictures[:count], told))
    told(_("training with {size}").format(size=size), 2)
    network.trainable.compile(
        optimizer=keras_optimizer(experiment.training.optimizer),
        loss=task.loss(experiment, target, network.from_logits),
        metrics=task.metrics(target, network.from_logits), jit_compile=False,
    )  # fmt: skip
    labels = np.asarray(task.encode(np.arange(batch) % _CLASSES, target))
    steps = make_steps(network.trainable)
    steps.build(pictures[:1], labels[:1])
    training, batch = _that_fits(batch, lambda count: _train(steps, pictures[:count], labels[:count], told))
    return predicting, training, batch


def _predict(predict: Callable[[Any], Any], pictures: np.ndarray, told: _Told) -> float:
    predict(pictures)
    return len(pictures) / _seconds_each(lambda: predict(pictures), told.check)


def _train(steps: Any, pictures: np.ndarray, labels: np.ndarray, told: _Told) -> float:
    told.check()
    float(steps.train(pictures, labels, None))
    return len(pictures) / _seconds_each(lambda: float(steps.train(pictures, labels, None)), told.check)


def _that_fits(batch: int, measured: Callable[[int], float]) -> tuple[float, int]:
    """Pictures a second, with a batch that the memory has room for; 0 where there is none."""
    while batch >= 1:
        try:
            return measured(batch), batch
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            batch //= 2
    return 0.0, 1


def _seconds_each(step: Callable[[], Any], check: Callable[[], None], steps: int = _STEPS) -> float:
    began, count = time.perf_counter(), 0
    while count < steps and time.perf_counter() - began < _SECONDS:
        check()
        step()
        count += 1
    return (time.perf_counter() - began) / count


def _processor(device: str) -> str:
    """What computes for a device, for people."""
    devices = {each.name: each.title for each in list_devices(DevicesRequest(), lambda event: None, Control())}
    gpu = "gpu:0" if device == "auto" else device
    return devices[gpu] if gpu in devices and gpu != "cpu" else processor_name()
