"""The generated road: courses, camera, the right steering, and the source made of them."""

import math
import time

import numpy as np
import pytest

from workbench.data.road.camera import HORIZON, WIDTH, picture
from workbench.data.road.course import Course, course_of
from workbench.data.road.driving import Car, drive_round, on_the_road, right_steering
from workbench.data.sources.road import RoadSection, RoadSource
from workbench.specs import ValuesTarget


@pytest.mark.parametrize("seed", range(6))
def test_a_course_is_closed_and_evenly_spaced_and_bends_to_both_sides(seed):
    course = Course(seed)
    gaps = np.hypot(*(np.roll(course.points, -1, axis=0) - course.points).T)
    turns = np.diff(np.unwrap(course.headings))
    assert gaps.max() < 1.05 * gaps.min()
    assert 200 < course.length < 2000
    assert turns.max() > 0.005
    assert turns.min() < -0.005


def test_a_place_on_a_course_gives_back_the_pose_it_was_made_from():
    course = course_of(3)
    place = course.place(course.pose(123.0, offset=1.2, heading=-0.1))
    assert place.distance == pytest.approx(123.0, abs=0.2)
    assert place.offset == pytest.approx(1.2, abs=0.03)
    assert place.heading == pytest.approx(-0.1, abs=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_the_right_steering_keeps_a_car_near_the_middle_of_every_course(seed):
    course = course_of(seed)
    drive = drive_round(course, lambda pose, speed: (right_steering(course, pose), 1 - (speed / 25) ** 2))
    assert drive.stayed
    assert drive.metres >= course.length
    assert drive.farthest < 1.0


def test_a_car_that_never_steers_leaves_the_road_and_one_that_stops_gets_nowhere():
    course = course_of(0)
    straight_on = drive_round(course, lambda pose, speed: (0.0, 0.5))
    assert not straight_on.stayed
    assert not on_the_road(course, course.pose(0.0, straight_on.farthest))
    pedal = iter([1.0] * 20 + [-1.0] * 100)
    stopped = drive_round(course, lambda pose, speed: (right_steering(course, pose), next(pedal)))
    assert not stopped.stayed
    assert stopped.metres < course.length


def test_steering_is_positive_to_the_right():
    course = course_of(1)
    assert right_steering(course, course.pose(50, offset=1.5)) > right_steering(course, course.pose(50)) + 0.1
    assert right_steering(course, course.pose(50, heading=-0.2)) < right_steering(course, course.pose(50)) - 0.1
    car = Car(course.pose(50), speed=20)
    heading = car.pose.heading
    car.drive(0.5, 0.0, 0.2)
    assert car.pose.heading < heading


def test_pictures_are_the_same_for_the_same_pose_and_differ_between_poses():
    course = course_of(2)
    first = picture(course, course.pose(40))
    assert first.shape == (160, 320, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, picture(Course(2), Course(2).pose(40)))
    assert np.abs(first.astype(int) - picture(course, course.pose(41.0))).mean() > 1
    assert np.abs(first.astype(int) - picture(course, course.pose(40), camera_offset=0.8)).mean() > 1


def test_a_point_of_the_kerb_is_drawn_where_perspective_puts_it():
    course = course_of(0)
    straight = min(range(0, 400, 5), key=lambda at: abs(right_steering(course, course.pose(at))))
    shown = picture(course, course.pose(straight)).astype(int)
    row = HORIZON + round(1.35 * 200 / 7.0)
    edge = round(WIDTH / 2 - 200 * 3.7 / 7.0)
    road, kerb = shown[row, edge + 30], shown[row, edge - 3 : edge + 4]
    assert abs(road[0] - road[2]) < 20
    assert max(np.ptp(pixel) if pixel[0] > 110 else 0 for pixel in kerb) > 60 or kerb.max() > road.max() + 60


def test_a_picture_is_drawn_within_milliseconds():
    course = course_of(4)
    picture(course, course.pose(0))
    times = []
    for step in range(15):
        start = time.thread_time()
        picture(course, course.pose(step * 3.0))
        times.append(time.thread_time() - start)
    assert min(times) < 0.02


def test_the_source_gives_the_right_steering_with_whole_courses_as_groups():
    section = RoadSection(pictures=60, courses=4)
    source = RoadSource()
    samples = source.open(section, lambda event: None)
    assert source.target_kind(section) == ValuesTarget.kind
    assert samples.target.names == ("steering",)
    assert samples.target.mirrored
    assert samples.targets.shape == (60, 1)
    assert samples.targets.dtype == np.float32
    assert np.ptp(samples.targets) > 0.3
    assert sorted(samples.names) == list(samples.names)
    assert np.bincount(samples.groups).tolist() == [15, 15, 15, 15]
    assert samples.read(7, 3).shape == (160, 320, 3)
    assert samples.read(7, 1).shape == (160, 320, 1)
    again = source.open(section, lambda event: None)
    assert np.array_equal(samples.targets, again.targets)
    assert np.array_equal(samples.read(7, 3), again.read(7, 3))
    assert source.open(RoadSection(pictures=60, courses=4, seed=1), print).fingerprint != samples.fingerprint


def test_more_courses_than_pictures_allow_leave_the_rest_out():
    samples = RoadSource().open(RoadSection(pictures=10, courses=7), lambda event: None)
    assert len(samples.names) == 10
    assert samples.groups.max() < 7


def test_a_shifted_picture_asks_for_the_steering_that_the_target_says():
    """Turning the camera moves the picture; the steering changes as `per_shift` promises, where it is not clipped."""
    course = course_of(2)
    target = RoadSource().open(RoadSection(pictures=10, courses=1), lambda event: None).target
    angle = math.radians(3)
    shift = math.tan(angle) * 200 / WIDTH  # what is ahead moves to the right when the car turns to the left
    change = right_steering(course, course.pose(30, heading=angle)) - right_steering(course, course.pose(30))
    assert change == pytest.approx(target.per_shift * shift, rel=0.25)


def test_the_reader_code_reads_what_the_source_reads():
    section = RoadSection(pictures=12, courses=2)
    names = {"np": np}
    exec(RoadSource().reader_code(section), names)
    images, targets, _names = names["read_dataset"](3)
    samples = RoadSource().open(section, lambda event: None)
    assert np.array_equal(images[5], samples.read(5, 3))
    assert np.array_equal(targets, samples.targets)
