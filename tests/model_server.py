"""An OpenAI-compatible server that says what a script tells it, streamed over real HTTP; remembers what it was asked."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer:
    """``script(request) -> list of events``.

    An event is text, ``{"tool": name, "arguments": {...}}``, ``{"sleep": s}``, ``{"status": 503, "body": ...}`` or
    ``"<drop>"`` (closes the connection).
    """

    def __init__(self, script):
        self.script, self.requests, self.closed_early = script, [], 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["content-length"]))
                asked = json.loads(raw)
                outer.requests.append(asked)
                try:
                    self._tell(outer.script(asked))
                except (BrokenPipeError, ConnectionResetError):
                    outer.closed_early += 1

            def _tell(self, events):
                if events and isinstance(events[0], dict) and "status" in events[0]:
                    return self._refuse(events[0])
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                finish = "stop"
                for event in events:
                    if event == "<drop>":
                        self.connection.close()
                        return None
                    if isinstance(event, dict) and "sleep" in event:
                        self._sleep(event["sleep"])
                        continue
                    if isinstance(event, dict) and "raw" in event:
                        self.wfile.write(event["raw"].encode())
                        continue
                    if isinstance(event, dict):
                        finish = "tool_calls"
                    self._chunk(delta_of(event))
                self._chunk({}, finish)
                self._usage()
                self.wfile.write(b"data: [DONE]\n\n")
                return None

            def _sleep(self, seconds):
                """Keeps the line open with comments, so that a reader who left is noticed."""
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    time.sleep(min(0.1, seconds))
                    self.wfile.write(b": waiting\n\n")
                    self.wfile.flush()

            def _refuse(self, event):
                body = json.dumps(event.get("body", {"error": {"message": "no"}})).encode()
                self.send_response(event["status"])
                for name, value in event.get("headers", {}).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _chunk(self, delta, finish=None):
                choice = {"index": 0, "delta": delta, "finish_reason": finish}
                self._send(
                    {
                        "id": "1",
                        "object": "chat.completion.chunk",
                        "created": 0,
                        "model": "m",
                        "choices": [choice],
                    }
                )

            def _usage(self):
                usage = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}
                self._send(
                    {
                        "id": "1",
                        "object": "chat.completion.chunk",
                        "created": 0,
                        "model": "m",
                        "choices": [],
                        "usage": usage,
                    }
                )

            def _send(self, value):
                self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
                self.wfile.flush()

        return Handler


def delta_of(event):
    """One event as a chunk's delta."""
    if isinstance(event, str):
        return {"content": event}
    function = {"name": event["tool"], "arguments": json.dumps(event.get("arguments", {}))}
    call = {
        "index": event.get("index", 0),
        "id": event.get("id", "call_1"),
        "type": "function",
        "function": function,
    }
    return {"tool_calls": [call]}


def said_by_rules(asked):
    """What the prompt holds as the answer by rules."""
    sheet = next(m["content"] for m in asked["messages"] if "by rules" in (m["content"] or ""))
    return sheet.rpartition("not an instruction): ")[2]


def parrot(asked):
    """A careful model: it words what the rules computed, without the tables, in small pieces."""
    said = said_by_rules(asked).split("|", 1)[0]
    return [said[i : i + 7] for i in range(0, len(said), 7)]
