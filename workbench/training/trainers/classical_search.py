"""Features to a fitted classifier: scaling, PCA, and the search for the best settings by cross-validation.

Scaling and PCA are fitted anew within every fold, so that no fold knows anything of the samples it is judged on.
"""

import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.control import Emit
from workbench.events import Progress
from workbench.i18n import _
from workbench.runs.head import Head
from workbench.training.trainers.classical_sections import ClassicalHeadSection, Classifier

LOGISTIC_ITERATIONS = 300
LOGISTIC_TOLERANCE = 1e-3  # ten times scikit-learn's: the same accuracy in half the iterations
SVM_ITERATIONS = 1_000
_MANY_FEATURES = 2_000  # more make the whole spectrum too slow to compute


@dataclass(frozen=True)
class Samples:
    """What is learned from.

    Attributes:
        features: float32, (n, d).
        targets: class indices, (n,).
        count: of classes of the target.
        balanced: whether rare classes count as much as frequent ones.
        seed: everything random follows from it.
    """

    features: np.ndarray
    targets: np.ndarray
    count: int
    balanced: bool
    seed: int


@dataclass
class Candidate:
    """One combination of values, and how it did.

    Attributes:
        values: by name.
        scores: the accuracy in each fold.
        seconds: what its fits took together.
        unfinished: how many of its fits ended before they had converged.
    """

    values: dict[str, Any]
    scores: list[float] = field(default_factory=list)
    seconds: float = 0.0
    unfinished: int = 0

    @property
    def mean(self) -> float:
        """The mean accuracy."""
        return float(np.mean(self.scores)) if self.scores else 0.0

    @property
    def spread(self) -> float:
        """The standard deviation of the accuracy over the folds."""
        return float(np.std(self.scores)) if self.scores else 0.0


@dataclass(frozen=True)
class Preparation:
    """What is done to features before the classifier sees them: steps of scikit-learn, fitted, or None."""

    scaler: Any
    pca: Any

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The features as the classifier sees them, float32."""
        for step in (self.scaler, self.pca):
            features = features if step is None else step.transform(features)
        return np.asarray(features, np.float32)


@dataclass(frozen=True)
class Found:
    """The result: all candidates, the best of them, and it fitted on all samples."""

    candidates: list[Candidate]
    best: Candidate
    preparation: Preparation
    head: Head
    converged: bool


def search(section: ClassicalHeadSection, samples: Samples, tell: Emit, check: Callable[[], None]) -> Found:
    """Find the best values of a classifier by cross-validation, and fit it with them on all samples.

    Args:
        section: what is tried.
        samples: the training split.
        tell: takes `Progress`.
        check: called before every fit; what it raises ends the search.
    """
    from threadpoolctl import threadpool_limits

    # The products are small, and threads that wait for each other in turn take all processors: on two busy cores a fit
    # took 62 s with two threads, and 2 s with one.
    with threadpool_limits(1, user_api="blas"):
        return _search(section, samples, tell, check)


def _search(section: ClassicalHeadSection, samples: Samples, tell: Emit, check: Callable[[], None]) -> Found:
    candidates = [Candidate(values) for values in combinations(section.classifier)]
    if section.folds >= 2:
        _cross_validate(section, samples, candidates, tell, check)
    best = max(candidates, key=lambda candidate: candidate.mean)  # of equals the first
    check()
    tell(Progress(_("fitting the best on all training samples"), 0))
    preparation = prepare(section, samples.features, samples.seed)
    features = preparation(samples.features)
    check()
    classifier, converged = _fit(section.classifier, best.values, samples, features, samples.targets)
    return Found(candidates, best, preparation, Head(classifier, samples.count), converged)


def combinations(classifier: Classifier) -> Iterator[dict[str, Any]]:
    """Every combination of the values to try."""
    grid = classifier.grid()
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _cross_validate(
    section: ClassicalHeadSection,
    samples: Samples,
    candidates: list[Candidate],
    tell: Emit,
    check: Callable[[], None],
) -> None:
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(section.folds, shuffle=True, random_state=samples.seed)
    total = section.folds * len(candidates)
    fits = itertools.count(1)
    for learned, judged in folds.split(samples.features, samples.targets):
        check()
        preparation = prepare(section, samples.features[learned], samples.seed)
        features, others = preparation(samples.features[learned]), preparation(samples.features[judged])
        for candidate in candidates:
            check()
            started = time.perf_counter()
            classifier, converged = _fit(
                section.classifier, candidate.values, samples, features, samples.targets[learned]
            )
            candidate.seconds += time.perf_counter() - started
            candidate.unfinished += not converged
            answers = Head(classifier, samples.count).answers(others, check)
            candidate.scores.append(float(np.mean(classes(answers) == samples.targets[judged])))
            tell(Progress(_("search, fits"), next(fits), total))


def classes(answers: np.ndarray) -> np.ndarray:
    """The class indices that answers of a head mean."""
    return (answers[:, 0] > 0.5).astype(np.int64) if answers.shape[1] == 1 else answers.argmax(axis=1)


def prepare(section: ClassicalHeadSection, features: np.ndarray, seed: int) -> Preparation:
    """Scaling and PCA as the section wants them, fitted on these features."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    scaler = pca = None
    if section.standardise:
        scaler = StandardScaler().fit(features)
        features = scaler.transform(features)
    if section.pca.name != "none":
        wanted = section.pca.count if section.pca.name == "components" else section.pca.share
        pca = PCA(wanted, svd_solver=_solver(wanted, *features.shape), random_state=seed).fit(features)
    return Preparation(scaler, pca)


def _solver(wanted: float, count: int, width: int) -> str:
    if isinstance(wanted, int) and min(count, width) > _MANY_FEATURES:
        return "randomized"
    return "covariance_eigh" if count >= width else "full"


def spectrum(section: ClassicalHeadSection, preparation: Preparation, features: np.ndarray) -> np.ndarray:
    """The share of the variance that 1, 2, 3... components hold together, as far as it is quick to know."""
    from sklearn.decomposition import PCA

    count, width = features.shape
    if min(count, width) > _MANY_FEATURES:
        return np.cumsum(preparation.pca.explained_variance_ratio_)
    scaled = features if preparation.scaler is None else preparation.scaler.transform(features)
    every = PCA(svd_solver=_solver(0.5, count, width)).fit(scaled)
    return np.cumsum(every.explained_variance_ratio_)


def _fit(
    section: Classifier, values: dict[str, Any], samples: Samples, features: np.ndarray, targets: np.ndarray
) -> tuple[Any, bool]:
    """A fitted classifier, and whether it converged."""
    from sklearn.exceptions import ConvergenceWarning

    classifier = _classifier(section, values, features, samples)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told in the table instead
        classifier.fit(features, targets)
    most = {"logistic_regression": LOGISTIC_ITERATIONS, "linear_svm": SVM_ITERATIONS}.get(section.name)
    if section.name == "random_forest":
        classifier.n_jobs = None
    return classifier, most is None or int(np.max(classifier.n_iter_)) < most


def _classifier(section: Classifier, values: dict[str, Any], features: np.ndarray, samples: Samples) -> Any:
    from sklearn import ensemble, linear_model, neighbors, svm

    weights = "balanced" if samples.balanced else None
    match section.name:
        case "logistic_regression":
            return linear_model.LogisticRegression(
                C=values["c"], class_weight=weights, max_iter=LOGISTIC_ITERATIONS, tol=LOGISTIC_TOLERANCE
            )
        case "linear_svm":
            return svm.LinearSVC(
                C=values["c"], class_weight=weights, max_iter=SVM_ITERATIONS, random_state=samples.seed
            )
        case "rbf_svm":
            variance = float(features.var())
            gamma = values["gamma"] / (features.shape[1] * variance) if variance > 0 else 1.0
            return svm.SVC(C=values["c"], gamma=gamma, class_weight=weights)
        case "random_forest":
            return ensemble.RandomForestClassifier(
                n_estimators=values["trees"],
                max_depth=values["depth"] or None,
                class_weight=weights,
                random_state=samples.seed,
                n_jobs=-1,
            )
    # By trees it would have to be trusted like code, and for many features they are no faster.
    return neighbors.KNeighborsClassifier(
        n_neighbors=values["neighbours"], weights=values["weights"], algorithm="brute"
    )
