"""Built-in schema ids for clients in other languages: a small registry over HTTP that only reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.static_registry import SCHEMA_NOT_FOUND
from schemas.generated import Schema, all_schemas
from schemas.pipeline import Pipeline
from schemas.static_ids import static_id
from schemas.subjects import subjects

Answer = tuple[int, Any]
"""Status and body."""


@contextmanager
def serving(pipeline: Pipeline, port: int = 0) -> Iterator[int]:
    """Serve the schemas of a pipeline on loopback, for kcat and clients in other languages; yields the port.

    The part of Confluent's API that reads: ``/subjects``, ``/subjects/<s>/versions``, ``…/<version>``,
    ``/schemas/ids/<id>``; and posting a schema, which gives its id if it is the pipeline's own.
    """
    answers = _Answers(pipeline)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(*answers.to_get(self._steps()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._reply(*answers.to_post(self._steps(), body))

        def _steps(self) -> list[str]:
            return [unquote(step) for step in urlsplit(self.path).path.strip("/").split("/")]

        def _reply(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: who asks for schemas is of no interest."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, name="registry", daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


class _Answers:
    def __init__(self, pipeline: Pipeline) -> None:
        schemas = all_schemas(pipeline)
        self._by_id = {static_id(schema): schema for schema in schemas.values()}
        self._by_subject = {subject: schemas[record] for subject, record in subjects(pipeline)}

    def to_get(self, steps: list[str]) -> Answer:
        match steps:
            case ["schemas", "ids", text] if text.isdigit() and int(text) in self._by_id:
                return 200, {"schema": json.dumps(self._by_id[int(text)])}
            case ["subjects"]:
                return 200, sorted(self._by_subject)
            case ["subjects", subject, "versions"] if subject in self._by_subject:
                return 200, [1]
            case ["subjects", subject, "versions", "1" | "latest"] if subject in self._by_subject:
                return 200, _version(subject, self._by_subject[subject])
        return _missing("no such subject, version or schema")

    def to_post(self, steps: list[str], body: bytes) -> Answer:
        try:
            schema_id = static_id(json.loads(json.loads(body)["schema"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return 422, {"error_code": 42201, "message": "not an Avro schema"}
        if steps[0] != "subjects" or schema_id not in self._by_id:
            return _missing("not a schema of this pipeline; ids are built in, so none can be added")
        return 200, {**_version(steps[1], self._by_id[schema_id]), "id": schema_id}


def _version(subject: str, schema: Schema) -> dict[str, Any]:
    return {"subject": subject, "version": 1, "id": static_id(schema), "schema": json.dumps(schema)}


def _missing(message: str) -> Answer:
    return 404, {"error_code": SCHEMA_NOT_FOUND, "message": message}
