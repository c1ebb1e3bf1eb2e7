"""The README tells the truth: whoever adds a thing and forgets its row is told so by name."""

import re
from pathlib import Path

import pytest

from lib.copilot.tools import TOOLS
from lib.experiments.model import MetricKind

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SETTINGS = re.findall(
    r'"((?:POSTHOG|OPENAI|COPILOT|ALERTS|DASHBOARD|DEMO)_[A-Z_]+)"',
    (ROOT / "lib" / "settings.py").read_text(),
)


@pytest.mark.parametrize("name", [kind.value for kind in MetricKind])
def test_metric_kinds(name):
    """Every metric kind has its row."""
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", [tool.__name__ for tool in TOOLS])
def test_tools(name):
    """Every chat tool has its row."""
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", sorted(p.name for p in ROOT.glob("pages/*.py")))
def test_pages(name):
    """Every page has its row."""
    assert f"`pages/{name}`" in README


@pytest.mark.parametrize("name", sorted(set(SETTINGS)))
def test_settings(name):
    """Every setting has its row."""
    assert f"`{name}`" in README


def test_the_two_commands():
    """The first opens the app, the second runs the tests; both make their own environment."""
    commands = re.findall(r"```sh\n(.+?)\n```", README, flags=re.DOTALL)
    opens, tests = commands[:2]
    assert "streamlit run dashboard.py" in opens
    assert "pytest" in tests
    for command in (opens, tests):
        assert "\n" not in command
        assert "python3 -m venv" in command


def test_files_named_exist():
    """Paths in the README are there."""
    named = re.findall(r"`((?:lib|tests|pages|static)/[\w./-]+)`", README)
    for path in [*named, *re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)]:
        assert (ROOT / path).exists(), path


def test_nothing_of_the_workplace():
    """Tracked text names no path of a machine and no package index."""
    for path in [*ROOT.glob("*.toml"), ROOT / "README.md", *ROOT.glob("lib/**/*.py")]:
        text = path.read_text()
        assert f"{Path.home()}/" not in text, path
        assert "://pypi" not in text, path
