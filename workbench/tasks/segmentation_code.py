"""Loss and metrics of masks as readable source, for *Copy as Keras code*.

What `segmentation_losses` computes, written for one experiment: so many classes, so many terms, from logits or not.
"""

_TITLES = {"cross_entropy": "Cross-entropy", "focal": "focal loss", "dice": "Dice loss"}

_TERMS = {
    "cross_entropy": """\
        cross_entropy = keras.ops.mean(errors, axis=(1, 2))""",
    "focal": """\
        # A pixel that is right already counts little.
        doubt = keras.ops.maximum(1 - keras.ops.exp(-errors), 1e-7)
        focal = keras.ops.mean(doubt**GAMMA * errors, axis=(1, 2))""",
    "dice": """\
        # The overlap of what is found and what is there, softly counted; a class that is nowhere costs nothing.
        CHANCES
        common = keras.ops.sum(chances * members, axis=(1, 2))
        both = keras.ops.sum(chances, axis=(1, 2)) + keras.ops.sum(members, axis=(1, 2))
        dice = keras.ops.mean(1 - (2 * common + 1) / (both + 1), axis=-1)""",
}

_METRICS = '''\
class PixelCounts(keras.metrics.Metric):
    """Counts the pixels of all masks by their true class (rows) and the one found (columns)."""

    def __init__(self, name):
        super().__init__(name=name)
        self.counts = self.add_variable((CLASSES, CLASSES), initializer="zeros", name="counts")

    def update_state(self, masks, outputs, sample_weight=None):
        found = FOUND
        true = keras.ops.one_hot(keras.ops.reshape(keras.ops.cast(masks, "int32"), (-1,)), CLASSES)
        found = keras.ops.one_hot(keras.ops.reshape(found, (-1,)), CLASSES)
        self.counts.assign_add(keras.ops.matmul(keras.ops.transpose(true), found))

    def mean(self, above, below):
        """The mean of above / below over the classes that occur."""
        occurs = keras.ops.cast(below > 0, "float32")
        return keras.ops.sum(occurs * above / keras.ops.maximum(below, 1)) / keras.ops.maximum(keras.ops.sum(occurs), 1)


class Accuracy(PixelCounts):
    def result(self):
        return keras.ops.sum(keras.ops.diagonal(self.counts)) / keras.ops.maximum(keras.ops.sum(self.counts), 1)


class MeanIoU(PixelCounts):
    def result(self):
        right = keras.ops.diagonal(self.counts)
        return self.mean(right, keras.ops.sum(self.counts, axis=0) + keras.ops.sum(self.counts, axis=1) - right)


class Dice(PixelCounts):
    def result(self):
        right = keras.ops.diagonal(self.counts)
        both = keras.ops.sum(self.counts, axis=0) + keras.ops.sum(self.counts, axis=1)
        DICE'''


def loss_and_metrics_code(classes: int, terms: tuple[str, ...], gamma: float, from_logits: bool) -> str:
    """The classes `MaskLoss`, `Accuracy`, `MeanIoU` and `Dice`."""
    return f"{_loss(classes, terms, gamma, from_logits)}\n\n\n{_metrics(classes, from_logits)}"


def _loss(classes: int, terms: tuple[str, ...], gamma: float, from_logits: bool) -> str:
    title = " + ".join(_TITLES[term] for term in terms)
    if classes == 2:
        members = 'keras.ops.cast(masks, "float32")[..., None]'
        errors = f"keras.losses.binary_crossentropy(members, outputs, from_logits={from_logits})"
        chances = "keras.ops.sigmoid(outputs)"
    else:
        members = f'keras.ops.one_hot(keras.ops.cast(masks, "int32"), {classes})'
        errors = f"keras.losses.categorical_crossentropy(members, outputs, from_logits={from_logits})"
        chances = "keras.ops.softmax(outputs)"
    chances = f"chances = {chances if from_logits else 'outputs'}"
    lines = [
        "class MaskLoss(keras.losses.Loss):",
        f'    """{title[0].upper()}{title[1:]} of every mask; Keras takes the mean of the batch."""',
        "",
        "    def call(self, masks, outputs):",
        f"        members = {members}",
        *([f"        errors = {errors}"] if terms != ("dice",) else []),
        *(_TERMS[term].replace("CHANCES", chances).replace("GAMMA", f"{gamma:g}") for term in terms),
        f"        return {' + '.join(terms)}",
    ]
    return "\n".join(lines)


def _metrics(classes: int, from_logits: bool) -> str:
    found = "keras.ops.argmax(outputs, axis=-1)"
    dice = "return self.mean(2 * right, both)"
    if classes == 2:
        found = f'keras.ops.cast(outputs > {0.0 if from_logits else 0.5}, "int32")'
        dice = (
            "# Of the second class; where it neither is nor was found, everything is right.\n"
            "        return keras.ops.where(both[1] > 0, 2 * right[1] / keras.ops.maximum(both[1], 1), 1.0)"
        )
    return _METRICS.replace("CLASSES", str(classes)).replace("FOUND", found).replace("DICE", dice)
