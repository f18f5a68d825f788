"""The plugin speaks the language of QGIS."""

import runpy
from pathlib import Path

import cwsam
import pytest
from cwsam.cwsam_qgis import i18n
from cwsam.cwsam_qgis.model_entries import facts_html
from cwsam.cwsam_qgis.model_list import bundled_models, read_facts
from cwsam.engine.errors import RasterError
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def chinese(qgis_app, monkeypatch):
    monkeypatch.setattr(i18n.QgsApplication, "locale", staticmethod(lambda: "zh-Hans"))
    texts = i18n.install_texts()
    yield texts
    i18n.remove_texts(texts)


def test_english_is_what_the_code_says(qgis_app):
    assert i18n.install_texts() is None
    assert i18n.translator("segment_panel")("&Cancel") == "&Cancel"
    assert i18n.engine_text("a.tif has no pixels; choose another raster.").startswith("a.tif has")


def test_qt_finds_every_text_of_the_catalogue(chinese):
    catalogue = runpy.run_path(str(ROOT / "scripts" / "translations.py"))["read_ts"]()
    for context, texts in catalogue.items():
        for english, translation in texts.items():
            assert QCoreApplication.translate(context, english) == translation


def test_chinese_in_chinese_and_gone_after(chinese):
    tr = i18n.translator("run_bar")
    assert tr("&Cancel") == "取消(&C)"
    assert tr("Image") == "影像"
    assert tr("no such text") == "no such text"
    i18n.remove_texts(chinese)
    assert tr("&Cancel") == "&Cancel"


def test_sentences_of_the_engine_are_translated_with_their_values(chinese):
    error = RasterError("town.tif has no pixels; choose another raster.")
    assert i18n.engine_text(str(error)) == "town.tif 没有像元；请另选栅格。"
    assert i18n.engine_text("CPU: no CUDA device found.") == "CPU：未找到 CUDA 设备。"
    assert i18n.engine_text("Segmenting") == "正在分割"
    assert i18n.engine_text("somebody else's words") == "somebody else's words"


def test_cards_of_bundled_models_are_translated(chinese):
    for path in bundled_models():
        facts = read_facts(path)
        text = facts_html(facts)
        assert facts.card.title not in text
        assert not [note for note in facts.card.notes if note in text]
    assert i18n.card_text("a card of the user's") == "a card of the user's"


def test_the_loaded_plugin_speaks_chinese_and_leaves_none_behind(qgis_app, monkeypatch):
    monkeypatch.setattr(i18n.QgsApplication, "locale", staticmethod(lambda: "zh_CN"))
    plugin = cwsam.classFactory(None)
    plugin.initProcessing()
    algorithm = QgsApplication.processingRegistry().algorithmById("cwsam:segmentraster")
    assert algorithm.displayName() == "分割栅格"
    assert "航空" in algorithm.shortHelpString()
    plugin.unload()
    assert i18n.translator("segment_panel")("&Cancel") == "&Cancel"
