"""The networks that come with Keras: their names, and what each wants its pixels to be."""

import contextlib
import io
import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from workbench.architectures.base_network import PIXELS
from workbench.architectures.keras_file import load_weights
from workbench.control import Stopped
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _

Application = Literal[
    "convnext_tiny", "convnext_small", "convnext_base", "densenet121", "densenet169", "densenet201", "efficientnet_b0",
    "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4", "efficientnet_b5", "efficientnet_b6",
    "efficientnet_b7", "efficientnet_v2_b0", "efficientnet_v2_s", "inception_resnet_v2", "inception_v3", "mobilenet_v1",
    "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "resnet50", "resnet101", "resnet152",
    "resnet50_v2", "resnet101_v2", "resnet152_v2", "vgg16", "vgg19", "xception",
]  # fmt: skip
"""Networks of `keras.applications`."""

Told = Callable[[int, int], None]

IMAGENET, NO_WEIGHTS = "imagenet", "none"

_CLASSES = {
    "convnext": "ConvNeXt", "densenet": "DenseNet", "efficientnet_v2": "EfficientNetV2", "efficientnet": "EfficientNet",
    "inception_resnet": "InceptionResNet", "inception": "Inception", "mobilenet": "MobileNet",
    "resnet": "ResNet", "vgg": "VGG", "xception": "Xception",
}  # fmt: skip
_SYMMETRIC = ("mobilenet_v1", "mobilenet_v2", "inception", "xception", "_v2")  # -1 to 1
_WITHIN = ("convnext", "efficientnet", "mobilenet_v3")  # scaling is part of Keras' own network
_NAMES = "object_name_uids"  # where Keras counts the layers without a name
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, red, green, blue, on the scale 0-1
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red, on the scale 0-255


def keras_class(name: str) -> str:
    """The function of `keras.applications`: "ResNet50V2" for `resnet50_v2`."""
    family = next(prefix for prefix in _CLASSES if name.startswith(prefix))
    rest = name.removeprefix(family)
    if rest == "_v1":  # the first MobileNet has no number
        return _CLASSES[family]
    parts = rest.split("_")
    return _CLASSES[family] + "".join(part[:1].upper() + part[1:] for part in parts)


def ready_for(name: str, pixels: Any) -> Any:
    """Pixels 0-255 as the application's weights expect them, by layers; what `preprocess_input` of Keras does.

    Args:
        name: of the application.
        pixels: Keras tensor, (batch, height, width, 3), red first.
    """
    from keras import ops

    if takes_blue_first(name):
        pixels = ops.flip(pixels, axis=-1)
    for layer in scaling_of(name):
        pixels = layer(pixels)
    return pixels


def takes_blue_first(name: str) -> bool:
    """Whether the application's weights expect blue, green, red."""
    return not name.startswith((*_WITHIN, "densenet", *_SYMMETRIC)) and not name.endswith(_SYMMETRIC)


def scaling_of(name: str) -> list[Any]:
    """The layers that scale pixels 0-255, in their order, for an application."""
    from keras import layers

    if name.startswith(_WITHIN):
        return []
    if name.startswith("densenet"):
        variance = [deviation**2 for deviation in _DEVIATION]
        return [
            layers.Rescaling(1 / 255, dtype="float32", name=f"{PIXELS}unit"),
            layers.Normalization(axis=-1, mean=list(_MEAN), variance=variance, dtype="float32", name=f"{PIXELS}scale"),
        ]
    if takes_blue_first(name):
        mean = list(_CAFFE_MEAN)
        return [layers.Normalization(axis=-1, mean=mean, variance=[1.0] * 3, dtype="float32", name=f"{PIXELS}scale")]
    return [layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name=f"{PIXELS}scale")]


def application(name: str, shape: tuple[int, int, int], weights: str, told: Told | None = None) -> Any:
    """The network without its output layers, for pictures of a shape.

    Args:
        name: see `Application`.
        shape: height, width, 3.
        weights: "imagenet", "none" or the path of a `.weights.h5` file of this network without its output layers.
        told: how far a download is, in bytes: those there are, and all (0 where that is unknown). What it raises ends
            the download.

    Raises:
        UserError: the weights are not to be had, or do not fit; or the pictures are too small.
    """
    if shape[-1] != 3:
        raise UserError(
            _(
                "The network {name} takes colour pictures; the experiment's have {channels} channel. Set "
                "preprocessing.channels = 3: a grey picture then has three equal channels."
            ).format(name=name, channels=shape[-1])
        )
    if weights == IMAGENET:
        return _with_imagenet(name, shape, _Download(told))
    network = _without_weights(name, shape)
    if weights != NO_WEIGHTS:
        path = Path(weights).expanduser()
        hint = did_you_mean(weights, (IMAGENET, NO_WEIGHTS))
        if hint and not path.is_file():
            raise UserError(_("There is no weights file at {path}. {hint}").format(path=path, hint=hint))
        load_weights(network, path)
    return network


def _made(name: str, shape: tuple[int, int, int], weights: str | None) -> Any:
    import keras

    with warnings.catch_warnings():
        # Weights trained at 224 px are meant for other sizes, too.
        warnings.simplefilter("ignore", UserWarning)
        make = getattr(keras.applications, keras_class(name))
        with _names_counted_anew():
            return make(include_top=False, weights=weights, input_shape=tuple(shape))


@contextlib.contextmanager
def _names_counted_anew() -> Iterator[None]:
    """Let nameless layers be `conv2d`, `conv2d_1`... whatever was made before in this process.

    Keras counts on. A boundary and the weights of Inception and Xception are found by such names.
    """
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute(_NAMES)
    global_state.set_global_attribute(_NAMES, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(_NAMES, before)


def _without_weights(name: str, shape: tuple[int, int, int]) -> Any:
    try:
        return _made(name, shape, None)
    except ValueError as error:
        raise UserError(
            _("The network {name} cannot be made for pictures of {shape}: {error}").format(
                name=name, shape=" × ".join(map(str, shape)), error=str(error).splitlines()[0]
            )
        ) from error


def _with_imagenet(name: str, shape: tuple[int, int, int], download: "_Download") -> Any:
    try:
        with contextlib.redirect_stdout(download):
            return _made(name, shape, IMAGENET)
    except Stopped:
        raise
    except Exception as error:  # Keras raises a bare Exception when a download fails, and whatever a file provokes
        network = _without_weights(name, shape)  # says so where it is the size that does not fit
        file = _file_being_read(error)
        if file is not None:
            _explain_file(network, file, error)
        raise UserError(_no_weights(name, error, download.found_another)) from error


def _file_being_read(error: Exception) -> Path | None:
    """Which downloaded file an error of Keras is about: it says so neither in words nor in the exception."""
    paths = [frame.f_locals.get("weights_path") for frame, _line in traceback.walk_tb(error.__traceback__)]
    return next((Path(path) for path in reversed(paths) if isinstance(path, str)), None)


def _explain_file(network: Any, file: Path, error: Exception) -> None:
    """Raise `UserError` where the file of downloaded weights is broken, or another network's."""
    try:
        load_weights(network, file)
    except UserError as reason:
        hint = _(
            "Keras keeps this file so as not to download it again. Delete it, and the next training downloads it; on a "
            "computer without a connection, put a whole copy in its place."
        )
        raise UserError(f"{reason}\n{hint}") from error


class _Download(io.TextIOBase):
    """Takes what Keras prints while it downloads, and tells the numbers in it."""

    def __init__(self, told: Told | None) -> None:
        super().__init__()
        self._told = told
        self.found_another = False  # whether there was a file, which is not the one that Keras knows

    def writable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def write(self, text: str) -> int:
        """See `io.TextIOBase`."""
        self.found_another |= "file hash does not match" in text
        found = re.search(r"(\d+)/(\d+|Unknown)", text)
        if found and self._told is not None:
            self._told(int(found[1]), int(found[2]) if found[2].isdigit() else 0)
        return len(text)


def _no_weights(name: str, error: Exception, found_another: bool) -> str:
    from keras.src.backend.config import keras_home

    found = re.search(r"https?://\S+/([^/\s:]+)", str(error))
    if found is None:
        return _("The weights of {name} cannot be had: {error}").format(name=name, error=error)
    if found_another:
        text = _(
            "The file with the weights of {name} in {folder} was broken, or another than Keras expects, and a new one "
            "cannot be downloaded ({error}). On a computer with a connection download {url}, put the file {file} into "
            "{folder}, and try again. Or choose an earlier run as base."
        )
    else:
        text = _(
            "The weights of {name} are not on this computer, and cannot be downloaded ({error}). On a computer with a "
            "connection download {url}, put the file {file} into {folder}, and try again. Or choose an earlier run as "
            "base."
        )
    return text.format(
        name=name, error=str(error).rsplit("--", 1)[-1].strip(), url=found[0].rstrip(":"), file=found[1],
        folder=Path(keras_home()) / "models",
    )  # fmt: skip


def application_names() -> tuple[str, ...]:
    """All names."""
    return get_args(Application)
