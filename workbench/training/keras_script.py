"""*Copy as Keras code*: an experiment as one stand-alone script that builds and trains it on the same split.

The script needs Keras, NumPy and what the dataset's own reader needs; it is meant to be read. Which split a sample is
in stands in the script itself, a character per sample, so that nothing has to be drawn again.
"""

import base64
import zlib
from collections.abc import Sequence

import numpy as np

from workbench.architectures.assembly import assemble
from workbench.control import Control, Emit
from workbench.data.corrected import corrected
from workbench.data.prepare import PreparedData, prepare
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import CodeRequest
from workbench.training.keras_script_main import LEFT_OUT, SPLIT_CODES, MainParts, main_code
from workbench.training.keras_script_network import network_code
from workbench.training.keras_script_training import stages_code

_WIDTH = 110
_READABLE = 10_000


def write(request: CodeRequest, emit: Emit, control: Control) -> str:
    """The script of an experiment.

    Raises:
        UserError: the data cannot be opened, the network cannot be built, or a part of it gives no source.
        Stopped: it was asked to stop.
    """
    experiment = request.experiment
    source = registry().datasets.get(experiment.dataset.name)
    task = registry().tasks.get(experiment.task.name)
    trainer = registry().trainers.get(experiment.trainer.name)
    data = prepare(experiment, emit, control)
    samples = source.open(experiment.dataset, emit)
    maps = samples.read_target is not None
    control.check()
    kind = registry().inputs.get(data.input.kind)
    network = assemble(experiment, data.input, data.target, kind.statistics(data, experiment.preprocessing))
    trainer.refuse(experiment, data, network)
    training = trainer.settings(experiment, len(data.splits["train"]))
    experiment = experiment.model_copy(update={"training": training})
    fragments = task.keras_code(experiment, data.target)
    if training.class_weights == "balanced" and "weights" not in fragments:
        task.sample_weights(data.targets[:1], data.target)  # says why where there are no classes
        raise UserError(_("Balanced classes of this task cannot be written as a Keras script yet."))
    if network.change is not None and "moved" not in fragments:
        raise UserError(
            _("An augmentation that moves the target with its picture cannot be written as a Keras script yet.")
        )
    moved = fragments["moved"] if network.change is not None else None
    code = kind.keras_code(experiment, data.input, network.model, moved, maps)
    stages = stages_code(experiment, len(data.splits["validation"]) > 0)
    reader = source.reader_code(experiment.dataset).strip()
    solved = trainer.keras_code(experiment, data, network)
    used = ("train", "test") if solved else tuple(SPLIT_CODES)
    main = MainParts(
        code,
        fragments,
        stages,
        takes_arguments="read_dataset(channels" in reader,
        maps=maps,
        used=tuple(name for name in used if len(data.splits[name])),
        solved=solved,
        relabelled=corrected(experiment.corrections, samples, control).relabelled,
    )
    parts = [
        _header(experiment, bool(solved)),
        reader,
        code.definitions,
        network_code(experiment, network, code, task.output(data.target)).strip(),
        fragments.get("definitions", "").strip(),
        "" if solved else "\n\n\n".join(filter(None, (stage.definitions for stage in stages))),
        main_code(experiment, main),
        _splits_code(split_text(data, samples.names)),
        _start_code(experiment),
    ]
    return "\n\n\n".join(part for part in parts if part) + "\n"


def split_text(data: PreparedData, all_names: Sequence[str]) -> str:
    """A character per sample of the source: `t`rain, `v`alidation, t`e`st, or `-` where it could not be read."""
    codes = np.full(len(data.names), LEFT_OUT)
    for name, indices in data.splits.items():
        codes[indices] = SPLIT_CODES[name]
    code_of = dict(zip(data.names, codes.tolist(), strict=True))
    return "".join(code_of.get(name, LEFT_OUT) for name in all_names)


def _header(experiment: Experiment, solved: bool) -> str:
    title = experiment.name or f"{experiment.architecture.name} on {experiment.dataset.name}"
    settings = experiment.training
    lines = [
        f'"""{title.replace(chr(34), chr(39)).replace(chr(92), "/")}.',
        "",
        "Written by the workbench. It trains on the very split of the experiment, listed at the end, and leaves the",
        ("" if solved else "weights of the best epoch in best.weights.h5 and the ")
        + "model, preprocessing included, in model.keras.",
        '"""',
        "",
        "import keras",
        "import numpy as np",
        "from keras import layers",
        "",
        f"keras.utils.set_random_seed({settings.seed})",
    ]
    if settings.precision != "float32":
        lines.append(f'keras.config.set_dtype_policy("{settings.precision}")')
    return "\n".join(lines)


def _splits_code(text: str) -> str:
    about = (
        "# The split of every sample in the order of read_dataset: t = train, v = validation, e = test, - = left out."
    )
    if len(text) <= _READABLE:
        return f'{about}\nSPLITS = """\n{_wrapped(text)}\n"""'
    packed = base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
    return "\n".join(
        [
            f"{about[:-1]}; packed, because",
            f"# there are {len(text)}.",
            "import base64  # noqa: E402",
            "import zlib  # noqa: E402",
            "",
            f'PACKED = """\n{_wrapped(packed)}\n"""',
            'SPLITS = zlib.decompress(base64.b64decode(PACKED)).decode("ascii")',
        ]
    )


def _wrapped(text: str) -> str:
    return "\n".join(text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))


def _start_code(experiment: Experiment) -> str:
    device = experiment.training.device
    if device == "auto":
        return 'if __name__ == "__main__":\n    main()'
    return f'if __name__ == "__main__":\n    with keras.device("{device}"):\n        main()'
