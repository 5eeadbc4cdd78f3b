"""Compares our event patterns with another implementation's TestEventPattern.

Generates patterns and events from a seed, asks ministack over loopback and our matcher
(`match-lines`), and fails when they disagree on anything that is not listed.
"""

import itertools
import json
import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SEED = 20261123
CASES = 1500
PORT = int(os.environ.get("MINISTACK_PORT", "14566"))

STRINGS = ["a", "b", "ab", "abc", "ABC", "x.png", "order-1", "10.0.0.7", ""]
NUMBERS = [0, 1, -1, 1.5, 100, 1e3]
FILTERS = [
    {"prefix": "a"},
    {"suffix": ".png"},
    {"prefix": {"equals-ignore-case": "AB"}},
    {"suffix": {"equals-ignore-case": "BC"}},
    {"equals-ignore-case": "abc"},
    {"anything-but": "a"},
    {"anything-but": ["a", "b"]},
    {"anything-but": 1},
    {"anything-but": {"prefix": "a"}},
    {"anything-but": {"suffix": "c"}},
    {"anything-but": {"wildcard": "*b*"}},
    {"anything-but": {"equals-ignore-case": "ABC"}},
    {"numeric": [">", 0, "<=", 100]},
    {"numeric": ["=", 1.5]},
    {"cidr": "10.0.0.0/24"},
    {"exists": True},
    {"exists": False},
    {"wildcard": "a*c"},
    {"wildcard": "*"},
]
BROKEN = [{"prefix": 1}, {"numeric": [">"]}, {"cidr": "x"}, {"nonsense": 1}, {"exists": "yes"}]


def cases(rng):
    """Pairs of a pattern and an event, most of them close to matching."""
    leaves = STRINGS + NUMBERS + [True, False, None] + FILTERS
    for number in range(CASES):
        leaf = [rng.choice(leaves) for _ in range(rng.randint(1, 3))]
        if number % 25 == 0:
            leaf.append(rng.choice(BROKEN))
        field = rng.choice(["f", "g"])
        detail = rng.choice([
            {field: leaf},
            {"o": {field: leaf}},
            {field: leaf, "h": [rng.choice(leaves)]},
            {"$or": [{field: leaf}, {"h": [rng.choice(leaves)]}]},
        ])
        values = STRINGS + NUMBERS + [True, False, None]
        value = rng.choice([rng.choice(values), rng.sample(values, 2)])
        event_detail = rng.choice([{"f": value}, {"g": value}, {"o": {"f": value}}, {"f": value, "h": rng.choice(values)}])
        event = {
            "version": "0", "id": str(number), "detail-type": "T", "source": "shop.order",
            "account": "000000000000", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
            "resources": [], "detail": event_detail,
        }
        yield {"detail": detail}, event


def theirs(client, pattern, event):
    try:
        answer = client.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
        return "true" if answer["Result"] else "false"
    except ClientError:
        return "error"


def ours(matcher, pairs):
    lines = "".join(json.dumps({"pattern": pattern, "event": event}) + "\n" for pattern, event in pairs)
    output = subprocess.run([matcher], input=lines, capture_output=True, text=True, check=True).stdout
    return [line.split(" ")[0] for line in output.splitlines()]


def wait_for(port):
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("ministack did not start")


def main():
    matcher, server = sys.argv[1:3]
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(PORT)}
    process = subprocess.Popen([server], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(PORT)
        client = boto3.client(
            "events", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{PORT}",
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}),
        )
        pairs = list(cases(random.Random(SEED)))
        answers = ours(matcher, pairs)
        # A pattern that is refused must be refused by both; what it is called differs.
        wrong = [
            (pattern, event, mine, other)
            for (pattern, event), mine in zip(pairs, answers, strict=True)
            if (other := theirs(client, pattern, event)) != mine
        ]
    finally:
        process.terminate()
        process.wait()
    for pattern, event, mine, other in itertools.islice(wrong, 20):
        print(f"disagreement: ours {mine}, theirs {other}: {json.dumps(pattern)} on {json.dumps(event['detail'])}")
    matching = answers.count("true")
    print(f"event patterns: {len(pairs)} cases, {matching} match, {len(wrong)} disagreements")
    # Cases that never match would agree with anything.
    sys.exit(1 if wrong or matching < len(pairs) // 10 else 0)


if __name__ == "__main__":
    main()
