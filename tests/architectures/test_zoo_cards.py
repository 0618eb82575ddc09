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
    assert card.multiply_adds > card.parameters


@pytest.mark.parametrize("architecture", PUBLISHED, ids=lambda architecture: architecture.name)
def test_the_card_says_how_much_our_network_multiplies_and_adds(architecture, standard_table):
    counted = sum(row.multiply_adds for row in standard_table(architecture.name).rows)
    assert architecture.card.multiply_adds == pytest.approx(counted, rel=0.01)


@pytest.mark.parametrize(
    ("name", "published", "digits"),
    [  # billions, as the papers round them, or as torchvision counts where it counts the same layers
        ("vgg16", 15.47, 2),
        ("vgg19", 19.63, 2),
        ("inception_v1", 1.6, 1),
        ("inception_v3", 5.7, 1),
        ("xception", 8.4, 1),
        ("mobilenet_v1", 0.569, 3),
        ("mobilenet_v2", 0.300, 2),
        ("mobilenet_v3_large", 0.217, 3),
        ("mobilenet_v3_small", 0.057, 3),
        ("resnet18", 1.8, 1),
        ("resnet34", 3.7, 1),
        ("resnet50", 3.9, 1),  # 4.1 where the stride is on the 3 x 3 convolution, which came later
        ("resnet101", 7.6, 1),
        ("resnet152", 11.3, 1),
        ("densenet121", 2.83, 2),
        ("efficientnet_b0", 0.39, 2),
        ("efficientnet_b7", 38, 0),
        ("convnext_tiny", 4.5, 1),
        ("convnext_base", 15.4, 1),
        ("vit_small", 4.6, 1),
    ],
)
def test_the_multiply_adds_are_those_that_were_published(name, published, digits):
    assert round(registry().architectures.get(name).card.multiply_adds / 1e9, digits) == published


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
