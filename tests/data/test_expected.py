"""What is known of a target while the data are not here."""

from workbench.architectures.summary import summarise
from workbench.control import Control
from workbench.data.expected import expected_target
from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.requests import SummaryRequest


def experiment(**dataset):
    return Experiment.model_validate(
        {"version": 1, "dataset": dataset, "architecture": {"name": "mini_xception", "filters": [8]}}
    )


def test_a_downloaded_dataset_states_its_classes_before_it_is_here():
    expected = expected_target(experiment(name="cifar100", labels="coarse"))
    assert len(expected.target.class_names) == 20
    assert expected.stated


def test_a_folder_of_pictures_has_the_usual_number_until_it_is_read():
    expected = expected_target(experiment(name="image_folder", path="nowhere"))
    assert len(expected.target.class_names) == 10
    assert not expected.stated


def test_the_layers_of_a_network_are_counted_without_fetching_the_data(monkeypatch):
    source = registry().datasets.get("cifar10")
    monkeypatch.setattr(source, "at_hand", lambda section: False)
    monkeypatch.setattr(source, "open", None)  # would download 170 MB
    table = summarise(SummaryRequest(experiment(name="cifar10")), lambda event: None, Control())
    assert table.rows[-1].output_shape == (10,)
