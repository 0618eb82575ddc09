"""From telemetry to steering: what a simulator sends, the model that looks at it, and the pedal."""

import base64
import binascii
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.data.decoding import decode_bytes
from workbench.data.picture_headers import read_header
from workbench.data.source import UnreadableSampleError
from workbench.errors import UserError
from workbench.i18n import _
from workbench.inspection.loaded import open_model
from workbench.inspection.network import gradients
from workbench.specs import ImageInput

_MOST_PIXELS = 4_000_000  # of one frame; the simulator's has 51,200


class BadTelemetryError(Exception):
    """A client sent something that cannot be steered by; the message says what."""


class Driver:
    """A model that says one number of a picture, warm."""

    def __init__(self, model: str) -> None:
        self._opened = open_model(model)
        self._refuse_others()
        self._outputs = gradients.outputs(self._opened.model)
        for _call in range(3):
            self.steer(np.zeros((160, 320, 3), np.uint8))

    def decode(self, content: bytes) -> np.ndarray:
        """The pixels of a frame.

        Raises:
            BadTelemetryError: it is no picture.
        """
        header = read_header(content)
        if header is not None and header.height * header.width > _MOST_PIXELS:
            raise BadTelemetryError(_("the image is larger than {count} pixels").format(count=_MOST_PIXELS))
        try:
            return decode_bytes(content, 3)
        except UnreadableSampleError as error:
            raise BadTelemetryError(_("the image cannot be read: {reason}").format(reason=error)) from None

    def steer(self, picture: np.ndarray) -> float:
        """The steering for a picture, uint8 RGB, from -1 to 1.

        Raises:
            BadTelemetryError: the model's answer is no number.
        """
        if self._opened.loaded.input.channels == 1:
            import cv2

            picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None]
        inputs = self._opened.inputs(self._opened.prepared([picture]))
        value = float(self._outputs(inputs).reshape(-1)[0])
        if not math.isfinite(value):
            raise BadTelemetryError(_("the model's answer is not a number; its training diverged"))
        return max(-1.0, min(1.0, value))

    def _refuse_others(self) -> None:
        loaded = self._opened.loaded
        shape = self._opened.model.output_shape
        one_number = len(shape) == 2 and shape[-1] == 1
        # Of someone else's file nobody knows what its one number means.
        values = loaded.foreign or (loaded.target is not None and len(loaded.target.columns) == 1)
        if not (one_number and values and isinstance(loaded.input, ImageInput)):
            raise UserError(
                _(
                    "This model cannot steer: it has to say one number of a picture, as one trained on the dataset "
                    "road or driving_log does. Its output is {shape}."
                ).format(shape=shape)
            )


class Throttle:
    """The pedal of the simulator's own drive.py: slower in bends, and never faster than the limit."""

    def __init__(self, slow: float, fast: float) -> None:
        self._slow, self._fast = slow, fast
        self._limit = fast

    def __call__(self, steering: float, speed: float) -> float:
        """The throttle for that steering at that speed."""
        self._limit = self._slow if speed > self._limit else self._fast
        return 1.0 - steering**2 - (speed / self._limit) ** 2


@dataclass(frozen=True)
class Telemetry:
    """What a simulator tells: an encoded picture and the speed in miles per hour."""

    image: bytes
    speed: float


def read_telemetry(data: dict[str, Any]) -> Telemetry:
    """The telemetry of a message.

    Raises:
        BadTelemetryError: it is not what a simulator sends.
    """
    if not isinstance(data, dict):
        raise BadTelemetryError(
            _("it is of the type {type}, where an object was expected").format(type=type(data).__name__)
        )
    for name in ("steering_angle", "throttle"):
        if name in data:
            _number(name, data[name])
    encoded = data.get("image")
    if not isinstance(encoded, str | bytes) or not encoded:
        raise BadTelemetryError(_("there is no image"))
    try:
        image = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadTelemetryError(_("the image is not base64")) from None
    return Telemetry(image, _number("speed", data.get("speed")))


def _number(name: str, value: Any) -> float:
    """Numbers come as texts, in some countries with a decimal comma."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        number = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadTelemetryError(_("{name} is {value}, where a number was expected").format(
            name=name, value=repr(value)[:40]))  # fmt: skip
    return number
