"""A schema registry as others run it, small enough for a test: ids in order of arrival, kept for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class FakeRegistry:
    """What it holds: schema texts by id (from 1), and for each subject the ids of its versions."""

    url: str = ""
    schemas: list[str] = field(default_factory=list)
    subjects: dict[str, list[int]] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    refuse: tuple[int, str] | None = None

    def answer(self, method: str, steps: list[str], body: Any) -> tuple[int, Any]:
        match method, steps:
            case "GET", ["schemas", "ids", number] if int(number) <= len(self.schemas):
                return 200, {"schema": self.schemas[int(number) - 1]}
            case "GET", ["subjects", subject, "versions"] if subject in self.subjects:
                return 200, [*range(1, len(self.subjects[subject]) + 1)]
            case "GET", ["subjects", subject, "versions", number] if subject in self.subjects:
                return 200, self._version(subject, int(number))
            case "POST", ["subjects", subject, "versions"]:
                return (
                    (self.refuse[0], {"error_code": self.refuse[0], "message": self.refuse[1]})
                    if self.refuse
                    else (
                        200,
                        {"id": self.add(subject, body["schema"])},
                    )
                )
            case "POST", ["subjects", subject]:
                held = [self.schemas[i - 1] for i in self.subjects.get(subject, [])]
                if body["schema"] in held:
                    return 200, self._version(subject, held.index(body["schema"]) + 1)
            case "PUT", ["config", subject]:
                self.levels[subject] = body["compatibility"]
                return 200, body
        return 404, {"error_code": 40401, "message": "not found"}

    def add(self, subject: str, schema: str) -> int:
        if schema not in self.schemas:
            self.schemas.append(schema)
        schema_id = self.schemas.index(schema) + 1
        self.subjects.setdefault(subject, []).append(schema_id)
        return schema_id

    def _version(self, subject: str, number: int) -> dict[str, Any]:
        schema_id = self.subjects[subject][number - 1]
        return {"subject": subject, "version": number, "id": schema_id, "schema": self.schemas[schema_id - 1]}


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    registry = FakeRegistry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            steps = [unquote(step) for step in urlsplit(self.path).path.strip("/").split("/")]
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = registry.answer(self.command, steps, json.loads(body or b"null"))
            out = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_POST = do_PUT = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        registry.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield registry
        server.shutdown()
        thread.join()
