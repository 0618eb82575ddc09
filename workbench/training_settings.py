"""The settings of a training: optimizer, schedule, batch size, epochs, and when to stop.

Optimizers and schedules are closed families of Keras', each with its own parameters; their names select the section.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, field_validator

from workbench.i18n import mark
from workbench.section import Section, setting

_BETA = {"ge": 0.0, "lt": 1.0, "advanced": True}


class _Optimizer(Section):
    learning_rate: float = setting(
        0.001, title=mark("Learning rate"), help=mark("Length of a step along the gradient."), gt=0, le=100
    )


class Sgd(_Optimizer):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    learning_rate: float = setting(
        0.01, title=mark("Learning rate"), help=mark("Length of a step along the gradient."), gt=0, le=100
    )
    momentum: float = setting(
        0.9, title=mark("Momentum"), help=mark("Share of the last step that is kept."), ge=0, lt=1
    )
    nesterov: bool = setting(False, title=mark("Nesterov"), help=mark("Look ahead along the momentum."))


class Adagrad(_Optimizer):
    """Adagrad (Duchi et al., 2011)."""

    name: Literal["adagrad"] = "adagrad"
    initial_accumulator_value: float = setting(0.1, title=mark("Initial accumulator"), ge=0, advanced=True)


class Adadelta(_Optimizer):
    """Adadelta (Zeiler, 2012)."""

    name: Literal["adadelta"] = "adadelta"
    learning_rate: float = setting(1.0, title=mark("Learning rate"), help=mark("The paper uses 1."), gt=0, le=100)
    rho: float = setting(0.95, title=mark("Decay (rho)"), **_BETA)


class RmsProp(_Optimizer):
    """RMSprop (Hinton, 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    rho: float = setting(0.9, title=mark("Decay (rho)"), **_BETA)
    momentum: float = setting(0.0, title=mark("Momentum"), ge=0, lt=1)
    centered: bool = setting(False, title=mark("Centred"), advanced=True)


class _AdamFamily(_Optimizer):
    beta_1: float = setting(0.9, title=mark("Beta 1"), help=mark("Decay of the mean of the gradient."), **_BETA)
    beta_2: float = setting(0.999, title=mark("Beta 2"), help=mark("Decay of its square."), **_BETA)


class Adam(_AdamFamily):
    """Adam (Kingma & Ba, 2014)."""

    name: Literal["adam"] = "adam"
    amsgrad: bool = setting(False, title=mark("AMSGrad"), advanced=True)


class AdamW(_AdamFamily):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2017)."""

    name: Literal["adamw"] = "adamw"
    weight_decay: float = setting(0.004, title=mark("Weight decay"), ge=0, le=1)


class Nadam(_AdamFamily):
    """Adam with Nesterov momentum (Dozat, 2016)."""

    name: Literal["nadam"] = "nadam"


class Adamax(_AdamFamily):
    """Adamax (Kingma & Ba, 2014, section 7)."""

    name: Literal["adamax"] = "adamax"


Optimizer = Annotated[Sgd | Adagrad | Adadelta | RmsProp | Adam | AdamW | Nadam | Adamax, Discriminator("name")]


class ConstantSchedule(Section):
    """The learning rate stays as it is."""

    name: Literal["constant"] = "constant"


class CosineSchedule(Section):
    """Half a cosine from the learning rate down (Loshchilov & Hutter, 2016, without restarts)."""

    name: Literal["cosine"] = "cosine"
    final_fraction: float = setting(
        0.0, title=mark("Final fraction"), help=mark("Share of the learning rate that is left at the end."), ge=0, le=1
    )


class StepSchedule(Section):
    """The learning rate is multiplied by a factor every so many epochs."""

    name: Literal["step"] = "step"
    every: int = setting(10, title=mark("Every"), unit="epochs", ge=1, le=10_000)
    factor: float = setting(0.1, title=mark("Factor"), gt=0, lt=1)


class PlateauSchedule(Section):
    """The learning rate is multiplied by a factor when the monitored value stops getting better."""

    name: Literal["plateau"] = "plateau"
    patience: int = setting(5, title=mark("Patience"), unit="epochs", ge=1, le=1_000)
    factor: float = setting(0.1, title=mark("Factor"), gt=0, lt=1)


Schedule = Annotated[ConstantSchedule | CosineSchedule | StepSchedule | PlateauSchedule, Discriminator("name")]


class TrainingSection(Section):
    """How the weights are found."""

    epochs: int = setting(10, title=mark("Epochs"), help=mark("Passes over the training samples."), ge=1, le=100_000)
    batch_size: int = setting(
        32, title=mark("Batch size"), unit="samples", help=mark("Samples per step."), ge=1, le=65_536
    )
    optimizer: Optimizer = setting(
        title=mark("Optimizer"), help=mark("How a gradient becomes a step."), default_factory=Adam,
        labels={"sgd": "SGD", "adagrad": "Adagrad", "adadelta": "Adadelta", "rmsprop": "RMSprop", "adam": "Adam",
                "adamw": "AdamW", "nadam": "Nadam", "adamax": "Adamax"},
    )  # fmt: skip
    schedule: Schedule = setting(
        title=mark("Schedule"),
        help=mark("How the learning rate changes over the epochs."),
        default_factory=ConstantSchedule,
        labels={"constant": mark("Constant"), "cosine": mark("Cosine"), "step": mark("Steps"),
                "plateau": mark("On plateau")},
    )  # fmt: skip
    warmup_epochs: float = setting(
        0.0,
        title=mark("Warm-up"),
        unit="epochs",
        help=mark("The learning rate rises from near 0 over this time."),
        ge=0,
        le=1_000,
    )
    early_stopping: int = setting(
        0, title=mark("Early stopping"), unit="epochs",
        help=mark("Stop when the monitored value has not improved for so many epochs; 0 never stops early."),
        ge=0, le=10_000,
    )  # fmt: skip
    monitor: str = setting(
        "val_loss", title=mark("Best by"), help=mark("The value that decides which epoch is the best."), max_length=60
    )
    class_weights: Literal["none", "balanced"] = setting(
        "none", title=mark("Class weights"), help=mark("Balanced gives rare classes more weight."),
        labels={"none": mark("None"), "balanced": mark("Balanced")},
    )  # fmt: skip
    label_smoothing: float = setting(
        0.0, title=mark("Label smoothing"), help=mark("Share of the target spread over all classes."), ge=0, lt=1
    )
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = setting(
        "float32", title=mark("Precision"), help=mark("Mixed precision is faster on recent GPUs, slower on most CPUs."),
        labels={"float32": mark("float32 (full)"), "mixed_float16": mark("Mixed float16"),
                "mixed_bfloat16": mark("Mixed bfloat16")},
        advanced=True,
    )  # fmt: skip
    device: str = setting(
        "auto", title=mark("Device"), help=mark("auto takes the first GPU, or the CPU; or cpu, gpu:0, gpu:1."),
        pattern=r"^(auto|cpu|gpu:\d+)$", advanced=True,
    )  # fmt: skip
    watch: bool = setting(
        True, title=mark("Watch the training"), advanced=True,
        help=mark("Look while it trains for what keeps a network from learning: dead units, vanishing gradients. It "
                  "takes less than a hundredth of the time and changes nothing."),
    )  # fmt: skip
    seed: int = setting(
        0,
        title=mark("Seed"),
        help=mark("Initial weights, order of samples and augmentation follow from it."),
        ge=0,
        le=2**31 - 1,
    )

    @field_validator("optimizer", "schedule", mode="before")
    @classmethod
    def _a_bare_name_means_its_defaults(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
