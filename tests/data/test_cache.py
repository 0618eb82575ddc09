"""The cache: filled once, complete or absent, capped, never taken from under a reader."""

import gc
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.data import cache
from workbench.data.prepare import prepare
from workbench.errors import UserError

SHAPES = {"count": 200, "size": 16}


def entries():
    root = cache.data_cache_folder()
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def test_samples_are_decoded_once_and_then_only_read(prepared):
    events = []
    first = prepared("shapes", emit=events.append, **SHAPES)
    assert events[-1].done == events[-1].total == 200
    events.clear()
    again = prepared("shapes", emit=events.append, **SHAPES)
    assert events == []
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert not again.inputs.flags.writeable
    assert len(entries()) == 1


def test_every_row_is_the_sample_of_its_name(prepared, experiment_on):
    from workbench.registry import registry

    section = experiment_on("shapes", **SHAPES).dataset
    samples = registry().datasets.get("shapes").open(section, lambda event: None)
    data = prepared("shapes", **SHAPES)
    for index in (0, 63, 64, 65, 128, 199):
        np.testing.assert_array_equal(data.inputs[index], samples.read(index, 3))


def test_a_stop_in_the_middle_leaves_nothing_behind_and_the_next_attempt_succeeds(prepared, experiment_on, home):
    control = Control()

    def stop_at_once(event):
        control.stop()

    with pytest.raises(Stopped):
        prepare(experiment_on("shapes", count=5000, size=16), stop_at_once, control)
    assert entries() == []
    assert len(prepared("shapes", count=5000, size=16).inputs) == 5000


def test_a_process_killed_while_filling_leaves_nothing_wrong(prepared, home):
    script = (
        "from workbench.experiment import from_values; from workbench.data.prepare import prepare;"
        "from workbench.control import Control;"
        "prepare(from_values({'version': 1, 'dataset': {'name': 'shapes', 'count': 300000, 'size': 16},"
        "'architecture': {'name': 'simple_cnn'}}, ''), lambda event: print('filling', flush=True), Control())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "WORKBENCH_HOME": str(home)}
    )
    with process:
        assert process.stdout.readline() == b"filling\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = entries()
    assert [name.endswith(".filling") for name in left] == [True]
    assert len(prepared("shapes", **SHAPES).inputs) == 200
    gc.collect()
    cache.clear()
    assert entries() == []


def test_a_disk_without_room_is_an_error_that_names_the_space_needed(prepared, monkeypatch):
    monkeypatch.setattr(cache, "_free", lambda folder: 70 * 1024**2)
    with pytest.raises(UserError, match=r"need 148 MiB, but only 70 MiB are free"):
        prepared("shapes", count=50_000, size=32)
    assert entries() == []


def test_a_disk_that_fills_up_while_writing_is_an_error_for_the_user(prepared, monkeypatch):
    import errno

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("workbench.data.inputs.image.fill", full)
    with pytest.raises(UserError, match="disk of the cache is full"):
        prepared("shapes", **SHAPES)
    assert entries() == []


def test_over_the_cap_the_longest_unused_entry_goes_first(prepared, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE_LIMIT_BYTES", str(450_000))
    for seed in (1, 2):
        prepared("shapes", seed=seed, **SHAPES)
        gc.collect()
        time.sleep(0.02)
    first, second = (name for _time, name in sorted((cache._last_used(f), f.name) for f in cache._folders()))
    prepared("shapes", seed=1, **SHAPES)
    gc.collect()
    prepared("shapes", seed=3, **SHAPES)
    assert first in entries()
    assert second not in entries()
    assert cache.size() <= 450_000


def test_an_entry_in_use_is_never_evicted_or_cleared(prepared, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE_LIMIT_BYTES", str(250_000))
    held = prepared("shapes", seed=1, **SHAPES)
    with pytest.raises(UserError, match="in use now"):
        prepared("shapes", seed=2, **SHAPES)
    cache.clear()
    assert len(entries()) == 1
    pixels = np.array(held.inputs)
    del held
    gc.collect()
    assert len(prepared("shapes", seed=2, **SHAPES).inputs) == 200
    assert len(entries()) == 1
    assert pixels.any()


def test_a_part_of_the_images_keeps_the_entry_in_use(prepared):
    part = prepared("shapes", **SHAPES).inputs[10:20]
    gc.collect()
    cache.clear()
    assert len(entries()) == 1
    assert part.any()
    del part
    gc.collect()
    assert cache.clear() > 0
    assert entries() == []


def test_a_damaged_entry_is_made_again(prepared):
    prepared("shapes", **SHAPES)
    gc.collect()
    folder = cache.data_cache_folder() / entries()[0]
    (folder / "images.npy").write_bytes(b"rubbish")
    assert len(prepared("shapes", **SHAPES).inputs) == 200


def test_two_processes_that_want_the_same_entry_fill_it_once(prepared, experiment_on, home):
    import threading

    results, events = [], []

    def work():
        results.append(prepare(experiment_on("shapes", **SHAPES), events.append, Control()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert sum(event.done == event.total for event in events) == 1


def test_a_second_folder_size_or_way_to_resize_is_another_entry(prepared):
    data = [
        prepared("digits", preprocessing=preprocessing)
        for preprocessing in ({"height": 8, "width": 8}, {"height": 8, "width": 8, "channels": 3})
    ]
    assert [d.inputs.shape[1:] for d in data] == [(8, 8, 1), (8, 8, 3)]
    assert len(entries()) == 2


def test_a_stop_reaches_a_source_that_is_still_looking(home, experiment_on, monkeypatch):
    from workbench.data.sources.digits import DigitsSource
    from workbench.events import Progress

    control, seen = Control(), []

    def open_slowly(source, section, emit):
        emit(Progress("Downloading", 1))
        control.stop()
        emit(Progress("Downloading", 2))

    monkeypatch.setattr(DigitsSource, "open", open_slowly)
    with pytest.raises(Stopped):
        prepare(experiment_on("digits"), seen.append, control)
    assert seen == [Progress("Downloading", 1)]
