"""Which samples train, which choose the best epoch, which are kept for the end: stratified, by seed."""

import numpy as np

from workbench.data.source import NO_SPLIT, SPLIT_NAMES, TEST, TRAIN, VALIDATION, Problem
from workbench.errors import UserError
from workbench.experiment import SplitsSection
from workbench.i18n import _
from workbench.specs import ClassTarget, TargetSpec


def make_splits(
    targets: np.ndarray, ready: np.ndarray, target: TargetSpec, section: SplitsSection
) -> tuple[dict[str, np.ndarray], tuple[Problem, ...]]:
    """Divide n samples.

    Splits that come ready-made are kept. Where validation or test is missing it is taken from the samples that are not
    in a ready-made split, at the share the section says.

    Args:
        targets: (n, ...).
        ready: int8, (n,), as in `Samples.ready_split`.
        target: classes are kept in proportion; other targets are divided at random.
        section: shares, seed.

    Returns:
        Ascending int64 indices per split name, and what is worth knowing about them.

    Raises:
        UserError: nothing is left to train on.
    """
    assigned = np.where(ready == NO_SPLIT, TRAIN, ready)
    open_to_draw = np.flatnonzero(assigned == TRAIN)
    shares = {
        VALIDATION: 0.0 if np.any(ready == VALIDATION) else section.validation,
        TEST: 0.0 if np.any(ready == TEST) else section.test,
    }
    if len(open_to_draw) == 0:
        raise UserError(_("No sample is left for training: all of them are in the folders for validation and test."))
    stratified = section.stratified and isinstance(target, ClassTarget)
    groups = targets[open_to_draw] if stratified else np.zeros(len(open_to_draw), np.int64)
    assigned[open_to_draw] = _draw(groups, shares, np.random.default_rng(section.seed))
    splits = {name: np.flatnonzero(assigned == number) for number, name in enumerate(SPLIT_NAMES)}
    problems = _rare_classes(targets, assigned, target) if isinstance(target, ClassTarget) else ()
    return splits, problems


def _draw(groups: np.ndarray, shares: dict[int, float], random: np.random.Generator) -> np.ndarray:
    """A split per sample: every group gives its share, the last sample of a group always stays in training."""
    result = np.full(len(groups), TRAIN, np.int8)
    members = [random.permutation(np.flatnonzero(groups == group)) for group in np.unique(groups)]
    sizes = np.array([len(indices) for indices in members])
    taken = np.zeros(len(members), np.int64)
    for split in (TEST, VALIDATION):
        counts = _apportion(sizes, shares[split], sizes - taken - 1, random)
        for indices, first, count in zip(members, taken, counts, strict=True):
            result[indices[first : first + count]] = split
        taken += counts
    return result


def _apportion(sizes: np.ndarray, share: float, limits: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How many each group gives so that the total is right: the whole parts, then the largest remainders."""
    exact = sizes * share
    counts = np.minimum(np.floor(exact + 1e-9).astype(np.int64), limits)
    missing = round(float(exact.sum())) - int(counts.sum())
    remainders = np.where(counts < limits, exact - counts, -1.0)
    for index in np.lexsort((random.random(len(sizes)), -remainders))[: max(missing, 0)]:
        if counts[index] < limits[index] and exact[index] > 0:
            counts[index] += 1
    return counts


def _rare_classes(targets: np.ndarray, assigned: np.ndarray, target: ClassTarget) -> tuple[Problem, ...]:
    total = np.bincount(targets, minlength=len(target.class_names))
    training = np.bincount(targets[assigned == TRAIN], minlength=len(target.class_names))
    problems = []
    for name, count, trained in zip(target.class_names, total, training, strict=True):
        if count == 0:
            problems.append(Problem(name, _("no readable sample of this class")))
        elif trained == 0:
            problems.append(Problem(name, _("no sample of this class is in the training split: it cannot be learned")))
        elif count == 1:
            problems.append(Problem(name, _("one sample only: it is in the training split, nothing can judge it")))
    return tuple(problems)
