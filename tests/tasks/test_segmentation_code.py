"""Loss and metrics of masks in a script compute what the task's own do."""

import numpy as np
import pytest

from workbench.tasks import segmentation_losses
from workbench.tasks.segmentation_code import loss_and_metrics_code


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("terms", [("cross_entropy",), ("dice",), ("focal", "dice"), ("cross_entropy", "dice")])
def test_the_script_computes_the_loss_and_the_metrics_of_the_task(classes, from_logits, terms):
    import keras

    names = {"keras": keras}
    exec(loss_and_metrics_code(classes, terms, 1.5, from_logits), names)
    random = np.random.default_rng(0)
    masks = random.integers(0, classes, (4, 8, 9)).astype("uint8")
    masks[0] = 0
    outputs = random.normal(0, 3, (4, 8, 9, 1 if classes == 2 else classes)).astype("float32")
    if not from_logits:
        raised = np.exp(outputs)
        outputs = raised / (1 + raised) if classes == 2 else raised / raised.sum(axis=-1, keepdims=True)
    expected = segmentation_losses.keras_loss(terms, 1.5, from_logits)(masks, outputs)
    assert float(names["MaskLoss"]()(masks, outputs)) == pytest.approx(float(expected), rel=1e-4)
    made = [names[name](name) for name in ("Accuracy", "MeanIoU", "Dice")]
    for mine, known in zip(made, segmentation_losses.keras_metrics(classes, from_logits), strict=True):
        for start in (0, 2):
            mine.update_state(masks[start : start + 2], outputs[start : start + 2])
            known.update_state(masks[start : start + 2], outputs[start : start + 2])
        assert float(mine.result()) == pytest.approx(float(known.result()), abs=1e-6)
