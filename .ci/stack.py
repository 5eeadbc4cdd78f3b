"""How a check starts the local stack, on ports and with tables of its own."""

import json
import pathlib
import random
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request


def parsed(body):
    """JSON, or the text where it is none."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body.decode(errors="replace")


class Stack:
    """`orderly up` with tables in a folder of its own, on ports that are free."""

    def __init__(self, program, options, folder):
        port = free_ports()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.api = f"http://127.0.0.1:{port + 2}"
        command = [program, "up", "--port", str(port), "--data", str(folder / "data"), *options]
        self.log, self.shown = folder / "stack.log", folder / "stack.out"
        with self.log.open("w") as log, self.shown.open("w") as shown:
            self.process = subprocess.Popen(command, stdout=shown, stderr=log)
        until("the stack is up", lambda: self.call("GET", "/products")[0] == 200, 600, self.alive)

    def alive(self):
        assert self.process.poll() is None, f"the stack did not start: {self.log.read_text()}"

    def call(self, method, path, body=None, headers=(), base=None):
        """Status and JSON of a request to the HTTP API; status 0 if nobody answers."""
        request = urllib.request.Request((base or self.api) + path, method=method)
        for name, value in dict(headers).items():
            request.add_header(name, value)
        if body is not None:
            request.add_header("content-type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, parsed(error.read())
        except OSError:
            return 0, None

    def logs(self):
        """The folder of the functions' logs, as it was shown at the start."""
        def shown():
            return re.search(r"^  Logs +(\S+)", self.shown.read_text(), re.MULTILINE)
        return pathlib.Path(until("the address of the logs is shown", shown)[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(2)
            self.process.wait(timeout=60)


def free_ports():
    """The first of a stack's ports, none of which is taken."""
    while True:
        first = random.randrange(20_000, 30_000)
        try:
            for port in (first, first + 2, first + 3, first + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


def until(what, condition, seconds=60, meanwhile=lambda: None):
    deadline = time.time() + seconds
    while True:
        meanwhile()
        result = condition()
        if result:
            return result
        assert time.time() < deadline, f"never: {what}"
        time.sleep(0.2)
