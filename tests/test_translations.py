"""Every text that a user can meet is there in Chinese, and Qt's file is made of the sources."""

import re
import runpy
from pathlib import Path

import pytest
from cwsam.engine.classes import CLASSES

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def tool():
    return runpy.run_path(str(ROOT / "scripts" / "translations.py"))


def test_nothing_is_untranslated_left_over_or_stale(tool):
    assert tool["problems"]() == []
    assert sum(map(len, tool["collect"]().values())) > 200


def test_the_classes_have_chinese_names():
    assert all(re.search(r"[\u4e00-\u9fff]", entry.name_zh) for entry in CLASSES)
    assert len({entry.name_zh for entry in CLASSES}) == len(CLASSES)


def test_the_engines_sentences_are_found(tool):
    found = tool["engine_texts"]()
    assert "{1} has no pixels; choose another raster." in found
    assert "Joining regions" in found
    assert "no CUDA device found" in found
    assert not any(text.startswith("Args") for text in found)


def test_what_the_plugin_says_names_no_option_of_the_command_line(tool):
    """Its modules and those of the cores that it runs; the others are for the command line."""
    beyond = {"estimate.py", "loop.py", "run_folder.py", "schedule.py"}
    shared = [path for room in ("engine", "training") for path in (ROOT / room).rglob("*.py")]
    shared = [p for p in shared if p.parent.name != "io" and "cli" not in p.stem.split("_")]
    said = {text for p in shared if p.name not in beyond for text in tool["_said_by"](p)}
    said |= set().union(*tool["plugin_texts"]().values())
    assert len(said) > 200
    assert not [text for text in said if re.search(r"(^|[^-\w])--[a-z]", text)]


def test_update_keeps_drops_and_asks(tool):
    old = {"cwsam.common": {"Copy": "复制", "Gone": "没了"}, "cwsam.a": {"One": "一", "Old": "旧"}}
    found = {"cwsam.a": {"One", "Copy", "Two"}, "cwsam.b": {"One"}, "cwsam.engine": set()}
    new = tool["update"](old, found)
    assert new["cwsam.common"] == {"Copy": "复制"}
    assert new["cwsam.a"] == {"One": "一", "Two": ""}
    assert new["cwsam.b"] == {"One": "一"}


def test_the_file_keeps_what_it_is_given(tool, tmp_path):
    catalogue = {"cwsam.a": {"<b>{n}</b> & co\n\nline": "<b>{n}</b>\n等", "empty": ""}}
    tool["write_ts"](catalogue, tmp_path / "x.ts")
    assert tool["read_ts"](tmp_path / "x.ts") == catalogue
    assert len((tmp_path / "x.ts").read_text("utf-8").splitlines()) == 9
    assert not tool["_fits"]("{a} of {b}", "{a}")


@pytest.mark.parametrize("change", ["missing", "left over", "gaps", "stale"])
def test_check_sees_what_is_wrong(tool, tmp_path, monkeypatch, change):
    kept = tool["read_ts"]()
    texts = kept["cwsam.messages"]
    if change == "missing":
        texts["Copy"] = ""
    elif change == "left over":
        texts["Never said"] = "从未"
    elif change == "gaps":
        texts["Copy"] = "复制 {x}"
    else:
        texts["Copy"] = "拷贝"
    tool["write_ts"](kept, tmp_path / "x.ts")
    monkeypatch.setitem(
        tool["problems"].__globals__, "read_ts", lambda: tool["read_ts"](tmp_path / "x.ts")
    )
    (line,) = tool["problems"]()
    words = {
        "missing": "not translated",
        "left over": "no longer",
        "gaps": "gaps",
        "stale": "stale",
    }
    assert words[change] in line
