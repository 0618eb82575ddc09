"""The training part of the Keras script: optimizer, schedule, callbacks and the call of `fit` as readable source."""

from dataclasses import dataclass, field

from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.training.optimizers import keras_name
from workbench.training_settings import TrainingSection

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
        first_epoch, epochs: from where to where it goes, 0-based.
        definitions: what stands before `main`, or empty.
        before: lines that make what the optimizer needs.
        optimizer: an expression.
        best: the callback that keeps the best epoch, as an expression.
        callbacks: an expression per further callback.
    """

    first_epoch: int = 0
    epochs: int = 0
    definitions: str = ""
    before: list[str] = field(default_factory=list)
    optimizer: str = ""
    best: str = ""
    callbacks: list[str] = field(default_factory=list)


def stages_code(experiment: Experiment, has_validation: bool) -> list[TrainingCode]:
    """The stages of a training as source, in their order."""
    trainer, settings = registry().trainers.get(experiment.trainer.name), experiment.training
    stages = [trainer.stage(experiment, settings, epoch) for epoch in range(settings.epochs)]
    begins = [stage for epoch, stage in enumerate(stages) if stage.first_epoch == epoch]
    ends = [*(stage.first_epoch for stage in begins[1:]), settings.epochs]
    codes = []
    for stage, end in zip(begins, ends, strict=True):
        code = training_code(experiment, stage.settings, has_validation, stage.first_epoch)
        entered = trainer.enter_code(stage, experiment, code.optimizer)
        code.epochs, code.optimizer = end, entered.optimizer
        code.before = [*entered.before, *code.before]
        code.definitions = "\n\n\n".join(filter(None, (entered.definitions.strip(), code.definitions.strip())))
        codes.append(code)
    return codes


def training_code(
    experiment: Experiment, settings: TrainingSection, has_validation: bool, first_epoch: int = 0
) -> TrainingCode:
    """Training settings as source; `steps` stands for the steps of an epoch.

    Args:
        experiment: for its task.
        settings: of a stage; their `epochs` are those of the whole training.
        has_validation: whether there is a validation split.
        first_epoch: of the stage, 0-based.
    """
    directions = registry().tasks.get(experiment.task.name).metric_directions()
    monitor = settings.monitor if has_validation else settings.monitor.removeprefix("val_")
    mode = directions.get(monitor.removeprefix("val_"), "auto")
    judged = f'monitor="{monitor}", mode="{mode}"'
    code = TrainingCode(first_epoch)
    rate = _learning_rate(settings, code)
    parameters = settings.optimizer.model_dump(exclude={"name", "learning_rate"})
    arguments = ", ".join([f"learning_rate={rate}", *(f"{name}={value!r}" for name, value in parameters.items())])
    code.optimizer = f"keras.optimizers.{keras_name(settings.optimizer)}({arguments})"
    code.best = (
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


def _learning_rate(settings: TrainingSection, code: TrainingCode) -> str:
    """The learning rate as an expression; whatever it needs besides goes into `code`."""
    schedule, rate = settings.schedule, settings.optimizer.learning_rate
    # A rate rises at the beginning of a training only; as in `LearningRates`.
    warmup, epochs = 0 if code.first_epoch else settings.warmup_epochs, settings.epochs - code.first_epoch
    schedules = "keras.optimizers.schedules"
    if schedule.name == "cosine":
        alpha = f", alpha={schedule.final_fraction!r}" if schedule.final_fraction else ""
        if not warmup:
            code.before.append(f"rate = {schedules}.CosineDecay({rate!r}, {epochs} * steps{alpha})")
            return "rate"
        code.before += [
            f"warm_up = max(1, round({warmup:g} * steps))",
            f"decay_steps = max(1, {epochs} * steps - warm_up)",
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
