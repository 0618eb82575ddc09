"""Figures as files, read back by other readers than ours."""

import csv
import io
import json
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image as Picture

from workbench.colour_maps import DIVERGING, VIRIDIS, colour, contrast, dark_text_reads_better, luminance, ramp
from workbench.errors import UserError
from workbench.figure_files import blended, figure_bytes, figure_csv, figure_json, save_figure, stretched
from workbench.figures import (
    Adjustable,
    Bars,
    Curve,
    Curves,
    Gallery,
    Heatmap,
    Image,
    Matrix,
    Points,
    Scatter,
    Surface,
    Table,
    Tile,
)
from workbench.section import Section, setting

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
PHOTO = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
FIGURES = (
    Image("Picture", PHOTO),
    Heatmap("Heat", GREY, np.eye(4, dtype=np.float32)),
    Curves("Loss", "epoch", "loss", (Curve("a", np.arange(3), np.array([3.0, np.nan, 1.0])),), (("best", 2.0),)),
    Matrix("Confusion", np.array([[5, 1], [0, 7]]), ("mèo", "chó"), "True", "Predicted", {(0, 1): (4,)}),
    Bars("Counts", ("a", "b"), {"train": (1.0, 2.0), "test": (3.0, 4.0)}),
    Table("Report", ("Class", "F1"), (("a", 0.5), ("b", None))),
    Gallery("Tiles", (Tile(GREY, "Hoa hồng đỏ", 7, True), Tile(PHOTO, "x" * 80))),
    Scatter("Points", "x", "y", (Points("a", np.array([1.0, 2.0]), np.array([3.0, np.nan]), (7, 8)),),
            (Curve("line", np.array([0.0, 1.0]), np.array([0.0, 1.0])),),
            field=np.array([[0.0, 1.0]]), field_range=(0, 2, 5, 5), field_label="probability"),
    Surface("Loss", "w", "b", np.arange(2.0), np.arange(3.0), np.arange(6.0).reshape(3, 2),
            np.array([[0.0, 0.5]]), value_label="MSE", marks=(("minimum", 1.0, 2.0),)),
)  # fmt: skip


def rows_of(figure):
    return list(csv.reader(io.StringIO(figure_csv(figure))))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.kind)
def test_every_kind_is_saved_as_csv_and_json_under_a_path_with_spaces_and_accents(figure, tmp_path):
    folder = tmp_path / "kết quả của tôi"
    table = save_figure(figure, folder / "bảng 1.csv")
    values = save_figure(figure, folder / "bảng 1.json")
    assert list(csv.reader(io.StringIO(table.read_text(encoding="utf-8"))))
    read = json.loads(values.read_text(encoding="utf-8"))
    assert read["kind"] == figure.kind
    assert read["title"] == figure.title
    assert sorted(path.name for path in folder.iterdir()) == ["bảng 1.csv", "bảng 1.json"]


def test_a_picture_comes_back_from_its_png_to_the_pixel(tmp_path):
    path = save_figure(Image("Picture", PHOTO), tmp_path / "picture.PNG")
    assert np.array_equal(np.asarray(Picture.open(path)), PHOTO)


def test_a_mask_of_indices_comes_back_from_its_png_as_the_indices(tmp_path):
    mask = (GREY // 64).astype(np.uint8)
    for number, pixels in enumerate((mask, mask[..., None])):
        read = Picture.open(save_figure(Image("Mask", pixels), tmp_path / f"{number}.png"))
        assert read.mode == "L"
        assert np.array_equal(np.asarray(read), mask)


def test_a_heatmap_blends_from_the_picture_alone_to_the_colours_alone():
    values = np.array([[0.0, 1.0]], np.float32)
    below, above = blended(GREY, values, 0.0), blended(GREY, values, 1.0)
    assert np.array_equal(below[:: len(below) // 8, :: below.shape[1] // 8][..., 0], GREY)
    assert np.array_equal(above[0, 0], VIRIDIS[0])
    assert np.array_equal(above[0, -1], VIRIDIS[255])


def test_a_heatmap_of_nothing_but_nan_is_drawn_as_its_lowest_value():
    assert np.array_equal(blended(GREY, np.full((2, 2), np.nan), 1.0)[3, 3], VIRIDIS[0])


def test_values_are_stretched_bilinearly_between_cell_centres():
    assert np.allclose(stretched(np.array([[0.0, 1.0]]), 1, 4), [[0, 0.25, 0.75, 1]])
    assert stretched(np.ones((3, 5)), 7, 2).shape == (7, 2)


def test_every_line_of_a_caption_has_room_under_its_tile(tmp_path):
    one, three = (Gallery("T", (Tile(GREY, caption),) * 3) for caption in ("a", "a\nb\nc"))
    low, high = (np.asarray(Picture.open(save_figure(each, tmp_path / "T.png"))) for each in (one, three))
    assert high.shape[0] > low.shape[0]
    dark = (high[104:, :100].min(axis=-1) < 128).any(axis=1)
    assert np.count_nonzero(np.diff(dark.astype(int)) == 1) >= 3


def test_a_gallery_becomes_one_sheet_that_marks_mistakes_and_colours_maps(tmp_path):
    tiles = tuple(Tile(GREY, str(index), index, index == 1) for index in range(2))
    plain = np.asarray(Picture.open(save_figure(Gallery("T", tiles), tmp_path / "plain.png"))).astype(int)
    maps = np.asarray(Picture.open(save_figure(Gallery("T", tiles, True), tmp_path / "maps.png"))).astype(int)
    red = (plain[..., 0] > 180) & (plain[..., 1] < 80)
    half = plain.shape[1] // 2
    assert red[:, half:].any()
    assert not red[:, :half].any()
    assert (maps[:, :half].max(axis=2) - maps[:, :half].min(axis=2)).max() > 80


def test_a_matrix_is_written_with_its_names_and_reads_as_numbers():
    assert rows_of(FIGURES[3]) == [["True \\ Predicted", "mèo", "chó"], ["mèo", "5", "1"], ["chó", "0", "7"]]


def test_curves_with_different_positions_share_one_column_of_them():
    figure = Curves("C", "epoch", "y", (Curve("a", np.array([1, 2]), np.array([10.0, 20.0])),
                                        Curve("b", np.array([2, 3]), np.array([5.0, 6.0]))))  # fmt: skip
    assert rows_of(figure) == [["epoch", "a", "b"], ["1", "10.0", ""], ["2", "20.0", "5.0"], ["3", "", "6.0"]]


def test_marks_on_curves_stand_in_a_column_of_their_own():
    curves = (Curve("a", np.array([1, 2]), np.array([10.0, 20.0])),)
    figure = Curves("C", "epoch", "y", curves, (("base", 1.5), ("best", 2)))
    assert rows_of(figure) == [["epoch", "a", "mark"], ["1", "10.0", ""], ["1.5", "", "base"], ["2", "20.0", "best"]]


def test_what_is_no_number_is_null_in_json():
    assert figure_json(FIGURES[2])["curves"][0]["y"] == [3.0, None, 1.0]
    assert figure_json(FIGURES[3])["samples"] == {"0,1": [4]}


def test_an_unknown_ending_is_answered_with_the_ones_there_are(tmp_path):
    with pytest.raises(UserError, match=r"\.png, \.svg, \.csv, \.json"):
        save_figure(FIGURES[0], tmp_path / "figure.bmp")


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.kind)
def test_every_kind_is_drawn_as_png_and_as_svg_with_its_title_and_without_a_window(figure, tmp_path):
    picture = np.asarray(Picture.open(save_figure(figure, tmp_path / "figure.png")).convert("RGB"))
    assert picture.std() > 1  # something is on it
    root = ElementTree.fromstring(save_figure(figure, tmp_path / "figure.svg").read_text(encoding="utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert figure.title in "".join(root.itertext())
    assert (tmp_path / "figure.svg").read_bytes() == figure_bytes(figure, "svg")  # the same every time


def test_texts_of_a_drawing_stay_texts_and_signs_in_names_are_no_formulas():
    curves = (Curve("_cost in $ and $^{", np.arange(3), np.arange(3.0)), Curve("mèo", np.arange(3), np.ones(3)))
    figure = Curves("Title", "epoch", "y", curves, (("best", 2.0),))
    text = "".join(ElementTree.fromstring(figure_bytes(figure, "svg").decode()).itertext())
    assert all(part in text for part in ("_cost in $ and $^{", "mèo", "best", "epoch"))


def test_a_curve_is_drawn_where_its_numbers_are():
    rising = Curves("C", "x", "y", (Curve("a", np.arange(200), np.arange(200.0)),))
    pixels = np.asarray(Picture.open(io.BytesIO(figure_bytes(rising, "png"))).convert("RGB")).astype(int)
    rows, columns = np.nonzero((pixels[..., 2] > 180) & (pixels[..., 0] < 60))  # blue
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_empty_figures_and_numbers_that_are_none_are_drawn_too():
    nothing = np.array([])
    for figure in (
        Curves("Nothing", "x", "y", ()),
        Curves("Nothing", "x", "y", (Curve("a", np.arange(2), np.array([np.nan, np.inf])),)),
        Table("Nothing", ("a",), ()),
        Bars("Nothing", (), {}),
        Scatter("Nothing", "x", "y", (Points("a", nothing, nothing),)),
        Matrix("Nothing", np.full((2, 2), np.nan), ("a", "b"), "", ""),
        Surface("Nothing", "x", "y", np.arange(2.0), np.arange(2.0), np.full((2, 2), np.inf), np.empty((0, 2))),
    ):
        assert figure_bytes(figure, "png").startswith(b"\x89PNG")


def test_a_place_that_cannot_be_written_is_a_message_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match="cannot be written"):
        save_figure(FIGURES[0], tmp_path / "file" / "picture.png")
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        save_figure(FIGURES[0], tmp_path / "taken.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.csv"]


def test_figures_are_saved_without_qt_opencv_or_keras(tmp_path):
    program = (
        "import sys, numpy as np\n"
        "from workbench.figures import Curve, Curves, Heatmap\n"
        "from workbench.figure_files import save_figure\n"
        f"save_figure(Heatmap('h', np.zeros((4, 4), np.uint8), np.ones((2, 2))), {str(tmp_path / 'h.png')!r})\n"
        f"save_figure(Curves('c', 'x', 'y', (Curve('a', np.arange(2), np.ones(2)),)), {str(tmp_path / 'c.svg')!r})\n"
        "heavy = ('PySide6', 'pyqtgraph', 'cv2', 'keras', 'tensorflow', 'matplotlib.pyplot')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("colours", [VIRIDIS, ramp("#a3bfec", "#08306b"), ramp("#3d5c9c", "#ffe9a8")])
def test_a_colour_map_goes_steadily_from_dark_to_light_or_back(colours):
    steps = np.diff(luminance(colours))
    assert (steps >= -1e-3).all() or (steps <= 1e-3).all()
    assert abs(luminance(colours[0]) - luminance(colours[-1])) > 0.3


def test_the_steps_of_viridis_are_close_to_the_published_map():
    pyqtgraph = pytest.importorskip("pyqtgraph")
    published = pyqtgraph.colormap.get("viridis").getLookupTable(0, 1, 256)
    assert np.abs(VIRIDIS.astype(int) - published).max() <= 5


def test_black_or_white_text_reaches_a_contrast_of_four_and_a_half_on_every_colour():
    levels = np.arange(0, 256, 5)
    every = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    text = np.where(dark_text_reads_better(every)[:, None], 0, 255).repeat(3, axis=1)
    assert contrast(every, text).min() >= 4.5


def test_values_out_of_range_and_nan_get_the_colours_at_the_ends():
    found = colour(np.array([-1.0, 2.0, np.nan]))
    assert np.array_equal(found, VIRIDIS[[0, 255, 0]])


def test_a_scatter_is_written_with_its_points_lines_and_field():
    assert rows_of(FIGURES[7]) == [
        ["part", "name", "x", "y", "sample", "probability"],
        ["point", "a", "1.0", "3.0", "7", ""], ["point", "a", "2.0", "nan", "8", ""],
        ["curve", "line", "0.0", "0.0", "", ""], ["curve", "line", "1.0", "1.0", "", ""],
        ["field", "", "0.0", "5.0", "", "0.0"], ["field", "", "2.0", "5.0", "", "1.0"],
    ]  # fmt: skip


def test_a_surface_is_written_with_its_path_and_marks():
    rows = rows_of(FIGURES[8])
    assert rows[:3] == [
        ["part", "name", "w", "b", "MSE"],
        ["surface", "", "0.0", "0.0", "0.0"],
        ["surface", "", "1.0", "0.0", "1.0"],
    ]
    assert rows[-2:] == [["path", "0", "0.0", "0.5", ""], ["mark", "minimum", "1.0", "2.0", ""]]


class Threshold(Section):
    threshold: float = setting(0.5, title="Threshold", ge=0, le=1)


def above(params, scores):
    count = int((scores >= params.threshold).sum())
    return (
        Table("Counts", ("above",), ((count,),)),
        Image("Above / it", (scores >= params.threshold).astype(np.uint8)),
    )


SCORES = np.array([[0.1, 0.6], [0.8, 0.9]])


def test_figures_with_knobs_are_saved_as_they_are_turned_each_to_its_own_file(tmp_path):
    figure = Adjustable("Threshold", Threshold(threshold=0.7), SCORES, above)
    assert save_figure(figure, tmp_path / "t.csv") == tmp_path / "t_1_counts.csv"
    assert save_figure(figure, tmp_path / "t.png") == tmp_path / "t_1_counts.png"
    assert (tmp_path / "t_1_counts.csv").read_text(encoding="utf-8") == "above\n2\n"
    assert np.asarray(Picture.open(tmp_path / "t_2_above_it.png")).tolist() == [[0, 0], [1, 1]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "t_1_counts.csv", "t_1_counts.png", "t_2_above_it.csv", "t_2_above_it.png",
    ]  # fmt: skip
    read = json.loads(save_figure(figure, tmp_path / "t.json").read_text(encoding="utf-8"))
    assert read["params"] == {"threshold": 0.7}
    assert [part["kind"] for part in read["figures"]] == ["table", "image"]


def one_table(params, result):
    return (Table("Only", ("value",), ((params.threshold,),)),)


def test_a_single_figure_with_knobs_keeps_the_name_it_was_given(tmp_path):
    figure = Adjustable("Threshold", Threshold(), None, one_table)
    assert save_figure(figure, tmp_path / "t.csv") == tmp_path / "t.csv"


def test_correlations_are_coloured_in_two_directions_from_the_middle(tmp_path):
    values = np.array([[1.0, 0.0], [-1.0, np.nan]])
    read = np.asarray(Picture.open(save_figure(Matrix("C", values, ("a", "b"), "", ""), tmp_path / "c.png")))
    seen = {tuple(pixel) for pixel in read[..., :3].reshape(-1, 3).tolist()}
    assert {tuple(DIVERGING[255].tolist()), tuple(DIVERGING[0].tolist()), (128, 128, 128)} <= seen


def test_the_two_ends_of_the_diverging_map_stand_out_from_its_middle_alike():
    low, high = contrast(DIVERGING[0], DIVERGING[128]), contrast(DIVERGING[255], DIVERGING[128])
    assert min(low, high) > 4.5
    assert abs(low - high) < 0.7
