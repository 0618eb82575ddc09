"""Live: the newest frame of a camera or a video, what a network says of it, and what goes wrong with sources."""

import itertools
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from workbench.control import Control
from workbench.errors import UserError
from workbench.events import FrameSeen, ServiceStarted
from workbench.inspection.live.source import NewestFrame, open_capture
from workbench.inspection.live.watching import LiveService
from workbench.service import params_of

RATE = 25
COLOURS = np.array([(230, 20, 20), (20, 230, 20), (20, 20, 230)], np.uint8)


def write_video(path, pictures, rate=RATE):
    """Write RGB pictures of one size as a video."""
    import cv2

    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(np.ascontiguousarray(picture[..., ::-1]))
    writer.release()
    return str(path)


def plain(colour):
    return np.full((48, 64, 3), colour, np.uint8)


@pytest.fixture
def colours_video(tmp_path):
    """Four red frames, four green ones, four blue ones: half a second."""
    return write_video(tmp_path / "màu sắc.avi", [plain(colour) for colour in COLOURS for _ in range(4)])


@pytest.fixture
def brighter_video(tmp_path):
    """Two seconds of which each frame is a little brighter than the one before."""
    return write_video(tmp_path / "brighter.avi", [plain(20 + 4 * number) for number in range(50)])


class FakeCamera:
    """Gives that many frames, then none; sets the pace of a camera."""

    def __init__(self, frames):
        self.frames = frames
        self.released = False

    def read(self):
        time.sleep(0.005)
        self.frames -= 1
        return (True, plain(90)) if self.frames >= 0 else (False, None)

    def release(self):
        self.released = True


class Live:
    """The service on a thread, and what it told."""

    def __init__(self, model, **values):
        self.events = []
        self.control = Control()
        self.error = None
        self._arguments = (str(model), params_of(LiveService(), values), self.events.append, self.control)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            LiveService().run(*self._arguments)
        except UserError as error:
            self.error = str(error)

    @property
    def frames(self):
        return [event for event in self.events if isinstance(event, FrameSeen)]

    @property
    def running(self):
        return self._thread.is_alive()

    def wait(self, enough, seconds=20.0):
        deadline = time.monotonic() + seconds
        while not enough():
            assert time.monotonic() < deadline, f"it did not get there; {len(self.frames)} frames, {self.error}"
            time.sleep(0.005)

    def end(self):
        self.control.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def live():
    """Starts services; each has ended when the test is over."""
    started = []

    def start(model, **values):
        started.append(Live(model, **values))
        return started[-1]

    yield start
    for service in started:
        service.end()
    assert not [thread for thread in threading.enumerate() if thread.name == "newest-frame"]


def test_a_video_plays_at_its_own_pace_to_its_end_and_each_frame_is_answered(live, colour_file, colours_video):
    service = live(colour_file, source=colours_video, rate=60, top=2)
    service.wait(lambda: not service.running)
    assert service.error is None
    assert isinstance(service.events[0], ServiceStarted)
    frames = service.frames
    assert [frame.frame for frame in frames] == list(range(1, len(frames) + 1))
    names = list(dict.fromkeys(frame.bars[0][0] for frame in frames))
    assert names == ["red", "green", "blue"]
    for frame in frames:
        assert len(frame.bars) == 2
        assert frame.bars[0][0] in frame.text
        assert frame.pixels.shape == (48, 64, 3)
        assert np.abs(frame.pixels.mean((0, 1)) - COLOURS[names.index(frame.bars[0][0])]).max() < 12
        assert frame.heat.min() >= 0
        assert frame.heat.max() <= 1
    seconds = [frame.seconds for frame in frames]
    assert seconds == sorted(seconds)
    assert seconds[-1] <= 11 / RATE
    assert frames[-1].taken - frames[0].taken >= seconds[-1] - seconds[0] - 0.05


def test_a_video_that_loops_begins_again_until_it_is_stopped(live, colour_file, colours_video):
    service = live(colour_file, source=colours_video, loop=True, heatmap="none")
    service.wait(lambda: sum(b.seconds < a.seconds for a, b in itertools.pairwise(service.frames)) >= 2)
    assert all(frame.heat is None for frame in service.frames)
    before = time.monotonic()
    service.end()
    assert time.monotonic() - before < 1.0
    assert service.error is None


def test_who_looks_slowly_gets_the_newest_frame_and_misses_the_others(brighter_video):
    frames = NewestFrame(brighter_video, open_capture(brighter_video), lambda: open_capture(brighter_video))
    with frames:
        first = frames.after(0, 2.0)
        time.sleep(0.6)
        second = frames.after(first.number, 2.0)
    assert second.number - first.number >= 10
    assert time.monotonic() - second.taken < 0.5
    shade = float(second.pixels.mean())
    assert abs(shade - (20 + 4 * second.seconds * RATE)) < 5  # the picture is the one of its time
    assert frames.after(second.number + 100, 0.01) is None


def test_nothing_is_queued_while_whoever_watches_does_not_answer(live, colour_file, brighter_video):
    service = live(colour_file, source=brighter_video, loop=True, paced=True, rate=60, heatmap="none")
    service.wait(lambda: len(service.frames) == 2)
    time.sleep(0.5)
    assert len(service.frames) == 2  # one shown at some time, one under way
    service.control.tell({"shown": 1})
    service.wait(lambda: len(service.frames) == 3)
    time.sleep(0.2)
    assert len(service.frames) == 3
    last = service.frames[-1]
    assert last.numbers["skipped"] >= 8  # it looked at the newest then, not at the next
    assert last.numbers["latency_ms"] < 400


def test_settings_are_taken_over_while_it_runs_and_a_wrong_one_is_said(live, colour_file, colours_video):
    service = live(colour_file, source=colours_video, loop=True, rate=60)
    service.wait(lambda: service.frames)
    assert service.frames[-1].heat is not None
    service.control.tell({"params": {"heatmap": "none", "top": 1}})
    service.wait(lambda: service.frames[-1].heat is None)
    assert len(service.frames[-1].bars) == 1
    service.control.tell({"params": {"heatmap": "none", "target": "violet"}})
    service.wait(lambda: "violet" in service.frames[-1].note)
    assert service.running


def test_a_camera_that_vanishes_is_looked_for_and_found_again():
    troubles, cameras = [], [FakeCamera(3), FakeCamera(10_000)]
    gone = iter([UserError("no camera"), cameras[1]])

    def reopen():
        found = next(gone)
        if isinstance(found, UserError):
            raise found
        return found

    with NewestFrame("0", cameras[0], reopen, on_trouble=troubles.append) as frames:
        deadline = time.monotonic() + 5
        last = 0
        while last < 10 and time.monotonic() < deadline:
            frame = frames.after(last, 0.1)
            last = frame.number if frame else last
        assert last >= 10
        assert not frames.error
    assert len(troubles) == 1
    assert "Camera 0" in troubles[0]
    assert all(camera.released for camera in cameras)


def test_a_camera_that_stays_away_ends_with_a_message():
    tries = []

    def reopen():
        tries.append(1)
        raise UserError("no camera")

    camera = FakeCamera(2)
    with NewestFrame("3", camera, reopen, patience=0.8) as frames:
        frame = frames.after(10, 5.0)
        assert frame is None
        assert "Camera 3" in frames.error
        assert "unplugged" in frames.error
        assert not frames.ended
    assert tries
    assert camera.released


def test_a_video_that_is_cut_short_plays_what_there_is_and_says_that_the_rest_is_missing(tmp_path, brighter_video):
    whole, half = Path(brighter_video).read_bytes(), tmp_path / "half.avi"
    half.write_bytes(whole[: len(whole) // 2])
    told = []
    with NewestFrame(str(half), open_capture(str(half)), lambda: None, on_trouble=told.append) as frames:
        last = 0
        while not frames.ended:
            frame = frames.after(last, 1.0)
            last = frame.number if frame else last
    assert last > 0
    assert "the rest of it is damaged or missing" in told[0]


def test_frames_without_pixels_are_passed_over():
    class Capture:
        def __init__(self):
            whole = [np.full(shape, 9, np.uint8) for shape in ((4, 4, 3), (0, 0, 3), (6, 5, 3))]
            self.frames = [*whole[:2], None, whole[2]]

        def read(self):
            return (True, self.frames.pop(0)) if self.frames else (False, None)

        def get(self, _property):
            return 25.0

        def release(self):
            pass

    with NewestFrame("film.avi", Capture(), lambda: None) as frames:
        shapes, last = [], 0
        while not frames.ended:
            assert not frames.error
            if (frame := frames.after(last, 1.0)) is not None:
                shapes.append(frame.pixels.shape)
                last = frame.number
    assert shapes == [(4, 4, 3), (6, 5, 3)]


def test_a_camera_that_is_not_there_says_so_before_anything_is_opened():
    with pytest.raises(UserError, match="Camera 87 cannot be opened"):
        LiveService().run("/no/model.keras", params_of(LiveService(), {"source": 87}), lambda event: None, Control())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("clip.mp4", "cannot be read as a video"),
        ("nothing.mp4", "There is no file"),
        ("", "Name a camera by its number"),
        (".", "is a folder"),
    ],
)
def test_a_source_that_is_no_video_says_what_is_expected(tmp_path, source, message):
    (tmp_path / "clip.mp4").write_bytes(b"these are words and no pictures" * 50)
    place = str(tmp_path / source) if source else ""
    with pytest.raises(UserError, match=message):
        open_capture(place)


def test_what_the_decoder_says_of_a_file_that_is_no_video_stays_off_the_terminal(tmp_path):
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"these are words and no pictures" * 50)
    code = "import sys; from workbench.inspection.live.source import open_capture; open_capture(sys.argv[1])"
    ended = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, timeout=60)
    assert "cannot be read as a video" in ended.stderr.splitlines()[-1]
    assert ended.stderr.startswith("Traceback")


def test_a_model_of_tables_says_that_a_camera_gives_pictures(live, tmp_path, colours_video):
    import keras

    from workbench.runs.model_file import save_model
    from workbench.specs import ClassTarget, Column, TableInput, spec_to_json

    row = keras.Input((2,), name="row")
    model = keras.Model(row, keras.layers.Dense(2, activation="softmax")(row))
    about = {
        "task": "classification",
        "input": spec_to_json(TableInput((Column("age"), Column("height")))),
        "target": spec_to_json(ClassTarget(("yes", "no"))),
        "preprocessing": {},
    }
    save_model(model, tmp_path / "table.keras", about)
    service = live(tmp_path / "table.keras", source=colours_video)
    service.wait(lambda: not service.running)
    assert "rows of a table" in service.error
    assert not service.frames
