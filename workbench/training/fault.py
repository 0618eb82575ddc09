"""Where a number first was none: the steps up to a loss of NaN are made once more, and the last ones looked into.

Every step follows from the checkpoint before it, so what happened happens again.
"""

import time
from dataclasses import dataclass, replace
from typing import Any

from workbench.i18n import _
from workbench.training.checkpoint import Checkpoint
from workbench.training.probe import Probe

_LONGEST = 60.0  # seconds to search for a fault


@dataclass(frozen=True)
class Fault:
    """A loss that is no number.

    Attributes:
        epoch: 0-based.
        step: the batch of that loss, from 1.
        loss: NaN or infinite.
        place: where a number first was none: the `input`, the `output` or the `weights` of a layer, the `gradient` by
            its weights, the `loss`; empty where it was not found.
        layer: its name, where there is one.
        at: the batch in which it came up, from 1.
    """

    epoch: int
    step: int
    loss: float
    place: str = ""
    layer: str = ""
    at: int = 0

    @property
    def text(self) -> str:
        """The place in a sentence; empty where it was not found."""
        sentences = {
            "input": _("The inputs of batch {at} are no numbers."),
            "output": _("It first arose in what the layer {layer} gives, at batch {at}."),
            "weights": _("It first arose in the weights of the layer {layer}, by the step of batch {at}."),
            "gradient": _("It first arose in the gradient of the layer {layer}, at batch {at}."),
            "loss": _("It first arose in the loss, at batch {at}: what the network gives are still numbers."),
        }
        return sentences.get(self.place, "").format(layer=self.layer, at=self.at)


def find_fault(loop: Any, start: Checkpoint | None, fault: Fault, probe: Probe) -> Fault:
    """The fault with its place, as far as it is found in time; the loop is left where the search ended.

    Args:
        loop: the training loop that met it.
        start: a state before it, of the same epoch.
        fault: what is known of it.
        probe: looks into the network of the loop.
    """
    if start is None or start.values["position"]["epoch"] != fault.epoch:
        return fault
    loop.go_on_from(start)
    batches = loop.begin_epoch()
    until = time.perf_counter() + _LONGEST
    # The last finite loss but one: a broken gradient shows one step later in the loss.
    while loop.position.step < fault.step - 2:
        if loop.stop_requested or time.perf_counter() > until:
            return fault
        loop.step(*next(batches))
    while loop.position.step < fault.step:
        x, y, weights = next(batches)
        place, layer = probe.first_fault(*loop.as_trained(x, y))
        at = loop.position.step + 1
        if not place:
            loop.step(x, y, weights)
            layer = probe.broken_weights()
            place = "weights" if layer else ""
        if place:
            return replace(fault, place=place, layer=layer, at=at)
    return fault
