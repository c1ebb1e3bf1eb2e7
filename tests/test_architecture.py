"""Who may import whom, and how large things may grow. The two tables are the diagram: change them first."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = [
    {"experiments"},
    {"settings", "wording"},
    {"stats"},
    {"sources", "demo", "history", "commentary", "alerts", "charts"},
    {"live"},
    {"copilot"},
    {"ui"},
]
FENCES = {
    "streamlit": {"ui", "pages", "dashboard"},
    "streamlit_autorefresh": {"ui"},
    "openai": {"copilot"},
    "httpx": {"sources", "alerts", "copilot"},
    "sqlalchemy": {"history"},
    "scipy": {"stats"},
    "plotly": {"charts", "ui"},
    "pandas": {"demo", "history", "live", "charts", "ui"},
}
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
FILES = sorted([*ROOT.glob("lib/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "dashboard.py"])


def owner(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "lib" and len(parts) > 1 else parts[0]


def imports(tree: ast.AST) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import, line {node.lineno}"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def may_import(here: str, there: str) -> bool:
    if here in {"pages", "dashboard"}:
        return there == "ui"
    if here in {there, "__init__"}:
        return True
    return here != "demo" and RANK[there] < RANK[here]


def test_every_folder_has_a_layer():
    """A new folder of lib stands in the table before it stands in the tree."""
    names = {owner(p) for p in ROOT.glob("lib/**/*.py")} - {"__init__"}
    assert names <= set(RANK), f"put {sorted(names - set(RANK))} into LAYERS"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_and_stay_inside_fences(path):
    """A module imports from strictly lower layers, and a fenced library only inside its fence."""
    here = owner(path)
    for name in imports(ast.parse(path.read_text())):
        parts = name.split(".")
        if parts[0] == "lib" and len(parts) > 1:
            assert may_import(here, parts[1]), f"{here} may not import {name}"
        for library, inside in FENCES.items():
            if parts[0] == library:
                assert here in inside, f"{library} belongs into {sorted(inside)}, not {here}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_size(path):
    """A file tells what it is for and stays below 400 lines, a function below 60, a page is a script of 60."""
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "say what the file is for"
    limit = 60 if owner(path) in {"pages", "dashboard"} else 400
    assert len(text.splitlines()) <= limit
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{node.name} is too long"
        if limit == 60:
            assert not isinstance(node, ast.ClassDef), "a page has no class"


def test_functions_are_small():
    """Half of all functions have at most 8 lines of code."""
    sizes = [
        len({n.lineno for s in node.body for n in ast.walk(s) if hasattr(n, "lineno")})
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert statistics.median(sizes) <= 8
