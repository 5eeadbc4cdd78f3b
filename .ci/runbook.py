"""Runs the runbook: every block of commands of infra/RUNBOOK.md, in one shell, from top to bottom.

`aws` in it is the AWS CLI, told the endpoint; `cargo run … orderly --` is the program as it was
built. What the local stack does not answer stands in the runbook's own table, with what to do
instead: a command that is neither carried out nor there fails the check, and so does one that is
there but was answered.
"""

import json
import os
import re
import subprocess

COMMAND = re.compile(r"\baws ([a-z][a-z0-9-]+) ([a-z][a-z-]+)")
TABLE = re.compile(r"^\| `aws ([a-z0-9-]+) ([a-z-]+)` \| (.+) \|$", re.MULTILINE)
UNKNOWN = "UnknownOperationException"

# Notes each command, and how it ended. What is of the CLI's version 2 alone is left out: an option
# that version 1 has no need of, whose payloads are never base64, and a command that asks no service.
AWS = r"""#!{python}
import json, subprocess, sys
arguments = sys.argv[1:]
if "--cli-binary-format" in arguments:
    at = arguments.index("--cli-binary-format")
    del arguments[at:at + 2]
command = ["{aws}", *arguments, "--endpoint-url", "{endpoint}"]
if arguments[:2] == ["configure", "export-credentials"]:
    # Of version 2 alone, and it asks no service.
    command = ["sh", "-c", "export -p | grep AWS_"]
ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
with open("{journal}", "a") as journal:
    stderr = ended.stderr.decode()
    journal.write(json.dumps([arguments, ended.returncode, stderr, ended.stdout.decode()]) + "\n")
sys.stdout.buffer.write(ended.stdout)
sys.stderr.buffer.write(ended.stderr)
sys.exit(ended.returncode)
"""
CARGO = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec {orderly} "$@"
"""


def blocks(text):
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def shell(clients, orderly, aws, python, folder):
    """The environment of a shell whose `aws` and `cargo` are the above; and the journal."""
    (folder / "bin").mkdir(exist_ok=True)
    journal = folder / "journal"
    values = {"python": python, "aws": aws, "endpoint": clients.endpoint, "journal": journal}
    text = AWS
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    program(folder / "bin/aws", text)
    program(folder / "bin/cargo", CARGO.replace("{orderly}", os.path.abspath(orderly)))
    environment = clients.environment()
    environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"
    return environment, journal


def run(clients, script, environment, journal, folder):
    """What each command of `script` was, how it ended, what it complained of, what it wrote."""
    journal.write_text("")
    ended = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=folder, timeout=300, capture_output=True,
        text=True, stdin=subprocess.DEVNULL,
    )
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return lines, ended


def check(clients, text, names, environment, journal, folder):
    """Runs all blocks, each with what the ones before have set, and holds the table to the outcome."""
    excused = {(service, operation): why for service, operation, why in TABLE.findall(text)}
    script = "".join(f"{name}={value}\n" for name, value in names.items())
    for number, block in enumerate(blocks(text)):
        # These lead to this stack already.
        kept = "\n".join(it for it in block.splitlines() if not it.startswith("export AWS_ENDPOINT"))
        # What is refused may be the last of its block.
        if not any(command in excused for command in COMMAND.findall(block)):
            kept += f"\n[ $? = 0 ] || echo block {number} ends badly >&2"
        script += f"{kept}\n"
    lines, ended = run(clients, script, environment, journal, folder)
    done, refused = set(clients.done), set()
    for arguments, code, stderr, _ in lines:
        command = tuple(arguments[:2])
        if code == 0:
            done.add(command)
        else:
            clients.check(command in excused, f"aws {' '.join(arguments)}: {stderr}")
            # One that is given what another was refused is given nothing.
            if "expected one argument" not in stderr:
                clients.check(f"({UNKNOWN})" in stderr, f"aws {' '.join(arguments)}: {stderr}")
                refused.add(command)
    inline = re.sub(r"^```sh\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for command in sorted(set(COMMAND.findall("".join(blocks(text)))) | set(COMMAND.findall(inline))):
        said = f"aws {' '.join(command)} of the runbook is neither carried out nor in its table"
        clients.check(command in done or command in excused, said)
    for command in excused:
        said = f"aws {' '.join(command)} is in the runbook's table, but is answered"
        clients.check(command not in done, said)
        if command not in refused:
            # It stands in no block: what it is refused with is asked for by itself.
            said = f"nothing asks for aws {' '.join(command)}, which is in the runbook's table"
            code = clients.refused_operations.get(command)
            clients.check(code == UNKNOWN, said)
    return lines, ended
