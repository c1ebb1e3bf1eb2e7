"""The question file, in both modes: answered by rules, and by a model behind an OpenAI-compatible server."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from lib.copilot.answer import as_record
from lib.copilot.answerer import answer
from lib.copilot.assistant import Assistant
from lib.copilot.desk import Asking
from lib.copilot.models import OpenAIModel
from lib.copilot.question import Context
from lib.settings import ModelSettings
from tests.contract.question_checker import problems
from tests.desks import desk_of
from tests.model_server import ModelServer, parrot

FILE = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "chat_questions.json").read_text(encoding="utf-8")
)
QUESTIONS = FILE["questions"]


@pytest.fixture(scope="module")
def desks(tmp_path_factory):
    """A desk for each set of states, read once and shared."""
    made = {}
    with ExitStack() as stack:

        def desk(names):
            key = tuple(names)
            if key not in made:
                states = {name: FILE["states"][name] for name in names}
                folder = tmp_path_factory.mktemp("desk")
                made[key] = stack.enter_context(desk_of(states, folder))
            return made[key]

        yield desk


@pytest.fixture(scope="module")
def careful_model():
    """A server whose model words what was computed."""
    with ModelServer(parrot) as server:
        model = OpenAIModel(ModelSettings(base_url=server.url, model="careful-1"))
        yield model
        model.close()


def test_enough_questions():
    """The file holds the twelve shared questions and at least forty more, in four languages."""
    own = [q for q in QUESTIONS if q["id"].startswith("P")]
    assert len(QUESTIONS) - len(own) == 12
    assert len(own) >= 40
    assert {q["lang"] for q in own} == {"en", "de", "fr", "es"}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q["id"])
def test_by_rules(question, desks):
    """The built-in answerer gives every required fact, nothing forbidden, the panel and the right refusal."""
    hub = desks(question["state"])
    ask, context = Asking(desk=hub, lang="en"), Context()
    for earlier in question["before"]:
        context = answer(ask, earlier, context).context
    reply = answer(ask, question["question"], context)
    facts = {f.id: as_record(f) for s in reply.sentences for f in s.facts}
    got = {
        "text": reply.text,
        "facts": list(facts.values()),
        "panel": reply.panel.as_dict() if reply.panel else None,
        "decline": reply.decline,
    }
    assert problems(question, got, _view_of(hub), hub.experiments()) == [], reply.text


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q["id"])
def test_by_model(question, desks, careful_model):
    """A model behind a real server passes the same questions; its true sentences are not refused."""
    hub = desks(question["state"])
    assistant = Assistant(hub, hub.store, careful_model)
    conversation = hub.store.new_conversation("test", hub.clock())
    for earlier in question["before"]:
        assert assistant.ask(conversation, earlier).wait(20)
    made = assistant.ask(conversation, question["question"])
    assert made.wait(20)
    assert made.note == ""
    if question["decline"] != "full" and made.facts:
        assert made.author == "careful-1"
    got = {"text": made.text, "facts": list(made.facts), "panel": made.panel, "decline": None}
    assert problems(question, got, _view_of(hub), hub.experiments()) == [], made.text


def _view_of(hub):
    return lambda experiment_id: None if experiment_id is None else hub.look(experiment_id)
