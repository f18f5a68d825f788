"""Every text of the plugin is there in Chinese."""

import re

import pytest
from cwsam.cwsam_qgis import i18n
from cwsam.cwsam_qgis.i18n_zh import CHINESE
from tests.qgis.texts import texts_by_context


def test_no_text_is_untranslated():
    found = texts_by_context()
    assert sum(map(len, found.values())) > 100
    missing = [
        (context, text)
        for context, texts in found.items()
        for text in texts
        if not CHINESE.get(context, {}).get(text) and not CHINESE["common"].get(text)
    ]
    assert not missing


def test_no_translation_is_left_over():
    found = texts_by_context()
    for context, texts in CHINESE.items():
        if context != "common":
            assert set(texts) <= set(found[context]), context


@pytest.mark.parametrize("context", sorted(CHINESE))
def test_translations_keep_the_gaps_to_fill(context):
    for english, chinese in CHINESE[context].items():
        gaps = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, chinese)]
        assert gaps[0] == gaps[1], english


def test_the_language_follows_qgis(qgis_app, monkeypatch):
    tr = i18n.translator("segment_panel")
    assert tr("&Cancel") == "&Cancel"
    monkeypatch.setattr(i18n.QgsApplication, "locale", staticmethod(lambda: "zh-Hans"))
    assert tr("&Cancel") == "取消(&C)"
    assert tr("Image") == "影像"
