"""Random changes to pictures whose targets change with them, as source: what `data.augmentation` does, in NumPy."""

import textwrap

from workbench.data.image_settings import ImageAugmentation

_BATCHES = '''\


class Changed(keras.utils.PyDataset):
    """Batches of training samples in a new order every epoch, changed at random with what is learned of them."""

    def __init__(self, x, y, batch_size):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.random = np.random.default_rng(SEED)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, number):
        chosen = self.order[number * self.batch_size :][: self.batch_size]
        return change(self.x[chosen], self.y[chosen], self.random)

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.x))
'''


def changed_code(section: ImageAugmentation, moved: str, seed: int) -> str:
    """`change(x, y, random)`, and `Changed`, the batches that went through it.

    Args:
        section: what is changed.
        moved: an expression of targets `y`, of `sign`, `shift` and `warp`; empty where they stay as they are.
        seed: of the changes.
    """
    lines = [
        "def change(x, y, random):",
        '    """A batch changed at random, and with it what is to be learned of it."""',
        "",
        "    def draw(amount):",
        '        return random.uniform(-amount, amount, len(x)).astype("float32")',
        "",
        '    x, y = x.astype("float32"), y.astype("float32")',
    ]
    geometry = any((section.rotation, section.shift, section.shear, section.zoom, section.crop))
    lines += [f"    {line}" if line else "" for line in (_affine(section) if geometry else _flipped(section))]
    if moved:
        lines.append(f"    y = {moved}")
    if section.contrast:
        lines += [
            f"    contrast = 1 + draw({section.contrast:g})[:, None, None, None]",
            "    mean = x.mean(axis=(1, 2), keepdims=True)",
            "    x = (x - mean) * contrast + mean",
        ]
    if section.brightness:
        lines.append(f"    x = x + draw(255 * {section.brightness:g})[:, None, None, None]")
    if section.contrast or section.brightness:
        lines.append("    x = np.clip(x, 0, 255)")
    lines.append('    return x, y.astype("float32")')
    return "\n".join(lines) + "\n" + _BATCHES.replace("SEED", str(seed)).rstrip()


def _flipped(section: ImageAugmentation) -> list[str]:
    lines = ['sign, shift = np.ones(len(x), "float32"), np.zeros(len(x), "float32")']
    inner = []
    if section.flip in ("horizontal", "both"):
        lines += ["mirrored = draw(1) > 0  # left and right", "sign[mirrored] = -1"]
        inner.append("maps[mirrored] = maps[mirrored, :, ::-1]")
    if section.flip in ("vertical", "both"):
        lines.append("turned = draw(1) > 0  # upside down")
        inner.append("maps[turned] = maps[turned, ::-1]")
    body = ["maps = maps.copy()", *inner, "return maps"] if inner else ["return maps"]
    return [*lines, "", "def warp(maps):", *(f"    {line}" for line in body), "", "x = warp(x)"]


def _affine(section: ImageAugmentation) -> list[str]:
    """From every pixel of the result back to where it comes from, as `workbench.data.augmentation` has it."""
    lines = ["height, width = x.shape[1:3]"]
    lines += [
        f"angle, slant, size = np.radians(draw({section.rotation:g})), draw({section.shear:g}), "
        f"1 + draw({section.zoom:g})",
        "a, b = np.cos(angle) / size, (np.cos(angle) * slant - np.sin(angle)) / size",
        "c, d = np.sin(angle) / size, (np.sin(angle) * slant + np.cos(angle)) / size",
        'sign = np.ones(len(x), "float32")',
    ]
    if section.flip in ("horizontal", "both"):
        lines += ["sign[draw(1) > 0] = -1  # mirrored left and right", "a, c = a * sign, c * sign"]
    if section.flip in ("vertical", "both"):
        lines += ["mirror = np.where(draw(1) > 0, 1, -1)  # upside down", "b, d = b * mirror, d * mirror"]
    lines.append(f"right, down = draw({section.shift:g} * width), draw({section.shift:g} * height)")
    if section.crop:
        lines += [
            f"right += np.round(draw(round({section.crop:g} * width) + 0.499))",
            f"down += np.round(draw(round({section.crop:g} * height) + 0.499))",
        ]
    return [
        *lines,
        "middle_x, middle_y = (width - 1) / 2, (height - 1) / 2",
        "zero = np.zeros(len(x))",
        "transforms = np.stack(",
        "    [",
        "        a, b, middle_x - a * middle_x - b * middle_y + right,",
        "        c, d, middle_y - c * middle_x - d * middle_y + down,",
        "        zero, zero,",
        "    ],",
        "    axis=1,",
        ').astype("float32")',
        "# Content that comes from further right lies further left then; in a mirrored picture, further right.",
        "shift = -sign * right / width",
        "",
        'def warp(maps, interpolation="nearest"):',
        *textwrap.indent(
            "moved = keras.ops.image.affine_transform(\n"
            f'    maps, transforms, interpolation, fill_mode="{section.fill}", data_format="channels_last"\n'
            ")\n"
            "return keras.ops.convert_to_numpy(moved)",
            "    ",
        ).split("\n"),
        "",
        'x = warp(x, "bilinear")',
    ]
