"""Spans as OpenTelemetry's own classes read them, and the traces they make up.

A line is decoded by `opentelemetry-proto` through `google.protobuf.json_format`, and a field that
the protocol does not know is an error. The protocol's JSON differs from Protobuf's in one thing:
ids are hexadecimal, not base64 (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
"""

import base64
import dataclasses
import http.server
import importlib
import json
import pathlib
import re
import threading
import time

import opentelemetry.semconv
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(1, 6)
# Of one line, the collector's connector `otlpjson` reads no others.
COLLECTED = re.compile(r'^\{\s*"resourceSpans"\s*:\s*\[')


def conventional_names():
    """The names of attributes in OpenTelemetry's semantic conventions."""
    root = pathlib.Path(opentelemetry.semconv.__path__[0])
    names = set()
    for path in root.glob("**/*_attributes.py"):
        module = ".".join(("opentelemetry.semconv", *path.relative_to(root).with_suffix("").parts))
        values = vars(importlib.import_module(module)).values()
        names.update(it for it in values if isinstance(it, str) and re.fullmatch(r"[a-z_.]+", it))
    assert "service.name" in names and len(names) > 300, len(names)
    return names


@dataclasses.dataclass(frozen=True)
class Span:
    service: str
    resource: tuple
    scope: str
    trace: str
    id: str
    parent: str
    name: str
    kind: int
    start: int
    end: int
    status: int
    attributes: dict

    def __str__(self):
        return f"{self.service} {self.name} ({self.id})"


def decoded(text, message=trace_pb2.TracesData):
    """The message in `text`, with its ids as the protocol's JSON has them."""
    def rewritten(value):
        if isinstance(value, list):
            return [rewritten(it) for it in value]
        if not isinstance(value, dict):
            return value
        pairs = {}
        for name, it in value.items():
            if name in IDS:
                digits = IDS[name]
                assert re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", it), f"{name} {it!r}: {text}"
                assert int(it, 16) != 0, f"{name} is zero: {text}"
                it = base64.b64encode(bytes.fromhex(it)).decode()
            elif name in ("kind", "code"):
                assert isinstance(it, int), f"{name} is no number: {text}"
            elif name.endswith("UnixNano") or name == "intValue":
                assert isinstance(it, str), f"{name}, a number of 64 bits, is no text: {text}"
            assert "_" not in name, f"{name} is not in lowerCamelCase: {text}"
            pairs[name] = rewritten(it)
        return pairs

    result = message()
    json_format.ParseDict(rewritten(json.loads(text)), result, ignore_unknown_fields=False)
    return result


def value_of(value):
    return getattr(value, value.WhichOneof("value"))


def attributes_of(message):
    pairs = [(it.key, value_of(it.value)) for it in message.attributes]
    assert len(dict(pairs)) == len(pairs), f"an attribute is there twice: {pairs}"
    return dict(pairs)


def spans_of(message):
    for resource in message.resource_spans:
        about = attributes_of(resource.resource)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service=about.get("service.name", ""), resource=tuple(about.items()),
                    scope=scope.scope.name, trace=span.trace_id.hex(), id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(), name=span.name, kind=span.kind,
                    start=span.start_time_unix_nano, end=span.end_time_unix_nano,
                    status=span.status.code, attributes=attributes_of(span),
                )


class Tree:
    """The spans of one trace."""

    def __init__(self, spans):
        self.spans = {it.id: it for it in spans}
        assert len(self.spans) == len(spans), "an id of a span is there twice"

    def roots(self):
        """Spans whose parent is none of them."""
        return [it for it in self.spans.values() if it.parent not in self.spans]

    def path(self, span):
        """From the root to `span`."""
        path = [span]
        while path[0].parent in self.spans:
            path.insert(0, self.spans[path[0].parent])
            assert len(path) <= len(self.spans), f"a circle: {span}"
        return path

    def passes(self, *steps):
        """Whether a path from the root goes through these spans, in this order."""
        for span in self.spans.values():
            names = iter([f"{it.service} {it.name}" for it in self.path(span)])
            if all(step in names for step in steps):
                return True
        return False


class Receiver:
    """What a collector is: it takes spans over OTLP/HTTP in JSON, and answers as is prescribed.

    `answers` are given in turn, the last of them ever after: a status, headers, and how many spans
    are said to be rejected.
    """

    def __init__(self, answers):
        self.answers, self.requests, self.times = list(answers), [], []
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = receiver.answer(self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in {**headers, "content-type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, headers, body):
        headers = {name.lower(): value for name, value in headers.items()}
        try:
            assert path == "/v1/traces", path
            assert headers["content-type"] == "application/json", headers
            request = decoded(body.decode(), trace_service_pb2.ExportTraceServiceRequest)
        except (AssertionError, ValueError, json_format.ParseError) as error:
            return 400, {}, json.dumps({"message": str(error)}).encode()
        with self.lock:
            last = len(self.answers) == 1
            status, more, rejected = self.answers[0] if last else self.answers.pop(0)
            self.times.append(time.monotonic())
            self.requests.append((status, rejected, body, list(spans_of(request))))
        if status != 200:
            return status, more, json.dumps({"message": "not now"}).encode()
        response = trace_service_pb2.ExportTraceServiceResponse()
        if rejected:
            response.partial_success.rejected_spans = rejected
            response.partial_success.error_message = "too old"
        return 200, more, json_format.MessageToJson(response).encode()

    def taken(self):
        """The spans of the requests that were answered 200."""
        return [it for status, _, _, spans in self.requests if status == 200 for it in spans]

    def stop(self):
        self.server.shutdown()
