"""Reads what the functions of the local stack report with OpenTelemetry's own classes.

    drive-traces.py ORDERLY [OPTION OF `orderly up`]...

Every line that a function has written is JSON, and every span among them one of the protocol; the
spans of an order are one trace, whose root is the span of a client that has OpenTelemetry's SDK.
What `orderly up --otlp` sends is decoded by a receiver that refuses, delays and rejects. Prints how
many checks held; fails at the first that does not.
"""

import collections
import json
import pathlib
import re
import sys
import tempfile
import time

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import traces
from stack import Stack, until
from traces import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, Receiver, Tree

RUNBOOK = pathlib.Path(__file__).parent.parent / "infra/RUNBOOK.md"
# What a collector answers: not yet, twice; then it takes all of that batch but a span, refuses the
# next one, and takes all others.
ANSWERS = [
    (503, {"retry-after": "2"}, 0), (429, {}, 0), (200, {}, 1), (400, {}, 0), (200, {}, 0),
]
KINDS = {"request": SERVER, "task": SERVER, "record": CONSUMER, "publish": PRODUCER,
         "provider": CLIENT, "idempotency": INTERNAL}
# Begun by a request of its own, or by the clock.
ROOTS = ("request",)
# Fields of lines that Lambda and API Gateway write themselves.
NOT_OURS = {"type", "record.status", "status"}
# Nothing is written for so long when everything is done.
QUIET_SECONDS = 2

# The way of an order that is completed, and of one whose payment is declined.
WAYS = {
    "choreography": {
        "completed": [
            ["order-api request POST /orders", "inventory record OrderCreated",
             "payment record InventoryReserved", "payment provider"],
            ["order-api request POST /orders", "inventory record OrderCreated",
             "payment record InventoryReserved", "shipping record PaymentCompleted",
             "order-events record ShipmentCreated", "relay publish OrderCompleted"],
            ["order-events record ShipmentCreated", "analytics record OrderCompleted"],
            ["order-api request POST /orders", "projector record OrderCreated"],
            ["shipping record PaymentCompleted", "notification record ShipmentCreated",
             "relay publish NotificationSent"],
        ],
        "declined": [
            ["order-api request POST /orders", "inventory record OrderCreated",
             "payment record InventoryReserved", "relay publish PaymentFailed"],
            ["order-events record PaymentFailed", "inventory record OrderCancelled"],
        ],
    },
    "orchestration": {
        "completed": [
            ["order-api request POST /orders", "workflow record OrderCreated",
             "inventory task reserve", "relay publish InventoryReserved"],
            ["workflow record OrderCreated", "payment task charge", "payment provider"],
            ["workflow record OrderCreated", "order-events task recordPayment",
             "relay publish OrderPaid"],
            ["order-api request POST /orders", "projector record OrderCreated"],
        ],
        "declined": [
            ["order-api request POST /orders", "workflow record OrderCreated",
             "payment task charge", "relay publish PaymentFailed"],
            ["workflow record OrderCreated", "inventory task release"],
        ],
    },
}
ENDINGS = {"completed": "OrderCompleted", "declined": "OrderCancelled"}


class Checks:
    held = 0

    def check(self, holds, message):
        assert holds, message
        self.held += 1


def main(program, *options):
    started = time.time()
    checks, names = Checks(), traces.conventional_names()
    for mode in WAYS:
        receiver = Receiver(ANSWERS)
        with tempfile.TemporaryDirectory(prefix="traces-") as folder:
            more = ["--parameter", f"FulfilmentMode={mode}", "--otlp", receiver.url]
            stack = Stack(program, [*more, *options], pathlib.Path(folder))
            try:
                orders = place_orders(stack)
                until_quiet(stack.logs(), orders)
                # Each call makes a span more to send, the last one when the stack stops.
                until("a batch is refused", lambda: stack.call("GET", "/products")
                      and 400 in [it[0] for it in receiver.requests])
                stack.call("GET", "/products")
            finally:
                stack.stop()
            lines = read(stack.logs())
            spans = read_spans(checks, lines, names)
            for outcome, (order, client) in orders.items():
                one_trace(checks, spans, order, client, WAYS[mode][outcome], ENDINGS[outcome])
            read_logs(checks, lines, spans, orders)
            sent(checks, receiver, spans, stack.log.read_text())
            receiver.stop()
        print(f"{mode}: {len(spans)} spans, {checks.held} checks held so far", flush=True)
    print(f"OpenTelemetry: {checks.held} checks held, {time.time() - started:.0f} s")


def place_orders(stack):
    """Orders by outcome, each with the span of the client that has placed it."""
    tracer = TracerProvider().get_tracer("client")
    orders = {}
    for number, (outcome, more) in enumerate({
        "completed": {}, "declined": {"paymentMethodId": "pm_card_visa_chargeDeclined"},
    }.items()):
        body = {"items": [{"productId": "prod-001", "quantity": 1}], **more}
        headers = {"authorization": "Bearer user-123", "idempotency-key": f"trace-{number}"}
        with tracer.start_as_current_span("POST") as span:
            TraceContextTextMapPropagator().inject(headers)
            status, answer = stack.call("POST", "/orders", body, headers)
        assert status == 201, (status, answer)
        orders[outcome] = (answer["orderId"], span.get_span_context())
    return orders


def read(folder):
    """The lines of each function."""
    return {
        path.stem: path.read_text().splitlines() for path in sorted(folder.glob("*.log"))
    }


def until_quiet(folder, orders):
    """Waits until every order has ended and nothing is written any more."""
    seen = [0, time.time()]

    def is_quiet():
        lines = read(folder)
        size = sum(map(len, lines.values()))
        if size != seen[0]:
            seen[:] = size, time.time()
        relayed = "\n".join(lines.get("relay", []))
        ended = all(f"publish {ENDINGS[outcome]}" in relayed for outcome in orders)
        return ended and time.time() - seen[1] > QUIET_SECONDS

    until("every order has ended", is_quiet)


def read_spans(checks, lines, names):
    """Every span, each checked by itself."""
    spans = []
    for function, texts in lines.items():
        for text in texts:
            if '"resourceSpans"' not in text:
                continue
            checks.check(traces.COLLECTED.match(text), f"a collector finds no span in {text}")
            found = list(traces.spans_of(traces.decoded(text)))
            checks.check(len(found) == 1, f"a span is a line: {text}")
            checks.check(found[0].service == function, f"{function} reports {found[0]}")
            spans += found
    checks.check({it.service for it in spans} >= {"order-api", "relay", "projector"}, "functions")
    for span in spans:
        resource = dict(span.resource)
        checks.check(resource.keys() <= names, f"unknown of a resource: {resource}")
        checks.check(resource["service.name"], f"{span} has no service")
        checks.check(span.scope, f"{span} has no scope")
        unknown = [it for it in span.attributes if "." in it and it not in names]
        checks.check(not unknown, f"{span}: no convention has {unknown}")
        kind = KINDS.get(span.name.split()[0])
        checks.check(span.kind == kind, f"{span} is of kind {span.kind}, not {kind}")
        checks.check(0 < span.start <= span.end, f"{span} ends before it begins")
        checks.check(span.end - span.start < 60e9, f"{span} takes too long")
        checks.check(abs(span.end / 1e9 - time.time()) < 600, f"{span} was at another time")
        is_failed = span.attributes.get("outcome") == "permanent_failure"
        is_failed |= span.kind == SERVER and span.attributes.get("status", 0) >= 500
        is_failed |= span.kind == CLIENT and span.attributes.get("status", 500) >= 400
        checks.check(span.status in (0, 2), f"{span} has the status {span.status}")
        checks.check(not is_failed or span.status == 2, f"{span} has failed: {span.attributes}")
    checks.check(len({it.id for it in spans}) == len(spans), "an id of a span is there twice")
    by_id = {it.id: it for it in spans}
    for span in spans:
        parent = by_id.get(span.parent)
        if parent:
            checks.check(parent.trace == span.trace, f"{span} is not in its parent's trace")
            checks.check(parent.start <= span.start, f"{span} begins before {parent}")
        if span.kind in (INTERNAL, CLIENT):
            checks.check(parent and parent.service == span.service, f"{span} is within nothing")
            checks.check(span.end <= parent.end, f"{span} ends after {parent}, which it is within")
    return spans


def one_trace(checks, spans, order, client, ways, ending):
    """Everything about `order` is in the trace that its client has begun."""
    trace = f"{client.trace_id:032x}"
    tree = Tree([it for it in spans if it.trace == trace])
    about = [it for it in spans if it.attributes.get("aggregate_id") == order]
    elsewhere = [str(it) for it in about if it.trace != trace and not it.name.startswith(ROOTS)]
    checks.check(not elsewhere, f"{order}: not in its trace are {elsewhere}")
    roots = tree.roots()
    checks.check([it.name for it in roots] == ["request POST /orders"], f"{order}: {roots}")
    checks.check(roots[0].parent == f"{client.span_id:016x}", f"{order}: not of its client")
    for span in tree.spans.values():
        checks.check(tree.path(span)[0] == roots[0], f"{span} does not follow from the request")
    for way in ways:
        shown = sorted({f"{it.service} {it.name}" for it in tree.spans.values()})
        checks.check(tree.passes(*way), f"{order} does not go {way}: {shown}")
    published = collections.defaultdict(list)
    for span in tree.spans.values():
        if span.kind == PRODUCER:
            published[span.attributes["event_id"]].append(span)
    checks.check(any(it.name.endswith(ending) for them in published.values() for it in them),
                 f"{order}: no {ending}")
    for event, them in published.items():
        consumed = [it for it in tree.spans.values()
                    if it.kind == CONSUMER and it.attributes["event_id"] == event]
        consumers = [it.service for it in consumed]
        checks.check("projector" in consumers, f"{them[0]}: consumed by {consumers}")
        for span in consumed:
            checks.check(span.parent == them[0].parent, f"{span} does not follow from {them[0]}")
    for span in tree.spans.values():
        if span.kind == CONSUMER:
            event = span.attributes["event_id"]
            checks.check(event in published, f"{span}: {event} was not published")


def member(line, path):
    for name in path.split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line


def read_logs(checks, lines, spans, orders):
    """Logs have what the runbook asks for, and name spans that there are."""
    logs, ids = [], {it.id: it for it in spans}
    for function, texts in lines.items():
        for text in texts:
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            checks.check(isinstance(line, dict), f"{function} writes what is no JSON: {text}")
            if "resourceSpans" not in line and "_aws" not in line:
                checks.check(line.get("service") == function, f"{function}: {text}")
                checks.check({"level", "target", "timestamp"} <= line.keys(), text)
                logs.append(line)
    for line in logs:
        span = line.get("span", {})
        if "trace_id" in span:
            named = ids.get(span.get("span_id"))
            checks.check(named and named.trace == span["trace_id"], f"names no span: {line}")
        if span.get("name") in ("record", "publish", "task", "idempotency"):
            needed = ["trace_id", "span_id", "event_id", "correlation_id", "aggregate_id"]
            missing = [it for it in needed if not span.get(it)]
            checks.check(not missing, f"without {missing}: {line}")
        if span.get("name") == "request":
            missing = [it for it in ("trace_id", "span_id", "gateway_request_id") if not span.get(it)]
            checks.check(not missing, f"without {missing}: {line}")
    asked = set(re.findall(r"\$\.([a-z][\w.]*)", RUNBOOK.read_text()))
    asked |= set(re.findall(r"`(span\.[a-z_]+)`", RUNBOOK.read_text()))
    checks.check({"level", "outcome", "span.aggregate_id"} <= asked, f"the runbook asks: {asked}")
    for path in asked - NOT_OURS:
        found = [it for it in logs if isinstance(member(it, path), str)]
        checks.check(found, f"the runbook asks for {path}, which no line has")
    for outcome, (order, _) in orders.items():
        services = {it["service"] for it in logs if member(it, "span.aggregate_id") == order}
        needed = {"order-api", "inventory", "payment", "projector", "notification"}
        checks.check(needed <= services, f"of {outcome} there are only logs of {services}")


def sent(checks, receiver, spans, complaints):
    """What a collector has got: each span once, but those of the batch that it refused."""
    statuses = [status for status, *_ in receiver.requests]
    checks.check(statuses[:4] == [503, 429, 200, 400] and statuses[-1] == 200, f"{statuses}")
    waited = receiver.times[1] - receiver.times[0]
    checks.check(waited >= 2, f"it was asked to wait for 2 s, and sent again after {waited}")
    bodies = [body for _, _, body, _ in receiver.requests]
    checks.check(bodies[0] == bodies[1] == bodies[2], "what is not taken is sent again")
    checks.check(len(set(bodies[2:])) == len(bodies[2:]), "what is taken or refused is not")
    refused = {it.id for status, _, _, them in receiver.requests if status == 400 for it in them}
    taken = [it.id for it in receiver.taken()]
    checks.check(len(set(taken)) == len(taken), "a span is sent twice")
    checks.check(refused and set(taken) | refused == {it.id for it in spans},
                 f"sent are {len(taken)} and {len(refused)} of {len(spans)} spans")
    checks.check(sorted(receiver.taken(), key=lambda it: it.id)
                 == sorted((it for it in spans if it.id not in refused), key=lambda it: it.id),
                 "a span is not what it was")
    checks.check("too old" in complaints and "400" in complaints, f"said is {complaints!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
