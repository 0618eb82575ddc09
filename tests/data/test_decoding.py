"""Picture files become pixels, or a reason in plain words."""

import os
import struct
import zlib

import numpy as np
import pytest

from workbench.data.decoding import decode_bytes, decode_file
from workbench.data.source import UnreadableSampleError


def absurd_png(width, height):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp", ".tiff", ".ppm"])
def test_a_lossless_picture_comes_back_as_rgb_to_the_bit(encode, smooth_picture, suffix):
    pixels = smooth_picture(17, 23)
    content = encode(pixels, suffix)
    if suffix == ".webp":
        np.testing.assert_allclose(decode_bytes(content, 3).astype(int), pixels, atol=80)
    else:
        np.testing.assert_array_equal(decode_bytes(content, 3), pixels)


def test_jpeg_and_gif_keep_their_size_and_about_their_colours(encode, smooth_picture):
    pixels = smooth_picture(40, 60)
    decoded = decode_bytes(encode(pixels, ".jpg"), 3)
    assert decoded.shape == (40, 60, 3)
    assert np.abs(decoded.astype(int) - pixels).mean() < 5


def test_one_channel_gives_grey_and_three_give_colour_from_any_picture(encode, smooth_picture):
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    np.testing.assert_array_equal(decode_bytes(encode(grey), 1)[..., 0], grey)
    np.testing.assert_array_equal(decode_bytes(encode(grey), 3), np.repeat(grey[..., None], 3, axis=2))
    assert decode_bytes(encode(smooth_picture(10, 20)), 1).shape == (10, 20, 1)


def test_alpha_is_dropped_and_sixteen_bits_become_eight(encode):
    import cv2

    with_alpha = np.random.default_rng(0).integers(0, 256, (6, 5, 4)).astype(np.uint8)
    content = cv2.imencode(".png", with_alpha)[1].tobytes()
    np.testing.assert_array_equal(decode_bytes(content, 3), with_alpha[..., 2::-1])
    deep = np.full((4, 4), 0x8040, np.uint16)
    assert decode_bytes(cv2.imencode(".png", deep)[1].tobytes(), 1).max() == 0x80


def test_floating_point_pictures_are_refused_instead_of_read_as_black():
    import cv2

    fractions = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    for channels in (1, 3):
        with pytest.raises(UnreadableSampleError, match="8 or 16 bits"):
            decode_bytes(cv2.imencode(".tiff", fractions)[1].tobytes(), channels)
    whole = (fractions * 65535).astype(np.uint16)
    assert decode_bytes(cv2.imencode(".tiff", whole)[1].tobytes(), 1).max() == 255


def test_a_path_with_spaces_and_vietnamese_letters_opens(tmp_path, encode, smooth_picture):
    path = tmp_path / "Ảnh của tôi" / "con mèo đang ngủ.png"
    path.parent.mkdir()
    path.write_bytes(encode(smooth_picture(8, 9)))
    np.testing.assert_array_equal(decode_file(path, 3), smooth_picture(8, 9))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".gif"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_a_truncated_picture_is_refused_as_truncated_or_damaged(encode, smooth_picture, suffix, kept, capfd):
    import io

    from PIL import Image

    noisy = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(
        buffer, {".jpg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WEBP", ".gif": "GIF"}[suffix]
    )
    content = buffer.getvalue()
    decode_bytes(content, 3)
    with pytest.raises(UnreadableSampleError, match=r"truncated|damaged"):
        decode_bytes(content[: int(len(content) * kept)], 3)
    assert capfd.readouterr() == ("", "")


def test_an_end_marker_inside_an_embedded_preview_does_not_hide_a_truncation(encode, smooth_picture):
    preview = encode(smooth_picture(16, 16), ".jpg")
    whole = encode(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8), ".jpg")
    segment = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    with_preview = whole[:2] + segment + whole[2:]
    assert decode_bytes(with_preview, 3).shape == (64, 64, 3)
    with pytest.raises(UnreadableSampleError, match="truncated"):
        decode_bytes(with_preview[:-200], 3)


def test_a_picture_of_60000_by_60000_is_refused_by_its_header_alone():
    with pytest.raises(UnreadableSampleError, match="60000 x 60000"):
        decode_bytes(absurd_png(60_000, 60_000), 3)


def test_empty_text_and_foreign_bytes_are_named_as_what_they_are(tmp_path):
    with pytest.raises(UnreadableSampleError, match="empty"):
        decode_bytes(b"", 3)
    for content in (b"this is a text\n" * 10, b"\x7fELF" + bytes(200), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"):
        with pytest.raises(UnreadableSampleError):
            decode_bytes(content, 3)
    with pytest.raises(UnreadableSampleError, match="cannot be opened"):
        decode_file(tmp_path / "nowhere.png", 3)
    with pytest.raises(UnreadableSampleError, match="cannot be opened"):
        decode_file(tmp_path, 3)


def test_garbage_behind_any_magic_number_never_raises_anything_else():
    random = np.random.default_rng(0)
    for magic in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF0000WEBP", b"II*\0", b"P6\n", b""):
        for length in (0, 1, 5, 30, 300):
            with pytest.raises(UnreadableSampleError):
                decode_bytes(magic + random.bytes(length), 3)


def test_the_orientation_a_camera_wrote_down_is_applied():
    import io

    from PIL import Image

    picture = Image.fromarray(np.zeros((10, 30, 3), np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    assert decode_bytes(buffer.getvalue(), 3).shape == (30, 10, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    with pytest.raises(UnreadableSampleError, match="not a file"):
        decode_file(pipe, 3)
