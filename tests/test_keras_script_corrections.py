"""*Copy as Keras code* of an experiment with corrections: the script learns from the corrected data."""

import numpy as np
import pytest

from workbench.control import Control
from workbench.data.corrections import Correction, usual_place, write_corrections
from workbench.data.prepare import prepare
from workbench.experiment import new_experiment
from workbench.requests import CodeRequest
from workbench.training.keras_script import write


class FarEnoughError(Exception):
    """Raised where the script would build its network."""


def learned_by(script):
    """What the script's `main` is about to learn from: its local variables."""
    names = {"__name__": "script"}
    exec(compile(script, "script.py", "exec"), names)

    def stop(*_arguments):
        raise FarEnoughError

    names["build_network"] = stop
    with pytest.raises(FarEnoughError) as caught:
        names["main"]()
    return caught.traceback[-2].frame.f_locals


@pytest.mark.parametrize(("dataset", "architecture"), [("digits", "linear"), ("iris", "mlp")])
def test_the_script_learns_from_the_corrected_labels_without_what_is_left_out(home, dataset, architecture):
    plain = new_experiment(dataset, architecture)
    before = prepare(plain, lambda event: None, Control())
    train = before.splits["train"]
    last = before.target.class_names[-1]
    changed = [before.names[index] for index in train if before.targets[index] == 0][:20]
    lines = [Correction(before.names[train[-1]], "exclude"), *(Correction(name, "relabel", last) for name in changed)]
    write_corrections(usual_place(plain.dataset), {line.name: line for line in lines}.values())
    experiment = plain.changed("corrections.file", str(usual_place(plain.dataset)))
    data = prepare(experiment, lambda event: None, Control())
    script = write(CodeRequest(experiment), lambda event: None, Control())
    found = learned_by(script)
    for split, indices in data.splits.items():
        np.testing.assert_array_equal(np.ravel(found[f"y_{split}"]), data.targets[indices])
        np.testing.assert_array_equal(found[f"x_{split}"], data.inputs[indices])
    assert len(found["y_train"]) < len(train)
    assert "corrected" not in write(CodeRequest(plain), lambda event: None, Control())
