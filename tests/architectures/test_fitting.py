"""Which architecture an experiment begins with, and when another dataset brings another one."""

import pytest

from workbench.architectures.fitting import begin_with, let_the_network_fit
from workbench.experiment import from_values, with_dataset


def after(experiment, dataset):
    values = with_dataset(experiment, {"name": dataset})
    let_the_network_fit(values, experiment)
    return from_values(values, "the experiment")


@pytest.mark.parametrize(
    ("dataset", "architecture"),
    [("digits", "simple_cnn"), ("diabetes", "linear"), ("breast_cancer", "logistic"), ("cells", "unet"),
     ("road", "pilotnet"), ("xor", "mlp")],
)  # fmt: skip
def test_every_kind_of_samples_begins_with_an_architecture_made_for_it(dataset, architecture):
    assert begin_with(dataset).architecture.name == architecture


@pytest.mark.parametrize(
    ("before", "dataset", "architecture"),
    [("digits", "shapes", "simple_cnn"), ("diabetes", "road", "pilotnet"), ("cells", "digits", "simple_cnn"),
     ("road", "cells", "unet"), ("digits", "diabetes", "linear"), ("diabetes", "iris", "logistic")],
)  # fmt: skip
def test_another_dataset_brings_another_architecture_where_the_one_before_does_not_suit(before, dataset, architecture):
    assert after(begin_with(before), dataset).architecture.name == architecture


def test_a_chosen_architecture_stays_as_long_as_it_suits_and_brings_its_training_where_it_does_not():
    chosen = begin_with("digits", "lenet5").changed("training.epochs", 77)
    assert after(chosen, "shapes") == chosen.changed("dataset.name", "shapes")
    linear = after(chosen, "diabetes")
    assert linear.training.optimizer.learning_rate == begin_with("diabetes").training.optimizer.learning_rate


def test_a_trainer_for_numbers_does_not_stay_for_classes():
    solved = begin_with("diabetes").changed("trainer.name", "closed_form")
    assert after(solved, "house_prices").trainer.name == "closed_form"
    assert after(solved, "iris").trainer.name == "fit"
