"""Drives a WebSocket API of the local stack with wscat and boto3.

    drive-sockets.py ORDERLY WSCAT BINARIES

Both have to take the stack for API Gateway. Prints how many checks held; fails at the first that
does not.
"""

import json
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

from stack import free_ports, until

TEMPLATE = "infra/local/stack/tests/sockets/template.yaml"
SECONDS = 30

held = 0


def check(holds, message):
    global held
    assert holds, message
    held += 1


class Client:
    """A wscat that sends messages and stays, or that is refused."""

    def __init__(self, wscat, url, messages=()):
        # Without a terminal it prints what comes, a line a message.
        sent = [word for message in messages for word in ("-x", message)]
        self.process = subprocess.Popen(
            [wscat, "--no-color", "-c", url, "-w", "-1", *sent],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            line = line.strip().lstrip("<> ").strip()
            if line:
                self.lines.put(line)

    def line(self):
        return self.lines.get(timeout=SECONDS)

    def until(self, condition):
        while True:
            line = self.line()
            if condition(line):
                return line

    def message(self):
        return json.loads(self.until(lambda line: line.startswith("{")))

    def end(self):
        self.process.kill()
        self.process.wait()


def refused(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        response = error.response
        return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
    raise AssertionError("nothing was refused")


def talk(wscat, url):
    for query, status in (("", 401), ("?ticket=bad", 403)):
        client = Client(wscat, url + query)
        line = client.until(lambda line: "Unexpected server response" in line)
        check(line.endswith(str(status)), f"{query}: {line}")
        client.end()
    problems = {
        '{"action":"shout"}': "Forbidden",
        "no JSON": "Forbidden",
        '{"action":"whisper"}': "Internal server error",
        '{"action":"say","fail":true}': "Internal server error",
    }
    messages = ['{"action":"say","text":"hi"}', *problems]
    client = Client(wscat, url + "?ticket=good", messages)
    said = client.message()
    check(said["said"] == {"action": "say", "text": "hi"} and said["by"] == "alice", said)
    for message, problem in problems.items():
        told = client.message()
        check(told["message"] == problem and told["connectionId"] == said["on"], told)
    return client, said["on"]


def manage(address, client, connection):
    config = botocore.config.Config(retries={"max_attempts": 0})

    def boto(key):
        return boto3.client(
            "apigatewaymanagementapi", endpoint_url=address, region_name="us-east-1",
            config=config, aws_access_key_id=key, aws_secret_access_key="secret",
        )

    operator = boto("operator")
    known = operator.get_connection(ConnectionId=connection)
    check(known["Identity"]["SourceIp"] == "127.0.0.1", known)
    check(known["ConnectedAt"] <= known["LastActiveAt"], known)
    operator.post_to_connection(ConnectionId=connection, Data=b'{"news":1}')
    check(client.message() == {"news": 1}, "what was posted did not come")
    large = refused(
        operator.post_to_connection, ConnectionId=connection, Data=b"a" * (128 * 1024 + 1)
    )
    check(large == (413, "PayloadTooLargeException"), large)
    # Of the two functions one may post and nothing else, the other not even that.
    for key, call in (("local.orderly-Room", "get_connection"), ("local.orderly-Mute", "get_connection")):
        answer = refused(getattr(boto(key), call), ConnectionId=connection)
        check(answer == (403, "AccessDeniedException"), f"{key}: {answer}")
    boto("local.orderly-Room").post_to_connection(ConnectionId=connection, Data=b'{"news":2}')
    check(client.message() == {"news": 2}, "what a function posted did not come")
    operator.delete_connection(ConnectionId=connection)
    check(client.process.wait(SECONDS) == 0, "the client was not closed")
    for call, more in (
        ("post_to_connection", {"Data": b"late"}), ("get_connection", {}), ("delete_connection", {})
    ):
        answer = refused(getattr(operator, call), ConnectionId=connection, **more)
        check(answer == (410, "GoneException"), f"{call}: {answer}")


def main(program, wscat, binaries):
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="sockets-") as folder:
        shown = pathlib.Path(folder) / "stack.out"
        command = [
            program, "up", "--template", TEMPLATE, "--binaries", binaries,
            "--port", str(free_ports()), "--data", str(pathlib.Path(folder) / "data"),
        ]
        with shown.open("w") as output:
            stack = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            def alive():
                assert stack.poll() is None, f"the stack did not start: {shown.read_text()}"

            def address():
                return re.search(r"WebSocket +(ws://\S+)", shown.read_text())

            url = until("the WebSocket API is shown", address, SECONDS, alive)[1]
            aws = until(
                "the AWS endpoint is shown",
                lambda: re.search(r"AWS +(http://\S+)", shown.read_text()), SECONDS, alive,
            )[1]
            # As in AWS at the API's own address, and at the one that functions have.
            for base in (url.replace("ws:", "http:", 1), aws + "/live"):
                client, connection = talk(wscat, url)
                manage(base, client, connection)
                client.end()
        finally:
            if stack.poll() is None:
                stack.send_signal(2)
                stack.wait(timeout=60)
    print(f"wscat and boto3: {held} checks held, {time.time() - started:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
