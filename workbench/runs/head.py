"""A classifier of scikit-learn behind a network: what it answers, and how it is stored in the model file.

It is stored by skops, which holds no code, and opened only when it is made of the few types that are listed here.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _

ENTRY = "workbench.head.skops"
# The nodes of a tree are numbers that scikit-learn follows without a look: `_check_tree` looks at them first.
_TRUSTED = ("sklearn.tree._tree.Tree",)
_AT_A_TIME = 500


@dataclass(frozen=True)
class Head:
    """A fitted classifier.

    Attributes:
        classifier: of scikit-learn; its classes are indices into the class names of the target.
        count: of the classes of the target.
    """

    classifier: Any
    count: int

    def answers(self, features: np.ndarray, check: Callable[[], None] = lambda: None) -> np.ndarray:
        """What a network would answer: float32, (n, classes), or the chance of the second of two, (n, 1).

        Args:
            features: (n, d).
            check: called now and then; what it raises ends the work.
        """
        parts = []
        for start in range(0, max(len(features), 1), _AT_A_TIME):
            check()
            parts.append(self._chances(features[start : start + _AT_A_TIME]))
        chances = np.concatenate(parts).astype(np.float32)
        return chances[:, 1:] if self.count == 2 else chances

    def _chances(self, features: np.ndarray) -> np.ndarray:
        """A value per class of the target; 0 for a class that the training split did not have."""
        everywhere = np.zeros((len(features), self.count))
        if not len(features):
            return everywhere
        if hasattr(self.classifier, "predict_proba"):
            chances = self.classifier.predict_proba(features)
        else:
            scores = np.asarray(self.classifier.decision_function(features), np.float64)
            # Two classes have one score, the second's.
            scores = np.column_stack([np.zeros(len(scores)), scores]) if scores.ndim == 1 else scores
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
            chances = raised / raised.sum(axis=1, keepdims=True)
        everywhere[:, np.asarray(self.classifier.classes_, np.int64)] = chances
        return everywhere


def to_bytes(head: Head) -> bytes:
    """The classifier as it is stored."""
    import skops.io

    return skops.io.dumps(head.classifier)


def from_bytes(content: bytes, count: int, width: int, path: Any) -> Head:
    """The classifier that was stored.

    Args:
        content: what `to_bytes` gave.
        count: of classes the model tells apart.
        width: of the features it gets.
        path: of the model file, for messages.

    Raises:
        UserError: it is damaged, or holds something else than a classifier that this workbench stores.
    """
    import skops.io

    try:
        foreign = sorted(set(skops.io.get_untrusted_types(data=content)) - set(_TRUSTED))
        if foreign:
            raise UserError(
                _(
                    "The classifier in {path} holds {types}, which no classifier of the workbench does: somebody "
                    "changed the file, and opening it could run their code. Train the run again."
                ).format(path=path, types=", ".join(foreign))
            )
        with warnings.catch_warnings():  # another version of scikit-learn: what it cannot open shows below
            warnings.simplefilter("ignore")
            classifier = skops.io.loads(content, trusted=list(_TRUSTED))
        _check(classifier, count, width)
        return Head(classifier, count)
    except UserError:
        raise
    except Exception as error:  # skops has no error of its own for a file that is damaged
        raise UserError(
            _(
                "The classifier in {path} cannot be opened: {reason}. The file is damaged, or was written with "
                "another version of scikit-learn. Train the run again."
            ).format(path=path, reason=str(error).split("\n", maxsplit=1)[0] or type(error).__name__)
        ) from error


def _check(classifier: Any, count: int, width: int) -> None:
    """Raise `ValueError` unless it is a classifier for these features and classes."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    if type(classifier) not in (SVC, RandomForestClassifier, KNeighborsClassifier):
        raise ValueError(_("it is a {kind}").format(kind=type(classifier).__name__))
    classes = np.asarray(classifier.classes_)
    if classes.dtype.kind not in "iu" or len(classes) < 2 or classes.min() < 0 or classes.max() >= count:
        raise ValueError(_("it tells other classes apart than the model"))
    if classifier.n_features_in_ != width:
        raise ValueError(_("it takes {one} features, the network gives {other}").format(
            one=classifier.n_features_in_, other=width))  # fmt: skip
    if isinstance(classifier, RandomForestClassifier):
        for tree in classifier.estimators_:
            if type(tree) is not DecisionTreeClassifier:
                raise ValueError(_("it is a {kind}").format(kind=type(tree).__name__))
            _check_tree(tree.tree_, width, len(classes))


def _check_tree(tree: Any, width: int, classes: int) -> None:
    """Raise `ValueError` where scikit-learn would read outside of a tree, or never come to its end."""
    own = np.arange(tree.node_count)
    inner = tree.children_left != -1
    children = np.stack([tree.children_left, tree.children_right])[:, inner]
    features = tree.feature[inner]
    sound = (
        tree.node_count > 0
        and tree.n_features == width
        and tree.value.shape == (tree.node_count, 1, classes)
        and bool(np.all(children > own[inner]))  # so that every way down ends
        and bool(np.all(children < tree.node_count))
        and bool(np.all((features >= 0) & (features < width)))
    )
    if not sound:
        raise ValueError(_("a tree of it leads nowhere"))


def describe(head: Head) -> dict[str, Any]:
    """What `workbench.json` says of it."""
    import sklearn

    return {"classifier": type(head.classifier).__name__, "count": head.count, "scikit_learn": sklearn.__version__}
