"""What the driving server shows: numbers, the steering over time, and what the car sees."""

import math
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from workbench.figures import Curve, Curves, Figure, Image
from workbench.i18n import _

_RATE_SECONDS = 2.0
_KEPT_LATENCIES = 2000
_FULL_LOCK = math.radians(25)


@dataclass
class Shown:
    """What the page shows."""

    frames: int = 0
    rejected: int = 0
    note: str = ""
    picture: np.ndarray | None = None
    steering: float = math.nan
    throttle: float = math.nan
    speed: float = math.nan
    changed: bool = True
    began: float = field(default_factory=time.monotonic)
    curve: deque = field(default_factory=deque)  # (seconds, steering)
    times: deque = field(default_factory=lambda: deque(maxlen=1000))
    latencies: deque = field(default_factory=lambda: deque(maxlen=_KEPT_LATENCIES))

    def say(self, note: str) -> None:
        """Something happened that is worth knowing."""
        self.note = note
        self.changed = True

    def numbers(self, clients: int) -> dict[str, float]:
        """By the names of `DriveService.number_titles`."""
        now = time.monotonic()
        recent = sum(now - moment < _RATE_SECONDS for moment in self.times)
        latencies = np.array(self.latencies) * 1000 if self.latencies else np.array([math.nan])
        return {
            "frames": self.frames,
            "frames_per_second": recent / min(_RATE_SECONDS, max(now - self.began, 0.1)),
            "latency_p50_ms": float(np.percentile(latencies, 50)),
            "latency_p99_ms": float(np.percentile(latencies, 99)),
            "steering": self.steering,
            "throttle": self.throttle,
            "speed": self.speed,
            "clients": clients,
            "rejected": self.rejected,
        }

    def figures(self) -> tuple[Figure, ...]:
        """The steering over time, and what the car sees with where it steers."""
        if self.picture is None:
            return ()
        seconds, steering = np.array(self.curve, np.float64).T
        curve = Curve(_("steering"), seconds, steering)
        words = _("Steering {steering:+.3f}, throttle {throttle:+.3f}, speed {speed:.1f} mph").format(
            steering=self.steering, throttle=self.throttle, speed=self.speed
        )
        return (
            Image(_("What the car sees"), _with_arrow(self.picture, self.steering), note=words),
            Curves(_("Steering"), _("seconds"), _("steering, -1 left to 1 right"), (curve,)),
        )


def _with_arrow(picture: np.ndarray, steering: float) -> np.ndarray:
    """The picture with a line from the bonnet towards where the wheels point."""
    import cv2

    height, width = picture.shape[:2]
    drawn = np.ascontiguousarray(picture)
    foot = (width // 2, round(height * 0.92))
    length = height * 0.4
    # Twice the wheels' angle, so that small ones can be seen.
    angle = 2 * steering * _FULL_LOCK
    tip = (round(foot[0] + length * math.sin(angle)), round(foot[1] - length * math.cos(angle)))
    for colour, thickness in (((0, 0, 0), 5), ((255, 210, 0), 2)):
        cv2.arrowedLine(drawn, foot, tip, colour, thickness, cv2.LINE_AA, tipLength=0.2)
    return drawn
