"""Shares a table between Powertools for AWS Lambda (Python) and this project's idempotency.

The first argument is the Rust half, examples/shared-table of shared/idempotency. Every story is
told with either side first. Prints how many checks held; fails at the first that does not.
"""

import json
import os
import subprocess
import sys
import time

os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="local",
    AWS_SECRET_ACCESS_KEY="local",
    AWS_LAMBDA_FUNCTION_NAME="shared",
    POWERTOOLS_SERVICE_NAME="shared",
)

import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

checks = 0


def check(actual, expected):
    global checks
    assert actual == expected, f"{actual!r} is not {expected!r}"
    checks += 1


class Rust:
    """The other side, in a process of its own."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.endpoint = self.read()["endpoint"]

    def read(self):
        return json.loads(self.process.stdout.readline())

    def tell(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self.read()


class Context:
    """What Lambda tells a handler about its invocation."""

    def __init__(self, left_ms):
        self.left_ms = left_ms

    def get_remaining_time_in_millis(self):
        return self.left_ms


class Python:
    """This side, as a team writes it."""

    def __init__(self, client, composite=False, left_ms=30_000, retention=3_600):
        table = {"table_name": "simple"}
        if composite:
            table = {
                "table_name": "composite",
                "sort_key_attr": "sort",
                "static_pk_value": "idempotency#shared",
            }
        config = IdempotencyConfig(
            event_key_jmespath="order",
            payload_validation_jmespath="amount",
            expires_after_seconds=retention,
        )
        context = Context(left_ms)
        config.register_lambda_context(context)
        layer = DynamoDBPersistenceLayer(boto3_client=client, **table)
        self.calls = 0

        @idempotent(config=config, persistence_store=layer, key_prefix="payments")
        def handler(event, _context):
            self.calls += 1
            if self.meanwhile:
                self.meanwhile()
            return {"from": "python", "order": event["order"]}

        self.meanwhile = None
        self.handler = lambda event: handler(event, context)


def create_tables(client):
    key = [{"AttributeName": "id", "AttributeType": "S"}]
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    sort = [{"AttributeName": "sort", "AttributeType": "S"}]
    sort_schema = [{"AttributeName": "sort", "KeyType": "RANGE"}]
    for name, attributes, keys in [
        ("simple", key, schema),
        ("composite", key + sort, schema + sort_schema),
    ]:
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=attributes,
            KeySchema=keys,
        )


# Keys of every shape that JSON has: both sides must hash them alike.
ORDERS = [
    "o-1",
    "größe 🦀 \"quoted\" \\ \n \x7f \u2028",
    42,
    -7,
    0.1,
    1e16,
    1.5e-7,
    100.0,
    2**53,
    True,
    ["a", 1, None, {"b": [2.5, "ü"]}],
    {"z": 1, "a": {"y": [], "b": {}}, "ä": "x", "B": None},
]


def everyday(rust, client):
    for composite in (False, True):
        for leased in (False, True):
            for order in ORDERS:
                tag = [order, composite, leased]
                python = Python(client, composite)
                event = {"order": [tag, "python first"], "amount": 100}
                told = python.handler(event)
                check(told["from"], "python")
                answer = rust.tell(event=event, composite=composite, leased=leased)
                check(answer, {"replayed": told})
                other = {**event, "amount": 101}
                answer = rust.tell(event=other, composite=composite, leased=leased)
                check(answer["error"].split()[0], "PayloadMismatch")

                event = {"order": [tag, "rust first"], "amount": 100}
                answer = rust.tell(event=event, composite=composite, leased=leased)
                check(answer["new"], {"from": "rust", "order": event["order"]})
                python = Python(client, composite)
                check(python.handler(event), answer["new"])
                check(python.calls, 0)
                try:
                    python.handler({**event, "amount": 101})
                    check("handled", "refused")
                except IdempotencyValidationError:
                    check(python.calls, 0)


def in_progress(rust, client):
    event = {"order": "held by python", "amount": 1}
    python = Python(client)
    seen = []
    python.meanwhile = lambda: seen.append(rust.tell(event=event)["error"].split()[0])
    check(python.handler(event)["from"], "python")
    check(seen, ["InProgress"])

    event = {"order": "held by rust", "amount": 1}
    check(rust.tell(event=event, hold=True), {"holding": True})
    try:
        Python(client).handler(event)
        check("handled", "refused")
    except IdempotencyAlreadyInProgressError:
        check(True, True)
    check(rust.tell(finish=True), {"new": {"from": "rust", "order": "held by rust"}})


def failures(rust, client):
    event = {"order": "failed in python", "amount": 1}
    python = Python(client)

    def fail():
        raise ValueError("asked to fail")

    python.meanwhile = fail
    try:
        python.handler(event)
        check("handled", "failed")
    except ValueError:
        check(python.calls, 1)
    check(rust.tell(event=event)["new"]["from"], "rust")

    event = {"order": "failed in rust", "amount": 1}
    check("asked to fail" in rust.tell(event=event, fail=True)["failure"], True)
    check(Python(client).handler(event)["from"], "python")


def time_passes(rust, client):
    # Python's lease ends (it died: nothing completes), and ours may follow.
    event = {"order": "crashed in python", "amount": 1}
    python = Python(client, left_ms=100)

    class Killed(BaseException):
        pass

    def die():
        raise Killed

    python.meanwhile = die
    layer_delete, client.delete_item = client.delete_item, lambda **_: None
    try:
        python.handler(event)
    except Killed:
        check(python.calls, 1)
    finally:
        client.delete_item = layer_delete
    check(rust.tell(event=event)["error"].split()[0], "InProgress")
    # The clocks' skew besides.
    time.sleep(1.3)
    check(rust.tell(event=event)["new"]["from"], "rust")

    # What has expired counts no more, on either side.
    event = {"order": "expired", "amount": 1}
    check(Python(client, retention=1).handler(event)["from"], "python")
    time.sleep(2.1)
    check(rust.tell(event=event, retention=1)["new"]["from"], "rust")
    time.sleep(2.1)
    check(Python(client).handler(event)["from"], "python")


def main():
    rust = Rust(sys.argv[1])
    client = boto3.client("dynamodb", endpoint_url=rust.endpoint)
    create_tables(client)
    for story in (everyday, in_progress, failures, time_passes):
        story(rust, client)
    rust.process.stdin.close()
    check(rust.process.wait(timeout=10), 0)
    print(f"{checks} checks, none failed")


main()
