"""Every fault of a model's server, over real HTTP: the reader gets a truthful answer with one line of why."""

import time

import pytest

from lib.copilot.answerer import answer
from lib.copilot.assistant import Assistant
from lib.copilot.budget import Budget
from lib.copilot.desk import Asking
from lib.copilot.models import OpenAIModel
from lib.copilot.question import Context
from lib.settings import ModelSettings, Secret
from tests.model_server import ModelServer, said_by_rules
from tests.pages.fake_hub import one_ahead

QUESTION = "How is it going?"
KEY = "sk-secret-never-shown"


@pytest.fixture
def desk():
    with one_ahead() as hub:
        yield hub


def computed(desk):
    """What the rules answer."""
    one = desk.experiments()[0].id
    return answer(Asking(desk=desk), QUESTION, Context(experiment_id=one))


def asked(desk, url, question=QUESTION, **limits):
    """The answer of an assistant whose model is at ``url``."""
    settings = ModelSettings(api_key=Secret(KEY), base_url=url, model="m-1", **limits)
    model = OpenAIModel(settings, silence_s=0.7)
    assistant = Assistant(desk, desk.store, model, Budget(settings, desk.store, desk.clock))
    conversation = desk.store.new_conversation("test", desk.clock())
    made = assistant.ask(conversation, question, experiment_id=desk.experiments()[0].id)
    assert made.wait(30)
    model.close()
    return made


FAULTS = {
    "asked to slow down for long": lambda m: m.rate_limit(times=9, retry_after=30),
    "down": lambda m: m.fail(503, times=9),
    "out of order": lambda m: m.fail(500, times=9),
    "refuses the key": lambda m: m.fail(401, times=9),
    "knows no such model": lambda m: m.fail(404, times=9),
    "finds it too long": lambda m: m.context_overflow(times=9),
    "drops the line": lambda m: m.disconnect(after_chunks=1, times=9),
    "ends without a reason": lambda m: m.truncate(after_chunks=1, times=9),
    "sends no JSON": lambda m: m.corrupt(after_chunks=1, times=9),
    "falls silent": lambda m: m.stall(after_chunks=1, seconds=2, times=9),
    "does not begin": lambda m: m.slow_first_token(2, times=9),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault, desk, llmock):
    """Whatever the server does, the computed answer stands there with why, and nothing of server or key leaks."""
    FAULTS[fault](llmock)
    made = asked(desk, llmock.base_url())
    assert made.author == "computed"
    assert made.text == computed(desk).text
    assert made.note.endswith("computed without the model.")
    for leak in (KEY, "sk-", llmock.url, "127.0.0.1", "Traceback", "Error"):
        assert leak not in made.text + made.note
    kept = desk.store.messages(made.conversation_id)
    assert [m.role for m in kept] == ["user", "assistant"]
    assert kept[1].note == made.note


def test_a_short_wait_is_waited(desk, llmock):
    """A server that asks for a moment is asked once more, and then the model answers."""
    llmock.rate_limit(times=1, retry_after=0.2)
    llmock.reply("It is ahead and not proven yet.")
    made = asked(desk, llmock.base_url())
    assert made.author == "m-1"
    assert made.text.startswith("It is ahead and not proven yet.")
    assert made.note == "The figures were added as computed text."


@pytest.mark.parametrize("kind", ["malformed_arguments", "unknown_tool"])
def test_broken_tool_call(kind, desk, llmock):
    """A call that cannot be run is told to the model, and the answer still comes."""
    llmock.break_tool_call(kind)
    llmock.call_tool("results", {"experiment_id": desk.experiments()[0].id})
    llmock.reply("It is ahead and not proven yet.")
    made = asked(desk, llmock.base_url())
    assert made.text.startswith("It is ahead and not proven yet.")


def test_made_up_number_is_never_shown(desk, llmock):
    """A wrong number is held back, one repair is asked, and then the computed sentence stands in its place."""
    llmock.reply("Blue button is ahead by 12.3 %. It is not proven yet.")
    llmock.reply("Blue button is ahead by 45.6 %.")
    made = asked(desk, llmock.base_url())
    assert "12.3" not in made.text
    assert "45.6" not in made.text
    assert "6.7 %" in made.text
    assert "It is not proven yet." in made.text
    assert made.note == "1 sentence(s) replaced by computed text."


def test_repair_is_counted(desk, llmock):
    """A sentence the model mends is shown mended, and the badge line says so."""
    llmock.reply("Blue button is ahead by 12.3 %. It is not proven yet.")
    llmock.reply("Blue button is ahead by 6.7 %.")
    made = asked(desk, llmock.base_url())
    assert made.text == "Blue button is ahead by 6.7 %. It is not proven yet."
    assert made.note == "1 sentence(s) rewritten by the model after the number check."


@pytest.mark.parametrize(
    "claim",
    [
        "Blue button has won the test.",
        "The result is statistically significant.",
        "I have stopped the experiment for you.",
        "Blue button will definitely pay off.",
    ],
)
def test_wrong_claim_without_a_number(claim, desk, llmock):
    """A win nobody proved, an act, a certainty: held back like a wrong number."""
    llmock.reply(f"{claim} The data end at noon.")
    llmock.reply("Nothing else.")
    made = asked(desk, llmock.base_url())
    assert claim not in made.text
    assert "6.7 %" in made.text


def test_another_language_is_no_answer(desk, llmock):
    """A German question is not answered in English."""
    llmock.reply(
        "It is ahead and the data look fine, but nothing is proven yet so you should wait."
    )
    made = asked(desk, llmock.base_url(), "Wie läuft der Test denn so?")
    assert made.author == "computed"
    assert "anderen Sprache" in made.note


def test_order_never_reaches_the_model(desk, llmock):
    """What would change something is declined by rule; no model gets to say that it was done."""
    llmock.reply("I have paused the test.")
    made = asked(desk, llmock.base_url(), "Pause the test please")
    assert "read-only" in made.text
    assert made.author == "computed"


@pytest.mark.parametrize(
    "limits", [{"calls_per_day": 0}, {"tokens_per_day": 0}, {"tokens_per_conversation": 0}]
)
def test_used_up_budget(limits, desk, llmock):
    """When the budget is used up the model is not asked, and the line says so."""
    made = asked(desk, llmock.base_url(), **limits)
    assert made.author == "computed"
    assert "used up" in made.note


def test_budget_counts(desk, llmock):
    """Calls and tokens of an answer are counted for the day and the conversation."""
    llmock.reply("It is ahead and not proven yet.")
    made = asked(desk, llmock.base_url())
    day = desk.store.usage(desk.clock().date())
    assert day.calls == 1
    assert day.tokens > 0
    assert desk.store.conversation_usage(made.conversation_id) == day


REFUSALS = {
    "strict": {"status": 400, "body": {"error": {"message": "Unknown parameter: 'strict'"}}},
    "stream_options": {
        "status": 422,
        "body": {"error": {"message": "stream_options not permitted"}},
    },
    "tools": {"status": 500, "body": {"error": {"message": "this model does not support tools"}}},
}


@pytest.mark.parametrize("name", REFUSALS)
def test_parameter_that_is_refused_is_dropped(name, desk):
    """A server that refuses a parameter by name is asked without it, at once and ever after."""

    def script(request):
        has = name in request or (name == "strict" and '"strict"' in str(request).replace("'", '"'))
        return [REFUSALS[name]] if has else ["It is ahead and not proven yet."]

    with ModelServer(script) as server:
        first, second = asked(desk, server.url), asked(desk, server.url)
        assert (first.author, second.author) == ("m-1", "m-1")
        assert len(server.requests) == 3


def test_calls_in_pieces_and_two_at_once(desk):
    """Two calls of one round, arguments in one piece, and the results of both reach the model."""
    one = desk.experiments()[0].id

    def script(request):
        if any(m["role"] == "tool" for m in request["messages"]):
            return ["It is ahead and not proven yet."]
        return [
            {"tool": "results", "arguments": {"experiment_id": one}, "index": 0, "id": "a"},
            {"tool": "stop_now", "arguments": {"experiment_id": one}, "index": 1, "id": "b"},
        ]

    with ModelServer(script) as server:
        made = asked(desk, server.url, "What if I want to end it early?")
        told = [m for m in server.requests[-1]["messages"] if m["role"] == "tool"]
    assert [m["tool_call_id"] for m in told] == ["a", "b"]
    assert "| Stop |" in made.text, "the table of the tool stands below the prose"


def test_last_round_offers_no_tools(desk):
    """A model that only ever calls tools is made to answer in the fourth round."""
    one = desk.experiments()[0].id

    def script(request):
        if not request.get("tools"):
            return ["It is ahead and not proven yet."]
        return [{"tool": "results", "arguments": {"experiment_id": one}}]

    with ModelServer(script) as server:
        made = asked(desk, server.url)
        assert len(server.requests) == 4
    assert made.author == "m-1"


def test_stop_while_silent(desk):
    """Stop comes back at once while the server is silent, and the server sees the line close."""

    def script(request):
        return ["It is ahead. ", "Not proven yet. ", {"sleep": 8}, "More."]

    with ModelServer(script) as server:
        model = OpenAIModel(ModelSettings(base_url=server.url, model="m-1"))
        assistant = Assistant(desk, desk.store, model)
        conversation = desk.store.new_conversation("test", desk.clock())
        made = assistant.ask(conversation, QUESTION, experiment_id=desk.experiments()[0].id)
        _until(lambda: "ahead" in made.read())
        began = time.monotonic()
        made.stop()
        assert made.wait(2)
        assert time.monotonic() - began < 0.5
        _until(lambda: server.closed_early == 1)
        model.close()
    assert made.text.strip() == "It is ahead."
    assert made.note == "Stopped."
    assert desk.store.messages(conversation)[-1].text == made.text


def test_plain_json_instead_of_a_stream(desk):
    """A server that ignores streaming yields no chunk; the computed answer stands in."""
    with ModelServer(lambda r: [{"status": 200, "body": {"choices": []}}]) as server:
        made = asked(desk, server.url)
    assert made.author == "computed"
    assert "broke off" in made.note


def test_prompt_holds_names_as_data_and_no_secret(desk):
    """Names go in as JSON strings; key and address are in no message."""
    with ModelServer(lambda r: [said_by_rules(r).split("|")[0]]) as server:
        asked(desk, server.url)
        prompt = "\n".join(m["content"] or "" for m in server.requests[0]["messages"])
        assert '"Sign-up button"' in prompt
        assert KEY not in prompt
        assert server.url not in prompt


def _until(is_true, seconds=5.0):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)
