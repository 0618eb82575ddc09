"""Turning what other programs drop or copy into paths and picture bytes."""

import base64

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from workbench.gui.dropped import may_hold_pictures, png_bytes, read_dropped


@pytest.fixture
def picture(qapp):
    image = QImage(12, 9, QImage.Format.Format_RGB32)
    image.fill(QColor("orange"))
    return image


def test_local_files_and_folders_become_paths_in_their_order(tmp_path):
    folder = tmp_path / "ảnh chó mèo"
    folder.mkdir()
    file = folder / "con mèo 1.png"
    file.write_bytes(b"x")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder)), QUrl.fromLocalFile(str(file))])
    assert may_hold_pictures(mime)
    assert read_dropped(mime).paths == (str(folder), str(file))


def test_a_file_wins_over_the_preview_that_a_file_manager_sends_along(tmp_path, picture):
    file = tmp_path / "a.png"
    file.write_bytes(b"x")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    mime.setImageData(picture)
    dropped = read_dropped(mime)
    assert (dropped.paths, dropped.pixels) == ((str(file),), b"")


def test_a_picture_from_a_browser_is_taken_from_its_image_data_not_its_address(picture):
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/cat.jpg")])
    mime.setImageData(picture)
    dropped = read_dropped(mime)
    assert dropped.message == ""
    back = QImage.fromData(dropped.pixels)
    assert (back.width(), back.height(), back.pixelColor(3, 3)) == (12, 9, QColor("orange"))


def test_an_address_without_image_data_says_what_to_do_instead():
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/" + "long/" * 40 + "cat.jpg")])
    dropped = read_dropped(mime)
    assert (dropped.paths, dropped.pixels) == ((), b"")
    assert "https://example.org/" in dropped.message
    assert "Ctrl+V" in dropped.message
    assert len(dropped.message) < 350


def test_a_data_address_gives_the_bytes_that_stand_in_it(picture):
    png = png_bytes(picture)
    mime = QMimeData()
    mime.setUrls([QUrl("data:image/png;base64," + base64.b64encode(png).decode())])
    assert read_dropped(mime).pixels == png


def test_a_broken_data_address_is_no_picture():
    mime = QMimeData()
    mime.setUrls([QUrl("data:image/png;base64,a")])
    assert "no picture" in read_dropped(mime).message


def test_paths_copied_as_text_are_found_and_other_text_is_not(tmp_path):
    file = tmp_path / "with space.png"
    file.write_bytes(b"x")
    mime = QMimeData()
    mime.setText(f"{file}\nnothing like this\n{'x' * 3000}\n")
    assert read_dropped(mime).paths == (str(file),)
    mime.setText("just words")
    assert not may_hold_pictures(mime)
    assert "no picture" in read_dropped(mime).message


def test_an_empty_picture_on_the_clipboard_is_no_picture(qapp):
    mime = QMimeData()
    mime.setImageData(QImage())
    assert read_dropped(mime).pixels == b""
