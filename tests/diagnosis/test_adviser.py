"""The adviser: four corners of data size and likeness, each set up so that it can be built."""

import json

import pytest

from workbench.architectures.assembly import assemble
from workbench.cli import run
from workbench.control import Control
from workbench.diagnosis.adviser import (
    ANEW,
    EARLY_FEATURES,
    EVERYTHING,
    FEATURES,
    FINE_TUNING,
    DataSize,
    advise,
    base_of,
    guess_similar,
    trained_on,
)
from workbench.errors import UserError
from workbench.experiment import Experiment, new_experiment, read_experiment
from workbench.experiment_toml import write_experiment
from workbench.registry import registry
from workbench.requests import AdviseRequest
from workbench.runs.writer import create_run_folder
from workbench.specs import ClassTarget, ImageInput

TEN = ClassTarget(tuple("0123456789"))


def asked(experiment, similar="auto", **more):
    return advise(AdviseRequest(experiment, similar, **more), lambda event: None, Control())


def learned(experiment: Experiment) -> dict[str, bool]:
    """Layer -> whether it learns, in the network as it is built."""
    size = experiment.preprocessing
    model = assemble(experiment, ImageInput(size.height, size.width, size.channels), TEN).model
    return {layer.name: layer.trainable for layer in model.layers if layer.weights}


@pytest.fixture
def trained(home):
    """A run on digits whose network was never trained: only its layers matter."""
    experiment = new_experiment("digits", "simple_cnn")
    folder = create_run_folder(experiment, home / "runs")
    size = experiment.preprocessing
    assemble(experiment, ImageInput(size.height, size.width, size.channels), TEN).model.save(folder.model_path)
    return folder.name


@pytest.mark.parametrize(
    ("samples", "classes", "many"),
    [(4_999, 0, False), (5_000, 0, True), (5_000, 10, True), (5_000, 11, False), (60_000, 10, True), (0, 0, False)],
)
def test_many_samples_are_many_of_every_class(samples, classes, many):
    assert DataSize(samples, classes).many is many


def test_few_samples_like_the_bases_get_a_head_on_its_features(home):
    advice = asked(new_experiment("digits"), "yes")
    new = advice.experiment
    assert advice.name == FEATURES
    assert "few samples to train on: 1,257, 126 a class" in advice.reasons[0]
    assert (new.architecture.base, new.architecture.boundary, new.architecture.last_layer) == ("keras", "", "")
    assert (new.preprocessing.channels, new.preprocessing.height) == (3, 96)
    assert new.trainer.name == "classical_head"
    assert advice.changes["architecture.name"] == "transfer"
    assert "architecture.pooling" not in advice.changes


def test_numbers_are_learned_by_gradients_on_the_features(home):
    """A classical head tells classes apart."""
    steering = new_experiment("road", "pilotnet")
    new = asked(steering, "yes", samples=500).experiment
    assert (new.trainer.name, new.training.epochs, new.task) == ("fit", 30, steering.task)


def test_few_samples_unlike_the_bases_get_features_of_its_early_layers(trained):
    advice = asked(new_experiment("digits"), "no", base=trained)
    assert advice.name == EARLY_FEATURES
    assert advice.experiment.architecture.last_layer
    layers = learned(advice.experiment)
    assert "conv_1" in layers
    assert "conv_3" not in layers  # it ends before
    assert not layers["conv_1"]
    assert "ends at" in " ".join(advice.reasons)


def test_many_samples_like_the_bases_fine_tune_its_later_layers(trained):
    advice = asked(new_experiment("digits"), "yes", base=trained, samples=50_000, classes=10)
    new = advice.experiment
    assert advice.name == FINE_TUNING
    assert (new.trainer.name, new.trainer.base_rate) == ("two_phases", 0.1)
    assert new.trainer.head_epochs < new.training.epochs
    layers = learned(new)
    assert layers[new.architecture.boundary]
    assert not layers["conv_1"]
    assert (new.preprocessing.height, new.preprocessing.channels) == (28, 1)  # what the run was trained with


def test_many_samples_unlike_the_bases_train_everything(trained):
    advice = asked(new_experiment("digits"), "no", base=trained, samples=50_000)
    assert advice.name == EVERYTHING
    assert (advice.experiment.architecture.boundary, advice.experiment.trainer.name) == ("all", "two_phases")
    assert all(learned(advice.experiment).values())


def test_many_small_pictures_unlike_photographs_need_no_base(home):
    before = new_experiment("digits", "vgg11")
    advice = asked(before.changed("trainer.name", "two_phases"), samples=50_000)
    assert advice.name == ANEW
    assert advice.experiment.architecture == before.architecture
    assert advice.experiment.trainer.name == "fit"
    assert advice.changes["trainer.name"] == "fit"


def test_a_transfer_that_is_better_trained_anew_takes_the_network_of_that_name(home):
    transfer = new_experiment("digits", "transfer").changed("architecture.application", "vgg16")
    advice = asked(transfer, "no", samples=50_000)
    assert advice.experiment.architecture.name == "vgg16"
    assert advice.experiment.training.optimizer.learning_rate == 1e-4


def test_the_boundary_lies_in_the_network_of_keras(home):
    advice = asked(new_experiment("digits", "vgg16"), "yes", samples=50_000)
    new = advice.experiment
    assert (new.architecture.application, new.architecture.boundary) == ("vgg16", "block4_conv2")
    assert new.training.batch_size == new_experiment("digits", "vgg16").training.batch_size


def test_likeness_is_guessed_where_it_can_be(trained):
    imagenet = base_of(new_experiment("digits"))
    assert imagenet.application == "mobilenet_v2"
    assert base_of(new_experiment("digits", "resnet50")).application == "resnet50"
    assert "ImageNet" in trained_on(imagenet)
    assert guess_similar(new_experiment("digits"), imagenet)[0] is False  # grey
    assert guess_similar(new_experiment("cifar10"), imagenet)[0] is True
    of_run = base_of(new_experiment("digits"), trained)
    assert "of an earlier run" in trained_on(of_run)
    assert guess_similar(new_experiment("digits"), of_run)[0] is True
    assert guess_similar(new_experiment("shapes"), of_run)[0] is False


def test_what_nobody_can_tell_is_asked(home, tmp_path):
    with pytest.raises(UserError, match="Say whether"):
        asked(new_experiment("digits"), base=str(tmp_path / "model.keras"))
    with pytest.raises(UserError, match="how many samples"):
        asked(new_experiment("cifar10"))
    with pytest.raises(UserError, match="no run 'nonesuch'"):
        asked(new_experiment("digits"), base="nonesuch")
    with pytest.raises(UserError, match="no advice for the dataset iris"):
        asked(new_experiment("iris", "mlp"))


def test_a_scaling_factor_of_ones_own_does_not_survive_a_base_that_scales(home):
    advice = asked(new_experiment("digits").changed("overrides.scaling_factor", 1 / 225), "yes")
    assert advice.experiment.overrides.scaling_factor is None


def test_every_way_keeps_name_data_and_seed(trained):
    before = new_experiment("digits").changed("name", "mine").changed("training.seed", 7)
    for similar in ("yes", "no"):
        for samples in (100, 50_000):
            new = asked(before, similar, base=trained, samples=samples).experiment
            assert (new.name, new.dataset, new.training.seed) == ("mine", before.dataset, 7)
            assert new.trainer.name in registry().trainers.names()


def test_the_command_writes_the_experiment_that_follows_the_advice(home, tmp_path, capsys):
    path = tmp_path / "experiment.toml"
    write_experiment(new_experiment("digits"), path)
    assert run(["advise", str(path), "--similar", "yes", "--write", str(tmp_path / "advised.toml")]) == 0
    printed = capsys.readouterr().out
    assert "Features of the base" in printed
    assert "preprocessing.channels = 3" in printed
    assert read_experiment(tmp_path / "advised.toml").architecture.name == "transfer"
    assert run(["advise", str(path), "--samples", "50000", "--json", "--write"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["name"], record["written"]) == (ANEW, str(path))
    assert run(["advise", str(path), "--samples", "-1"]) == 2
    assert run(["advise", str(path), "--write", str(tmp_path / "absent" / "x.toml")]) == 2
    assert "cannot be written" in capsys.readouterr().err
