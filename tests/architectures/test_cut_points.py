"""Where networks are cut: at layers that everything passes through, by their share of the depth."""

import gc

import pytest

from workbench.architectures.applications import NO_WEIGHTS, application
from workbench.architectures.cut_points import cut_points, nearest
from workbench.architectures.summary import without_weights


@pytest.mark.parametrize(
    ("name", "early", "late"),
    [
        ("vgg16", "block2_pool", "block4_conv2"),
        ("resnet50", "conv3_block2_out", "conv4_block3_1_conv"),
        ("mobilenet_v2", "block_5_add", "block_10_depthwise"),
        ("mobilenet_v3_small", "expanded_conv_3_project_bn", "expanded_conv_7_expand"),
        ("densenet121", "pool3_pool", "conv4_block17_1_conv"),
        ("efficientnet_b0", "block4a_activation", "block5c_expand_conv"),
        ("xception", "add_3", "block9_sepconv1"),
        ("convnext_tiny", "convnext_tiny_downsampling_block_1", "convnext_tiny_stage_3_block_0_depthwise_conv"),
    ],
)
def test_every_family_is_cut_between_blocks(name, early, late):
    def cut():
        network = application(name, (96, 96, 3), NO_WEIGHTS)
        return network, cut_points(network)

    gc.disable()
    try:
        network, points = without_weights(cut)
    finally:
        gc.enable()
    assert nearest(points, 0.33).layer == early
    assert nearest(points, 0.6).next_to_learn == late
    assert nearest(points, 0.6).next_to_learn in [layer.name for layer in network.layers]


def test_layers_without_a_name_are_called_the_same_however_often_a_network_was_made():
    """The weights of such layers are found by their names, and so is a boundary in another process."""
    made = without_weights(lambda: [application("xception", (96, 96, 3), NO_WEIGHTS) for _time in range(2)])
    first, second = ([layer.name for layer in network.layers] for network in made)
    assert first[1:] == second[1:]
    assert "conv2d" in first


def test_the_inside_of_a_block_with_a_shortcut_is_no_place_to_cut():
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    inner = layers.Conv2D(4, 3, padding="same", name="inner")(x)
    inner = layers.Conv2D(4, 3, padding="same", name="inner_2")(inner)
    x = layers.Add(name="add")([x, inner])
    x = layers.Conv2D(4, 3, name="last")(x)
    points = {point.layer: point for point in cut_points(keras.Model(inputs, x))}
    assert list(points) == ["stem", "add", "last"]
    assert [point.share for point in points.values()] == [0.25, 0.75, 1.0]
    assert [point.next_to_learn for point in points.values()] == ["inner", "last", ""]
    assert nearest(list(points.values()), 0.9).layer == "add"
    assert nearest([points["last"]], 0.9) is None
