"""The `main` of the Keras script: read, train, test."""

import textwrap
from dataclasses import dataclass, field

from workbench.data.input_kind import InputCode
from workbench.experiment import Experiment
from workbench.training.keras_script_training import TrainingCode

SPLIT_CODES = {"train": "t", "validation": "v", "test": "e"}
LEFT_OUT = "-"


@dataclass(frozen=True)
class MainParts:
    """What `main` is put together from.

    Attributes:
        samples: the part of the kind of input; `task` that of the task; `stages` those of the training.
        takes_arguments: whether `read_dataset` takes any.
        maps: whether targets are as large as pictures.
        used: the splits that have samples.
        solved: what finds the weights in place of `fit`, or empty.
        relabelled: samples whose label was corrected, as `read_dataset` counts them, with the index of the class.
    """

    samples: InputCode
    task: dict[str, str]
    stages: list[TrainingCode]
    takes_arguments: bool
    maps: bool
    used: tuple[str, ...]
    solved: str
    relabelled: dict[int, int] = field(default_factory=dict)


def main_code(experiment: Experiment, parts: MainParts) -> str:
    """The source of `main`."""
    samples, task = parts.samples, parts.task
    lines = [
        f"inputs, labels, class_names = read_dataset({samples.reading if parts.takes_arguments else ''})",
        'split = np.array(list("".join(SPLITS.split())))',
        'assert len(inputs) == len(split), "the dataset is not the one this script was written for"',
        *([] if parts.maps else ["labels = np.asarray(labels)"]),
        *_corrections(parts.relabelled),
        *(f'{name} = np.flatnonzero(split == "{SPLIT_CODES[name]}")' for name in parts.used),
        *(f"x_{name} = {samples.taken.format(indices=name)}" for name in parts.used),
    ]
    if parts.maps:
        lines += [f"y_{name} = {samples.taken_maps.format(indices=name)}" for name in parts.used]
    else:
        lines += [*(["# " + task["about"]] if task.get("about") else []), f"targets = {task['encode']}"]
        lines += [f"y_{name} = targets[{name}]" for name in parts.used]
    lines += [
        "",
        f"model, trainable = build_network({samples.argument})",
        *(_solving(experiment, parts) if parts.solved else _fitting(experiment, parts)),
        'model.save("model.keras")',
    ]
    if "test" in parts.used:
        lines.append('print("test:", trainable.evaluate(x_test, y_test, verbose=0, return_dict=True))')
    body = "\n".join(f"    {line}" if line else "" for text in lines for line in text.split("\n"))
    about = "Read, compute the weights, test." if parts.solved else "Read, train, keep the best epoch, test."
    return f'def main():\n    """{about}"""\n{body}'


def _corrections(relabelled: dict[int, int]) -> list[str]:
    if not relabelled:
        return []
    return [
        "# Labels that were corrected; samples that were left out are - below.",
        "labels = labels.copy()",
        *textwrap.wrap(f"corrected = {relabelled!r}", 100, subsequent_indent="    ", break_long_words=False),
        "labels[list(corrected)] = list(corrected.values())",
    ]


def _compiling(parts: MainParts, optimizer: str, first: bool = True) -> list[str]:
    return [
        "trainable.compile(",
        *(textwrap.indent(f"optimizer={optimizer},", "    ").split("\n") if optimizer else []),
        f"    loss={parts.task['loss']},",
        f"    metrics={parts.task['metrics']},",
        "    jit_compile=False,",
        ")",
        *(["model.summary()"] if first else []),
    ]


def _solving(experiment: Experiment, parts: MainParts) -> list[str]:
    weighted = experiment.training.class_weights == "balanced"
    return [
        *_compiling(parts, ""),
        "",
        *(parts.task["weights"].split("\n") if weighted else []),
        *parts.solved.strip().split("\n"),
    ]


def _fitting(experiment: Experiment, parts: MainParts) -> list[str]:
    settings, stages = experiment.training, parts.stages
    counted = any("steps" in line for stage in stages for line in (*stage.before, *stage.callbacks))
    lines = [
        *([f"steps = -(-len(x_train) // {settings.batch_size})"] if counted else []),
        *(parts.task["weights"].split("\n") if settings.class_weights == "balanced" else []),
    ]
    common = [stages[0].best]
    if len(stages) > 1:
        lines += [
            "# One history of all, and one best epoch.",
            "history = keras.callbacks.History()",
            *f"best = {stages[0].best}".split("\n"),
        ]
        common = ["history", "best"]
    for number, stage in enumerate(stages):
        lines += [
            *stage.before,
            *_compiling(parts, stage.optimizer, first=number == 0),
            *([] if number else [""]),
            *_fit(experiment, parts, stage, common),
        ]
    return [
        *lines,
        *(['np.savez("history.npz", **history.history)'] if len(stages) > 1 else []),
        'trainable.load_weights("best.weights.h5")',
    ]


def _fit(experiment: Experiment, parts: MainParts, stage: TrainingCode, common: list[str]) -> list[str]:
    settings = experiment.training
    if parts.samples.batches:
        given = [f"    {parts.samples.batches},", "    shuffle=False,"]
    else:
        given = [
            "    x_train,",
            "    y_train,",
            *(["    sample_weight=weights[train],"] if settings.class_weights == "balanced" else []),
            f"    batch_size={settings.batch_size},",
        ]
    return [
        "trainable.fit(",
        *given,
        *([f"    initial_epoch={stage.first_epoch},"] if stage.first_epoch else []),
        f"    epochs={stage.epochs},",
        *(["    validation_data=(x_validation, y_validation),"] if "validation" in parts.used else []),
        "    callbacks=[",
        *(textwrap.indent(f"{callback},", " " * 8) for callback in (*common, *stage.callbacks)),
        "    ],",
        "    verbose=2,",
        ")",
    ]
