"""What all published networks keep: cards, families, settings that travel to the engine."""

import pickle

import pytest

from workbench.experiment import new_experiment
from workbench.i18n import _
from workbench.registry import registry

PUBLISHED = [architecture for architecture in registry().architectures if architecture.card]


@pytest.mark.parametrize("architecture", PUBLISHED, ids=lambda architecture: architecture.name)
def test_a_published_network_has_a_complete_card_and_a_family(architecture):
    card = architecture.card
    assert architecture.family
    assert _(card.idea).endswith((".", ")"))
    assert card.paper
    assert card.authors
    assert 1989 <= card.year <= 2026
    assert card.url.startswith("https://")
    assert card.size >= 28
    assert card.parameters > 100_000


def test_an_experiment_with_any_architecture_travels_to_the_engine():
    """Sections that were made while running could not be pickled."""
    for name in registry().architectures.names():
        experiment = new_experiment("digits", name)
        assert pickle.loads(pickle.dumps(experiment)) == experiment


def test_families_stand_together_the_small_networks_of_our_own_first():
    families = [architecture.family for architecture in registry().architectures]
    changes = [family for family, before in zip(families, [None, *families], strict=False) if family != before]
    assert len(changes) == len(set(changes))
    assert changes[0] == ""
    years = [min(each.card.year for each in PUBLISHED if each.family == family)
             for family in changes if any(each.family == family for each in PUBLISHED)]  # fmt: skip
    assert years == sorted(years)
