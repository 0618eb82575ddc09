"""Looking into a model from Python, as the window and the command line do.

    from workbench.inspection.looking import look

    answer = look("runs/digits", "smooth_grad", "seven.png", target="7", samples=50)
    answer.figures[0].values  # (rows, columns), float32 from 0 to 1

Figures are saved as files with `workbench.figure_files.save_figure`. To go further down, the
functions of `workbench.inspection.network.gradients` take a bare Keras model and arrays:

    outputs, scores, by_pixel, index = gradients.input_gradients(model)(pictures, np.array([7]))
"""

from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Control
from workbench.errors import UserError
from workbench.i18n import _
from workbench.inspection.answering import InspectAnswer, inspect
from workbench.requests import InspectRequest


def look(
    model: str | Path,
    method: str,
    picture: str | Path | np.ndarray | None = None,
    /,  # a setting of a method may be called "method", too
    *,
    split: str = "test",
    sample: int = 0,
    **params: Any,
) -> InspectAnswer:
    """What a method sees in a model.

    Args:
        model: a run folder or a `.keras` file.
        method: name of an inspector (`workbench list inspectors`).
        picture: a file, or uint8 of shape (rows, columns), (rows, columns, 1) or (rows, columns, 3) in RGB; None takes
            a sample of the run's data.
        split: where that is from; also for methods that look at a whole split.
        sample: its number, from 0.
        **params: settings of the method (`layer`, `target`...).

    Raises:
        UserError: something does not exist or does not fit; the message says what.
    """
    path, pixels = "", b""
    if isinstance(picture, np.ndarray):
        pixels = _encoded(picture)
    elif picture is not None:
        path = str(picture)
    request = InspectRequest(str(model), method, params, path, pixels, split, sample)
    return inspect(request, lambda event: None, Control())


def _encoded(picture: np.ndarray) -> bytes:
    import cv2

    if picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[-1] in (1, 3))):
        raise UserError(
            _("A picture is uint8, (rows, columns) or (rows, columns, 3) in RGB; this array is {kind} {shape}.").format(
                kind=picture.dtype, shape=picture.shape
            )
        )
    return cv2.imencode(".png", picture[..., ::-1] if picture.ndim == 3 else picture)[1].tobytes()
