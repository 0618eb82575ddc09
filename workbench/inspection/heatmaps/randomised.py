"""Whether a heatmap depends on what the network has learned: the randomised-weights check (Adebayo et al. 2018).

arXiv:1810.03292. Layer by layer, from the output down, the weights are made random. A map that explains the network
changes with that; one that hardly does shows the picture's edges and nothing the network knows.

Weights are made random by shuffling them within each array: so they keep their scale, and the answers stay numbers.
"""

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.inspection.network.layers import final_layer

_LONGEST_REASON = 200  # characters
_WINDOW = 11  # places

Map = Callable[[Any], np.ndarray]


def copy_of(model: Any) -> Any:
    """A model of its own with the same weights; nothing that is done to it reaches the original.

    Raises:
        ValueError: the model cannot be copied, as its layers do not say how they are made.
    """
    import keras

    try:
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
    except Exception as error:
        raise ValueError(textwrap.shorten(str(error), _LONGEST_REASON, placeholder="...")) from error
    return copy


def weighted_layers(model: Any) -> list[Any]:
    """The layers with weights of their own, from the output down; those of models within it as well."""
    found = {id(layer): layer for layer in _inner_layers(model) if layer.weights}
    last = final_layer(model)
    top = [last] if found.pop(id(last), None) is not None else []
    return top + list(found.values())[::-1]


def cascade(count: int, steps: int) -> list[int]:
    """How many of so many layers are random after each step: few at first, all at last."""
    if steps == 1 or count == 1:
        return [count]
    return sorted({int(number) for number in np.round(np.geomspace(1, count, steps))})


def randomise(layer: Any, drawn: np.random.Generator) -> None:
    """Shuffle what the layer has learned; statistics of the data (of a normalisation) stay."""
    for weight in layer.trainable_weights:
        values = np.array(weight)
        weight.assign(drawn.permutation(values.ravel()).reshape(values.shape))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two maps, from -1 to 1; 0 where one of them is the same everywhere."""
    from scipy.stats import rankdata

    if not (np.ptp(first) > 0 and np.ptp(second) > 0):
        return 0.0
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def structural_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """The structural similarity of two maps (Wang et al. 2004): 1 for the same, about 0 for others."""
    return float(similarities(first, second).mean())


def similarities(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The same around every place, in windows of 11 with Gaussian weights; each map is brought to 0 to 1 before."""
    import cv2

    odd = [side - 1 + side % 2 for side in (*first.shape, _WINDOW)]  # a window no larger than the map
    size = (min(odd), min(odd))

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, size, 1.5)

    one, other = (_stretched(values.astype(np.float64)) for values in (first, second))
    mean_one, mean_other = mean(one), mean(other)
    variances = mean(one**2) - mean_one**2 + mean(other**2) - mean_other**2
    shared = mean(one * other) - mean_one * mean_other
    likeness = (2 * mean_one * mean_other + 0.01**2) * (2 * shared + 0.03**2)
    return likeness / ((mean_one**2 + mean_other**2 + 0.01**2) * (variances + 0.03**2))


def maps_of_random_weights(
    copy: Any,
    look: Map,
    counts: list[int],
    draws: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[list[np.ndarray]]:
    """The map after every step of the cascade, for every draw of random weights: [draw][step].

    Args:
        copy: of the model, from `copy_of`; its weights are random afterwards.
        look: makes the map of a model.
        counts: how many layers are random at each step, ascending.
        draws: how many times the weights are drawn anew.
        seed: the same one gives the same weights.
        progress: is told how many maps of how many are done.
    """
    copy.trainable = True  # else weights that were frozen are not told from statistics
    layers, learned = weighted_layers(copy), copy.get_weights()
    found: list[list[np.ndarray]] = []
    for draw in range(draws):
        copy.set_weights(learned)
        drawn, done = np.random.default_rng((seed, draw)), 0
        found.append([])
        for count in counts:
            for layer in layers[done:count]:
                randomise(layer, drawn)
            done = count
            found[-1].append(look(copy))
            progress(draw * len(counts) + len(found[-1]), draws * len(counts))
    return found


def _stretched(values: np.ndarray) -> np.ndarray:
    low, spread = values.min(), np.ptp(values)
    return (values - low) / spread if spread > 0 else np.zeros_like(values)


def _inner_layers(model: Any) -> list[Any]:
    found = []
    for layer in model.layers:
        found += _inner_layers(layer) if hasattr(layer, "layers") else [layer]
    return found
