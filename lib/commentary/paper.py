"""A page of headings, paragraphs, lists and tables, written as Markdown or as HTML. Used by ``memo``.

All texts come in plain and are escaped here, in one place, for the format they go to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from lib import wording

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color-scheme:light dark}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "td,th{border-bottom:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    ".stamp{display:inline-block;border:2px solid;border-radius:.3rem;padding:.1rem .6rem;font-weight:600}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.75rem}div{overflow-x:auto}"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One part of a page: ``kind`` is heading, paragraph, points or table; rows of plain text."""

    kind: str
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def heading(cls, text: str) -> Block:
        """A section's title."""
        return cls(kind="heading", rows=((text,),))

    @classmethod
    def paragraph(cls, text: str) -> Block:
        """Running text."""
        return cls(kind="paragraph", rows=((text,),))

    @classmethod
    def points(cls, texts: Sequence[str]) -> Block:
        """A list."""
        return cls(kind="points", rows=tuple((text,) for text in texts))

    @classmethod
    def table(cls, rows: Sequence[Sequence[str]]) -> Block:
        """A table; the first row is its head."""
        return cls(kind="table", rows=tuple(tuple(row) for row in rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole page in one language."""

    lang: str
    title: str
    stamp: str
    blocks: tuple[Block, ...]
    record_title: str


def as_markdown(paper: Paper, record_json: str) -> str:
    """The page as Markdown, the record in a code block that nothing inside it can close."""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", record_json)), default=0) + 3)
    parts = [
        f"# {_md(paper.title)}",
        f"**{_md(paper.stamp)}**",
        *(_markdown(block) for block in paper.blocks),
        f"## {_md(paper.record_title)}",
        f"{fence}json\n{record_json}\n{fence}",
    ]
    return "\n\n".join(parts) + "\n"


def _md(text: str) -> str:
    return wording.escape_markdown(" ".join(text.split()))


def _markdown(block: Block) -> str:
    texts = [[_md(cell) for cell in row] for row in block.rows]
    if block.kind == "heading":
        return f"## {texts[0][0]}"
    if block.kind == "paragraph":
        return texts[0][0]
    if block.kind == "points":
        return "\n".join(f"- {row[0]}" for row in texts)
    lines = ["| " + " | ".join(row) + " |" for row in texts]
    return "\n".join([lines[0], "|---" * len(texts[0]) + "|", *lines[1:]])


def as_html(paper: Paper, record_json: str) -> str:
    """The page as one HTML file without scripts or addresses; the record is data, not program."""
    body = "\n".join(_html(block) for block in paper.blocks)
    data = record_json.replace("<", "\\u003c")
    return (
        f'<!doctype html>\n<html lang="{escape(paper.lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(paper.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(paper.title)}</h1>\n<p class="stamp">{escape(paper.stamp)}</p>\n{body}\n'
        f"<h2>{escape(paper.record_title)}</h2>\n"
        f'<script type="application/json" id="record">{data}</script>\n'
        f"<details><summary>JSON</summary><pre>{escape(record_json)}</pre></details>\n"
        "</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    texts = [[escape(cell) for cell in row] for row in block.rows]
    if block.kind == "heading":
        return f"<h2>{texts[0][0]}</h2>"
    if block.kind == "paragraph":
        return f"<p>{texts[0][0]}</p>"
    if block.kind == "points":
        return "<ul>" + "".join(f"<li>{row[0]}</li>" for row in texts) + "</ul>"
    head = "".join(f"<th>{cell}</th>" for cell in texts[0])
    rows = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in texts[1:])
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
