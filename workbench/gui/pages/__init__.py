"""The pages of the window, in the order of work. A page is imported and made when it is first shown."""

import importlib
from dataclasses import dataclass
from typing import Any

from workbench.i18n import mark


@dataclass(frozen=True)
class PageEntry:
    """A page in the navigation: known by name, title and icon before anything of it is imported."""

    name: str
    title: str
    icon: str
    module: str
    class_name: str

    def load(self) -> type[Any]:
        """The page's class."""
        return getattr(importlib.import_module(self.module), self.class_name)


PAGES: tuple[PageEntry, ...] = (
    PageEntry("data", mark("Data"), "data", "workbench.gui.pages.data", "DataPage"),
    PageEntry("model", mark("Model"), "model", "workbench.gui.pages.model", "ModelPage"),
    PageEntry("train", mark("Train"), "train", "workbench.gui.pages.train.page", "TrainPage"),
    PageEntry("evaluate", mark("Evaluate"), "evaluate", "workbench.gui.pages.evaluate", "EvaluatePage"),
    PageEntry("inspect", mark("Inspect"), "inspect", "workbench.gui.pages.inspect", "InspectPage"),
    PageEntry("playback", mark("Playback"), "playback", "workbench.gui.pages.playback", "PlaybackPage"),
    PageEntry("predict", mark("Predict"), "predict", "workbench.gui.pages.predict", "PredictPage"),
    PageEntry("live", mark("Live"), "live", "workbench.gui.pages.live", "LivePage"),
    PageEntry("serve", mark("Serve"), "serve", "workbench.gui.pages.serve", "ServePage"),
    PageEntry("runs", mark("Runs"), "runs", "workbench.gui.pages.runs", "RunsPage"),
)
