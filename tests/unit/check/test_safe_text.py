"""Model output as Markdown: emphasis, lists, tables and code stay, everything that acts is gone."""

import re

import pytest

from lib.copilot.safe_text import model_markdown

ATTACKS = [
    "![x](https://evil.example/a.png)",
    "![x][1]\n\n[1]: https://evil.example/a.png",
    "[click](javascript:alert(1))",
    "<img src=https://evil.example/a>",
    "<script>fetch('//evil.example/x')</script>",
    "ht\u200btps://evil.example/a",
    "\\![x](\\https://evil.example)",
    "\\\\[x](https:/\\evil.example)",
    ":red[now] :material/delete: :blue-background[x]",
    "$\\href{https://evil.example}{x}$ and $5 to $6",
    "www.evil.example/a",
    "mailto:a@evil.example a@evil.example",
    "data:image/png;base64,AAAA",
    "&#60;img src=x&#62; &lt;b&gt;",
    "| ![x](https://evil.example/t.png) | 1 |",
]
OPEN = re.compile(r"(?<!\\)[\[<$]|(?<!\\):(?=material|red|blue)|&(?=[#\w])(?<!\\&)")
ADDRESS = re.compile(r"https?:|javascript:|data:|mailto:|\bwww\.|evil\.example")


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_active_survives(attack):
    """No address, link, picture, tag, formula or directive is left, whole or at any cut of the stream."""
    for end in range(1, len(attack) + 1):
        assert not OPEN.search(model_markdown(attack[:end]).replace("\\\\", ""))
    assert not ADDRESS.search(model_markdown(attack).replace("\\", ""))


def test_harmless_markdown_stays():
    """Bold, lists, tables and code are left as they are."""
    text = "**Blue** is ahead:\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`code`"
    assert model_markdown(text) == text


def test_longer_text_keeps_what_was_shown():
    """Escaping twice changes nothing, so a redraw of the text so far is stable."""
    once = model_markdown("a [b](c) <d> $e$ :red[f]")
    assert model_markdown(once) == once
