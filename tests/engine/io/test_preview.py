"""The preview picture: both panels, colours, legend, sizes."""

import numpy as np
import pytest
from cwsam.engine.classes import CLASSES
from cwsam.engine.errors import OutputError
from cwsam.engine.io.preview import _majority, _panel_size, write_preview
from PIL import Image


def picture_of(path, height, width, classes=None, **options):
    image = np.full((height, width, 3), (200, 10, 60), np.uint8)
    if classes is None:
        classes = np.full((height, width), 24, np.uint8)
        classes[:, : width // 2] = 5
    write_preview(path, image, classes, {24: 0.5, 5: 0.5}, "A title", **options)
    return np.asarray(Image.open(path))


@pytest.mark.parametrize(
    ("height", "width"), [(300, 400), (2000, 1500), (1, 1), (40, 1300), (900, 30)]
)
def test_image_and_map_have_the_same_size_side_by_side(tmp_path, height, width):
    picture = picture_of(tmp_path / "p.png", height, width)
    assert picture.dtype == np.uint8
    middle = picture[: picture.shape[0]]
    photograph = (middle == (200, 10, 60)).all(axis=-1)
    water = (middle == CLASSES[24].rgb).all(axis=-1)
    assert photograph.any()
    assert water.any()
    # Hairlines cover one pixel on each side.
    panel_width, panel_height = _panel_size((height, width), 1000)
    assert photograph.sum() == max(0, panel_width - 2) * max(0, panel_height - 2)
    assert max(panel_width, panel_height) <= 1000
    assert (picture[0] == 255).all()
    assert (picture[-1] == 255).all()


def test_the_most_frequent_class_wins():
    classes = np.zeros((6, 6), np.uint8)
    classes[:3, :3] = [[7, 7, 7], [7, 7, 1], [2, 3, 255]]
    classes[3:, 3:] = 255
    np.testing.assert_array_equal(_majority(classes, 3), [[7, 0], [0, 255]])


def test_legend_lists_the_classes_that_occur_by_share(tmp_path):
    one = picture_of(tmp_path / "two.png", 300, 400)
    classes = np.full((300, 400), 255, np.uint8)
    more = {entry.id: 1 / 33 for entry in CLASSES}
    image = np.zeros((300, 400, 3), np.uint8)
    write_preview(tmp_path / "all.png", image, classes, more, "A title " * 40)
    all_classes = np.asarray(Image.open(tmp_path / "all.png"))
    assert all_classes.shape[0] > one.shape[0]
    assert all_classes.shape[1] == one.shape[1]
    for entry in CLASSES:
        assert (all_classes == entry.rgb).all(axis=-1).sum() > 50


def test_unwritable_target(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
        picture_of(tmp_path / "missing" / "p.png", 20, 20)


def test_chinese_titles_are_drawn_or_left_out():
    from cwsam.engine.io import preview

    title, font = preview._headline("水域 2024.tif", 20)
    drawn = {font.getmask(sign).getbbox() and bytes(font.getmask(sign)) for sign in "水域"}
    assert title == "2024.tif" or len(drawn) == 2  # boxes would all be alike
    assert preview._headline("Gent 2024", 20)[0] == "Gent 2024"
