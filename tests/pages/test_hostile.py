"""Every hostile string in every name field at once: numbers and verdict stay, and no widget gets live markup."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from lib.experiments.model import Metric, MetricKind, Variant
from lib.history.store import Store
from lib.live.feed import Hub
from tests.unit.live.sources import Hand, HandSource, an_experiment

ATTACKS = json.loads((Path(__file__).parents[1] / "fixtures" / "attacks.json").read_text())
TEXTS = [attack["text"] for attack in ATTACKS]
PLAIN = 1
MARKDOWN = MarkdownIt("commonmark")
LIVE = {"image", "link_open", "html_inline", "html_block"}


def named(experiment_id, text):
    """An experiment whose every name is ``text``; arms told apart by one more letter."""
    return an_experiment(
        experiment_id,
        name=text,
        description=text,
        flag_key=text,
        tags=(text,),
        holdout=text,
        excluded_variants=(text,),
        variants=(
            Variant(key=text, name=text, share=0.5),
            Variant(key=f"{text}b", name=f"{text}b", share=0.5),
        ),
        metrics=(Metric(id="m1", name=text, kind=MetricKind.FUNNEL),),
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The plain experiment and one for each string, all with the same counts."""
    clock = Hand()
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('hostile')}/h.sqlite3", clock=clock)
    experiments = [named(PLAIN + i, text) for i, text in enumerate(["Plain", *TEXTS])]
    source = HandSource(clock, experiments, rates=(0.1, 0.108))
    made = Hub(source, store, clock=clock, monotonic=clock.seconds)
    for _ in range(2):
        made.round(wait=True)
        clock.pass_(60)
    made.close = lambda: None
    yield made
    made.stop()
    store.close()


def numbers(view):
    """What is computed, without names."""
    nameless = [replace(e, treatment_key="", control_key="") for e in view.primary.estimates]
    return nameless, view.primary.verdict.state, [(a.n, a.total) for a in view.primary.arms]


def test_fixture_is_large_enough():
    """At least 60 strings, of every kind, each once."""
    assert len(set(TEXTS)) == len(TEXTS) >= 60
    kinds = {attack["kind"] for attack in ATTACKS}
    assert kinds >= {
        "image",
        "link",
        "html",
        "script",
        "directive",
        "spreadsheet",
        "invisible",
        "bidi",
        "slot",
        "long",
    }


@pytest.mark.parametrize("place", range(len(TEXTS)))
def test_a_name_changes_no_number(hub, place):
    """Estimates, verdict and counts equal those of a harmless name; the verdict is still said."""
    view = hub.look(PLAIN + 1 + place)
    assert numbers(view) == numbers(hub.look(PLAIN))
    assert view.sentences
    assert "[[" not in view.sentences[0].text.replace(TEXTS[place], "")


@pytest.mark.parametrize("script", ["dashboard.py", "pages/history.py"])
@pytest.mark.parametrize("part", range(4))
def test_no_widget_gets_live_markup(hub, page, script, part):
    """Labels and Markdown of a page hold no picture, link, HTML, formula or directive of a name."""
    for i in range(part, len(TEXTS), 16):
        at = page(hub, script, experiment=PLAIN + 1 + i)
        for said in markdowns(at):
            tokens = MARKDOWN.parse(said)
            kinds = {t.type for token in tokens for t in [token, *(token.children or ())]}
            assert not kinds & LIVE, said
            assert "evil.example" not in said, said


def markdowns(at):
    """All texts of a page that Streamlit reads as Markdown."""
    for element in at:
        proto = getattr(element, "proto", None)
        for name in ("body", "label", "help", "placeholder"):
            said = getattr(proto, name, "")
            if (
                isinstance(said, str)
                and said
                and not getattr(proto, "allow_html", False)
                and element.type != "html"
            ):
                yield said
