"""What `classical_head` does as lines of a script, for linear classifiers: they become the weights of the output."""

from workbench.training.trainers.classical_search import LOGISTIC_ITERATIONS, LOGISTIC_TOLERANCE, SVM_ITERATIONS
from workbench.training.trainers.classical_sections import ClassicalHeadSection

_FEATURES = """\
{imports}

# The features of the frozen base, once for all that is tried.
before = keras.Model(model.input, model.get_layer("logits").input)
features = before.predict(x_train, verbose=0)
labels = np.asarray(y_train).reshape(-1).astype(int)

steps = Pipeline([
{steps}
])
"""

_SEARCH = """\
folds = StratifiedKFold({folds}, shuffle=True, random_state={seed})
search = GridSearchCV(steps, {{"classifier__C": {values}}}, cv=folds, verbose=2)
steps = search.fit(features, labels).best_estimator_
print("best:", search.best_params_, "accuracy in the folds:", search.best_score_)
"""

_FIT = """\
steps.fit(features, labels)
"""

_SET = """
# All steps are linear: together they are the weights of the output layer.
kernel, bias = steps["classifier"].coef_.T, steps["classifier"].intercept_
"""

_THROUGH_PCA = """\
kernel = steps["pca"].components_.T @ kernel
bias = bias - steps["pca"].mean_ @ kernel
"""

_THROUGH_SCALE = """\
kernel = kernel / steps["scale"].scale_[:, None]
bias = bias - steps["scale"].mean_ @ kernel
"""

_LAST = 'model.get_layer("logits").set_weights([kernel, bias])'


def classical_code(section: ClassicalHeadSection, balanced: bool, seed: int) -> str:
    """The lines for a section whose classifier is linear."""
    steps, undo, names = [], "", []
    if section.standardise:
        steps.append('("scale", StandardScaler())')
        undo = _THROUGH_SCALE
        names.append("from sklearn.preprocessing import StandardScaler")
    if section.pca.name != "none":
        wanted = section.pca.count if section.pca.name == "components" else section.pca.share
        steps.append(f'("pca", PCA({wanted!r}, random_state={seed}))')
        undo = _THROUGH_PCA + undo
        names.append("from sklearn.decomposition import PCA")
    values = section.classifier.c
    weights = ', class_weight="balanced"' if balanced else ""
    if section.classifier.name == "logistic_regression":
        made = f"LogisticRegression(C={values[0]!r}{weights}, max_iter={LOGISTIC_ITERATIONS}, tol={LOGISTIC_TOLERANCE})"
        names.append("from sklearn.linear_model import LogisticRegression")
    else:
        made = f"LinearSVC(C={values[0]!r}{weights}, max_iter={SVM_ITERATIONS}, random_state={seed})"
        names.append("from sklearn.svm import LinearSVC")
    steps.append(f'("classifier", {made})')
    fit = _FIT
    if section.folds >= 2:
        fit = _SEARCH.format(folds=section.folds, seed=seed, values=list(values))
        names.append("from sklearn.model_selection import GridSearchCV, StratifiedKFold")
    names.append("from sklearn.pipeline import Pipeline")
    found = _FEATURES.format(imports="\n".join(sorted(names)), steps="\n".join(f"    {step}," for step in steps))
    return found + fit + _SET + undo + _LAST
