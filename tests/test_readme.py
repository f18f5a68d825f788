"""What the README tells a newcomer exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z][a-z-]+)", README)) - {"it"}
    assert {"demo", "test", "zip"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_linked_file_exists():
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert len(links) >= 3
    for link in links:
        assert (ROOT / link).is_file(), link
