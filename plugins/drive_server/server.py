"""The Socket.IO server. A car has one driver at a time: everything is done on the event loop of the job's thread."""

import asyncio
import errno
import logging
import socket
import time
from collections import deque
from typing import Any

import numpy as np
import socketio
from aiohttp import web
from workbench_plugin_drive_server.driving import BadTelemetryError, Driver, Telemetry, Throttle, read_telemetry
from workbench_plugin_drive_server.recording import Recorder
from workbench_plugin_drive_server.showing import Shown

from workbench.control import Control, Emit
from workbench.errors import UserError
from workbench.events import ServiceShown, ServiceStarted
from workbench.i18n import _
from workbench.service import SHOWN_PER_SECOND

_LOOK_SECONDS = 1 / SHOWN_PER_SECOND
_WINDOWS_ADDRESS_IN_USE = 10048


class DriveServer:
    """The server itself: everything happens on the event loop of the job's thread."""

    def __init__(self, driver: Driver, params: Any, recorder: Recorder | None, emit: Emit, control: Control) -> None:
        self._driver, self._params, self._recorder = driver, params, recorder
        self._emit, self._control = emit, control
        self._throttles: dict[str, Throttle] = {}  # per client
        self._shown = Shown(curve=deque(maxlen=params.shown_frames))
        self._quiet = logging.Logger("drive_server")
        self._quiet.addHandler(_ToNote(self._shown))
        self._socketio = self._make_socketio()

    async def serve(self) -> None:
        """Listen until asked to stop.

        Raises:
            UserError: the port is taken, the address is not ours.
        """
        application = web.Application(middlewares=[web.middleware(_as_engine_io_3)])
        self._socketio.attach(application)
        runner = web.AppRunner(application, access_log=None, logger=self._quiet, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._params.host, self._params.port)
            try:
                await site.start()
            except OSError as error:
                raise _no_port(self._params, error) from None
            if self._recorder is not None:
                self._recorder.start()
            host, port = runner.addresses[0][:2]
            self._emit(ServiceStarted(f"{host}:{port}"))
            await self._show_until_stopped()
        finally:
            for client in list(self._throttles):
                await self._leave(client)
            await runner.cleanup()

    def _make_socketio(self) -> Any:
        class Manager(socketio.AsyncManager):
            # WORKAROUND for python-socketio 4.6.1: its `emit` hands coroutines to `asyncio.wait`, which Python 3.11
            # refuses (https://docs.python.org/3/library/asyncio-task.html#asyncio.wait).
            async def emit(self, event: str, data: Any, namespace: str, room: str | None = None, **_rest: Any) -> None:
                if namespace in self.rooms and room in self.rooms[namespace]:
                    for client in list(self.get_participants(namespace, room)):
                        await self.server._emit_internal(client, event, data, namespace, None)

        server = socketio.AsyncServer(
            async_mode="aiohttp",
            client_manager=Manager(),
            always_connect=True,
            logger=self._quiet,
            engineio_logger=self._quiet,
        )
        server.on("connect", self._connected)
        server.on("disconnect", self._disconnected)
        server.on("telemetry", self._telemetry)
        return server

    async def _connected(self, client: str, _environment: dict) -> None:
        self._throttles[client] = Throttle(self._params.slow_limit, self._params.fast_limit)
        self._shown.say(_("A client connected."))
        await self._steer(client, 0.0, 0.0)

    async def _disconnected(self, client: str) -> None:
        if self._throttles.pop(client, None) is not None:
            self._shown.say(_("A client disconnected."))

    async def _telemetry(self, client: str, data: Any = None, *_more: Any) -> None:
        start = time.perf_counter()
        if data in (None, "", {}):
            await self._socketio.emit("manual", {}, room=client)
            return
        try:
            telemetry = read_telemetry(data)
            picture = self._driver.decode(telemetry.image)
            steering = self._driver.steer(picture)
        except BadTelemetryError as error:
            self._shown.rejected += 1
            self._shown.say(_("Telemetry was rejected: {reason}.").format(reason=error))
            # The simulator waits for an answer before it tells anything more.
            await self._socketio.emit("manual", {}, room=client)
            return
        pedal = self._throttles.get(client) or Throttle(self._params.slow_limit, self._params.fast_limit)
        throttle = pedal(steering, telemetry.speed)
        await self._steer(client, steering, throttle)
        self._remember(picture, steering, throttle, telemetry.speed, time.perf_counter() - start)
        self._record(telemetry, steering, throttle)

    async def _steer(self, client: str, steering: float, throttle: float) -> None:
        answer = {"steering_angle": str(steering), "throttle": str(throttle)}
        await self._socketio.emit("steer", answer, room=client)

    def _remember(self, picture: np.ndarray, steering: float, throttle: float, speed: float, seconds: float) -> None:
        shown, now = self._shown, time.monotonic()
        shown.frames += 1
        shown.picture, shown.steering, shown.throttle, shown.speed = picture, steering, throttle, speed
        shown.curve.append((now - shown.began, steering))
        shown.times.append(now)
        shown.latencies.append(seconds)
        shown.changed = True

    def _record(self, telemetry: Telemetry, steering: float, throttle: float) -> None:
        if self._recorder is None:
            return
        try:
            self._recorder.keep(telemetry.image, steering, throttle, telemetry.speed)
        except OSError as error:
            self._recorder = None
            self._shown.say(_("The recording stopped: {error}.").format(error=error.strerror or error))

    async def _show_until_stopped(self) -> None:
        frames = -1
        while not self._control.stop_requested:
            shown = self._shown
            if shown.changed or shown.numbers(0)["frames_per_second"] > 0:
                shown.changed = False
                figures = shown.figures() if shown.frames != frames else ()
                frames = shown.frames
                told = ServiceShown(shown.numbers(len(self._throttles)), shown.note, figures)
                # In another thread: whoever reads it may be slow, and the car must not wait for that.
                await asyncio.get_running_loop().run_in_executor(None, self._emit, told)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _leave(self, client: str) -> None:
        try:
            await asyncio.wait_for(self._socketio.disconnect(client), 1.0)
        except Exception:  # it is gone already, or does not listen: the server ends in any case
            self._throttles.pop(client, None)


class _ToNote(logging.Handler):
    """What the libraries complain about becomes the note: a client that speaks nonsense is no defect of ours."""

    def __init__(self, shown: Shown) -> None:
        super().__init__(logging.ERROR)
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        self._shown.rejected += 1
        self._shown.say(_("A client sent something that was not understood: {what}").format(what=record.getMessage()))


async def _as_engine_io_3(request: Any, handler: Any) -> Any:
    """Let a client in that says `EIO=4`: the simulator does, and speaks version 3 all the same."""
    if request.query.get("EIO", "3") not in ("2", "3") and "sid" not in request.query:
        request = request.clone(rel_url=request.rel_url.update_query(EIO="3"))
    return await handler(request)


def _no_port(params: Any, error: OSError) -> UserError:
    if error.errno == errno.EADDRINUSE or getattr(error, "winerror", 0) == _WINDOWS_ADDRESS_IN_USE:
        return UserError(
            _(
                "Port {port} is taken: another program listens there, maybe a second driving server. Stop that one, or "
                "choose another port here and in the simulator."
            ).format(port=params.port)
        )
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        text = _("{host} is not an address of this machine. Take 127.0.0.1, or 0.0.0.0 for all of them.")
        return UserError(text.format(host=params.host))
    return UserError(
        _(
            "Port {port} of {host} cannot be opened: {error}. Ports below 1024 are for the system; take a larger one."
        ).format(port=params.port, host=params.host, error=error.strerror or error)
    )
