"""The tree is laid out as the design says."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("engine", "training", "cwsam_qgis")
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60


def tracked(pattern="*.py"):
    """Files that git knows or would add; the checkout may hold others' build outputs."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


PYTHON_FILES = tracked()
PRODUCT_FILES = [p for p in PYTHON_FILES if p.relative_to(ROOT).parts[0] in ROOMS]


def test_the_listing_sees_the_package():
    assert len(PRODUCT_FILES) > 40


def test_only_init_lies_at_the_root():
    assert [p.name for p in PYTHON_FILES if p.parent == ROOT] == ["__init__.py"]


def test_package_list_equals_folders():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^packages = \[(.*?)\]", text, re.S | re.M).group(1)
    listed = set(re.findall(r'"([\w.]+)"', block))
    folders = {
        ".".join(("cwsam", *p.parent.relative_to(ROOT).parts))
        for p in PRODUCT_FILES
        if p.name == "__init__.py" and p.relative_to(ROOT).parts[0] != "cwsam_qgis"
    }
    assert listed == folders | {"cwsam"}


def test_every_folder_is_a_package():
    for folder in {p.parent for p in PRODUCT_FILES}:
        assert (folder / "__init__.py").is_file(), folder


@pytest.mark.parametrize(
    "path", [p for p in PRODUCT_FILES if p.name == "__init__.py"], ids=lambda p: p.parent.name
)
def test_init_files_hold_a_docstring_only(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_lengths_and_excepts(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_FILE_LINES, "file too long"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"
        if isinstance(node, ast.ExceptHandler):
            names = (
                {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)}
                if node.type
                else {""}
            )
            assert not names & {"", "Exception", "BaseException"}, (
                f"broad except, line {node.lineno}"
            )


def test_product_code_imports_relatively():
    for path in PRODUCT_FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            tops = {name.split(".")[0] for name in names}
            assert not tops & {"cwsam", *ROOMS}, f"{path}: absolute import of ourselves"


def test_no_registry_host_is_named():
    for pattern in ("*.py", "*.sh", "*.toml", "*.yaml", "*.txt", "Makefile", ".ci/run"):
        for path in tracked(pattern):
            if path != Path(__file__):
                text = path.read_text(encoding="utf-8")
                assert not re.search(r"pypi\.org|pythonhosted|index-url|find-links", text), path
