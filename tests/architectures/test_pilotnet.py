"""PilotNet has the shapes and the number of weights of the paper."""

import math

from workbench.architectures.pilotnet import Pilotnet, PilotnetSection


def shapes_and_parameters(section):
    shape, shapes, parameters = (66, 200, 3), [], 0
    for layer in Pilotnet().layers(section):
        effect = layer.effect(shape)
        shape = effect.output_shape
        shapes.append(shape)
        parameters += effect.parameters
    return shapes, parameters


def test_the_maps_are_those_of_the_paper():
    shapes, parameters = shapes_and_parameters(PilotnetSection())
    assert shapes[:5] == [(31, 98, 24), (14, 47, 36), (5, 22, 48), (3, 20, 64), (1, 18, 64)]
    assert [math.prod(shape) for shape in shapes[5:]] == [1152, 1152, 100, 50, 10]
    assert parameters + 11 == 252_219


def test_dropout_of_nothing_leaves_the_layer_out_and_activations_follow_the_setting():
    layers = Pilotnet().layers(PilotnetSection(dropout=0, activation="relu", small_filters=()))
    assert not any(layer.kind == "dropout" for layer in layers)
    assert {layer.activation for layer in layers if hasattr(layer, "activation")} == {"relu"}


def test_its_training_is_adam_with_small_steps_judged_by_validation_loss():
    training = Pilotnet().default_training()
    assert training["optimizer"] == {"name": "adam", "learning_rate": 1e-4}
    assert (training["batch_size"], training["monitor"]) == (32, "val_loss")
