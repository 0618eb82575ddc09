"""Live: a network looks at a camera or a video, always at the newest frame."""

import time
from collections import deque
from typing import Any, ClassVar, Literal

from pydantic import field_validator

from workbench.attended import attended
from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.events import FrameSeen, Note, ServiceStarted
from workbench.i18n import mark
from workbench.inspection.live.source import NewestFrame, open_capture
from workbench.section import setting
from workbench.service import Service, ServiceSection, params_of

_LOOK_SECONDS = 0.1  # how often a stop is looked for while no frame comes
_RATE_FRAMES = 30  # over how many frames their rate is measured
_UNDER_WAY = 1  # frames on the way to whoever watches while the next one is looked at


class LiveSection(ServiceSection):
    """Settings of the live view."""

    host: str = setting("", title=mark("Address"), widget="hidden")
    port: int = setting(0, title=mark("Port"), widget="hidden", ge=0, le=0)
    source: str = setting(
        "0", title=mark("Source"), max_length=4096,
        help=mark("A camera by its number (0 is the first), or a video file."),
    )  # fmt: skip
    loop: bool = setting(
        False, title=mark("Loop"), help=mark("Whether a video begins again at its end.")
    )  # fmt: skip
    heatmap: Literal["grad_cam", "none"] = setting(
        "grad_cam", title=mark("Heatmap"), labels={"grad_cam": mark("Grad-CAM"), "none": mark("None")},
        help=mark("Whether it is also shown where the network looks; without it, frames take less time."),
    )  # fmt: skip
    target: str = setting(
        "", title=mark("Class"), coerce_numbers_to_str=True,
        help=mark("The class the heatmap explains; empty takes the predicted one."),
    )  # fmt: skip
    top: int = setting(5, title=mark("Classes shown"), ge=1, le=20, help=mark("How many of the likeliest."))
    rate: float = setting(
        30.0, title=mark("Answers per second"), gt=0, le=60, advanced=True, help=mark("At most so many a second.")
    )
    width: int = setting(
        640, title=mark("Width"), unit="px", ge=16, le=7680, advanced=True,
        help=mark("What a camera is asked for; it may give another size."),
    )  # fmt: skip
    height: int = setting(
        480, title=mark("Height"), unit="px", ge=16, le=4320, advanced=True,
        help=mark("What a camera is asked for; it may give another size."),
    )  # fmt: skip
    paced: bool = setting(
        False, title=mark("Paced"), widget="hidden",
        help=mark("Whether whoever watches tells the number of each frame it has shown: no more are sent than that."),
    )  # fmt: skip

    @field_validator("source", mode="before")
    @classmethod
    def _a_number_is_a_camera(cls, source: Any) -> Any:
        """On the command line, `source=0` is a number."""
        return str(source) if isinstance(source, int) and not isinstance(source, bool) else source


class LiveService(Service):
    """Predictions and heatmaps over moving pictures.

    It is told, while it runs, `params` (changed settings; those of the source stay as they were) and `shown` (the
    number of the last frame that was drawn, where it is `paced`).
    """

    name = "live"
    title = mark("Live")
    help = mark("Looks at a camera or a video, and says what a model sees in it.")
    section = LiveSection
    shown_per_second = 30.0
    has_a_page = True
    in_lines: ClassVar[dict[str, Any]] = {"rate": 2.0, "heatmap": "none"}

    def run(self, model: str, params: LiveSection, emit: Emit, control: Control) -> None:
        """See `Service.run`."""
        size = (params.width, params.height)
        capture = open_capture(params.source, size)  # what is wrong with the source is said before Keras is imported
        frames = NewestFrame(
            params.source, capture, lambda: open_capture(params.source, size), loop=params.loop,
            on_trouble=lambda text: emit(Note(text)),
        )  # fmt: skip
        try:
            look = attended(control, lambda: _Looking(self, model, params, emit, control))  # a model is opened in it
        except BaseException:
            capture.release()
            raise
        with frames:
            emit(ServiceStarted(""))
            look.at(frames)


class _Looking:
    """The loop from frame to answer."""

    def __init__(self, service: Service, model: str, params: LiveSection, emit: Emit, control: Control) -> None:
        from workbench.inspection.live.eye import Eye

        self._service = service
        self._params, self._told, self._problem = params, {}, ""
        self._emit, self._control = emit, control
        self._eye = Eye(model)
        self._eye.check_target(params.target)
        control.check()
        self._eye.warm_up(params.heatmap, params.top)
        self._sent = 0
        self._times: deque[float] = deque(maxlen=_RATE_FRAMES)

    def at(self, frames: NewestFrame) -> None:
        """Look at the newest frame, again and again, until there are no more or it is asked to stop."""
        last = 0
        while not self._control.stop_requested:
            began = time.monotonic()
            frame = frames.after(last, _LOOK_SECONDS)
            if frame is None:
                if frames.error:
                    raise UserError(frames.error)
                if frames.ended:
                    return
                continue
            last = frame.number
            self._take_settings()
            params = self._params
            seen = self._eye.look(frame.pixels, params.heatmap, params.target, params.top)
            self._sent += 1
            self._times.append(time.monotonic())
            numbers = {
                "frames_per_second": self._rate(),
                "latency_ms": 1000 * (time.monotonic() - frame.taken),
                "model_ms": 1000 * seen.seconds,
                "skipped": float(frame.number - self._sent),
            }
            self._emit(
                FrameSeen(
                    frame=self._sent,
                    seconds=frame.seconds,
                    text=seen.text,
                    bars=seen.bars,
                    numbers=numbers,
                    note=self._problem or (self._eye.no_heatmap if params.heatmap != "none" else ""),
                    taken=frame.taken,
                    pixels=seen.pixels,
                    heat=seen.heat,
                    over=seen.over,
                )
            )
            self._wait(began)

    def _take_settings(self) -> None:
        told = self._control.told.get("params", {})
        if told == self._told:
            return
        self._told = told
        try:
            params = params_of(self._service, self._params.model_dump() | told)
            self._eye.check_target(params.target)
        except UserError as error:
            self._problem = str(error)
        else:
            self._params, self._problem = params, ""

    def _wait(self, began: float) -> None:
        """Until the next frame may be looked at: whoever watches keeps up, and the time for one is over."""
        if self._params.paced:
            enough = self._sent - _UNDER_WAY
            while not self._control.stop_requested and not self._control.wait_until_told(
                lambda told: told.get("shown", 0) >= enough, _LOOK_SECONDS
            ):
                pass
        due = began + 1 / self._params.rate
        while not self._control.stop_requested and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))

    def _rate(self) -> float:
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-9)


def register(registry: Any) -> None:
    """Add the service."""
    registry.services.add(LiveService())
