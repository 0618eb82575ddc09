"""The learning rate at every step: a plain function of the settings, the step and what plateaus were met.

Computed outside the graph, so that a resumed run takes exactly the rates of an uninterrupted one.
"""

import math
from dataclasses import dataclass

from workbench.training_settings import TrainingSection


@dataclass(frozen=True)
class LearningRates:
    """The rates of one run.

    Attributes:
        settings: the training section.
        steps: steps of one epoch.
        first_epoch: where the schedule begins (0-based); differs from 0 when a completed run is extended.
    """

    settings: TrainingSection
    steps: int
    first_epoch: int = 0

    def at(self, epoch: int, step: int, plateau_factor: float = 1.0) -> float:
        """The rate in force at a step (both 0-based)."""
        rate = self.settings.optimizer.learning_rate * plateau_factor
        done = (epoch - self.first_epoch) * self.steps + step
        warmup = self.settings.warmup_epochs * self.steps
        if self.first_epoch == 0 and done < warmup:
            return rate * (done + 1) / (warmup + 1)
        schedule = self.settings.schedule
        match schedule.name:
            case "cosine":
                total = (self.settings.epochs - self.first_epoch) * self.steps
                start = warmup if self.first_epoch == 0 else 0.0
                share = min(1.0, (done - start) / max(1.0, total - start))
                floor = schedule.final_fraction
                return rate * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))
            case "step":
                return rate * schedule.factor ** ((epoch - self.first_epoch) // schedule.every)
        return rate
