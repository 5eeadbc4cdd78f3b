"""Drives a deployed system with boto3 alone: places orders and follows each to its end.

    orders.py --endpoint URL [--mode choreography|orchestration]

It knows names and contracts, and not what answers it.
"""

import argparse
import copy
import json
import pathlib
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "events"
NAME = "orderly"
CUSTOMER = "user-123"
REGION = "us-east-1"
SCARCE = "prod-003"
PRODUCTS = {"prod-001": (2999, 1000), "prod-002": (4999, 1000), SCARCE: (12500, 1)}
ADDRESSES = ("addr_home", "addr_undeliverable", "addr_1_slow_1500")
ENDINGS = {"OrderCompleted", "OrderCancelled"}


class System:
    def __init__(self, endpoint):
        self.endpoint, self.clients, self.keys = endpoint, {}, 0

    def aws(self, service):
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service, endpoint_url=self.endpoint, region_name=REGION,
                aws_access_key_id="operator", aws_secret_access_key="secret",
                config=Config(retries={"max_attempts": 1}, read_timeout=60),
            )
        return self.clients[service]

    def seed(self):
        """Writes what an operator fills in after a deployment; rows that are there stay."""
        rows = []
        for product, (amount, stock) in PRODUCTS.items():
            price = {"M": {"amount": {"N": str(amount)}, "currency": {"S": "USD"}}}
            product = {"productId": {"S": product}}
            rows.append(("products", {**product, "name": {"S": "A product"}, "price": price}))
            rows.append(("inventory", {**product, "available": {"N": str(stock)}}))
        user = {"userId": {"S": CUSTOMER}}
        rows.append(("contacts", {**user, "email": {"S": "ada@example.com"}}))
        rows += [("delivery-addresses", {**user, "addressId": {"S": it}}) for it in ADDRESSES]
        dynamodb = self.aws("dynamodb")
        for table, row in rows:
            key = next(iter(row))
            try:
                dynamodb.put_item(TableName=f"{NAME}-{table}", Item=row,
                                  ConditionExpression=f"attribute_not_exists({key})")
            except dynamodb.exceptions.ConditionalCheckFailedException:
                pass

    def invoke(self, function, sample, change):
        """What a function answers to a request as API Gateway hands it over."""
        request = copy.deepcopy(json.loads((EVENTS / sample).read_text(encoding="utf-8")))
        change(request)
        answer = self.aws("lambda").invoke(
            FunctionName=f"{NAME}-{function}", Payload=json.dumps(request).encode())
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, f"{function}: {payload}"
        return payload["statusCode"], json.loads(payload.get("body") or "null")

    def place(self, product="prod-001", quantity=1, **order):
        self.keys += 1

        def change(request):
            request["headers"]["idempotency-key"] = f"deploy-{self.keys}"
            items = [{"productId": product, "quantity": quantity}]
            request["body"] = json.dumps({"items": items, **order})

        status, answer = self.invoke("order-api", "order-api/place-order-book.json", change)
        assert status == 201, (status, answer)
        return answer["orderId"]

    def of_order(self, function, sample, order):
        def change(request):
            request["rawPath"] = request["rawPath"].replace(request["pathParameters"]["id"], order)
            request["pathParameters"]["id"] = order
            request["requestContext"]["http"]["path"] = request["rawPath"]

        return self.invoke(function, sample, change)

    def history(self, order):
        answer = self.aws("dynamodb").query(
            TableName=f"{NAME}-order-events", ConsistentRead=True,
            KeyConditionExpression="PK = :order",
            ExpressionAttributeValues={":order": {"S": f"ORDER#{order}"}})
        return [it["eventType"]["S"] for it in answer["Items"] if "eventType" in it]

    def ends(self, order, expected):
        until(f"{order} ends", lambda: ENDINGS & set(self.history(order)), lambda: self.history(order))
        kinds = self.history(order)
        assert kinds[-1] == expected, kinds
        status = expected.removeprefix("Order").upper()

        def seen():
            code, view = self.of_order("query", "query/get-order.json", order)
            return code == 200 and view["status"].upper() == status

        until(f"the read model shows {order} as {status}", seen)

    def dead_letters(self):
        """The messages of each dead-letter queue that is not empty."""
        sqs, found = self.aws("sqs"), {}
        for url in sqs.list_queues(QueueNamePrefix=NAME).get("QueueUrls", []):
            if url.endswith("-dlq"):
                got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
                count = int(got["ApproximateNumberOfMessages"])
                if count:
                    found[url.rsplit("/", 1)[1]] = count
        return found


def until(what, condition, seen=lambda: "", seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"never: {what}: {seen()}"
        time.sleep(0.2)


def happy(system):
    system.ends(system.place(), "OrderCompleted")


def declined(system):
    order = system.place(paymentMethodId="pm_card_visa_chargeDeclined")
    system.ends(order, "OrderCancelled")


def out_of_stock(system):
    system.ends(system.place(SCARCE, quantity=2), "OrderCancelled")


def undeliverable(system):
    system.ends(system.place(deliveryAddressId="addr_undeliverable"), "OrderCancelled")


def cancelled(system):
    order = system.place(deliveryAddressId="addr_1_slow_1500")
    status, answer = system.of_order("order-api", "order-api/cancel-order.json", order)
    assert status == 200, (status, answer)
    system.ends(order, "OrderCancelled")


def redriven(system):
    """A message that can never be handled is put aside, moved back, put aside again, deleted."""
    sqs = system.aws("sqs")
    queue = sqs.get_queue_url(QueueName=f"{NAME}-payment-queue")["QueueUrl"]
    dead = sqs.get_queue_url(QueueName=f"{NAME}-payment-dlq")["QueueUrl"]
    arn = lambda url: sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sample = json.loads((EVENTS / "payment/poison.json").read_text(encoding="utf-8"))
    body = sample["Records"][0]["body"]
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    waits = lambda: system.dead_letters() == {f"{NAME}-payment-dlq": 1}
    until("a message that cannot be handled is put aside", waits, system.dead_letters)
    try:
        sqs.start_message_move_task(SourceArn=arn(dead), DestinationArn=arn(queue))
        until("the move ends", lambda: sqs.list_message_move_tasks(
            SourceArn=arn(dead))["Results"][0]["Status"] == "COMPLETED")
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidAction":
            raise
        print("  StartMessageMoveTask is not served: moved by hand", flush=True)
        message = sqs.receive_message(QueueUrl=dead)["Messages"][0]
        sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    until("it is put aside again", waits, system.dead_letters)
    message = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"][0]
    assert message["Body"] == body and "reason" in message["MessageAttributes"], message
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])


def orchestrated(system):
    order = system.place()
    system.ends(order, "OrderCompleted")
    states = system.aws("stepfunctions")
    machine = f"arn:aws:states:{REGION}:000000000000:stateMachine:{NAME}-fulfilment"
    executions = states.list_executions(stateMachineArn=machine)["executions"]
    assert any(it["name"] == order for it in executions), executions


STORIES = {
    "choreography": [happy, declined, out_of_stock, undeliverable, cancelled, redriven],
    "orchestration": [orchestrated],
}


def drive(endpoint, mode):
    """Raises an `AssertionError` at the end with every story that did not end as it must."""
    system, failed = System(endpoint), []
    system.seed()
    for story in STORIES[mode]:
        started = time.monotonic()
        try:
            story(system)
            print(f"  {story.__name__}: {time.monotonic() - started:.1f} s", flush=True)
        except (AssertionError, ClientError) as error:
            failed.append(f"{story.__name__}: {error}")
            print(f"  {story.__name__}: FAILED: {error}", flush=True)
    left = system.dead_letters()
    if left:
        failed.append(f"dead letters are left: {left}")
    assert not failed, failed


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--mode", choices=STORIES, default="choreography")
    given = arguments.parse_args()
    drive(given.endpoint, given.mode)
