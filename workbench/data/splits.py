"""Which samples train, which choose the best epoch, which are kept for the end: stratified, by seed."""

import numpy as np

from workbench.data.source import NO_SPLIT, SPLIT_NAMES, SPLIT_TITLES, TEST, TRAIN, VALIDATION, Problem
from workbench.errors import UserError
from workbench.experiment import SplitsSection
from workbench.i18n import _
from workbench.specs import TargetSpec


def make_splits(
    targets: np.ndarray,
    ready: np.ndarray,
    target: TargetSpec,
    section: SplitsSection,
    together: np.ndarray | None = None,
    mended: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[dict[str, np.ndarray], tuple[Problem, ...]]:
    """Divide n samples.

    Splits that come ready-made are kept. Where validation or test is missing it is taken from the samples that are not
    in a ready-made split, at the share the section says.

    Args:
        targets: (n, ...).
        ready: int8, (n,), as in `Samples.ready_split`.
        target: its strata are kept in proportion; without any, samples are divided at random.
        section: shares, seed.
        together: (n,): samples of the same number stay in one split, or None.
        mended: the corrected targets, and whether a sample is left out, bool (n,); or None. The samples are drawn as if
            nothing had been corrected: a correction moves no other sample from split to split.

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
    strata = target.strata(targets)
    drawn = strata[open_to_draw] if section.stratified and strata is not None else None
    random = np.random.default_rng(section.seed)
    if together is None:
        drawn = np.zeros(len(open_to_draw), np.int64) if drawn is None else drawn
        assigned[open_to_draw] = _draw(drawn, shares, random)
    else:
        _names, first, member = np.unique(together[open_to_draw], return_index=True, return_inverse=True)
        of_groups = np.zeros(len(first), np.int64) if drawn is None else drawn[first]
        assigned[open_to_draw] = _draw(of_groups, shares, random)[member]
    if mended is not None:
        assigned[mended[1]] = NO_SPLIT
        strata = target.strata(mended[0])
        if not np.any(assigned == TRAIN):
            raise UserError(_("No sample is left for training: the corrections leave all of them out."))
    splits = {name: np.flatnonzero(assigned == number) for number, name in enumerate(SPLIT_NAMES)}
    problems = () if strata is None else _rare_classes(strata, assigned, target.strata_names)
    drawn_from = len(open_to_draw) if together is None else len(first)
    return splits, problems + _empty_splits(splits, shares, drawn_from, together is not None)


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


def _empty_splits(
    splits: dict[str, np.ndarray], shares: dict[int, float], count: int, in_groups: bool
) -> tuple[Problem, ...]:
    problems = []
    for number, share in shares.items():
        if share <= 0 or len(splits[SPLIT_NAMES[number]]):
            continue
        text = (
            _("has no samples: they come in {count} groups that must stay together, too few for a share of {share:.0%}")
            if in_groups
            else _("has no samples: {count} are too few for a share of {share:.0%}")
        )
        where = _("the split {name}").format(name=_(SPLIT_TITLES[SPLIT_NAMES[number]]).lower())
        problems.append(Problem(where, text.format(count=count, share=share)))
    return tuple(problems)


def _rare_classes(strata: np.ndarray, assigned: np.ndarray, names: tuple[str, ...]) -> tuple[Problem, ...]:
    total = np.bincount(strata[assigned != NO_SPLIT], minlength=len(names))
    training = np.bincount(strata[assigned == TRAIN], minlength=len(names))
    problems = []
    for name, count, trained in zip(names, total, training, strict=True):
        if count == 0:
            problems.append(Problem(name, _("no readable sample of this class")))
        elif trained == 0:
            problems.append(Problem(name, _("no sample of this class is in the training split: it cannot be learned")))
        elif count == 1:
            problems.append(Problem(name, _("one sample only: it is in the training split, nothing can judge it")))
    return tuple(problems)
