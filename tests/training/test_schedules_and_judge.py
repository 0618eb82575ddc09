"""Learning rates at every step, the judging of epochs, every optimizer, and failures in words."""

import errno

import pytest

from workbench.errors import UserError
from workbench.experiment import new_experiment
from workbench.training.failure import DivergedError, explain_failure, is_out_of_memory
from workbench.training.fault import Fault
from workbench.training.judge import make_judge
from workbench.training.optimizers import keras_optimizer
from workbench.training.schedules import LearningRates
from workbench.training_settings import TrainingSection

DIRECTIONS = {"loss": "min", "accuracy": "max"}


def settings(**values):
    return TrainingSection.model_validate({"epochs": 10, "optimizer": {"name": "sgd", "learning_rate": 0.1}, **values})


def rates(steps=10, first_epoch=0, **values):
    return LearningRates(settings(**values), steps, first_epoch)


def test_a_constant_schedule_keeps_the_rate():
    assert {rates().at(epoch, 3) for epoch in range(10)} == {0.1}


def test_a_cosine_falls_from_the_rate_to_its_final_fraction_and_passes_the_middle_half_way():
    cosine = rates(schedule={"name": "cosine", "final_fraction": 0.1})
    assert cosine.at(0, 0) == pytest.approx(0.1)
    assert cosine.at(5, 0) == pytest.approx(0.1 * 0.55)
    assert cosine.at(10, 0) == pytest.approx(0.01)


def test_a_step_schedule_multiplies_every_so_many_epochs():
    step = rates(schedule={"name": "step", "every": 3, "factor": 0.5})
    assert [step.at(epoch, 0) for epoch in (0, 2, 3, 6)] == pytest.approx([0.1, 0.1, 0.05, 0.025])


def test_a_warm_up_rises_to_the_rate_and_the_cosine_begins_after_it():
    warm = rates(warmup_epochs=2, schedule="cosine")
    values = [warm.at(step // 10, step % 10) for step in range(20)]
    assert values == sorted(values)
    assert values[0] < 0.01
    assert warm.at(2, 0) == pytest.approx(0.1)


def test_an_extended_run_computes_its_schedule_anew_from_where_it_was():
    extended = rates(first_epoch=5, warmup_epochs=2, schedule="cosine")
    assert extended.at(5, 0) == pytest.approx(0.1)
    assert extended.at(10, 0) == pytest.approx(0.0, abs=1e-12)


def test_a_plateau_lowers_the_rate_after_its_patience_and_then_waits_again():
    chosen = settings(schedule={"name": "plateau", "patience": 2, "factor": 0.5})
    judge = make_judge("val_loss", DIRECTIONS, has_validation=True)
    factors = []
    for epoch, loss in enumerate([1.0, 1.0, 1.0, 1.0, 1.0, 0.5]):
        judge.see(epoch, {"val_loss": loss}, chosen)
        factors.append(judge.plateau_factor)
    assert factors == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    assert LearningRates(chosen, 10).at(5, 0, judge.plateau_factor) == pytest.approx(0.025)


def test_the_best_epoch_is_the_lowest_loss_or_the_highest_accuracy_and_never_one_that_is_no_number():
    by_loss = make_judge("val_loss", DIRECTIONS, has_validation=True)
    by_accuracy = make_judge("val_accuracy", DIRECTIONS, has_validation=True)
    for epoch, (loss, accuracy) in enumerate([(float("nan"), 0.1), (0.9, 0.6), (0.5, 0.5)]):
        metrics = {"val_loss": loss, "val_accuracy": accuracy}
        by_loss.see(epoch, metrics, settings())
        by_accuracy.see(epoch, metrics, settings())
    assert (by_loss.best_epoch, by_accuracy.best_epoch) == (2, 1)


def test_early_stopping_waits_for_its_patience_and_never_without_one():
    judge = make_judge("loss", DIRECTIONS, has_validation=False)
    for epoch in range(3):
        judge.see(epoch, {"loss": 1.0}, settings())
    assert judge.wants_to_stop(settings(early_stopping=2))
    assert not judge.wants_to_stop(settings(early_stopping=3))
    assert not judge.wants_to_stop(settings())


def test_without_validation_samples_the_training_twin_is_judged():
    assert make_judge("val_accuracy", DIRECTIONS, has_validation=False).monitor == "accuracy"
    with pytest.raises(UserError, match="Did you mean 'val_loss'"):
        make_judge("val_los", DIRECTIONS, has_validation=True)


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam", "adamax"])
def test_every_optimizer_takes_all_of_its_parameters(name):
    experiment = new_experiment().changed("training.optimizer", {"name": name, "learning_rate": 0.25})
    optimizer = keras_optimizer(experiment.training.optimizer)
    config = optimizer.get_config()
    assert type(optimizer).__name__.lower() == name
    for parameter, value in experiment.training.optimizer.model_dump(exclude={"name"}).items():
        assert config[parameter] == pytest.approx(value)


def test_running_out_of_memory_is_recognised_on_the_host_and_on_a_device():
    import tensorflow as tf

    errors = [
        MemoryError(),
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
    ]
    for error in errors:
        assert is_out_of_memory(error)
        assert "half the batch size" in explain_failure(error, 64)
    assert not is_out_of_memory(ValueError("shapes"))


def test_every_failure_says_what_happened_and_what_to_try():
    assert "epoch 3, batch 7" in explain_failure(DivergedError(Fault(2, 7, float("nan"))), 32)
    assert "Make room" in explain_failure(OSError(errno.ENOSPC, "No space left on device"), 32)
    assert "Check that it is there" in explain_failure(FileNotFoundError(2, "No such file", "x.npy"), 32)
    assert "ValueError: odd" in explain_failure(ValueError("odd\ntraceback"), 32)
    assert explain_failure(UserError("as it is"), 32) == "as it is"
