"""The job: everything that can be found out about an experiment or a run without training.

What needs no data is checked where there are none.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from workbench.control import Control, Emit
from workbench.diagnosis.facts import Facts, gather
from workbench.errors import UserError
from workbench.events import Note
from workbench.experiment import Experiment
from workbench.finding import Finding, look
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import DataRequest, DevicesRequest, DiagnoseRequest


def diagnose(request: DiagnoseRequest, emit: Emit, control: Control) -> tuple[Finding, ...]:
    """Make all checks before training, and those after it where a run is given.

    Raises:
        Stopped: it was asked to stop.
    """
    experiment = request.experiment
    facts = facts_of(experiment, request.read_data, emit, control)
    found = look(registry().checks, "before", facts)
    if request.trial and facts.report is not None and not facts.problem:
        found += _trial(facts, emit, control)
    if request.run:
        from workbench.diagnosis.run_findings import findings_of_run, once
        from workbench.runs.folder import RunFolder

        found = once((*found, *findings_of_run(RunFolder(Path(request.run)))))
    return found


def facts_of(experiment: Experiment, read_data: bool, emit: Emit, control: Control) -> Facts:
    """Everything that is known of an experiment, by its data where they are read and by Keras where it has to be asked.

    Raises:
        Stopped: it was asked to stop.
    """
    report = _report(experiment, emit, control) if read_data else None
    control.check()
    facts = gather(experiment, report, memory_bytes=_memory_of_the_device(experiment, emit, control))
    if facts.table is None and facts.input is not None and facts.output is not None and not facts.problem:
        built = _build(experiment, facts.input, facts.target)
        facts = gather(experiment, report, memory_bytes=facts.memory_bytes, **built)
    return facts


def free_memory(experiment: Experiment) -> int:
    """Bytes free for a training on its device; 0 where that is a GPU, whose memory only the framework tells."""
    return 0 if _may_be_a_gpu(experiment) else psutil.virtual_memory().available


def _may_be_a_gpu(experiment: Experiment) -> bool:
    device = experiment.training.device
    return device.startswith("gpu") or (device == "auto" and shutil.which("nvidia-smi") is not None)


def _memory_of_the_device(experiment: Experiment, emit: Emit, control: Control) -> int:
    """As `free_memory`, with the framework asked about GPUs."""
    if not _may_be_a_gpu(experiment):
        return free_memory(experiment)
    from workbench.training.devices import list_devices

    gpus = {device.name: device.memory_bytes for device in list_devices(DevicesRequest(), emit, control)[1:]}
    if experiment.training.device == "auto" and not gpus:
        return psutil.virtual_memory().available
    return gpus.get("gpu:0" if experiment.training.device == "auto" else experiment.training.device, 0)


def _report(experiment: Experiment, emit: Emit, control: Control) -> Any:
    """The report of the data, or None where they are not at hand."""
    from workbench.data.report import report

    source = registry().datasets.get(experiment.dataset.name)
    if not source.at_hand(experiment.dataset):
        emit(Note(_("The data are not here yet: what needs none is checked.")))
        return None
    try:
        return report(DataRequest(experiment, gallery=0), emit, control)
    except UserError as error:
        emit(Note(_("The data cannot be read: what needs none is checked. {error}").format(error=error)))
        return None


def _trial(facts: Facts, emit: Emit, control: Control) -> tuple[Finding, ...]:
    from workbench.data.prepare import prepare
    from workbench.diagnosis.trial import trial

    found = trial(facts, prepare(facts.experiment, emit, control), control)
    return () if found is None else (found,)


def _build(experiment: Experiment, input: Any, target: Any) -> dict[str, Any]:
    """What Keras tells of the network: the table and its rescalings, or why it cannot be built."""
    from workbench.architectures.summary import look_at

    try:
        return look_at(experiment, lambda: _built(experiment, input, target))
    except UserError as error:
        return {"table": None, "problem": str(error)}


def _built(experiment: Experiment, input: Any, target: Any) -> dict[str, Any]:
    from keras.layers import Rescaling

    from workbench.architectures.assembly import assemble
    from workbench.architectures.summary import front_kinds, keras_table

    model = assemble(experiment, input, target).model
    own = registry().architectures.get(experiment.architecture.name).own_scaling
    factors = tuple(
        float(layer.scale) for layer in _layers_within(model)
        if isinstance(layer, Rescaling) and isinstance(layer.scale, int | float) and (own or layer.name != "scale")
    )  # fmt: skip
    return {"table": keras_table(model, front_kinds(input, experiment)), "factors": factors}


def _layers_within(model: Any) -> Iterator[Any]:
    """The layers of a model, and of the models in it."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers_within(layer)
