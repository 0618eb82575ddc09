"""What is kept with a model: made once, the ones asked for last, and nothing that Keras would take for its own."""

import numpy as np

from workbench.inspection.network.keeping import kept


def test_a_thing_is_made_once_and_the_one_asked_for_longest_ago_goes():
    import keras

    model, made = keras.Sequential(), []

    def ask(key):
        return kept(model, key, lambda: made.append(key) or np.zeros(3), kind="answers", most=2)

    first = ask("a")
    ask("b")
    assert ask("a") is first
    ask("c")  # "b" goes
    assert ask("a") is first
    ask("b")
    assert made == ["a", "b", "c", "b"]


def test_kinds_are_counted_apart_and_keras_does_not_track_them():
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    layer = kept(model, "x", lambda: keras.layers.Dense(5), kind="functions", most=1)
    kept(model, "x", lambda: np.zeros(3), kind="answers", most=1)
    assert kept(model, "x", list, kind="functions", most=1) is layer
    assert layer not in model.layers
    assert layer not in model._layers
