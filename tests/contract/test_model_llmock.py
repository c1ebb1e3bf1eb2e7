"""The question file with a model that knows nothing: llmock calls tools at random and answers at random."""

import pytest

from lib.copilot.assistant import Assistant
from lib.copilot.models import OpenAIModel
from lib.settings import ModelSettings
from tests.contract.question_checker import problems
from tests.contract.test_model_questions import QUESTIONS, _view_of, desks  # noqa: F401  # a fixture

ENGLISH = [q for q in QUESTIONS if q["lang"] == "en"]


@pytest.mark.parametrize("question", ENGLISH, ids=lambda q: q["id"])
def test_ignorant_model(question, desks, llmock):  # noqa: F811  # the fixture of that name
    """Whatever a poor model says, the required facts stand in the answer and nothing wrong does."""
    hub = desks(question["state"])
    model = OpenAIModel(ModelSettings(base_url=llmock.base_url(), model="llmock"))
    assistant = Assistant(hub, hub.store, model)
    conversation = hub.store.new_conversation("test", hub.clock())
    for earlier in question["before"]:
        assert assistant.ask(conversation, earlier).wait(20)
    made = assistant.ask(conversation, question["question"])
    assert made.wait(20)
    model.close()
    got = {"text": made.text, "facts": list(made.facts), "panel": made.panel, "decline": None}
    assert problems(question, got, _view_of(hub), hub.experiments()) == [], made.text
