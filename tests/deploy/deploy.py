"""Deploys the packaged system to another implementation of AWS, and drives it there.

    deploy.py BINARIES EXAMPLES ORDERLY

Everything listens on the loopback interface alone. Needs `ministack` beside this Python.
"""

import json
import os
import pathlib
import platform
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from botocore.exceptions import ClientError

import changes
import guide
import orders
import package

BUCKET = "packaged"
SECRETS = {
    "PaymentGatewayApiKeySecret": ("orderly/payment-gateway-api-key", "sk_test_local"),
    "PaymentWebhookSecret": ("orderly/payment-webhook-secret", "whsec_test_local_stand_in"),
}
CARRIER_KEY = "carrier_test_local"


def free_port():
    """The first of four ports that are free, below those that the system gives away."""
    while True:
        first = random.randrange(20_000, 30_000)
        try:
            for port in range(first, first + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class Processes:
    """What was started, and is stopped again."""

    def __init__(self):
        self.running = []

    def start(self, command, log, **options):
        options = {"stdout": log, "stderr": log, **options}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self.running.append(process)
        return process

    def stand_in(self, program):
        process = self.start([program], subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return process.stdout.readline().strip()

    def stop(self):
        for process in reversed(self.running):
            process.send_signal(2)
        for process in self.running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        self.running.clear()


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=2).close()
        return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def upload(system, code):
    s3 = system.aws("s3")
    s3.create_bucket(Bucket=BUCKET)
    for name, content in code.items():
        s3.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=content)


def create(system, mode, providers, folder, table):
    """Creates the stack, as `sam deploy` would, and waits until it is there."""
    values = {name: guide.secret(system, folder, secret, text)
              for name, (secret, text) in SECRETS.items()}
    values |= {
        "CarrierApiKeySecret": guide.parameter(system, folder, CARRIER_KEY),
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "JwtIssuer": "https://issuer.example.com", "JwtAudience": "orderly",
        "SenderEmail": "orders@example.com", "FulfilmentMode": mode,
        "SchemaRegistry": "false", **providers,
    }

    def put(path):
        made = package.template(path, lambda binary: f"s3://{BUCKET}/{binary}.zip", put, values)
        body = json.dumps(changes.adapted(path.name, made, table)).encode()
        system.aws("s3").put_object(Bucket=BUCKET, Key=f"{path.stem}.json", Body=body)
        return f"{system.endpoint}/{BUCKET}/{path.stem}.json"

    url = put(package.INFRA / "template.yaml")
    stacks = system.aws("cloudformation")
    stacks.create_stack(
        StackName=orders.NAME, TemplateURL=url,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
    )
    status = lambda: stacks.describe_stacks(StackName=orders.NAME)["Stacks"][0]["StackStatus"]
    orders.until("the stack is there", lambda: not status().endswith("IN_PROGRESS"), status, 180)
    if status() != "CREATE_COMPLETE":
        events = stacks.describe_stack_events(StackName=orders.NAME)["StackEvents"]
        failed = [(it["LogicalResourceId"], it.get("ResourceStatusReason")) for it in events
                  if it["ResourceStatus"].endswith("FAILED")]
        raise AssertionError(f"{status()}: {failed}")


def elsewhere(mode, code, examples, folder, table):
    """The stories on ministack."""
    processes, port = Processes(), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
        # Of the server, too: it hands it on to the functions.
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }
    log = (folder / f"ministack-{mode}.log").open("w")
    try:
        server = pathlib.Path(sys.executable).parent / "ministack"
        processes.start([server], log, env=environment, cwd=folder)
        providers = {"PaymentGatewayUrl": processes.stand_in(examples / "payments"),
                     "CarrierUrl": processes.stand_in(examples / "carrier")}
        orders.until("ministack is up", lambda: answers(f"{endpoint}/_ministack/health"))
        system = orders.System(endpoint)
        assert guide.key(system).startswith("arn:aws:kms:")
        upload(system, code)
        started = time.monotonic()
        create(system, mode, providers, folder, table)
        print(f"ministack, {mode}: created in {time.monotonic() - started:.0f} s", flush=True)
        orders.drive(endpoint, mode)
    finally:
        processes.stop()


def at_home(mode, orderly, binaries, folder):
    """The same stories on the local stack."""
    processes, port = Processes(), free_port()
    log = (folder / f"orderly-{mode}.log").open("w")
    command = [orderly, "up", "--port", str(port), "--data", str(folder / f"data-{mode}"),
               "--binaries", str(binaries), "--parameter", f"FulfilmentMode={mode}"]
    try:
        processes.start(command, log)
        up = lambda: answers(f"http://127.0.0.1:{port + 2}/products")
        orders.until("the local stack is up", up, seconds=120)
        print(f"the local stack, {mode}:", flush=True)
        orders.drive(f"http://127.0.0.1:{port}", mode)
    finally:
        processes.stop()


def main(binaries, examples, orderly):
    os.environ.setdefault("AWS_DEFAULT_REGION", orders.REGION)
    binaries, examples, started = pathlib.Path(binaries), pathlib.Path(examples), time.monotonic()
    code = {name: package.zipped(binaries / name) for name in package.binaries()}
    print(f"{len(code)} functions packaged in {time.monotonic() - started:.0f} s", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="deploy-"))
    failed = []
    table = list(changes.ELSEWHERE)
    for mode in orders.STORIES:
        for where in (lambda: at_home(mode, orderly, binaries, folder),
                      lambda: elsewhere(mode, code, examples.resolve(), folder, table)):
            try:
                where()
            except (AssertionError, ClientError) as error:
                failed.append(error)
                print(f"FAILED: {error}", flush=True)
    print("| Template | What | Type | Why it is left out or otherwise |\n|---|---|---|---|")
    for row in dict.fromkeys(table):
        print(f"| {' | '.join(row)} |")
    if failed:
        print(f"logs are in {folder}")
    else:
        shutil.rmtree(folder)
    print(f"deployments: {time.monotonic() - started:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
