"""The driving server in a thread, on a model whose answers are known, and clients that speak to it."""

import base64
import queue
import threading
import time

import numpy as np
import pytest

from workbench.control import Control
from workbench.events import ServiceShown, ServiceStarted
from workbench.jobs import run_job
from workbench.requests import ServeRequest

SECONDS = 30.0


class Served:
    """A service that runs; `stop` ends it and raises what it raised."""

    def __init__(self, model, **params):
        self.events = []
        self.error = None
        self._control = Control()
        request = ServeRequest("drive", str(model), {"port": 0, **params})
        self._thread = threading.Thread(target=self._run, args=(request,), name="service")
        self._thread.start()

    def _run(self, request):
        try:
            run_job(request, self.events.append, self._control)
        except BaseException as error:
            self.error = error

    def wait_for(self, told):
        """The first event for which `told` is true."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for event in list(self.events):
                if told(event):
                    return event
            if not self._thread.is_alive():
                raise self.error or AssertionError("the service ended")
            time.sleep(0.01)
        raise AssertionError(f"never told: {self.events[-3:]}")

    def note(self, words):
        """Wait for a note with these words."""
        return self.wait_for(lambda event: isinstance(event, ServiceShown) and words in event.note).note

    @property
    def address(self):
        return self.wait_for(lambda event: isinstance(event, ServiceStarted)).address

    def stop(self):
        self._control.stop()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error


class Simulator:
    """A real Socket.IO client that waits for an answer to everything it sends, as the simulator does."""

    def __init__(self, address, transport="websocket"):
        import socketio

        self.answers = queue.SimpleQueue()
        self.client = socketio.Client(reconnection=False)
        self.client.on("steer", lambda data: self.answers.put(("steer", data)))
        self.client.on("manual", lambda data: self.answers.put(("manual", data)))
        self.client.connect(f"http://{address}", transports=[transport])
        assert self.answers.get(timeout=SECONDS) == ("steer", {"steering_angle": "0.0", "throttle": "0.0"})

    def tell(self, data):
        """Send telemetry; the answer and its name."""
        self.client.emit("telemetry", data)
        return self.answers.get(timeout=SECONDS)

    def drive(self, picture, speed=10.0):
        """Send a picture; steering and throttle."""
        name, data = self.tell(telemetry(picture, speed))
        assert name == "steer"
        assert all(isinstance(value, str) for value in data.values())
        return float(data["steering_angle"]), float(data["throttle"])

    def close(self):
        self.client.disconnect()


def telemetry(picture, speed=10.0):
    """What the simulator sends."""
    return {
        "steering_angle": "0.0000",
        "throttle": "0.0000",
        "speed": f"{speed:.4f}",
        "image": base64.b64encode(jpeg(picture)).decode(),
    }


def jpeg(picture):
    """RGB pixels as the bytes of a JPEG file."""
    import cv2

    return cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


@pytest.fixture(scope="session")
def told():
    """Makes telemetry of a picture."""
    return telemetry


@pytest.fixture(scope="session")
def steering_model(tmp_path_factory):
    """Steers to the right as much as a picture is red, to the left as much as it is blue."""
    import keras

    picture = keras.Input((66, 200, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    steering = keras.layers.Dense(1, name="steering")
    model = keras.Model(picture, steering(means))
    steering.set_weights([np.array([[1.0], [0.0], [-1.0]], np.float32), np.zeros(1, np.float32)])
    path = tmp_path_factory.mktemp("model") / "red_to_the_right.keras"
    model.save(path)
    return path


@pytest.fixture
def serve():
    """A maker of running services, ended after the test."""
    running = []

    def make(model, **params):
        running.append(Served(model, **params))
        return running[-1]

    yield make
    for service in running:
        if service.error is None:
            service.stop()


@pytest.fixture
def simulator():
    """A maker of clients, disconnected after the test."""
    connected = []

    def make(address, transport="websocket"):
        connected.append(Simulator(address, transport))
        return connected[-1]

    yield make
    for client in connected:
        client.close()
