"""The documentation knows every command and every option of the command line."""

import re
from pathlib import Path

import click
import pytest
from cwsam.training.cli import main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "command-line.md"


def commands(group, name="cwsam"):
    for entry in group.commands.values():
        path = f"{name} {entry.name}"
        yield path, entry
        if isinstance(entry, click.Group):
            yield from commands(entry, path)


def section(path):
    """The text under the heading of a command, or of the one that it belongs to."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    first = " ".join(path.split()[:2])
    (found,) = [part for part in parts if re.search(rf"{first}\b", part.partition("\n")[0])]
    return found


@pytest.mark.parametrize(("path", "command"), commands(main), ids=lambda one: str(one))
def test_every_option_of_every_command_is_documented(path, command):
    text = section(path)
    options = [one for one in command.params if isinstance(one, click.Option)]
    missing = [name for one in options for name in one.opts if f"`{name}`" not in text]
    assert not missing, f"docs/command-line.md lacks {missing} of {path}"


def test_no_option_is_documented_that_does_not_exist():
    names = {"--help", "--version", "-h"}
    for _, command in commands(main):
        names |= {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    said = set(re.findall(r"`(--?[a-z][a-z-]*)`", PAGE.read_text(encoding="utf-8")))
    assert said <= names
