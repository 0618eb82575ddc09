"""Which layer feature maps are shown of when none is named."""

from workbench.inspection.network.layers import last_convolution


def test_the_output_layer_of_a_network_of_masks_is_not_what_is_shown_unless_nothing_else_is_there():
    import keras

    inputs = keras.Input((8, 8, 3))
    inner = keras.layers.Conv2D(4, 3, padding="same", name="inner")(inputs)
    outputs = keras.layers.Conv2D(2, 1, name="logits")
    assert last_convolution(keras.Model(inputs, outputs(inner))) == "inner"
    alone = keras.layers.Conv2D(2, 1, name="logits")
    assert last_convolution(keras.Model(inputs, alone(inputs))) == "logits"
    flat = keras.Model(vector := keras.Input((3,)), keras.layers.Dense(1, name="logits")(vector))
    assert last_convolution(flat) == ""
