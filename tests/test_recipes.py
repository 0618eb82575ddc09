"""The experiments that ship with the workbench, from the command line and from the menu."""

from workbench.cli import run
from workbench.experiment import parse_experiment
from workbench.recipes import recipes


def test_a_recipe_is_printed_as_a_complete_experiment_that_reads_back(capsys):
    assert {recipe.name for recipe in recipes()} >= {"membranes", "road", "small_colour_pictures"}
    for recipe in recipes():
        assert run(["new", "--recipe", recipe.name]) == 0
        assert parse_experiment(capsys.readouterr().out, recipe.name) == recipe.experiment()
        assert len(recipe.title) > 20
    assert run(["new", "--recipe", "raod"]) == 2
    assert "Did you mean 'road'?" in capsys.readouterr().err
