"""The engine's sentences in Chinese, without Qt."""

import pytest
from cwsam.engine.sentences import chinese


@pytest.mark.parametrize(
    ("english", "wanted"),
    [
        ("town.tif has no pixels; choose another raster.", "town.tif 没有像元；请另选栅格。"),
        ("Segmenting", "正在分割"),
        ("somebody else's words", "somebody else's words"),
        ("3 broken polygon(s) of a.shp are left out.", "a.shp 中有 3 个损坏的多边形，已略去。"),
    ],
)
def test_sentences_are_translated_with_their_values(english, wanted):
    assert chinese(english) == wanted


def test_classes_in_sentences_are_named_in_chinese():
    few = "has few labels (4 polygon(s)): 6 more would make the result better and its score surer."
    assert "“水域”" in chinese(f"'water' {few}")
    assert "“Landebahn”" in chinese(f"'Landebahn' {few}"), "a new class has one name only"
    left_out = chinese(
        "Left out: 'grassland' has too few labels (1 polygon(s), 12 pixels): label at least 2 "
        "more, 16 m or more away from the others."
    )
    assert "草地" in left_out
    assert "Left" not in left_out
    assert chinese("water has no pixels; choose another raster.").startswith("water"), "a file"
