"""The settings of `classical_head`: what is done to the features, which classifier, and the grid that is searched."""

import math
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, field_validator, model_validator

from workbench.experiment import TrainerSection
from workbench.i18n import _, mark
from workbench.section import Section, setting

_Positive = Annotated[float, Field(gt=0, le=1e9)]
_STRENGTHS = {
    "title": mark("C"),
    "help": mark("Values to try: small ones keep the weights small, large ones follow the training samples."),
}  # fmt: skip


class NoPca(Section):
    """The features as they are."""

    name: Literal["none"] = "none"


class Components(Section):
    """So many principal components."""

    name: Literal["components"] = "components"
    count: int = setting(
        64, title=mark("Components"), ge=1, le=16_384, help=mark("How many numbers are left of the features.")
    )


class ShareOfVariance(Section):
    """As many principal components as hold a share of the variance."""

    name: Literal["share"] = "share"
    share: float = setting(
        0.95, title=mark("Share of variance"), gt=0, lt=1, widget="slider",
        help=mark("As many components as are needed for this share."),
    )  # fmt: skip


class Classifier(Section):
    """Base of the classifiers: every field but the name is a list of values to try."""

    @field_validator("*", mode="after")
    @classmethod
    def _at_least_one_value(cls, value: Any) -> Any:
        if value == ():
            raise ValueError(_("give at least one value"))
        return value

    def grid(self) -> dict[str, tuple[Any, ...]]:
        """The values to try, by name."""
        return {name: value for name, value in self if name != "name"}


class LogisticRegression(Classifier):
    """Cross-entropy with a penalty on large weights."""

    name: Literal["logistic_regression"] = "logistic_regression"
    c: tuple[_Positive, ...] = setting((0.01, 0.1, 1.0), **_STRENGTHS)


class LinearSvm(Classifier):
    """A support vector machine without kernel, one class against the others."""

    name: Literal["linear_svm"] = "linear_svm"
    c: tuple[_Positive, ...] = setting((0.001, 0.01, 0.1), **_STRENGTHS)


class RbfSvm(Classifier):
    """A support vector machine with a Gaussian kernel."""

    name: Literal["rbf_svm"] = "rbf_svm"
    c: tuple[_Positive, ...] = setting((1.0, 10.0), **_STRENGTHS)
    gamma: tuple[_Positive, ...] = setting(
        (1.0,), title=mark("Gamma"),
        help=mark("Values to try, as multiples of 1 / (number of features × their variance); larger ones look nearer."),
    )  # fmt: skip


class RandomForest(Classifier):
    """Many decision trees that vote."""

    name: Literal["random_forest"] = "random_forest"
    trees: tuple[Annotated[int, Field(ge=1, le=5_000)], ...] = setting(
        (100,), title=mark("Trees"), help=mark("Values to try.")
    )
    depth: tuple[Annotated[int, Field(ge=0, le=1_000)], ...] = setting(
        (0, 10), title=mark("Depth"), help=mark("Values to try; 0 sets no limit.")
    )


class NearestNeighbours(Classifier):
    """The classes of the training samples that lie nearest."""

    name: Literal["nearest_neighbours"] = "nearest_neighbours"
    neighbours: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = setting(
        (1, 5, 15), title=mark("Neighbours"), help=mark("Values to try.")
    )
    weights: tuple[Annotated[str, Field(pattern="^(uniform|distance)$")], ...] = setting(
        ("uniform",), title=mark("Weights"),
        help=mark("Values to try: uniform counts all neighbours the same, distance the near ones more."),
    )  # fmt: skip


class ClassicalHeadSection(TrainerSection):
    """Settings of `classical_head`."""

    name: Literal["classical_head"] = setting("classical_head", title=mark("Trainer"), widget="hidden")
    standardise: bool = setting(
        True, title=mark("Standardise"), help=mark("Bring every feature to mean 0 and deviation 1 first.")
    )
    pca: Annotated[NoPca | Components | ShareOfVariance, Discriminator("name")] = setting(
        title=mark("PCA"), default_factory=NoPca,
        help=mark("Replace the features by fewer that vary most."),
        labels={"none": mark("None"), "components": mark("So many components"),
                "share": mark("A share of the variance")},
    )  # fmt: skip
    classifier: Annotated[
        LogisticRegression | LinearSvm | RbfSvm | RandomForest | NearestNeighbours, Discriminator("name")
    ] = setting(
        title=mark("Classifier"), default_factory=LogisticRegression,
        help=mark("The values it is tried with are separated by commas; every combination is tried."),
        labels={"logistic_regression": mark("Logistic regression"), "linear_svm": mark("Linear SVM"),
                "rbf_svm": mark("SVM with RBF kernel"), "random_forest": mark("Random forest"),
                "nearest_neighbours": mark("Nearest neighbours")},
    )  # fmt: skip
    folds: int = setting(
        3, title=mark("Folds"), ge=0, le=50,
        help=mark("Parts of the training split for the cross-validation; 0 tries nothing and takes the only value."),
    )  # fmt: skip

    @field_validator("pca", "classifier", mode="before")
    @classmethod
    def _a_bare_name_means_its_defaults(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _a_choice_needs_folds(self) -> "ClassicalHeadSection":
        count = math.prod(len(values) for values in self.classifier.grid().values())
        if self.folds < 2 and count > 1:
            raise ValueError(
                _(
                    "{count} combinations of values cannot be compared without folds; set folds to 2 or more, or leave "
                    "one value of each"
                ).format(count=count)
            )
        return self
