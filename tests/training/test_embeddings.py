"""Features on the disk: found again for the same base and samples, never for others, never when they are damaged."""

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.control import Control, Stopped
from workbench.data import cache
from workbench.errors import UserError
from workbench.events import Progress
from workbench.training.embeddings import embed

COUNT = 10


def small_base(kernel=2.0, name="dense"):
    import keras

    pixels = keras.Input((4,))
    base = keras.Model(pixels, keras.layers.Dense(3, name=name)(pixels))
    base.set_weights([np.full((4, 3), kernel, "float32"), np.zeros(3, "float32")])
    return base


def samples(fingerprint="a"):
    inputs = np.arange(4 * COUNT, dtype="uint8").reshape(COUNT, 4)
    return SimpleNamespace(inputs=inputs, fingerprint=fingerprint)


def asked(base, data, control=None, tell=None):
    """The features, and how many samples went through the base."""
    events = []

    def listen(event):
        events.append(event)
        if tell is not None:
            tell(event)

    features = embed(base, data, 4, listen, control or Control())
    return features, max((event.done for event in events if isinstance(event, Progress)), default=0)


def entries():
    return sorted(path.name for path in cache.data_cache_folder().glob("features-*") if path.is_dir())


def test_features_are_made_in_batches_and_found_again(home):
    first, computed = asked(small_base(), samples())
    again, more = asked(small_base(name="another_name"), samples())
    assert (computed, more) == (COUNT, 0)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first[:, 0], 2.0 * samples().inputs.sum(axis=1))
    assert first.dtype == np.float32


def test_other_weights_and_other_samples_have_features_of_their_own(home):
    asked(small_base(), samples())
    assert asked(small_base(kernel=3.0), samples())[1] == COUNT
    assert asked(small_base(), samples("b"))[1] == COUNT
    assert len(entries()) == 3


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_damaged_features_are_made_anew(home, damage):
    first, _count = asked(small_base(), samples())
    (name,) = entries()
    path = cache.data_cache_folder() / name / "features.npy"
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[: len(whole) // 2], "changed": whole[:-4] + b"abcd", "emptied": b""}[damage])
    again, computed = asked(small_base(), samples())
    assert computed == COUNT
    np.testing.assert_array_equal(first, again)
    assert path.read_bytes() == whole


def test_stopped_between_two_batches_nothing_is_left_behind(home):
    control = Control()
    with pytest.raises(Stopped):
        asked(small_base(), samples(), control, lambda event: control.stop())
    assert not entries()
    assert asked(small_base(), samples())[1] == COUNT


def test_features_count_towards_the_cache_and_go_with_it(home, monkeypatch):
    asked(small_base(), samples())
    assert cache.size() > 4 * 3 * COUNT
    assert cache.clear() > 4 * 3 * COUNT
    assert not entries()
    monkeypatch.setenv("WORKBENCH_CACHE_LIMIT_BYTES", "10")
    with pytest.raises(UserError, match="larger cache"):
        asked(small_base(), samples())


def test_a_base_whose_training_diverged_is_refused(home):
    with pytest.raises(UserError, match="not numbers"):
        asked(small_base(kernel=np.nan), samples())
    assert not entries()
