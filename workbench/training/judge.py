"""Which epoch is the best, when to stop early and when a plateau lowers the learning rate.

Plain numbers only, so that a checkpoint can keep it and a resumed run goes on judging where it was.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from workbench.errors import UserError, did_you_mean
from workbench.i18n import _
from workbench.training_settings import TrainingSection


@dataclass
class Judge:
    """The state of judging after so many epochs.

    Attributes:
        monitor: name of the value that decides, as in `val_loss`.
        mode: `min` or `max`: which way is better.
        best: the best value so far, None before the first epoch.
        best_epoch: 0-based, -1 before the first.
        waited: epochs since the best one.
        plateau_waited: epochs since the best one or the last lowering of the rate.
        plateau_factor: product of all lowerings.
    """

    monitor: str
    mode: str
    best: float | None = None
    best_epoch: int = -1
    waited: int = 0
    plateau_waited: int = 0
    plateau_factor: float = 1.0

    def see(self, epoch: int, metrics: dict[str, float], settings: TrainingSection) -> bool:
        """Take in the metrics of an epoch; whether it is the best so far."""
        value = metrics[self.monitor]
        improved = not math.isnan(value) and (
            self.best is None or (value < self.best if self.mode == "min" else value > self.best)
        )
        if improved:
            self.best, self.best_epoch, self.waited, self.plateau_waited = value, epoch, 0, 0
            return True
        self.waited += 1
        self.plateau_waited += 1
        schedule = settings.schedule
        if schedule.name == "plateau" and self.plateau_waited >= schedule.patience:
            self.plateau_factor *= schedule.factor
            self.plateau_waited = 0
        return False

    def wants_to_stop(self, settings: TrainingSection) -> bool:
        """Whether early stopping says that it is enough."""
        return 0 < settings.early_stopping <= self.waited

    def wait_anew(self) -> None:
        """Begin to wait for something better than the best anew."""
        self.waited, self.plateau_waited, self.plateau_factor = 0, 0, 1.0

    def to_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return asdict(self)


def make_judge(monitor: str, directions: dict[str, str], has_validation: bool) -> Judge:
    """A judge for a run.

    Args:
        monitor: what the user chose, `val_loss` or `accuracy`...
        directions: `min` or `max` per metric of the task, without `val_`.
        has_validation: without validation samples a `val_` value is replaced by its training twin.

    Raises:
        UserError: the task has no such value.
    """
    plain = monitor.removeprefix("val_")
    if plain not in directions:
        known = [*directions, *(f"val_{name}" for name in directions)]
        raise UserError(
            _("training.monitor is {name!r}, which this task does not measure. Known are: {known}. {hint}")
            .format(name=monitor, known=", ".join(known), hint=did_you_mean(monitor, known))
            .strip()
        )
    return Judge(monitor if has_validation else plain, directions[plain])
