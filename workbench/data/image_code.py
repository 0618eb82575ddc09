"""Pictures in *Copy as Keras code*: resized as the network does it, changed at random while training."""

from typing import Any

from workbench.data.changed_code import changed_code
from workbench.data.image_settings import ImageAugmentation, ImagePreprocessing
from workbench.data.input_kind import InputCode
from workbench.data.layer_code import FLOAT32, layer_code
from workbench.data.preprocessing import uncut_height
from workbench.experiment import Experiment
from workbench.registry import registry
from workbench.specs import ImageInput


def image_code(experiment: Experiment, spec: ImageInput, model: Any, moved: str | None, maps: bool) -> InputCode:
    """The part of a script that is about pictures; see `InputKind.keras_code`."""
    preprocessing, augmentation = experiment.preprocessing, experiment.augmentation
    float32 = FLOAT32 if experiment.training.precision != "float32" else ""
    if preprocessing.tile is None:
        taken, taken_maps, prepared = "resize", "resize_masks", "resized"
        resize = layer_code(model.get_layer("resize"), float32)
        front = _resized(preprocessing, spec, model, resize, float32)
        definitions = [_resize_code(preprocessing, resize), *([_maps_code(preprocessing)] if maps else [])]
    else:
        taken, taken_maps, prepared = "tiles", "tiles", "image"
        front = [f'image = keras.Input({spec.shape}, name="image")']
        definitions = [_tiles_code(preprocessing)]
    learned = [
        f'pixels = keras.Input({spec.shape}, dtype="uint8", name="pixels")',
        'x = keras.ops.cast(pixels, "float32")',
    ]
    batches = ""
    own_scaling = registry().architectures.get(experiment.architecture.name).own_scaling
    scaled = prepared if own_scaling else f"{layer_code(model.get_layer('scale'), float32)}({prepared})"
    if augmentation.active and moved is not None:
        definitions.append(changed_code(augmentation, moved, experiment.training.seed))
        learned = [f'x = pixels = keras.Input({spec.shape}, name="changed")']
        batches = f"Changed(x_train, y_train, {experiment.training.batch_size})"
    else:
        learned += [f"x = {call}(x)" for call in augmentation_calls(augmentation, float32)]
    return InputCode(
        definitions="\n\n\n".join(definitions),
        reading=f"channels={preprocessing.channels}",
        taken=taken + "([inputs[index] for index in {indices}])",
        taken_maps=taken_maps + "([labels[index] for index in {indices}])",
        raw="image",
        prepared=prepared,
        front=[*front, f"x = {scaled}"],
        learned=learned,
        stored="pixels",
        batches=batches,
    )


def _resized(size: ImagePreprocessing, spec: ImageInput, model: Any, resize: str, float32: str) -> list[str]:
    lines = [
        f'image = keras.Input((None, None, {spec.channels}), name="image")',
        "# Resizing takes training=True for its default and would hand it on to the layers after it.",
        f"resized = {resize}(image, training=False)",
        "resized = keras.ops.round(resized)",
    ]
    if uncut_height(size)[0] != size.height:
        lines.append(f"resized = {layer_code(model.get_layer('cut'), float32)}(resized)")
    return lines


def augmentation_calls(section: ImageAugmentation, float32: str) -> list[str]:
    """The augmentation as calls of Keras' own layers; they change pictures in training only."""
    fill = f'fill_mode="{section.fill}"'
    flips = {"horizontal": "horizontal", "vertical": "vertical", "both": "horizontal_and_vertical"}
    calls = []
    if section.flip != "none":
        calls.append(f'RandomFlip("{flips[section.flip]}"')
    if section.rotation:
        calls.append(f"RandomRotation({section.rotation:g} / 360, {fill}")
    if section.shift:
        calls.append(f"RandomTranslation({section.shift:g}, {section.shift:g}, {fill}")
    if section.shear:
        calls.append(f"RandomShear({section.shear:g}, {fill}")
    if section.zoom:
        calls.append(f"RandomZoom((-{section.zoom:g}, {section.zoom:g}), {fill}")
    if section.crop:
        calls.append(f'RandomTranslation({section.crop:g}, {section.crop:g}, {fill}, interpolation="nearest"')
    if section.brightness:
        calls.append(f"RandomBrightness({section.brightness:g}, value_range=(0, 255)")
    if section.contrast:
        calls.append(f"RandomContrast({section.contrast:g}, value_range=(0, 255)")
    return [f"layers.{call}{float32})" for call in calls]


def _resize_code(size: ImagePreprocessing, layer: str) -> str:
    height, above = uncut_height(size)
    cut = f"[:, {above} : {above + size.height}]" if height != size.height else ""
    return f'''\
def resize(images):
    """Pictures of any sizes as uint8 at the input of the network, resized as the network itself does it."""
    layer = {layer}
    result = np.empty((len(images), {size.height}, {size.width}, {size.channels}), "uint8")
    of_shape = {{}}
    for index, image in enumerate(images):
        of_shape.setdefault(image.shape, []).append(index)
    for indices in of_shape.values():
        for start in range(0, len(indices), 256):
            part = indices[start : start + 256]
            batch = np.stack([images[index] for index in part])
            result[part] = keras.ops.convert_to_numpy(keras.ops.round(layer(batch))){cut}
    return result'''


def _maps_code(size: ImagePreprocessing) -> str:
    """As `workbench.data.preprocessing.resize_mask`."""
    height, above = uncut_height(size)
    lines = [
        "def resize_masks(masks):",
        '    """Masks of any sizes as they lie over the resized pictures, by the nearest pixel."""',
        "    import cv2",
        "",
        f'    result = np.empty((len(masks), {size.height}, {size.width}), "uint8")',
        "    for index, mask in enumerate(masks):",
        *(["        height, width = mask.shape"] if size.resize != "stretch" else []),
    ]
    if size.resize == "crop":
        lines += [
            f"        shown_height = min(height, int(width * {height} / {size.width}))",
            f"        shown_width = min(width, int(height * {size.width} / {height}))",
            "        top, left = (height - shown_height) // 2, (width - shown_width) // 2",
            "        mask = np.ascontiguousarray(mask[top : top + shown_height, left : left + shown_width])",
        ]
    elif size.resize == "pad":
        lines += [
            f"        more_height = max(height, int(width * {height} / {size.width})) - height",
            f"        more_width = max(width, int(height * {size.width} / {height})) - width",
            "        above, left = more_height // 2, more_width // 2",
            "        mask = np.pad(mask, ((above, more_height - above), (left, more_width - left)))",
        ]
    cut = f"[{above} : {above + size.height}]" if height != size.height else ""
    return "\n".join(
        [
            *lines,
            f"        mask = cv2.resize(mask, ({size.width}, {height}), interpolation=cv2.INTER_NEAREST_EXACT)",
            f"        result[index] = mask{cut}",
            "    return result",
        ]
    )


def _tiles_code(size: ImagePreprocessing) -> str:
    """As `workbench.data.tiles.cut`."""
    return f'''\
def tiles(images):
    """The tiles that pictures (or masks) are cut into at full size; the last of a row ends at the border."""
    height, width = {size.height}, {size.width}

    def starts(length, side):
        count = -(-length // side)
        return [round(number * (length - side) / max(1, count - 1)) for number in range(count)]

    result = []
    for image in images:
        # What is smaller than a tile goes on as if in a mirror.
        below, right = max(0, height - image.shape[0]), max(0, width - image.shape[1])
        image = np.pad(image, [(0, below), (0, right), (0, 0)][: image.ndim], mode="symmetric")
        for top in starts(image.shape[0], height):
            for left in starts(image.shape[1], width):
                result.append(image[top : top + height, left : left + width])
    return np.stack(result)'''
