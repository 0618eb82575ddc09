"""Live: frames a second on the screen and their age, with Grad-CAM of a MobileNetV2 over a 640x480 video.

Run: `python tests/benchmarks/bench_live.py`. End to end: a video of 60 frames/s, the service in its own engine, and the
real window at 1280x720, painted by the processor without a display. Reach: 20 frames/s.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import window

REACH = 20.0
SIZE = (640, 480)
RATE = 60.0
FRAMES = 120
WARM_UP_SECONDS = 3.0
SECONDS = 10.0


def write_video(path: Path) -> None:
    """Two seconds of a bright square that moves over noise."""
    import cv2

    width, height = SIZE
    generator = np.random.default_rng(0)
    noise = cv2.resize(generator.integers(0, 160, (30, 40, 3), np.uint8), SIZE)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, SIZE)
    for number in range(FRAMES):
        picture = noise.copy()
        left = (width - 100) * number // FRAMES
        picture[height // 2 - 50 : height // 2 + 50, left : left + 100] = 255
        writer.write(picture)
    writer.release()


def write_model(path: Path) -> None:
    """A MobileNetV2 for 224 px with random weights; how long it takes does not depend on them."""
    import keras

    keras.utils.set_random_seed(0)
    keras.applications.MobileNetV2(weights=None).save(path)


def measure(seconds: float = SECONDS) -> dict[str, float]:
    """Frames a second that were painted, and the age of a frame when it was."""
    from workbench.gui.app import open_window
    from workbench.gui.pages.live import LivePage

    window.application()
    with tempfile.TemporaryDirectory() as folder:
        model, video = Path(folder) / "mobile_net.keras", Path(folder) / "video.avi"
        write_model(model)
        write_video(video)
        main = open_window([])
        main.resize(1280, 720)
        main.show()
        try:
            main.show_page("live")
            workspace = main.workspace
            window.spin_until(lambda: workspace.questions.engine.ready and workspace.training.engine.ready)
            page = main.findChild(LivePage)
            page.models.chosen.emit(str(model))
            page.card.change("loop", True)
            page.card.change("rate", RATE)
            ages, models = [], []

            def painted(frame) -> None:
                ages.append(time.monotonic() - frame.taken)
                models.append(frame.numbers["model_ms"])

            page.picture.painted.connect(painted)
            page.use_video(str(video))
            window.spin_until(lambda: ages or not page.runner.running)
            if not page.runner.running:
                raise RuntimeError(page.notice.text)
            window.spin(WARM_UP_SECONDS)
            ages.clear()
            models.clear()
            began = time.monotonic()
            window.spin(seconds)
            passed = time.monotonic() - began
            assert page.picture.frame.heat is not None
            return {
                "frames/s on the screen": len(ages) / passed,
                "reach, frames/s": REACH,
                "latency, ms": 1000 * float(np.median(ages)),
                "latency, 95th percentile, ms": 1000 * float(np.percentile(ages, 95)),
                "model with Grad-CAM, ms": float(np.median(models)),
            }
        finally:
            main.close()
            window.spin(1.0)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
