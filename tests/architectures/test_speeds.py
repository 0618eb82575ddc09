"""What was measured on this machine: kept by case, read back, and never taken from another machine."""

import dataclasses

from workbench.architectures.speeds import Speed, case_of, keep, kept, settings_of, standard_case, this_machine
from workbench.experiment import new_experiment
from workbench.registry import registry


def speed(case, predicting=100.0, machine=""):
    return Speed(case, predicting, 20.0, case.batch_size, "a processor", machine or this_machine(), "2026-11-21")


def of(name, **changes):
    experiment = new_experiment("digits", name)
    for path, value in changes.items():
        experiment = experiment.changed(path.replace("__", "."), value)
    return experiment


def test_a_measurement_is_found_again_by_what_it_holds_for(home):
    small, large = case_of(of("vgg11")), case_of(of("vgg11", preprocessing__height=64))
    other = case_of(of("vgg11", architecture__width_multiplier=0.5))
    for number, case in enumerate((small, large, other)):
        keep(speed(case, predicting=float(number)))
    assert {case: each.predicting for case, each in kept("vgg11").items()} == {small: 0.0, large: 1.0, other: 2.0}
    assert kept("vgg13") == {}
    assert len(kept()) == 3


def test_measuring_again_takes_the_place_of_the_older_measurement(home):
    case = standard_case(registry().architectures.get("vgg11"))
    keep(speed(case, predicting=1.0))
    keep(speed(case, predicting=2.0))
    assert [each.predicting for each in kept().values()] == [2.0]


def test_what_another_machine_or_other_versions_measured_does_not_count(home):
    keep(speed(case_of(of("vgg11")), machine="another processor, 64 × (keras 4.0, tensorflow 3.0)"))
    assert kept() == {}


def test_a_file_that_cannot_be_read_is_left_out(home):
    keep(speed(case_of(of("vgg11"))))
    (path,) = (home / "cache" / "speeds").iterdir()
    path.with_name("vgg11-broken.json").write_text('{"version": 1, "case": {}}')
    path.with_name("vgg11-cut.json").write_text('{"version"')
    path.with_name("vgg11-later.json").write_text(path.read_text().replace('"version": 1', '"version": 2'))
    assert len(kept()) == 1


def test_only_settings_that_were_changed_make_another_case():
    assert settings_of(of("vgg11").architecture) == "{}"
    assert settings_of(of("vgg11", architecture__dropout=0.1).architecture) == '{"dropout": 0.1}'
    assert case_of(of("vgg11")).batch_size == of("vgg11").training.batch_size
    assert case_of(of("vgg11", training__epochs=99)) == case_of(of("vgg11"))


def test_rows_of_tables_have_no_images_a_second():
    assert case_of(new_experiment("iris", "mlp")) is None


def test_the_standard_case_is_that_of_the_card():
    case = standard_case(registry().architectures.get("xception"))
    assert dataclasses.astuple(case)[:6] == ("xception", "{}", 299, 299, 3, 32)
    assert standard_case(registry().architectures.get("simple_cnn")) is None
