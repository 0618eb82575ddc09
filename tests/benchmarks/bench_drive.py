"""PilotNet learns the generated road, is served by the driving server, and drives 10 courses it never saw.

Run by hand: `python tests/benchmarks/bench_drive.py [--run RUN]`. Needs the extra `drive`. The simulator's side
(drawing pictures, the Socket.IO client) runs in this process, the server in one of its own; both share the cores, as
they do on the machine of a user. Latency is what the client measures, from sending telemetry to having the steering.

Reached on 2 cores that had other work too, load 10 (2026-11-21): 10 of 10 courses stayed on the road, at most 0.8 m
from the middle (where they begin); telemetry to steer over 6,522 frames: p50 4.1 ms, p99 23.9 ms.
"""

import argparse
import base64
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from workbench.data.road.camera import picture
from workbench.data.road.course import course_of
from workbench.data.road.driving import drive_round

COURSES = 10
FIRST_SEED = 700_000  # the dataset's courses have other seeds
LATENCY_LIMIT_MS = 40.0
P99 = "telemetry to steer, p99, ms"
RECIPE = Path(__file__).resolve().parents[2] / "resources" / "experiments" / "road.toml"


def train(runs: Path) -> Path:
    """Train the shipped recipe; the run folder."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "workbench", "train", str(RECIPE), "--runs", str(runs), "--json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    end = json.loads(lines[-1])
    numbers = {name: round(value, 4) for name, value in end["metrics"].items() if value is not None}
    print(f"trained in {time.perf_counter() - start:.0f} s: {numbers}", flush=True)
    return Path(end["run"])


class Client:
    """The simulator's side of the connection."""

    def __init__(self, address: str) -> None:
        import cv2
        import socketio

        self._encode = cv2.imencode
        self.answers: queue.SimpleQueue = queue.SimpleQueue()
        self.seconds: list[float] = []
        self.client = socketio.Client(reconnection=False)
        self.client.on("steer", self.answers.put)
        self.client.connect(f"http://{address}", transports=["websocket"])
        self.answers.get(timeout=10)

    def steer(self, pixels: np.ndarray, speed: float) -> tuple[float, float]:
        """Steering and throttle for a picture."""
        image = base64.b64encode(self._encode(".jpg", pixels[..., ::-1])[1].tobytes()).decode()
        data = {"steering_angle": "0", "throttle": "0", "speed": f"{speed:.4f}", "image": image}
        start = time.perf_counter()
        self.client.emit("telemetry", data)
        answer = self.answers.get(timeout=10)
        self.seconds.append(time.perf_counter() - start)
        return float(answer["steering_angle"]), float(answer["throttle"])


def drive(address: str) -> dict[str, float]:
    """Drive the courses; the figures."""
    client = Client(address)
    stayed = 0
    for number in range(COURSES):
        course = course_of(FIRST_SEED + number)
        result = drive_round(course, lambda pose, speed, course=course: client.steer(picture(course, pose), speed))
        stayed += result.stayed
        print(
            f"course {number}: {'stayed' if result.stayed else 'LEFT the road'} after {result.metres:.0f} of "
            f"{course.length:.0f} m, at most {result.farthest:.2f} m from the middle",
            flush=True,
        )
    client.client.disconnect()
    milliseconds = np.array(client.seconds) * 1000
    return {
        f"courses of {COURSES} that stayed on the road": stayed,
        "frames": len(milliseconds),
        "telemetry to steer, p50, ms": float(np.percentile(milliseconds, 50)),
        P99: float(np.percentile(milliseconds, 99)),
    }


def measure(run: str = "") -> dict[str, float]:
    """Train (unless a run is given), serve, drive; the figures."""
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-m", "workbench", "serve", "drive", run or str(train(Path(runs))), "--port", "0",
                   "--json"]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = json.loads(server.stdout.readline())["address"]
                # Somebody has to read what it goes on telling, or the pipe fills.
                threading.Thread(target=server.stdout.read, daemon=True).start()
                return drive(address)
            finally:
                server.terminate()


def main() -> int:
    """Print the figures; 1 where one of them was not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="", help="a run or model to drive with instead of training one")
    figures = measure(parser.parse_args().run)
    for name, value in figures.items():
        print(f"{name}: {value:.1f}")
    stayed = next(iter(figures.values()))
    return 0 if stayed == COURSES and figures[P99] < LATENCY_LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
