"""*Copy as Keras code*: an experiment as one stand-alone script that builds and trains it on the same split.

The script needs Keras, NumPy and what the dataset's own reader needs; it is meant to be read. Which split a sample is
in stands in the script itself, a character per sample, so that nothing has to be drawn again.
"""

import base64
import textwrap
import zlib

import numpy as np

from workbench.architectures.assembly import assemble
from workbench.control import Control, Emit
from workbench.data.prepare import PreparedData, prepare
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import CodeRequest
from workbench.specs import ImageInput
from workbench.training.keras_script_network import FLOAT32, layer_code, network_code
from workbench.training.keras_script_training import TrainingCode, training_code

_WIDTH = 110
_READABLE = 10_000
_CODES = {"train": "t", "validation": "v", "test": "e"}
_LEFT_OUT = "-"


def write(request: CodeRequest, emit: Emit, control: Control) -> str:
    """The script of an experiment.

    Raises:
        UserError: the data cannot be opened, the network cannot be built, or a plugin's builder gives no source.
        Stopped: it was asked to stop.
    """
    experiment = request.experiment
    source = registry().datasets.get(experiment.dataset.name)
    task = registry().tasks.get(experiment.task.name)
    settings = experiment.preprocessing
    if source.input_kind != ImageInput.kind or settings.tile or settings.crop_top or settings.crop_bottom:
        raise UserError(_("Only experiments on whole pictures can be written as a Keras script yet."))
    data = prepare(experiment, emit, control)
    all_names = source.open(experiment.dataset, emit).names
    control.check()
    statistics = registry().inputs.get(data.input.kind).statistics(data, experiment.preprocessing)
    network = assemble(experiment, data.input, data.target, statistics)
    mixed = experiment.training.precision != "float32"
    fragments = task.keras_code(experiment, data.target)
    training = training_code(experiment, len(data.splits["validation"]) > 0)
    reader = source.reader_code(experiment.dataset).strip()
    parts = [
        _header(experiment),
        reader,
        _resize_code(experiment, layer_code(network.model.get_layer("resize"), FLOAT32 * mixed)),
        network_code(experiment, network, data.input, task.output(data.target)).strip(),
        training.definitions.strip(),
        _main_code(experiment, data, training, fragments, "read_dataset(channels" in reader),
        _splits_code(split_text(data, all_names)),
        _start_code(experiment),
    ]
    return "\n\n\n".join(part for part in parts if part) + "\n"


def split_text(data: PreparedData, all_names: tuple[str, ...]) -> str:
    """A character per sample of the source: `t`rain, `v`alidation, t`e`st, or `-` where it could not be read."""
    codes = np.full(len(data.names), _LEFT_OUT)
    for name, indices in data.splits.items():
        codes[indices] = _CODES[name]
    code_of = dict(zip(data.names, codes.tolist(), strict=True))
    return "".join(code_of.get(name, _LEFT_OUT) for name in all_names)


def _header(experiment: Experiment) -> str:
    title = experiment.name or f"{experiment.architecture.name} on {experiment.dataset.name}"
    settings = experiment.training
    lines = [
        f'"""{title.replace(chr(34), chr(39)).replace(chr(92), "/")}.',
        "",
        "Written by the workbench. It trains on the very split of the experiment, listed at the end, and leaves the",
        "weights of the best epoch in best.weights.h5 and the model, preprocessing included, in model.keras.",
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


def _resize_code(experiment: Experiment, layer: str) -> str:
    size = experiment.preprocessing
    return f'''\
def resize(images):
    """Pictures of any sizes as uint8 at the input of the network, resized as the network itself does it."""
    layer = {layer}
    result = np.empty((len(images), {size.height}, {size.width}, {size.channels}), "uint8")
    of_shape = {{}}
    for index, image in enumerate(images):
        of_shape.setdefault(image.shape, []).append(index)
    for indices in of_shape.values():
        for start in range(0, len(indices), 256):
            part = indices[start : start + 256]
            batch = np.stack([images[index] for index in part])
            result[part] = keras.ops.convert_to_numpy(keras.ops.round(layer(batch)))
    return result'''


def _main_code(
    experiment: Experiment, data: PreparedData, training: TrainingCode, fragments: dict[str, str], takes_channels: bool
) -> str:
    settings = experiment.training
    has_validation, has_test = (len(data.splits[name]) > 0 for name in ("validation", "test"))
    weighted = settings.class_weights == "balanced"
    channels = f"channels={experiment.preprocessing.channels}" if takes_channels else ""
    used = [name for name in _CODES if len(data.splits[name])]
    lines = [
        f"images, labels, class_names = read_dataset({channels})",
        'split = np.array(list("".join(SPLITS.split())))',
        'assert len(images) == len(split), "the dataset is not the one this script was written for"',
        "labels = np.asarray(labels)",
        f"targets = {fragments['encode']}",
        *(f'{name} = np.flatnonzero(split == "{_CODES[name]}")' for name in used),
        *(f"x_{name} = resize([images[index] for index in {name}])" for name in used),
        "",
        "model, trainable = build_network()",
        f"steps = -(-len(train) // {settings.batch_size})",
        *training.before,
        "trainable.compile(",
        f"    optimizer={training.optimizer},",
        f"    loss={fragments['loss']},",
        f"    metrics={fragments['metrics']},",
        "    jit_compile=False,",
        ")",
        "model.summary()",
    ]
    if weighted:
        lines += [
            "",
            "# Every class counts the same in sum.",
            f'counts = np.bincount(labels[split != "{_LEFT_OUT}"], minlength=len(class_names))',
            "weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))",
        ]
    lines += [
        "",
        "trainable.fit(",
        "    x_train,",
        "    targets[train],",
        *(["    sample_weight=weights[labels[train]],"] if weighted else []),
        f"    batch_size={settings.batch_size},",
        f"    epochs={settings.epochs},",
        *(["    validation_data=(x_validation, targets[validation]),"] if has_validation else []),
        "    callbacks=[",
        *(textwrap.indent(f"{callback},", " " * 8) for callback in training.callbacks),
        "    ],",
        "    verbose=2,",
        ")",
        'trainable.load_weights("best.weights.h5")',
        'model.save("model.keras")',
    ]
    if has_test:
        lines.append('print("test:", trainable.evaluate(x_test, targets[test], verbose=0, return_dict=True))')
    body = "\n".join(f"    {line}" if line else "" for text in lines for line in text.split("\n"))
    return f'def main():\n    """Read, train, keep the best epoch, test."""\n{body}'


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
