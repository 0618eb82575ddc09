"""The report of a run and of a comparison, read back as HTML by a parser that is not ours."""

import shutil
from html.parser import HTMLParser

import pytest

from workbench.control import Control, Stopped
from workbench.errors import UserError
from workbench.events import Progress
from workbench.export.report import report
from workbench.requests import ReportRequest
from workbench.runs.folder import RunFolder
from workbench.runs.notes import RunNotes, write_notes
from workbench.runs.writer import RunWriter

_EMPTY = {"meta", "img", "br", "link", "input", "path", "use", "image", "rect"}


class Reader(HTMLParser):
    """Checks that what is opened is closed, and keeps what is of interest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.texts = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        if tag not in _EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def every(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def runs(digits_run, tmp_path_factory):
    """Two runs with epochs and notes; one of them breaks off its name for HTML."""
    folders = []
    for name in ("chạy <b>một", "two"):
        folder = tmp_path_factory.mktemp("reports") / name
        shutil.copytree(digits_run, folder)
        with RunWriter(RunFolder(folder)) as writer:
            for epoch in range(2):
                numbers = {"loss": 1.0 - 0.1 * epoch, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.4}
                writer.add_metrics({"epoch": epoch + 1, **numbers, "learning_rate": 0.001, "seconds": 1.0})
            writer.environment({"python": "3.11", "seed": 0})
        folders.append(folder)
    write_notes(folders[0], RunNotes("week one", ("keep",), "a < b & c"))
    return folders


def written(tmp_path, *folders, **more):
    path = report(
        ReportRequest(tuple(map(str, folders)), str(tmp_path / "report.html"), samples=2, **more),
        lambda event: None,
        Control(),
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert path == str(tmp_path / "report.html")
    return text, Reader(text)


@pytest.fixture(scope="module")
def one(runs, tmp_path_factory):
    """The report of the first run: its text, and as it was read."""
    return written(tmp_path_factory.mktemp("report"), runs[0])


def test_the_report_of_a_run_stands_alone_and_is_whole(one):
    text, page = one
    assert page.open == []
    assert not page.every("script")
    assert not page.every("link")
    references = [value for _tag, found in page.tags for name, value in found.items() if name in ("src", "href")]
    assert all(reference.startswith(("#", "data:")) for reference in references)
    assert len(page.ids) == len(set(page.ids))
    assert {reference[1:] for reference in references if reference.startswith("#")} <= set(page.ids)
    assert "http-equiv" not in text
    assert "prefers-color-scheme: dark" in text


def test_it_says_what_a_reader_asks_for(one):
    _text, page = one
    said = " ".join(page.texts)
    for part in (
        "chạy <b>một",
        "a < b & c",
        "keep",
        "week one",
        "val_accuracy",
        "Confusion",
        "Grad-CAM",
        "[dataset]",
    ):
        assert part in said, part
    assert not page.every("b")


def test_pictures_have_texts_and_tables_heads(one):
    _text, page = one
    assert page.every("img")
    assert all(image["alt"] for image in page.every("img"))
    drawings = page.every("svg")
    assert drawings
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    assert len(page.every("thead")) == len(page.every("table"))
    assert all(head["scope"] in ("col", "row") for head in page.every("th"))


def test_drawings_follow_the_colours_of_the_page(one):
    text, _page = one
    drawings = text[text.index("<svg") :]
    assert "var(--line0)" in drawings
    assert "#1b2331" not in drawings


def test_pictures_inside_drawings_are_whole_and_no_drawing_has_a_ground_of_its_own(one):
    _text, page = one
    pictures = [image["xlink:href"] for image in page.every("image")]
    assert pictures
    assert all(content.startswith("data:image/png;base64,") for content in pictures)
    grounds = [path["style"] for path in page.every("path") if "fill: #ffffff" in path.get("style", "")]
    assert not grounds


def test_several_runs_are_compared_and_each_is_described(runs, tmp_path):
    _text, page = written(tmp_path, *runs)
    said = " ".join(page.texts)
    for part in ("2 runs side by side", "What came of it", "The same samples", "They disagree on 0", "A = "):
        assert part in said, part
    assert page.open == []


def test_a_run_without_a_model_is_reported_with_what_there_is(runs, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(runs[1], bare)
    (bare / "model.keras").unlink()
    _text, page = written(tmp_path, bare)
    said = " ".join(page.texts)
    assert "has no model" in said
    assert "val_loss" in said


def test_what_cannot_be_reported_is_told_and_a_stop_leaves_nothing(runs, tmp_path):
    with pytest.raises(UserError, match="is not a run"):
        written(tmp_path, tmp_path)
    with pytest.raises(UserError, match="1 to 8 runs, not 0"):
        written(tmp_path)
    control, events = Control(), []

    def emit(event):
        events.append(event)
        control.stop()

    with pytest.raises(Stopped):
        report(ReportRequest((str(runs[1]),), str(tmp_path / "report.html")), emit, control)
    assert isinstance(events[0], Progress)
    assert not (tmp_path / "report.html").exists()
