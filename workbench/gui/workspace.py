"""What the pages share: the document, the settings, the two queues of work, and the run they look at.

Pages talk to each other only through this object.
"""

from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.events import Finished
from workbench.gui.document import Document
from workbench.gui.settings import Settings
from workbench.gui.training_queue import TrainingQueue
from workbench.gui.workers import Questions
from workbench.requests import TrainRequest


class Workspace(QObject):
    """The model of the window. Owns everything that has to be stopped; `close` stops it."""

    current_run_changed = Signal(str)  # run folder that Evaluate, Inspect and Predict show; "" for none
    status_message = Signal(str)  # a line for the status bar
    problem = Signal(str)  # something that stays wrong until somebody does something about it
    page_requested = Signal(str)  # name of a page to show
    data_report_changed = Signal()
    inspect_requested = Signal(str, int)  # split and index of a sample that Inspect is to show
    mend_requested = Signal(str, object)  # run folder, and the Finding about it whose changes are wanted
    devices_changed = Signal()
    closing = Signal()  # pages end the work of their own

    def __init__(self, question_engine: Any, training_engine: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = Settings(self)
        self.document = Document(self.settings, self)
        self.questions = Questions(question_engine, self)
        self.training = TrainingQueue(training_engine, self)
        self.current_run = ""
        self.data_report: Any = None
        self.sample_to_inspect = ("test", 0)
        self.devices: tuple[Any, ...] = ()
        self.training.event.connect(self._training_event)
        self.questions.failed.connect(self.status_message)

    def set_current_run(self, path: str) -> None:
        """Let every page look at this run."""
        if path != self.current_run:
            self.current_run = path
            self.current_run_changed.emit(path)

    def inspect_sample(self, split: str, index: int) -> None:
        """Open a sample of the current run in Inspect; kept for the page in case it was never shown yet."""
        self.sample_to_inspect = (split, index)
        self.inspect_requested.emit(split, index)
        self.page_requested.emit("inspect")

    def set_data_report(self, report: Any) -> None:
        """Keep the last report of the current experiment's data; None when it no longer fits."""
        self.data_report = report
        self.data_report_changed.emit()

    def set_devices(self, devices: tuple[Any, ...]) -> None:
        """The devices a training can use, once an engine has listed them."""
        self.devices = devices
        self.devices_changed.emit()

    def train(self) -> None:
        """Train the current experiment, or queue it behind what trains now."""
        self.training.submit(TrainRequest(self.document.experiment, str(self.settings.runs_folder)))

    def close(self) -> None:
        """Stop all that was started: threads, timers, engines."""
        self.closing.emit()
        self.document.close()
        self.training.close()
        self.questions.close()

    def _training_event(self, event: Any) -> None:
        if isinstance(event, Finished) and event.run:
            if event.run == self.current_run:  # the pages look at it already: make them look again
                self.current_run_changed.emit(event.run)
            else:
                self.set_current_run(event.run)
