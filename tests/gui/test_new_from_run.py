"""New experiment from a run that has corrections."""

from workbench.data.corrections import EXCLUDE, Correction, usual_place, write_corrections
from workbench.experiment import new_experiment
from workbench.runs.writer import create_run_folder


def test_it_names_the_list_beside_the_data_and_says_when_that_is_another_one(open_window, answers, tmp_path):
    window = open_window()
    beside = usual_place(new_experiment().dataset)
    write_corrections(beside, [Correction("3", EXCLUDE)])
    folder = create_run_folder(new_experiment().changed("corrections.file", str(beside)), tmp_path)
    window.workspace.set_current_run(str(folder.path))
    window.actions_by_name["new_from_run"].trigger()
    assert window.workspace.document.experiment.corrections.file == str(beside)
    assert answers.told == []
    write_corrections(beside, [Correction("4", EXCLUDE)])
    answers.choice = "discard"
    window.actions_by_name["new_from_run"].trigger()
    assert window.workspace.document.experiment.corrections == folder.experiment().corrections
    assert len(answers.told) == 1
