"""The job: everything that can be found out about an experiment or a run without training.

What needs no data is checked where there are none.
"""

from pathlib import Path
from typing import Any

import psutil

from workbench.control import Control, Emit
from workbench.diagnosis.facts import gather
from workbench.diagnosis.findings import Finding, look
from workbench.errors import UserError
from workbench.events import Note
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import DataRequest, DiagnoseRequest


def diagnose(request: DiagnoseRequest, emit: Emit, control: Control) -> tuple[Finding, ...]:
    """Make all checks before training, and those after it where a run is given.

    Raises:
        Stopped: it was asked to stop.
    """
    experiment = request.experiment
    report = _report(experiment, emit, control) if request.read_data else None
    control.check()
    facts = gather(experiment, report, memory_bytes=free_memory(experiment))
    if facts.table is None and facts.input is not None and facts.output is not None and not facts.problem:
        built = _build(experiment, facts.input, facts.target)
        facts = gather(experiment, report, memory_bytes=facts.memory_bytes, **built)
    checks = list(registry().checks)
    found = look(checks, "before", facts)
    if request.run:
        from workbench.runs.folder import RunFolder

        found += look(checks, "after", RunFolder(Path(request.run)))
    return found


def free_memory(experiment: Experiment) -> int:
    """Bytes free for a training on its device; 0 where only the framework could tell."""
    if experiment.training.device.startswith("gpu"):
        return 0
    return psutil.virtual_memory().available


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


def _build(experiment: Experiment, input: Any, target: Any) -> dict[str, Any]:
    """What Keras tells of the network: the table and its rescalings, or why it cannot be built."""
    from workbench.architectures.assembly import assemble
    from workbench.architectures.summary import front_kinds, keras_table

    try:
        model = assemble(experiment, input, target).model
    except UserError as error:
        return {"table": None, "problem": str(error)}
    scales = [getattr(layer, "scale", None) for layer in model.layers if layer.name != "scale"]
    factors = tuple(float(scale) for scale in scales if isinstance(scale, int | float) and not isinstance(scale, bool))
    return {"table": keras_table(model, front_kinds(input, experiment)), "factors": factors}
