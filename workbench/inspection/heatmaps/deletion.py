"""Whether the warm places of a heatmap matter to the answer: deletion and insertion (Petsiuk et al. 2018).

arXiv:1806.07421. Pixels are taken in the order of their heat: deleting the ones that matter should ruin the answer
soon, and putting them into an empty picture should bring it soon. The area under either curve is one number.

What chance would do is asked by the same map moved to other places: an order of single pixels drawn by chance would
ruin any picture by its fine grain alone, and so be no match for a smooth map.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.control import Control
from workbench.inspection.network.batches import in_batches

Answers = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Exchange:
    """What became of the answer while the pixels of one picture were exchanged for those of another.

    Attributes:
        shares: of the pixels that were exchanged, ascending from 0 to 1, (n,).
        by_heat: the answer at each, in the order of the heat, (n,).
        by_chance: the same for maps moved by chance, (draws, n).
    """

    shares: np.ndarray
    by_heat: np.ndarray
    by_chance: np.ndarray

    @property
    def area(self) -> float:
        """The area under the curve by heat."""
        return float(np.trapezoid(self.by_heat, self.shares))

    @property
    def area_by_chance(self) -> float:
        """The area under the mean of the curves by chance."""
        return float(np.trapezoid(self.by_chance.mean(axis=0), self.shares))


def exchange(
    answers: Answers,
    start: np.ndarray,
    end: np.ndarray,
    heat: np.ndarray,
    steps: int,
    draws: int,
    seed: int,
    control: Control,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exchange:
    """Turn one picture into the other, warmest pixels first.

    Args:
        answers: of pictures (n, rows, columns, channels), what the model says to each, (n,); called from two threads.
        start: (rows, columns, channels) as the network takes it.
        end: likewise.
        heat: (rows, columns) of any size, stretched over the picture.
        steps: in how many steps the pixels are exchanged.
        draws: how many times the map is moved by chance for comparison.
        seed: the same one moves it to the same places.
        control: asked all the time.
        progress: is told how many pictures of how many are done.

    Raises:
        Stopped: asked to, within 100 ms.
    """
    drawn = np.random.default_rng(seed)
    stretched = stretch(heat, start.shape[:2])
    orders = [ranks(stretched, drawn)]
    orders += [ranks(moved(stretched, drawn), drawn) for _number in range(draws)]
    counts = np.round(np.linspace(0, stretched.size, steps + 1)).astype(int)
    found = np.empty((len(orders), len(counts)))
    flat = found.reshape(-1)

    def of_exchanged(part: slice) -> np.ndarray:
        places = [divmod(place, len(counts)) for place in range(part.start, part.stop)]
        taken = np.stack([orders[order] < counts[step] for order, step in places])
        return answers(np.where(taken[..., None], end, start))

    done = 0
    for part, values in in_batches(of_exchanged, len(flat), start.size, control):
        flat[part] = values
        done += len(values)
        progress(done, len(flat))
    return Exchange(counts / stretched.size, found[0], found[1:])


def stretch(heat: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The map at another size, float32."""
    import cv2

    return cv2.resize(heat.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)


def ranks(heat: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """The place of every pixel in the order of the heat, 0 the warmest; equal ones come in an order by chance."""
    order = np.lexsort((drawn.random(heat.size), -heat.ravel()))
    places = np.empty(heat.size, int)
    places[order] = np.arange(heat.size)
    return places.reshape(heat.shape)


def moved(heat: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    """The map at another place: what leaves at one edge comes in at the opposite one."""
    rows, columns = divmod(int(drawn.integers(1, heat.size)) if heat.size > 1 else 0, heat.shape[1])
    return np.roll(heat, (rows, columns), axis=(0, 1))
