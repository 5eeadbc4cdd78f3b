"""Runs what the deploy guide, infra/README.md, has its reader type before the first deployment."""

import json
import os
import re
import subprocess

import orders
import package

GUIDE = package.INFRA / "README.md"
PAYMENT_SECRET = "orderly/payment-gateway-api-key"


def block(command):
    """The one block of commands that has this one."""
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    found = [it for it in blocks if command in it]
    assert len(found) == 1, f"the guide has {len(found)} blocks with {command}"
    return found[0]


def inline(command):
    """The one command within a sentence that begins so."""
    found = re.findall(f"`({re.escape(command)}[^`]*)`", GUIDE.read_text())
    assert len(found) == 1, f"the guide has {len(found)} commands {command}"
    return found[0]


def typed(script, endpoint, folder, keys=""):
    """Types commands into a shell whose `aws` asks `endpoint`; what they print."""
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": orders.REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }
    ended = subprocess.run(["bash", "-euo", "pipefail", "-c", script], input=keys, text=True,
                           cwd=folder, env=environment, capture_output=True, timeout=120)
    assert ended.returncode == 0, f"{script}{ended.stdout}{ended.stderr}"
    return ended.stdout


def secret(system, folder, name, text):
    """Keeps a key as the guide says; the ARN that the parameter takes."""
    script = block("secretsmanager create-secret").replace(PAYMENT_SECRET, name)
    arn = json.loads(typed(script, system.endpoint, folder, f"{text}\n"))
    assert re.fullmatch(rf"arn:aws:secretsmanager:{orders.REGION}:\d+:secret:{name}-\w{{6}}", arn), arn
    kept = system.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert kept == text and not (folder / "key.txt").exists(), "the key is kept, and only there"
    return arn


def parameter(system, folder, text):
    """Keeps the carrier's key in the parameter store, as the guide says can be done as well."""
    (folder / "key.txt").write_text(text)
    command = inline("aws ssm put-parameter --type")
    typed(command, system.endpoint, folder)
    name = command.split()[-1]
    kept = system.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert kept["Type"] == "SecureString" and kept["Value"] == text, kept
    return kept["ARN"]


def key(system):
    """Makes a key of the deployer's own, and says what the guide takes for `KmsKeyArn`."""
    typed(block("--template-file key.yaml"), system.endpoint, package.INFRA)
    stack = system.aws("cloudformation").describe_stacks(StackName="orderly-key")["Stacks"][0]
    outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
    assert stack["StackStatus"] == "CREATE_COMPLETE" and len(outputs) == 1, stack
    return next(iter(outputs.values()))
