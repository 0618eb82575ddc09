"""The Inspect page with a real network, looked into by a real engine."""

from workbench.engine import Engine
from workbench.experiment import new_experiment
from workbench.gui.pages.inspect import InspectPage
from workbench.gui.workspace import Workspace
from workbench.requests import TrainRequest


def test_a_real_network_is_looked_into_with_one_method_after_another_while_another_trains(qtbot, home, real_engine):
    workspace = Workspace(real_engine, Engine("training", device="cpu"))
    try:
        page = InspectPage(workspace)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        page.show()
        experiment = new_experiment().changed("training.epochs", 1).changed("training.batch_size", 128)
        done = []
        workspace.questions.ask(TrainRequest(experiment, str(home / "runs")), done.append, done.append)
        qtbot.waitUntil(lambda: bool(done), timeout=90_000)
        workspace.document.apply(experiment.changed("training.epochs", 500), "train long")
        workspace.train()
        workspace.set_current_run(str(done[0]))
        answered = lambda: bool(page.panel.views) and not workspace.questions.busy  # noqa: E731
        for method, kinds in (("grad_cam", {"heatmap"}), ("feature_maps", {"gallery"}), ("filters", {"gallery"})):
            page.panel.clear()
            page.method.choose(method)
            qtbot.waitUntil(answered, timeout=60_000)
            assert page.notice.text == ""
            assert kinds <= {view.figure.kind for view in page.panel.views}
        page.method.choose("grad_cam")
        qtbot.waitUntil(answered, timeout=60_000)
        page.source.step(1)
        qtbot.waitUntil(lambda: "sample 1" in page.panel.views[0].figure.title, timeout=20_000)
        assert workspace.training.running
    finally:
        workspace.close()
