"""The training part of the Keras script: optimizer, schedule, callbacks and the call of `fit` as readable source."""

from dataclasses import dataclass, field

from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.training.optimizers import keras_name

_WARM_UP = '''\
class WarmUp(keras.callbacks.Callback):
    """Lets the learning rate rise from near 0 over the first steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps, self.done = steps, 0

    def on_train_batch_begin(self, batch, logs=None):
        if self.done == 0:
            self.rate = float(self.model.optimizer.learning_rate)
        if self.done <= self.steps:
            self.model.optimizer.learning_rate = self.rate * (self.done + 1) / (self.steps + 1)
        self.done += 1
'''


@dataclass
class TrainingCode:
    """The pieces of source.

    Attributes:
        definitions: classes that stand before `main`, or empty.
        before: lines that make what the optimizer needs.
        optimizer: an expression.
        callbacks: an expression per callback.
    """

    definitions: str = ""
    before: list[str] = field(default_factory=list)
    optimizer: str = ""
    callbacks: list[str] = field(default_factory=list)


def training_code(experiment: Experiment, has_validation: bool) -> TrainingCode:
    """The training section of an experiment as source; `steps` stands for the steps of an epoch."""
    settings = experiment.training
    directions = registry().tasks.get(experiment.task.name).metric_directions()
    monitor = settings.monitor if has_validation else settings.monitor.removeprefix("val_")
    mode = directions.get(monitor.removeprefix("val_"), "auto")
    judged = f'monitor="{monitor}", mode="{mode}"'
    code = TrainingCode()
    rate = _learning_rate(experiment, code)
    parameters = settings.optimizer.model_dump(exclude={"name", "learning_rate"})
    arguments = ", ".join([f"learning_rate={rate}", *(f"{name}={value!r}" for name, value in parameters.items())])
    code.optimizer = f"keras.optimizers.{keras_name(settings.optimizer)}({arguments})"
    code.callbacks.append(
        "keras.callbacks.ModelCheckpoint(\n"
        f'    "best.weights.h5", {judged}, save_best_only=True, save_weights_only=True\n)'
    )
    if settings.early_stopping:
        code.callbacks.append(f"keras.callbacks.EarlyStopping({judged}, patience={settings.early_stopping})")
    schedule = settings.schedule
    if schedule.name == "plateau":
        code.callbacks.append(
            f"keras.callbacks.ReduceLROnPlateau({judged}, factor={schedule.factor!r}, patience={schedule.patience}, "
            "min_delta=0)"
        )
    return code


def _learning_rate(experiment: Experiment, code: TrainingCode) -> str:
    """The learning rate as an expression; whatever it needs besides goes into `code`."""
    settings = experiment.training
    schedule, rate, warmup = settings.schedule, settings.optimizer.learning_rate, settings.warmup_epochs
    schedules = "keras.optimizers.schedules"
    if schedule.name == "cosine":
        alpha = f", alpha={schedule.final_fraction!r}" if schedule.final_fraction else ""
        if not warmup:
            code.before.append(f"rate = {schedules}.CosineDecay({rate!r}, {settings.epochs} * steps{alpha})")
            return "rate"
        code.before += [
            f"warm_up = max(1, round({warmup:g} * steps))",
            f"decay_steps = max(1, {settings.epochs} * steps - warm_up)",
            f"rate = {schedules}.CosineDecay(\n"
            f"    {rate!r} / (warm_up + 1), decay_steps{alpha}, warmup_target={rate!r}, warmup_steps=warm_up\n)",
        ]
        return "rate"
    if schedule.name == "step" and not warmup:
        code.before.append(
            f"rate = {schedules}.ExponentialDecay(\n"
            f"    {rate!r}, {schedule.every} * steps, {schedule.factor!r}, staircase=True\n)"
        )
        return "rate"
    if schedule.name == "step":
        code.callbacks.append(
            "keras.callbacks.LearningRateScheduler("
            f"lambda epoch, _: {rate!r} * {schedule.factor!r} ** (epoch // {schedule.every}))"
        )
    if warmup:
        code.definitions = _WARM_UP
        code.callbacks.append(f"WarmUp(round({warmup:g} * steps))")
    return repr(rate)
