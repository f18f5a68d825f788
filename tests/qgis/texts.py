"""Finds the texts of the plugin in its source code."""

import ast
from pathlib import Path

ROOM = Path(__file__).resolve().parents[2] / "cwsam_qgis"


def texts_by_context():
    """Texts given to ``tr`` in each module, by the context its translator has."""
    found = {}
    for path in sorted(ROOM.rglob("*.py")):
        calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        named = [c for c in calls if isinstance(c.func, ast.Name)]
        contexts = [c.args[0].value for c in named if c.func.id == "translator"]
        literals = [
            c.args[0].value
            for c in named
            if c.func.id == "tr" and isinstance(c.args[0], ast.Constant)
        ]
        if literals:
            (context,) = contexts
            found.setdefault(context, []).extend(literals)
    return found
