"""Editors of the training's form that know more than the type: the devices of this machine, the metrics of the task."""

from typing import Any

from PySide6.QtWidgets import QWidget

from workbench.experiment import Experiment
from workbench.gui.elided_box import ElidedBox
from workbench.gui.form_editors import Editor
from workbench.gui.form_fields import FieldPlan
from workbench.gui.metric_text import readable
from workbench.gui.training_text import memory
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry
from workbench.tasks.task import Task
from workbench.training_settings import TrainingSection


def fields_with_a_meaning(experiment: Experiment) -> set[str]:
    """The fields of the training that the chosen trainer and task heed, and those that stand in their way."""
    names = set(registry().trainers.get(experiment.trainer.name).uses or TrainingSection.model_fields)
    task = registry().tasks.get(experiment.task.name)
    if not task.smooths_labels and not experiment.training.label_smoothing:
        names.discard("label_smoothing")
    if type(task).sample_weights is Task.sample_weights and experiment.training.class_weights == "none":
        names.discard("class_weights")
    return names


class _ComboEditor(Editor):
    """A combo box of values that are only known at run time; a value that is not among them is shown as it is."""

    def __init__(self, plan: FieldPlan, parent: QWidget | None = None) -> None:
        super().__init__(plan, parent)
        self.box = ElidedBox()
        self.box.setMinimumContentsLength(12)
        self._adopt(self.box)
        self.box.activated.connect(self._activated)

    def set_value(self, value: Any) -> None:
        index = self.box.findData(value)
        if index < 0:
            self.box.addItem(str(value), value)
            index = self.box.count() - 1
        self.box.setCurrentIndex(index)

    def offer(self, choices: list[tuple[str, str]]) -> None:
        """Offer these values with their labels, keeping the one that is chosen."""
        if choices == [(self.box.itemData(row), self.box.itemText(row)) for row in range(self.box.count())]:
            return
        value = self.box.currentData()
        self.box.clear()
        for choice, label in choices:
            self.box.addItem(label, choice)
        if value is not None:
            self.set_value(value)

    def _activated(self, index: int) -> None:
        self.edited.emit(self.box.itemData(index))


class DeviceEditor(_ComboEditor):
    """The processor and every GPU, by name and memory."""

    def __init__(self, workspace: Workspace, plan: FieldPlan) -> None:
        super().__init__(plan)
        self._workspace = workspace
        workspace.devices_changed.connect(self._offer_devices)
        self._offer_devices()

    def _offer_devices(self) -> None:
        choices = [("auto", _("Automatic"))]
        for device in self._workspace.devices:
            size = f" ({memory(device.memory_bytes)})" if device.memory_bytes else ""
            choices.append((device.name, f"{device.title}{size}"))
        if not self._workspace.devices:
            choices.append(("cpu", _("CPU")))
        self.offer(choices)


class HeatmapEditor(_ComboEditor):
    """The methods that make heatmaps of a sample, and none."""

    def __init__(self, plan: FieldPlan) -> None:
        super().__init__(plan)
        methods = [each for each in registry().inspectors if each.family == "heatmaps" and each.subject == "sample"]
        self.offer([("", _("None")), *((each.name, _(each.title)) for each in methods)])


class MonitorEditor(_ComboEditor):
    """The values an epoch can be judged by."""

    def __init__(self, workspace: Workspace, plan: FieldPlan) -> None:
        super().__init__(plan)
        workspace.document.changed.connect(self._offer_metrics)
        self._offer_metrics(workspace.document.experiment)

    def _offer_metrics(self, experiment: Experiment) -> None:
        names = list(registry().tasks.get(experiment.task.name).metric_directions())
        validation = [(f"val_{name}", readable(f"val_{name}")) for name in names]
        training = [(name, _("Training {name}").format(name=readable(name))) for name in names]
        self.offer(validation + training)
