"""Keeps the Chinese texts: collects what the sources say, and makes the file that Qt reads.

python scripts/translations.py update                              sources into the .ts file
python scripts/translations.py add "Copy" "复制" --context messages   one translation
python scripts/translations.py compile                             the .ts into the .qm file
python scripts/translations.py check                               both are complete and fresh
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import struct
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
TS = ROOT / "resources" / "i18n" / "cwsam_zh.ts"
QM = TS.with_suffix(".qm")
PREFIX = "cwsam."
COMMON, ENGINE, CARDS = PREFIX + "common", PREFIX + "engine", PREFIX + "cards"
_HEADER = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
_LANGUAGE = "zh_CN"

Catalogue = "dict[str, dict[str, str]]"  # English to Chinese by context; empty: not translated


def collect() -> dict[str, set[str]]:
    """All texts of the sources by context."""
    found = plugin_texts()
    found[ENGINE] = engine_texts()
    found[CARDS] = card_texts()
    return found


def plugin_texts() -> dict[str, set[str]]:
    """The texts given to ``tr`` in each module of the plugin."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "cwsam_qgis").rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        texts = {_text(call.args[0]) for call in calls if call.func.id == "tr"} - {None}
        if texts:
            contexts = [_text(c.args[0]) for c in calls if c.func.id == "translator"]
            if len(contexts) != 1:
                raise SystemExit(f'{path}: write  tr = translator("{path.stem}")  once.')
            found.setdefault(PREFIX + contexts[0], set()).update(texts)
    return found


def engine_texts() -> set[str]:
    """What the engine and the training core say, f-strings with ``{1}``, ``{2}``… for values.

    These are all sentences, the labels of progress, the reasons of the choice of device, and
    the lines of the look into a weights file; of the command line's own modules the notices.
    """
    texts = set()
    for room in ("engine", "training"):
        for path in sorted((ROOT / room).rglob("*.py")):
            headless = "io" in path.relative_to(ROOT).parts or "cli" in path.stem.split("_")
            if headless:
                texts |= _noticed_by(path)
            elif not _speaks_itself(path):
                texts |= _said_by(path)
    return texts


def _speaks_itself(path: Path) -> bool:
    """Whether a module takes its sentences from the reports' own table of both languages."""
    imported = re.search(r"from \.\w+_texts import [^\n]*\bsay\b", path.read_text("utf-8"))
    return path.stem.endswith("_texts") or imported is not None


def card_texts() -> set[str]:
    """Title and notes of the bundled models, from the headers of their files."""
    texts = set()
    for path in sorted((ROOT / "resources" / "models").glob("*.safetensors")):
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            card = json.loads(json.loads(file.read(length))["__metadata__"]["card"])
        texts |= {card["title"], *card["notes"]}
    return texts


def _said_by(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped, labels = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(node.value)  # docstrings
        elif isinstance(node, ast.JoinedStr):
            skipped |= set(node.values)
        elif isinstance(node, ast.Call) and _name(node.func) in ("report", "next"):
            labels |= set(node.args)
    said = set()
    for node in set(ast.walk(tree)) - skipped:
        text = _text(node)
        if text is None:
            continue
        sentence = re.match(r"""[A-Z{'"-]""", text) and " " in text and text.endswith(".")
        sentence = sentence or re.fullmatch(r"[A-Z][a-z ]+: \{1\}", text)
        reason = path.stem in ("device", "inspect") and " " in text
        if sentence or reason or node in labels:
            said.add(text)
    return {text for text in said if re.sub(r"\{\d+\}", "", text).strip(" .,;:or")}


def _noticed_by(path: Path) -> set[str]:
    """The texts that a module appends to its notices."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    calls = [node for node in nodes if isinstance(node, ast.Call) and _name(node.func) == "append"]
    lists = [call for call in calls if _name(getattr(call.func, "value", None)) == "notices"]
    return {_text(call.args[0]) for call in lists} - {None}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _text(node: ast.AST) -> str | None:
    """A literal's text; values of an f-string become ``{1}``, ``{2}`` and so on."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    text, number = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += part.value
        else:
            number += 1
            text += f"{{{number}}}"
    return text


def read_ts(path: Path = TS) -> Catalogue:
    """The translations of a .ts file."""
    catalogue: dict[str, dict[str, str]] = {}
    if not path.is_file():
        return catalogue
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own file
    for context in root.iter("context"):
        texts = catalogue.setdefault(context.findtext("name", ""), {})
        for message in context.iter("message"):
            source = message.findtext("source", "")
            texts[source] = message.findtext("translation", "") or texts.get(source, "")
    return catalogue


def write_ts(catalogue: Catalogue, path: Path = TS) -> None:
    """Write a .ts file, sorted and one message a line, so that changes merge."""
    lines = [f'{_HEADER}<TS version="2.1" language="{_LANGUAGE}" sourcelanguage="en">']
    for context, texts in sorted(catalogue.items()):
        if not texts:
            continue
        lines.append(f"<context>\n<name>{context}</name>")
        for source, translation in sorted(texts.items()):
            state = "" if translation else ' type="unfinished"'
            lines.append(
                f"<message><source>{_quoted(source)}</source>"
                f"<translation{state}>{_quoted(translation)}</translation></message>"
            )
        lines.append("</context>")
    path.write_text("\n".join([*lines, "</TS>\n"]), encoding="utf-8")


def _quoted(text: str) -> str:
    return escape(text, {"\n": "&#10;"})


def update(old: Catalogue, found: dict[str, set[str]]) -> Catalogue:
    """The catalogue of what the sources say, with the translations that exist."""
    everywhere = set().union(*(t for c, t in found.items() if c not in (ENGINE, CARDS)))
    shared = {text: zh for text, zh in old.get(COMMON, {}).items() if text in everywhere}
    known = {text: zh for texts in old.values() for text, zh in texts.items() if zh}
    new = {COMMON: shared}
    for context, texts in found.items():
        own = old.get(context, {})
        new[context] = {
            text: own.get(text) or known.get(text, "")
            for text in texts
            if own.get(text) or context in (ENGINE, CARDS) or text not in shared
        }
    return new


def qm_bytes(catalogue: Catalogue) -> bytes:
    """The catalogue in the form that Qt loads.

    Source: the sections and tags of ``qtbase/src/corelib/kernel/qtranslator.cpp``.
    """
    messages, index = b"", []
    for context, texts in sorted(catalogue.items()):
        for source, translation in sorted(texts.items()):
            if not translation:
                continue
            index.append((_elf_hash(source.encode()), len(messages)))
            messages += _tagged(3, translation.encode("utf-16-be"))
            messages += _tagged(8, b"") + _tagged(6, source.encode())
            messages += _tagged(7, context.encode()) + b"\x01"
    hashes = b"".join(struct.pack(">II", *entry) for entry in sorted(index))
    magic = bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd")
    return (
        magic + _tagged(0xA7, _LANGUAGE.encode()) + _tagged(0x42, hashes) + _tagged(0x69, messages)
    )


def _tagged(tag: int, content: bytes) -> bytes:
    return struct.pack(">BI", tag, len(content)) + content


def _elf_hash(text: bytes) -> int:
    value = 0
    for byte in text:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value or 1


def problems() -> list[str]:
    """What is wrong with the committed files, one line each; empty when all is well."""
    kept, found = read_ts(), collect()
    wanted = update(kept, found)
    lines = []
    for context in sorted({*kept, *wanted}):
        old, new = kept.get(context, {}), wanted.get(context, {})
        name = context.removeprefix(PREFIX)
        lines += [f"{name}: not translated: {t!r}" for t in sorted(new) if not old.get(t)]
        lines += [f"{name}: no longer in the sources: {t!r}" for t in sorted(set(old) - set(new))]
        lines += [f"{name}: other gaps to fill: {t!r}" for t, zh in old.items() if not _fits(t, zh)]
    if not lines and (not QM.is_file() or QM.read_bytes() != qm_bytes(kept)):
        lines.append(f"{QM.name} is stale: run  python scripts/translations.py compile")
    return lines


def _fits(english: str, chinese: str) -> bool:
    """Whether a translation has the same values to fill in."""
    gaps = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, chinese)]
    return not chinese or gaps[0] == gaps[1]


def add(english: str, chinese: str, context: str) -> None:
    """Put one translation into the .ts file and make the .qm file.

    Raises:
        SystemExit: The gaps to fill differ.
    """
    if not _fits(english, chinese):
        raise SystemExit("The values in braces differ between the two texts.")
    catalogue = read_ts()
    catalogue.setdefault(PREFIX + context, {})[english] = chinese
    write_ts(catalogue)
    QM.write_bytes(qm_bytes(catalogue))


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("update", "compile", "check"):
        commands.add_parser(name)
    adding = commands.add_parser("add")
    adding.add_argument("english")
    adding.add_argument("chinese")
    adding.add_argument("--context", required=True, help="the name given to translator()")
    asked = parser.parse_args()
    if asked.command == "add":
        add(asked.english, asked.chinese, asked.context)
    elif asked.command == "update":
        write_ts(update(read_ts(), collect()))
    if asked.command in ("update", "compile"):
        QM.write_bytes(qm_bytes(read_ts()))
    if asked.command in ("update", "check"):
        lines = problems()
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        if asked.command == "check" and lines:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
