"""The example plugin, and what becomes of plugins that are broken."""

import pytest

from workbench.architectures.table import layer_table
from workbench.experiment import new_experiment
from workbench.paths import shipped_plugins
from workbench.registry import Registry, _register_plugins, registry
from workbench.specs import ImageInput, OutputSpec


def put_plugin(folder, name, code, manifest='title = "A plugin"\nmodule = "it"\n'):
    (folder / name).mkdir(parents=True)
    (folder / name / "plugin.toml").write_text(manifest, encoding="utf-8")
    (folder / name / "it.py").write_text(code, encoding="utf-8")


def load(folder):
    filled = Registry()
    _register_plugins(filled, folder)
    return filled


def test_the_shipped_plugins_are_loaded_with_the_built_ins():
    problems = {plugin.name: plugin.problem for plugin in registry().plugins if plugin.path.parent == shipped_plugins()}
    assert problems == dict.fromkeys((path.parent.name for path in shipped_plugins().glob("*/plugin.toml")), "")
    assert "all_convolutional" in registry().architectures.names()
    assert "drive" in registry().services.names()


def test_its_settings_are_validated_and_shape_the_network_like_built_in_ones():
    experiment = new_experiment("digits", "all_convolutional").changed("architecture.blocks", 3)
    table = layer_table(experiment, ImageInput(32, 32, 1), OutputSpec(10, "softmax"))
    shapes = {row.name: row.output_shape for row in table.rows}
    assert table.problem == ""
    assert shapes["conv_9"] == (4, 4, 192)
    with pytest.raises(Exception, match="blocks"):
        experiment.changed("architecture.blocks", 0)


def test_a_plugin_that_fails_is_listed_with_its_problem_and_stops_nobody(tmp_path):
    put_plugin(tmp_path, "a_broken", "raise RuntimeError('no luck')")
    put_plugin(tmp_path, "b_without_register", "x = 1")
    put_plugin(tmp_path, "c_bad_manifest", "x = 1", manifest="title =")
    put_plugin(tmp_path, "d_fine", "def register(registry):\n    pass\n")
    problems = {plugin.name: plugin.problem for plugin in load(tmp_path).plugins}
    assert "no luck" in problems["a_broken"]
    assert "register" in problems["b_without_register"]
    assert problems["c_bad_manifest"]
    assert problems["d_fine"] == ""


def test_a_plugin_may_import_the_files_beside_it(tmp_path):
    put_plugin(tmp_path, "in_parts", "from workbench_plugin_in_parts.other import register")
    (tmp_path / "in_parts" / "other.py").write_text("def register(registry):\n    pass\n", encoding="utf-8")
    assert [plugin.problem for plugin in load(tmp_path).plugins] == [""]


def test_a_plugin_of_the_user_adds_an_architecture(tmp_path):
    source = (shipped_plugins() / "all_convolutional" / "all_convolutional.py").read_text(encoding="utf-8")
    put_plugin(tmp_path, "mine", source.replace('"all_convolutional"', '"mine"'))
    assert load(tmp_path).architectures.names() == ["mine"]
