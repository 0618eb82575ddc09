"""The settings of tables: what happens to missing values, and how columns are scaled."""

from typing import Literal

from workbench.experiment import AugmentationSection, PreprocessingSection
from workbench.i18n import mark
from workbench.section import setting

TableScaling = Literal["zscore", "minmax", "none"]
Missing = Literal["median", "mean", "drop"]


class TablePreprocessing(PreprocessingSection):
    """How a row is brought to the network. Fitted on the training split only, and part of the saved model."""

    scaling: TableScaling = setting(
        "zscore", title=mark("Scaling"),
        help=mark("What is done to every column of numbers, from the values of the training split."),
        labels={"zscore": mark("Mean 0, deviation 1 (z-score)"), "minmax": mark("0 to 1 (min-max)"),
                "none": mark("None")},
    )  # fmt: skip
    missing: Missing = setting(
        "median", title=mark("Missing values"),
        help=mark("What stands for a value that is missing; rows without a target are always left out."),
        labels={"median": mark("Median of the column"), "mean": mark("Mean of the column"),
                "drop": mark("Leave out the row")},
    )  # fmt: skip


class NoAugmentation(AugmentationSection):
    """Rows of tables are not changed at random."""
