"""The settings of pictures: how they are brought to the network's input, and how training ones are changed."""

from typing import Literal

from pydantic import model_validator

from workbench.experiment import AugmentationSection, PreprocessingSection
from workbench.i18n import _, mark
from workbench.section import setting
from workbench.specs import ImageInput

Resize = Literal["stretch", "crop", "pad", "tile"]
Scaling = Literal["unit", "symmetric", "standardize"]


class ImagePreprocessing(PreprocessingSection):
    """How a picture is brought to the network's input. Part of the saved model."""

    height: int = setting(
        28, title=mark("Height"), unit="px", help=mark("Height of the network's input."), ge=4, le=1024
    )
    width: int = setting(28, title=mark("Width"), unit="px", help=mark("Width of the network's input."), ge=4, le=1024)
    channels: Literal[1, 3] = setting(
        1, title=mark("Channels"), help=mark("1 for grey pictures, 3 for colour."),
        labels={"1": mark("1 (grey)"), "3": mark("3 (colour)")},
    )  # fmt: skip
    resize: Resize = setting(
        "stretch", title=mark("Resize"), help=mark("What happens when the proportions do not fit."),
        labels={"stretch": mark("Stretch"), "crop": mark("Crop the longer side"), "pad": mark("Pad the shorter side"),
                "tile": mark("Keep the scale, cut into tiles (masks)")},
    )  # fmt: skip
    crop_top: float = setting(
        0.0, title=mark("Cut off above"), help=mark("Share of the height that is left out at the top (the sky)."),
        ge=0.0, le=0.8, advanced=True,
    )  # fmt: skip
    crop_bottom: float = setting(
        0.0, title=mark("Cut off below"), help=mark("Share of the height that is left out at the bottom (the bonnet)."),
        ge=0.0, le=0.8, advanced=True,
    )  # fmt: skip
    scaling: Scaling = setting(
        "unit", title=mark("Scaling"), help=mark("The range the values 0-255 are brought to."),
        labels={"unit": mark("0 to 1 (1/255)"), "symmetric": mark("-1 to 1"),
                "standardize": mark("Mean 0, deviation 1 per channel")},
    )  # fmt: skip

    @model_validator(mode="after")
    def _leave_something_to_see(self) -> "ImagePreprocessing":
        if self.crop_top + self.crop_bottom > 0.9:
            raise ValueError(_("cutting off above and below leaves less than a tenth of the picture; make one smaller"))
        if self.resize == "tile" and (self.crop_top or self.crop_bottom):
            raise ValueError(_("tiles cover the whole picture: nothing can be cut off above or below"))
        return self

    @property
    def tile(self) -> tuple[int, int] | None:
        """Height and width of the tiles that pictures are cut into, or None where they are resized."""
        return (self.height, self.width) if self.resize == "tile" else None

    @property
    def spec(self) -> ImageInput:
        """The picture at the network's input."""
        return ImageInput(self.height, self.width, self.channels)


class ImageAugmentation(AugmentationSection):
    """Random changes to training samples; validation and test samples are never changed."""

    flip: Literal["none", "horizontal", "vertical", "both"] = setting(
        "none", title=mark("Flip"), help=mark("Mirror at random."),
        labels={"none": mark("None"), "horizontal": mark("Left and right"), "vertical": mark("Up and down"),
                "both": mark("Both")},
    )  # fmt: skip
    rotation: float = setting(
        0.0, title=mark("Rotation"), unit="°", help=mark("Turn by up to this angle, either way."), ge=0, le=180
    )
    shift: float = setting(0.0, title=mark("Shift"), help=mark("Move by up to this share of the side."), ge=0, le=0.9)
    shear: float = setting(0.0, title=mark("Shear"), help=mark("Slant by up to this factor."), ge=0, le=0.9)
    zoom: float = setting(0.0, title=mark("Zoom"), help=mark("Enlarge or shrink by up to this share."), ge=0, le=0.9)
    brightness: float = setting(
        0.0, title=mark("Brightness"), help=mark("Lighten or darken by up to this share of the range."), ge=0, le=1
    )
    contrast: float = setting(
        0.0, title=mark("Contrast"), help=mark("Raise or lower the contrast by up to this share."), ge=0, le=0.99
    )
    crop: float = setting(
        0.0, title=mark("Random crop"),
        help=mark("Pad by this share of the side, then cut out the original size at a random place."), ge=0, le=0.5,
    )  # fmt: skip
    fill: Literal["nearest", "reflect", "constant"] = setting(
        "nearest", title=mark("Fill"), help=mark("What stands where the picture was moved away."),
        labels={"nearest": mark("Nearest pixel"), "reflect": mark("Reflection"), "constant": mark("Black")},
    )  # fmt: skip

    @property
    def active(self) -> bool:
        """Whether anything is changed at all."""
        amounts = (self.rotation, self.shift, self.shear, self.zoom, self.brightness, self.contrast, self.crop)
        return self.flip != "none" or any(amounts)
