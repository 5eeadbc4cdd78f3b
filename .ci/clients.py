"""The two programs: the AWS CLI and boto3, asked the same things.

Whatever is asked of one is asked of the other, and both have to read the answer.
"""

import concurrent.futures
import functools
import json
import os
import pathlib
import re
import subprocess
import sys

import boto3
import botocore.config
import botocore.exceptions

AWS = pathlib.Path(sys.executable).parent / "aws"
ADMINISTRATOR = "operator"
REGION = "us-east-1"
COMMAND_SECONDS = 60


class Clients:
    """Both programs with one endpoint."""

    def __init__(self, endpoint, folder):
        self.endpoint, self.folder = endpoint, folder
        self.held, self.done, self.refused_operations = 0, set(), {}
        # As many as there are processors here: each command is a program that starts.
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.waiting = []

    def environment(self, key=ADMINISTRATOR):
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }

    @functools.cache
    def boto(self, service, key=ADMINISTRATOR):
        config = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False)
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, config=config,
            aws_access_key_id=key, aws_secret_access_key="secret",
        )

    def check(self, holds, message):
        assert holds, message
        self.held += 1

    def cli(self, service, operation, *arguments, key=ADMINISTRATOR):
        """A command as it was typed: its exit code, what it wrote, and what it complained of."""
        # Version 1 of the CLI does not look for SQS at AWS_ENDPOINT_URL.
        command = [AWS, service, operation, "--endpoint-url", self.endpoint, "--output", "json"]
        answer = subprocess.run(
            [*command, *arguments], env=self.environment(key), capture_output=True, text=True,
            cwd=self.folder, timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL,
        )
        if answer.returncode == 0:
            self.done.add((service, operation))
        return answer

    def ok(self, service, operation, *arguments):
        answer = self.cli(service, operation, *arguments)
        assert answer.returncode == 0, f"aws {service} {operation} {arguments}: {answer.stderr}"
        self.held += 1
        return json.loads(answer.stdout or "null")

    def both(self, service, operation, expected, **parameters):
        """Both programs ask; `expected` says whether an answer is right. Gives boto3's."""
        method = operation.replace("-", "_")
        ours = getattr(self.boto(service), method)(**parameters)
        ours.pop("ResponseMetadata")
        self.check(expected(ours), f"boto3 {service} {operation}: {ours}")

        given = ["--cli-input-json", json.dumps(parameters)]
        if self.boto(service).can_paginate(method):
            given.append("--no-paginate")

        def by_command():
            theirs = self.ok(service, operation, *given)
            self.check(expected(theirs or {}), f"aws {service} {operation}: {theirs}")

        self.waiting.append(self.pool.submit(by_command))
        return ours

    def refused(self, service, operation, codes, key=ADMINISTRATOR, **parameters):
        """Both are refused with one of `codes`, and can read it."""
        codes = codes.split("|")
        try:
            answer = getattr(self.boto(service, key), operation.replace("-", "_"))(**parameters)
            raise AssertionError(f"boto3 {service} {operation} was answered: {answer}")
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            self.check(code in codes, f"boto3 {service} {operation}: {error}")

        given = ["--cli-input-json", json.dumps(parameters)]

        def by_command():
            answer = self.cli(service, operation, *given, key=key)
            told = re.search(r"An error occurred \(([^)]+)\)", answer.stderr)
            said = f"aws {service} {operation}: {answer.returncode} {answer.stderr}"
            self.check(answer.returncode != 0 and told and told[1] in codes, said)
            self.refused_operations[(service, operation)] = told[1]

        self.waiting.append(self.pool.submit(by_command))

    def settle(self, section):
        """Waits for the commands that were started."""
        for command in self.waiting:
            command.result()
        self.waiting.clear()
        print(f"{section}: {self.held} checks held so far", flush=True)

