"""Drives the local stack with the AWS CLI and boto3, and runs the runbook on it.

    drive-clients.py ORDERLY [OPTION OF `orderly up`]...

What the stack answers has to be read by both programs as they are; what it does not do, both have
to be refused in their own protocol, with a code. Prints how many checks held; fails at the first
that does not.
"""

import json
import pathlib
import sys
import tempfile
import time

import runbook
from clients import ADMINISTRATOR, AWS, Clients
from stack import Stack, until

NAME = "orderly"
DLQ = f"{NAME}-order-sweeper-dlq"
ARN = "arn:aws:{}:us-east-1:000000000000:{}"



# What this check itself did beside the shop: a mail, and executions that no order has.
OWN = ("", "by-command", "by-hand")
# It asked as a function for what that may not do, and every refusal is a finding.
REFUSED = "roles allow what functions need"


def main(program, *options):
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="clients-") as folder:
        folder = pathlib.Path(folder)
        stack = Stack(program, ["--parameter", "FulfilmentMode=orchestration", *options], folder)
        try:
            print(f"the stack is up after {time.time() - started:.0f} s", flush=True)
            clients = Clients(stack.endpoint, folder)
            orders = place_orders(clients, stack)
            for section in (queues, tables, bus, functions, workflows, schedules, secrets, mails):
                section(clients, orders)
                clients.settle(section.__name__)
            for section in (unknown_operations, wrong_parameters, wrong_credentials):
                section(clients)
                clients.settle(section.__name__)
            follow_the_runbook(clients, stack, orders, program, folder)
            status, report = stack.call("GET", "/_orderly/invariants", base=stack.endpoint)
            clients.check(status in (200, 409), f"invariants: {status} {report}")
            broken = [
                (row["name"], finding)
                for row in report["rows"]
                for finding in row["findings"]
                if finding["subject"] not in OWN and row["name"] != REFUSED
            ]
            clients.check(not broken, f"invariants: {broken}")
        finally:
            stack.stop()
        print(f"AWS CLI and boto3: {clients.held} checks held, {time.time() - started:.0f} s")


# Orders: placed over HTTP, and followed with the CLI to their ends.


def place(stack, customer, key, **order):
    headers = {"authorization": f"Bearer {customer}", "idempotency-key": key}
    body = {"items": [{"productId": "prod-001", "quantity": 1}], **order}
    status, answer = stack.call("POST", "/orders", body, headers)
    assert status == 201, (status, answer)
    return answer["orderId"]


def place_orders(clients, stack):
    declined = {"paymentMethodId": "pm_card_visa_chargeDeclined"}
    slow = {"deliveryAddressId": "addr_1_slow_1500"}
    orders = {
        "completed": place(stack, "user-123", "key-1"),
        "declined": place(stack, "user-123", "key-2", **declined),
        "cancelled": place(stack, "user-789", "key-3", **slow),
    }
    headers = {"authorization": "Bearer user-789"}
    status, _ = stack.call("POST", f"/orders/{orders['cancelled']}/cancel", headers=headers)
    clients.check(status == 200, f"cancelling is answered {status}")
    endings = {
        "completed": ["OrderCreated", "OrderPaid", "OrderShipped", "OrderCompleted"],
        "declined": ["OrderCreated", "OrderCancelled"],
        "cancelled": ["OrderCreated", "OrderCancelled"],
    }
    for outcome, kinds in endings.items():
        values = {":order": {"S": f"ORDER#{orders[outcome]}"}}
        query = ["--table-name", f"{NAME}-order-events", "--consistent-read",
                 "--key-condition-expression", "PK = :order",
                 "--expression-attribute-values", json.dumps(values)]
        seen = []

        def has_ended():
            items = clients.ok("dynamodb", "query", *query)["Items"]
            seen[:] = [it["eventType"]["S"] for it in items if "eventType" in it]
            return seen and seen[-1] == kinds[-1]

        try:
            until(f"an order ends in {kinds[-1]}", has_ended)
        except AssertionError as never:
            raise AssertionError(f"{outcome}: {never}: {seen}") from never
        rest = [kind for kind in seen if kind in kinds]
        clients.check(rest == kinds, f"{outcome}: {seen}")
    clients.settle("orders")
    return orders


# What is served.


def queues(clients, _):
    sqs = clients.boto("sqs")
    url = clients.ok("sqs", "get-queue-url", "--queue-name", DLQ)["QueueUrl"]
    clients.both("sqs", "get-queue-url", lambda it: it["QueueUrl"] == url, QueueName=DLQ)
    texts = {"reason": {"DataType": "String", "StringValue": "é"}}
    clients.both("sqs", "send-message", lambda it: len(it["MD5OfMessageBody"]) == 32,
                 QueueUrl=url, MessageBody="by hand <&>", MessageAttributes=texts)
    clients.settle("queues, sent")
    clients.both("sqs", "get-queue-attributes",
                 lambda it: it["Attributes"]["ApproximateNumberOfMessages"] == "2",
                 QueueUrl=url, AttributeNames=["All"])
    clients.settle("queues, counted")
    flags = ["--queue-url", url, "--visibility-timeout", "300", "--message-attribute-names", "All"]
    received = clients.ok("sqs", "receive-message", *flags)["Messages"][0]
    clients.check(received["Body"] == "by hand <&>", received)
    clients.check(received["MessageAttributes"]["reason"]["StringValue"] == "é", received)
    handle = ["--queue-url", url, "--receipt-handle", received["ReceiptHandle"]]
    clients.ok("sqs", "change-message-visibility", *handle, "--visibility-timeout", "60")
    clients.ok("sqs", "delete-message", *handle)
    other = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    clients.check([it["Body"] for it in other] == ["by hand <&>"], other)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=other[0]["ReceiptHandle"])
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    clients.check(left["ApproximateNumberOfMessagesNotVisible"] == "0", left)
    whole = clients.ok("sqs", "list-queues")["QueueUrls"]
    paged = clients.ok("sqs", "list-queues", "--page-size", "3")["QueueUrls"]
    clients.check(sorted(whole) == sorted(paged) and len(whole) > 10, paged)
    first = sqs.list_queues(MaxResults=3)
    clients.check(len(first["QueueUrls"]) == 3 and first["NextToken"], first)
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 3})
    clients.check([it for page in pages for it in page["QueueUrls"]] == whole, "pages of boto3")


def tables(clients, orders):
    products, key = f"{NAME}-products", {"productId": {"S": "prod-001"}}
    clients.both("dynamodb", "get-item", lambda it: it["Item"]["name"]["S"].startswith("Mech"),
                 TableName=products, Key=key)
    clients.both("dynamodb", "get-item", lambda it: "Item" not in it, TableName=products,
                 Key={"productId": {"S": "none"}})
    values = {":order": {"S": f"ORDER#{orders['completed']}"}}
    query = {"KeyConditionExpression": "PK = :order", "ExpressionAttributeValues": values}
    clients.both("dynamodb", "query", lambda it: it["Count"] == 2 and "LastEvaluatedKey" in it,
                 TableName=f"{NAME}-order-events", Limit=2, **query)
    clients.both("dynamodb", "scan", lambda it: it["Count"] == 2 and "LastEvaluatedKey" in it,
                 TableName=products, Limit=2)
    flags = ["--table-name", products, "--page-size", "1"]
    paged = clients.ok("dynamodb", "scan", *flags)
    clients.check(paged["Count"] == 4, paged)
    clients.both("dynamodb", "list-tables", lambda it: len(it["TableNames"]) == 3, Limit=3)
    clients.both("dynamodb", "describe-table", lambda it: it["Table"]["TableStatus"] == "ACTIVE",
                 TableName=products)
    mine = {"productId": {"S": "prod-of-clients"}, "name": {"S": "é <&>"}}
    clients.both("dynamodb", "put-item", lambda it: True, TableName=products, Item=mine)
    put = {"Put": {"TableName": products, "Item": mine}}
    exists = {"ConditionCheck": {"TableName": products, "Key": key,
                                 "ConditionExpression": "attribute_exists(productId)"}}
    clients.both("dynamodb", "transact-write-items", lambda it: True, TransactItems=[put, exists])
    exists["ConditionCheck"]["ConditionExpression"] = "attribute_not_exists(productId)"
    clients.refused("dynamodb", "transact-write-items", "TransactionCanceledException",
                    TransactItems=[put, exists])
    clients.refused("dynamodb", "put-item", "ConditionalCheckFailedException", TableName=products,
                    Item=mine, ConditionExpression="attribute_not_exists(productId)")
    clients.settle("tables, written")
    wanted = {products: {"Keys": [key, {"productId": mine["productId"]}]}}
    clients.both("dynamodb", "batch-get-item", lambda it: len(it["Responses"][products]) == 2,
                 RequestItems=wanted)
    clients.settle("tables, read")
    clients.both("dynamodb", "delete-item", lambda it: True, TableName=products,
                 Key={"productId": mine["productId"]})


def bus(clients, _):
    name, rule = f"{NAME}-bus", f"{NAME}-projector-everything"
    archive = f"{NAME}-archive"
    entry = {"Source": "clients", "DetailType": "Tried", "Detail": "{}"}
    clients.both("events", "put-events", lambda it: it["FailedEntryCount"] == 0, Entries=[entry])
    wrong = {**entry, "Detail": "{"}
    clients.both("events", "put-events",
                 lambda it: it["FailedEntryCount"] == 1 and it["Entries"][1]["ErrorCode"],
                 Entries=[entry, wrong])
    clients.both("events", "list-event-buses",
                 lambda it: name in [bus["Name"] for bus in it["EventBuses"]])
    clients.both("events", "describe-event-bus", lambda it: it["Name"] == name, Name=name)
    clients.both("events", "list-rules", lambda it: len(it["Rules"]) == 2 and it["NextToken"],
                 EventBusName=name, Limit=2)
    clients.both("events", "describe-rule", lambda it: it["State"] == "ENABLED",
                 EventBusName=name, Name=rule)
    clients.both("events", "list-targets-by-rule", lambda it: len(it["Targets"]) == 1,
                 EventBusName=name, Rule=rule)
    clients.both("events", "list-archives",
                 lambda it: [one["ArchiveName"] for one in it["Archives"]] == [archive])
    archived = clients.both("events", "describe-archive", lambda it: it["EventCount"] > 5,
                            ArchiveName=archive)
    event = {"id": "1", "account": "000000000000", "source": "order-service", "region": "us-east-1",
             "time": "2026-11-23T12:00:00Z", "resources": [], "detail-type": "x", "detail": {}}
    clients.both("events", "test-event-pattern", lambda it: it["Result"] is True,
                 EventPattern=json.dumps({"source": ["order-service"]}), Event=json.dumps(event))
    # A projector that has seen everything sees it once more.
    flags = ["--replay-name", "by-command", "--event-source-arn", archived["ArchiveArn"]]
    destination = {"Arn": ARN.format("events", f"event-bus/{name}"),
                   "FilterArns": [ARN.format("events", f"rule/{name}/{rule}")]}
    flags += ["--destination", json.dumps(destination)]
    flags += ["--event-start-time", "2026-01-01T00:00:00Z", "--event-end-time", "2036-01-01T00:00:00Z"]
    told = clients.cli("events", "start-replay", *flags)
    if "ValidationException" in told.stderr:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        flags[-1] = now
        told = clients.cli("events", "start-replay", *flags)
    clients.check(told.returncode == 0, told.stderr)

    def has_ended():
        replay = clients.boto("events").describe_replay(ReplayName="by-command")
        return replay["State"] == "COMPLETED"

    until("the replay is over", has_ended)
    clients.both("events", "describe-replay", lambda it: it["State"] == "COMPLETED",
                 ReplayName="by-command")
    clients.both("events", "list-replays", lambda it: len(it["Replays"]) == 1)


def functions(clients, _):
    name = f"{NAME}-order-sweeper"
    clients.both("lambda", "list-functions", lambda it: len(it["Functions"]) > 10)
    for operation, expected in [
        ("get-function", lambda it: it["Configuration"]["FunctionName"] == name),
        ("get-function-configuration", lambda it: it["LastUpdateStatus"] == "Successful"),
        ("get-function-concurrency", lambda it: it["ReservedConcurrentExecutions"] > 0),
    ]:
        clients.both("lambda", operation, expected, FunctionName=name)
    clients.both("lambda", "get-account-settings",
                 lambda it: it["AccountUsage"]["FunctionCount"] > 10)
    mappings = clients.both("lambda", "list-event-source-mappings",
                            lambda it: [one["State"] for one in it["EventSourceMappings"]] == ["Enabled"],
                            FunctionName=f"{NAME}-payment")["EventSourceMappings"]
    clients.both("lambda", "get-event-source-mapping",
                 lambda it: it["EventSourceArn"] == ARN.format("sqs", f"{NAME}-payment-queue"),
                 UUID=mappings[0]["UUID"])
    flags = ["--function-name", f"{NAME}-relay", "--page-size", "1"]
    paged = clients.ok("lambda", "list-event-source-mappings", *flags)["EventSourceMappings"]
    clients.check(len(paged) == 5, paged)
    clients.check(all(it["LastProcessingResult"] for it in paged), paged)

    flags = ["--function-name", name, "--payload", "{}"]
    for kind, status in [("RequestResponse", 200), ("Event", 202), ("DryRun", 204)]:
        answer = clients.cli("lambda", "invoke", *flags, "--invocation-type", kind, "answer.json")
        clients.check(answer.returncode == 0, answer.stderr)
        clients.check(json.loads(answer.stdout)["StatusCode"] == status, answer.stdout)
        invoked = clients.boto("lambda").invoke(
            FunctionName=ARN.format("lambda", f"function:{name}"), Payload=b"{}", InvocationType=kind,
        )
        clients.check(invoked["StatusCode"] == status, invoked)
        clients.check("FunctionError" not in invoked, invoked)


def workflows(clients, orders):
    arn = ARN.format("states", f"stateMachine:{NAME}-fulfilment")
    execution = arn.replace("stateMachine", "execution") + ":" + orders["completed"]
    clients.both("stepfunctions", "list-state-machines",
                 lambda it: [one["stateMachineArn"] for one in it["stateMachines"]] == [arn])
    clients.both("stepfunctions", "describe-state-machine",
                 lambda it: "QueryLanguage" in it["definition"], stateMachineArn=arn)
    clients.both("stepfunctions", "describe-execution", lambda it: it["status"] == "SUCCEEDED",
                 executionArn=execution)
    clients.both("stepfunctions", "list-executions",
                 lambda it: len(it["executions"]) == 1 and it["nextToken"],
                 stateMachineArn=arn, maxResults=1)
    flags = ["--execution-arn", execution, "--page-size", "5"]
    history = clients.ok("stepfunctions", "get-execution-history", *flags)["events"]
    clients.check(history[-1]["type"] == "ExecutionSucceeded" and len(history) > 10, history)
    ids = [it["id"] for it in history]
    clients.check(ids == list(range(1, len(ids) + 1)), ids)
    clients.both("stepfunctions", "get-execution-history",
                 lambda it: it["events"][0]["type"] == "ExecutionSucceeded",
                 executionArn=execution, reverseOrder=True, maxResults=3)
    # What is no order fails at the first step. Under one name, both start the same execution.
    started = clients.boto("stepfunctions").start_execution(
        stateMachineArn=arn, name="by-hand", input='{"no": "order"}')
    has_ended = lambda: clients.boto("stepfunctions").describe_execution(
        executionArn=started["executionArn"])["status"] != "RUNNING"
    until("the execution ends", has_ended)
    flags = ["--state-machine-arn", arn, "--name", "by-command", "--input", '{"no": "order"}']
    clients.ok("stepfunctions", "start-execution", *flags)
    clients.both("stepfunctions", "list-executions", lambda it: it["executions"],
                 stateMachineArn=arn, statusFilter="FAILED")


def schedules(clients, _):
    name = f"{NAME}-order-sweep"
    clients.both("scheduler", "get-schedule",
                 lambda it: it["State"] == "ENABLED" and it["Target"]["Arn"].endswith("sweeper"),
                 Name=name)
    clients.both("scheduler", "list-schedules",
                 lambda it: [one["Name"] for one in it["Schedules"]] == [name], NamePrefix=NAME)


def secrets(clients, _):
    carrier = "orderly/carrier-api-key"
    clients.both("secretsmanager", "get-secret-value",
                 lambda it: it["SecretString"] == "carrier_test_local", SecretId=carrier)
    clients.both("secretsmanager", "put-secret-value",
                 lambda it: it["VersionStages"] == ["AWSCURRENT"],
                 SecretId=carrier, SecretString="carrier_test_local")
    clients.both("ssm", "put-parameter", lambda it: it["Version"] == 1, Name="/clients/a",
                 Value="é", Type="SecureString", Overwrite=True)
    clients.settle("secrets, put")
    clients.both("ssm", "get-parameter", lambda it: it["Parameter"]["Value"] == "é",
                 Name="/clients/a", WithDecryption=True)


def mails(clients, _):
    content = {"Simple": {"Subject": {"Data": "é"}, "Body": {"Text": {"Data": "a"}}}}
    clients.both("sesv2", "send-email", lambda it: it["MessageId"],
                 FromEmailAddress="orders@example.com", Content=content,
                 Destination={"ToAddresses": ["success@simulator.amazonses.com"]})


# What is refused.


def unknown_operations(clients):
    for service, operation, parameters in [
        ("sqs", "add-permission", {"QueueUrl": f"{clients.endpoint}/000000000000/{DLQ}",
                                   "Label": "a", "AWSAccountIds": ["1"], "Actions": ["*"]}),
        ("dynamodb", "list-backups", {}),
        ("dynamodbstreams", "list-streams", None),
        ("events", "put-rule", {"Name": "a", "EventPattern": "{}"}),
        ("lambda", "list-tags", {"Resource": "arn:aws:lambda:us-east-1:000000000000:function:a"}),
        ("lambda", "delete-function", {"FunctionName": f"{NAME}-relay"}),
        ("stepfunctions", "list-activities", {}),
        ("stepfunctions", "redrive-execution", {"executionArn": ARN.format("states", "execution:a:b")}),
        ("scheduler", "list-schedule-groups", {}),
        ("scheduler", "delete-schedule", {"Name": f"{NAME}-order-sweep"}),
        ("secretsmanager", "list-secrets", {}),
        ("ssm", "describe-parameters", {}),
        ("sesv2", "list-email-identities", {}),
        ("logs", "describe-log-groups", {}),
        ("kms", "list-keys", {}),
        ("cloudformation", "describe-stacks", {"StackName": NAME}),
        ("sns", "list-topics", {}),
        ("iam", "list-roles", {}),
        ("sts", "get-caller-identity", {}),
        ("ec2", "describe-instances", {}),
        ("cloudwatch", "describe-alarms", {}),
        ("apigatewayv2", "get-apis", {}),
        ("s3api", "list-buckets", None),
    ]:
        if parameters is not None:
            clients.refused(service, operation, "UnknownOperationException", **parameters)
    # Its commands have another name than its client.
    answer = clients.cli("s3api", "list-buckets")
    clients.check("(UnknownOperationException)" in answer.stderr, answer.stderr)


def wrong_parameters(clients):
    url = f"{clients.endpoint}/000000000000/{DLQ}"
    products = f"{NAME}-products"
    for service, operation, codes, parameters in [
        ("sqs", "get-queue-url", "AWS.SimpleQueueService.NonExistentQueue|QueueDoesNotExist",
         {"QueueName": "none"}),
        ("sqs", "receive-message", "InvalidParameterValue|ReadCountOutOfRange",
         {"QueueUrl": url, "MaxNumberOfMessages": 11}),
        ("sqs", "delete-message", "ReceiptHandleIsInvalid", {"QueueUrl": url, "ReceiptHandle": "a"}),
        ("dynamodb", "get-item", "ResourceNotFoundException",
         {"TableName": "none", "Key": {"a": {"S": "a"}}}),
        ("dynamodb", "get-item", "ValidationException",
         {"TableName": products, "Key": {"a": {"S": "a"}}}),
        ("dynamodb", "query", "ValidationException",
         {"TableName": products, "KeyConditionExpression": "a b c"}),
        ("events", "describe-rule", "ResourceNotFoundException", {"Name": "none"}),
        ("events", "list-rules", "ValidationException", {"NextToken": "a"}),
        ("events", "test-event-pattern", "InvalidEventPatternException",
         {"EventPattern": "{", "Event": "{}"}),
        ("events", "describe-replay", "ResourceNotFoundException", {"ReplayName": "none"}),
        ("lambda", "get-function", "ResourceNotFoundException", {"FunctionName": "none"}),
        ("lambda", "get-event-source-mapping", "ResourceNotFoundException", {"UUID": "00000000-0000-4000-8000-000000000000"}),
        ("stepfunctions", "describe-execution", "InvalidArn", {"executionArn": "none"}),
        ("stepfunctions", "describe-execution", "ExecutionDoesNotExist",
         {"executionArn": ARN.format("states", f"execution:{NAME}-fulfilment:none")}),
        ("scheduler", "get-schedule", "ResourceNotFoundException", {"Name": "none"}),
        ("scheduler", "list-schedules", "ValidationException", {"State": "SOMETIMES"}),
        ("secretsmanager", "get-secret-value", "ResourceNotFoundException", {"SecretId": "none"}),
        ("ssm", "get-parameter", "ParameterNotFound", {"Name": "none"}),
        ("sesv2", "send-email", "BadRequestException",
         {"FromEmailAddress": "orders@example.com", "Content": {"Simple": {
             "Subject": {"Data": "a"}, "Body": {"Text": {"Data": "a"}}}}}),
    ]:
        clients.refused(service, operation, codes, **parameters)
    answer = clients.cli("lambda", "invoke", "--function-name", f"{NAME}-relay", "--payload", "{", "a")
    clients.check("(InvalidRequestContentException)" in answer.stderr, answer.stderr)


def wrong_credentials(clients):
    """A key that nobody has, and one of a function that may do something else."""
    url = f"{clients.endpoint}/000000000000/{DLQ}"
    for service, operation, parameters in [
        ("sqs", "receive-message", {"QueueUrl": url}),
        ("dynamodb", "scan", {"TableName": f"{NAME}-payments"}),
        ("events", "list-rules", {}),
        ("lambda", "list-functions", {}),
        ("stepfunctions", "list-state-machines", {}),
        ("scheduler", "list-schedules", {}),
        ("secretsmanager", "get-secret-value", {"SecretId": "orderly/carrier-api-key"}),
        ("ssm", "get-parameter", {"Name": "/clients/a"}),
        ("sesv2", "list-email-identities", {}),
        ("cloudformation", "list-stacks", {}),
        ("cloudwatch", "list-dashboards", {}),
    ]:
        unknown = "InvalidClientTokenId" if service == "sqs" else "UnrecognizedClientException"
        clients.refused(service, operation, unknown, key="local.nobody", **parameters)
        denied = "AccessDenied|AccessDeniedException"
        clients.refused(service, operation, denied, key=f"local.{NAME}-products", **parameters)


# The runbook.


def follow_the_runbook(clients, stack, orders, program, folder):
    root = pathlib.Path(__file__).resolve().parent.parent
    text = (root / "infra/RUNBOOK.md").read_text()
    shell = runbook.shell(clients, program, AWS, sys.executable, folder)
    names = {"ORDER": orders["completed"], "API": stack.api}
    lines, ended = runbook.check(clients, text, names, *shell, folder)
    clients.check("ends badly" not in ended.stderr, ended.stderr)
    told = {tuple(arguments[:2]): stdout for arguments, code, _, stdout in lines if code == 0}
    # Those that are about an order say something of it.
    clients.check("OrderCreated" in told["dynamodb", "query"], told)
    clients.check("ExecutionSucceeded" in told["stepfunctions", "get-execution-history"], told)
    clients.check("ENABLED" in told["scheduler", "get-schedule"], told)
    commands = {tuple(arguments[:2]) for arguments, *_ in lines}
    print(f"runbook: {len(lines)} commands run, {len(commands)} different", flush=True)
    redrive(clients, text, shell, folder)


def redrive(clients, text, shell, folder):
    """What is no event becomes a dead letter, and again when it is redriven as the runbook has it:
    its cause is still there."""
    sqs = clients.boto("sqs")
    url = sqs.get_queue_url(QueueName=f"{NAME}-payment-queue")["QueueUrl"]
    dead = sqs.get_queue_url(QueueName=f"{NAME}-payment-dlq")["QueueUrl"]
    attributes = ["ApproximateNumberOfMessages"]
    is_dead = lambda: sqs.get_queue_attributes(
        QueueUrl=dead, AttributeNames=attributes)["Attributes"] == {attributes[0]: "1"}
    sqs.send_message(QueueUrl=url, MessageBody="no event")
    until("it is a dead letter", is_dead)
    receive = next(it for it in runbook.blocks(text) if "receive-message" in it)
    move = next(it for it in runbook.blocks(text) if "start-message-move-task" in it)
    lines, ended = runbook.run(clients, f"STACK={NAME}\n{receive}\n{move}", *shell, folder)
    told = {tuple(arguments[:2]): stdout for arguments, code, _, stdout in lines if code == 0}
    clients.check(len(lines) == 7 and ended.returncode == 0, ended.stderr)
    reason, body = told["sqs", "receive-message"].strip().split("\t")
    clients.check(body == "no event" and reason != "None", told)

    def moved():
        source = ARN.format("sqs", f"{NAME}-payment-dlq")
        tasks = sqs.list_message_move_tasks(SourceArn=source)["Results"]
        return tasks[0]["Status"] == "COMPLETED" and tasks[0]["ApproximateNumberOfMessagesMoved"] == 1

    until("it is moved", moved)
    until("it is a dead letter again", is_dead)
    clients.held += 3
    clients.ok("sqs", "purge-queue", "--queue-url", dead)


main(*sys.argv[1:])
