"""A car, and who can drive it: the steering that leads back to the middle of the road."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.data.road.course import ROAD_WIDTH, Course, Pose

FULL_LOCK = math.radians(25)
"""The angle of the wheels at a steering of 1."""
WHEELBASE = 2.5
CAR_WIDTH = 1.8
LOOK_AHEAD = 9.0
MILES_PER_HOUR = 0.44704
_ACCELERATION = 4.0  # metres per second squared at full throttle
_DRAG = 0.1  # per second


def right_steering(course: Course, pose: Pose) -> float:
    """The steering that leads the car at that pose back to the middle of the road, from -1 to 1.

    Pure pursuit (Coulter, Implementation of the Pure Pursuit Path Tracking Algorithm, 1992): the arc through a point of
    the centre line `LOOK_AHEAD` metres ahead.
    """
    goal = course.pose(course.place(pose).distance + LOOK_AHEAD)
    east, north = goal.x - pose.x, goal.y - pose.y
    left = north * math.cos(pose.heading) - east * math.sin(pose.heading)
    bend = 2 * left / max(east**2 + north**2, 1e-9)
    return max(-1.0, min(1.0, -math.atan(WHEELBASE * bend) / FULL_LOCK))


def on_the_road(course: Course, pose: Pose) -> bool:
    """Whether no wheel of a car standing there has left the road."""
    return abs(course.place(pose).offset) <= (ROAD_WIDTH - CAR_WIDTH) / 2


@dataclass
class Car:
    """A kinematic bicycle: it goes where its wheels point, without slipping.

    Attributes:
        pose: of the middle of its rear axle; the camera stands there, too.
        speed: miles per hour, as the simulator tells it.
        distance: metres driven.
    """

    pose: Pose
    speed: float = 0.0
    distance: float = field(default=0.0, init=False)

    def drive(self, steering: float, throttle: float, seconds: float) -> None:
        """Go on for so many seconds with the wheels and the pedal as given, each from -1 to 1."""
        wheels = -max(-1.0, min(1.0, steering)) * FULL_LOCK
        metres_per_second = self.speed * MILES_PER_HOUR
        change = _ACCELERATION * max(-1.0, min(1.0, throttle)) - _DRAG * metres_per_second
        metres_per_second = max(0.0, metres_per_second + change * seconds)
        way = metres_per_second * seconds
        turn = way / WHEELBASE * math.tan(wheels)
        heading = self.pose.heading + turn / 2
        self.pose = Pose(
            self.pose.x + way * math.cos(heading), self.pose.y + way * math.sin(heading), self.pose.heading + turn
        )
        self.speed = metres_per_second / MILES_PER_HOUR
        self.distance += way


@dataclass(frozen=True)
class Drive:
    """How a drive went: whether the car stayed on the road, metres driven, and the farthest it was from the middle."""

    stayed: bool
    metres: float
    farthest: float


def drive_round(
    course: Course, steer: Callable[[Pose, float], tuple[float, float]], seconds: float = 0.1, offset: float = 0.8
) -> Drive:
    """Drive a course once round, or until a wheel leaves the road.

    Args:
        course: the road.
        steer: from the car's pose and its speed in miles per hour to steering and throttle.
        seconds: between two looks at the road.
        offset: to the left of the middle at the start.
    """
    car = Car(course.pose(0.0, offset))
    farthest = offset
    while car.distance < course.length:
        car.drive(*steer(car.pose, car.speed), seconds)
        farthest = max(farthest, abs(course.place(car.pose).offset))
        if not on_the_road(course, car.pose):
            return Drive(False, car.distance, farthest)
        if car.speed < 0.1 and car.distance > 1:  # whoever brakes to a stop would never get round
            return Drive(False, car.distance, farthest)
    return Drive(True, car.distance, farthest)
