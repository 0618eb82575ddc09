"""What `closed_form` does as lines of a script: NumPy's least squares, or Newton's method for two classes."""

_FEATURES = """\
# Everything there is to learn: features times weights plus bias.
before = keras.Model(model.input, model.get_layer("logits").input)
features = np.asarray(before.predict(x_train, verbose=0), "float64")
rows = np.column_stack([features, np.ones(len(features))])
"""

_LEAST_SQUARES = """\
# The sums shall be the targets, with the least squares.
best = np.linalg.lstsq(rows, y_train, rcond=None)[0]
"""

_NEWTON = """\
share = {share} / len(rows)

def loss_of(found):
    return np.sum(share * (np.logaddexp(0, rows @ found) - y_train * (rows @ found)))

# Newton's method; where a whole step goes too far, half of it. It ends where the loss is nearly 0, too:
# for classes that a plane parts without mistakes there are no best weights.
best = np.zeros((rows.shape[1], 1))
for _ in range(100):
    chances = np.exp(-np.logaddexp(0, -rows @ best))
    gradient = rows.T @ (share * (chances - y_train))
    if np.abs(gradient).max() < 1e-10 or loss_of(best) < 1e-4:
        break
    curvature = (rows * share * chances * (1 - chances)).T @ rows
    curvature += np.eye(len(best)) * (1e-10 * np.trace(curvature) / len(best) + 1e-14)
    step = np.linalg.solve(curvature, gradient)
    while np.abs(step).max() > 1e-12 and loss_of(best - step) >= loss_of(best):
        step = step / 2
    best = best - step
"""

_SET = """\
model.get_layer("logits").set_weights([best[:-1], best[-1]])"""


def closed_form_code(kind: str, balanced: bool) -> str:
    """The lines for a loss of that kind, `squared` or `binary`; `weights` stand for those of the samples."""
    if kind == "squared":
        return _FEATURES + _LEAST_SQUARES + _SET
    share = "weights[train][:, None]" if balanced else "np.ones((len(rows), 1))"
    return _FEATURES + _NEWTON.format(share=share) + _SET
