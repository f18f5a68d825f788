"""What a bug report needs of an error, without the names of the user's folders."""

from __future__ import annotations

import re

from .environment import diagnostics, has_torch, install_command

# An absolute path of Unix or Windows, up to its last separator; what follows is the file's name.
_FOLDERS = re.compile(r"(?<!…)(?:[A-Za-z]:)?(?:[\\/][^\\/:*?\"'<>|\n\r\t,;()]+)+[\\/](?=[^\\/\s])")


def failure_details(details: str) -> str:
    """Versions and an error's own text; paths keep at most their last two parts."""
    head = diagnostics()
    if not has_torch():
        head = f"{install_command()}\n\n{head}"
    return f"{head}\n\n{without_folders(details)}".strip()


def without_folders(text: str) -> str:
    """Take folders out of a text: ``/home/ann/maps/in.tif`` becomes ``…/in.tif``.

    Files of Python packages keep the folder that tells which one they belong to.
    """
    text = re.sub(r'File "[^"]*?([^"/\\]+[/\\][^"/\\]+)"', r'File "…/\1"', text)
    return _FOLDERS.sub("…/", text)
