"""The driving server: steers the car of the Udacity simulator with a model trained here, as a plugin.

`workbench serve drive RUN` and the page Serve run it. It needs the extra `drive` (`pip install "workbench[drive]"`).

The simulator speaks Socket.IO 2 over Engine.IO 3, which python-socketio 4 and python-engineio 3 speak; later ones do
not. Tried with python-socketio 4.6.1, python-engineio 3.14.2, aiohttp 3.14.5 and Python 3.11 on Linux, by the client of
python-socketio 4.6.1 over a websocket and over polling, and by a bare websocket that says `EIO=4` as the simulator
does. The simulator itself could not be tried here.

Telemetry comes in as `telemetry` with `steering_angle`, `throttle`, `speed` (texts) and `image` (a picture in base64);
`steer` goes out with `steering_angle` and `throttle` as texts, `manual` where there was nothing to steer by.
"""

import asyncio
from typing import Any, ClassVar

from workbench.attended import attended
from workbench.control import Control, Emit
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.service import Service, ServiceSection


class DriveSection(ServiceSection):
    """Settings of the driving server."""

    fast_limit: float = setting(
        25.0, title=mark("Speed limit"), unit="mph", gt=0, le=200,
        help=mark("The throttle is 1 - angle² - (speed / limit)², so that the car never gets faster than this."),
    )  # fmt: skip
    slow_limit: float = setting(
        10.0, title=mark("Limit when too fast"), unit="mph", gt=0, le=200,
        help=mark("Takes the place of the speed limit from when the car is faster than that (downhill) until it is "
                  "slower than this, as in the simulator's own drive.py."),
    )  # fmt: skip
    record: str = setting(
        "", title=mark("Record into"), widget="folder",
        help=mark("A folder for the frames and a driving log of them; empty records nothing. A folder recorded into "
                  "before is emptied first, one of another origin is refused."),
    )  # fmt: skip
    shown_frames: int = setting(
        300, title=mark("Frames in the curve"), unit="frames", ge=10, le=10_000, advanced=True,
        help=mark("How many of the last frames the curve of the steering shows."),
    )  # fmt: skip


class DriveService(Service):
    """Answers a simulator's pictures with steering."""

    name = "drive"
    title = mark("Driving server")
    help = mark("Steers the Udacity simulator's car, in its autonomous mode, with a model that says one number.")
    section = DriveSection
    number_titles: ClassVar[dict[str, str]] = {
        "frames": mark("Frames"),
        "frames_per_second": mark("Frames/s"),
        "latency_p50_ms": mark("Latency, median (ms)"),
        "latency_p99_ms": mark("Latency, 99 % (ms)"),
        "steering": mark("Steering"),
        "throttle": mark("Throttle"),
        "speed": mark("Speed (mph)"),
        "clients": mark("Clients"),
        "rejected": mark("Rejected"),
    }

    def missing(self) -> str:
        """See `Service.missing`."""
        from importlib import metadata

        how = _('Install it with: pip install "workbench[drive]"')
        for package, version in (("python-socketio", "4."), ("python-engineio", "3."), ("aiohttp", "")):
            try:
                found = metadata.version(package)
            except metadata.PackageNotFoundError:
                return _("The driving server needs {package}, which is not installed. {how}").format(
                    package=package, how=how
                )
            if not found.startswith(version):
                return _("The driving server needs {package} {version}x, and {found} is installed. {how}").format(
                    package=package, version=version, found=found, how=how
                )
        return ""

    def run(self, model: str, params: DriveSection, emit: Emit, control: Control) -> None:
        """See `Service.run`."""
        from workbench_plugin_drive_server.driving import Driver
        from workbench_plugin_drive_server.recording import Recorder
        from workbench_plugin_drive_server.server import DriveServer

        driver = attended(control, lambda: Driver(model))  # a stop need not wait until the model is open
        recorder = Recorder(params.record) if params.record.strip() else None
        asyncio.run(DriveServer(driver, params, recorder, emit, control).serve())


def register(registry: Any) -> None:
    """Called once by the workbench."""
    registry.services.add(DriveService())
