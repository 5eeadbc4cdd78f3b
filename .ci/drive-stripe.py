"""Drives the stand-in of the payment provider with Stripe's own SDK for Python.

The first argument is the stand-in, examples/payments of infra/providers. Whatever the SDK reads
out of an answer has to be there, in the shape that it knows, and so have the webhooks that it sends.
The second is examples/webhook-signatures of functions/payment: what it takes for signed has to be
what the SDK does. Prints how many checks held; fails at the first that does not.
"""

import http.server
import json
import queue
import subprocess
import sys
import threading
import time

import stripe

checks = 0


def check(actual, expected):
    global checks
    assert actual == expected, f"{actual!r} is not {expected!r}"
    checks += 1


def refused(kind, call, *arguments, **options):
    global checks
    try:
        call(*arguments, **options)
    except kind as error:
        checks += 1
        return error
    raise AssertionError(f"{kind.__name__} expected")


SECRET, OTHER = "whsec_of_the_endpoint_now", "whsec_of_the_endpoint_before"


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Keeps the webhooks that come; the first is not taken."""

    came = queue.Queue()
    count = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        Endpoint.came.put((body, self.headers["stripe-signature"]))
        Endpoint.count += 1
        self.send_response(500 if Endpoint.count == 1 else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(binary, verifier):
    signatures(verifier)
    endpoint = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{endpoint.server_port}/webhooks"
    stand_in = subprocess.Popen([binary, url, SECRET], stdout=subprocess.PIPE, text=True)
    try:
        base = stand_in.stdout.readline().strip()
        client = stripe.StripeClient("sk_test_1", base_addresses={"api": base}, max_network_retries=0)
        drive(client, base)
        customers(client.v1)
        webhooks()
    finally:
        stand_in.terminate()
        stand_in.wait()
        endpoint.shutdown()
    print(f"Stripe's SDK {stripe.VERSION}: {checks} checks held")


def signatures(verifier):
    """Whatever the SDK takes for signed the function does, and the other way round."""
    now, body = int(time.time()), json.dumps({"id": "evt_1", "object": "event", "note": "é"})

    def sign(secret, at=now, text=body):
        return stripe.WebhookSignature._compute_signature(f"{at}.{text}", secret)

    mine, other = sign(SECRET), sign(OTHER)
    headers = {
        f"t={now},v1={mine}": True,
        f"t={now},v1={other},v1={mine},v0={other}": True,
        f"v1={mine},t={now}": True,
        f"t={now - 240},v1={sign(SECRET, now - 240)}": True,
        f"t={now - 301},v1={sign(SECRET, now - 301)}": False,
        f"t={now},v1={other}": False,
        f"t={now},v0={mine}": False,
        f"t={now - 1},v1={mine}": False,
        f"t={now},v1={sign(SECRET, now, body + ' ')}": False,
        f"t={now}": False,
        f"v1={mine}": False,
        "": False,
    }
    lines = [{"secret": SECRET, "header": it, "body": body, "now": now} for it in headers]
    lines.append({"secret": f"{OTHER} {SECRET}", "header": f"t={now},v1={mine}", "body": body, "now": now})
    asked = "".join(json.dumps(line) + "\n" for line in lines)
    said = subprocess.run([verifier], input=asked, capture_output=True, text=True, check=True)
    said = [line == "true" for line in said.stdout.split()]
    for (header, expected), ours in zip(headers.items(), said):
        try:
            theirs = stripe.WebhookSignature.verify_header(body, header, SECRET, 300)
        except (stripe.SignatureVerificationError, ValueError):
            theirs = False
        check((header, ours, theirs), (header, expected, expected))
    check(said[len(headers):], [True])


def customers(api):
    """A customer, made once, with a card that is saved and pays."""
    made = [
        api.customers.create({"metadata": {"customer_id": "user-1"}}, {"idempotency_key": "customer-user-1"})
        for _ in range(2)
    ]
    check((made[0].object, made[1].id), ("customer", made[0].id))
    check(made[1].last_response.headers["idempotent-replayed"], "true")
    found = api.customers.search({"query": "metadata['customer_id']:'user-1'"})
    check([it.id for it in found.data], [made[0].id])
    check(api.customers.retrieve(made[0].id).id, made[0].id)
    card = api.payment_methods.attach("pm_card_mastercard", {"customer": made[0].id})
    check((card.object, card.customer), ("payment_method", made[0].id))
    saved = api.customers.payment_methods.list(made[0].id)
    assert card.id in [it.id for it in saved.data], saved
    paid = api.payment_intents.create({
        "amount": 500, "currency": "usd", "confirm": True, "off_session": True,
        "customer": made[0].id, "payment_method": card.id, "metadata": {"order_id": "order-of-a-customer"},
    })
    check((paid.status, paid.customer), ("succeeded", made[0].id))
    theirs = api.payment_intents.list({"customer": made[0].id})
    check([it.id for it in theirs.data], [paid.id])


def webhooks():
    """What the stand-in has sent meanwhile: the SDK knows who signed it, and reads it."""
    came, deadline = [], time.time() + 30
    needed = {"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
              "refund.created", "refund.updated", "refund.failed"}
    while time.time() < deadline:
        try:
            came.append(Endpoint.came.get(timeout=1))
        except queue.Empty:
            events = [json.loads(body) for body, _ in came]
            twice = len(events) > len({event["id"] for event in events})
            if twice and needed <= {event["type"] for event in events}:
                break
    kinds = set()
    for body, header in came:
        event = stripe.Webhook.construct_event(body, header, SECRET)
        kinds.add(event.type)
        check(event.object, "event")
        assert event.data.object.object in ("payment_intent", "refund"), event
        refused(stripe.SignatureVerificationError, stripe.Webhook.construct_event, body, header, OTHER)
    check(needed - kinds, set())
    ids = [json.loads(body)["id"] for body, _ in came]
    check(len(ids), len(set(ids)) + 1)


def drive(client, base):
    api = client.v1
    intents, refunds = api.payment_intents, api.refunds

    def charge(order, card="pm_card_visa", key=None, **more):
        params = {
            "amount": 10997,
            "currency": "usd",
            "confirm": True,
            "off_session": True,
            "payment_method": card,
            "metadata": {"order_id": order},
            **more,
        }
        return intents.create(params, {"idempotency_key": key or f"charge-{order}"})

    # A charge, and the same one again.
    paid = charge("order-1")
    check((paid.object, paid.status, paid.amount_received), ("payment_intent", "succeeded", 10997))
    again = charge("order-1")
    check(again.id, paid.id)
    check(again.last_response.headers["idempotent-replayed"], "true")
    refused(stripe.IdempotencyError, charge, "order-2", key="charge-order-1")
    check(intents.retrieve(paid.id).status, "succeeded")
    found = intents.search({"query": "metadata['order_id']:'order-1'"})
    check([it.id for it in found.data], [paid.id])

    # Cards that are declined.
    for card, code, decline in [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ]:
        error = refused(stripe.CardError, charge, f"order-{card}", card)
        check((error.http_status, error.code, error.error.decline_code), (402, code, decline))
        check(error.error.payment_intent.status, "requires_payment_method")

    # An intent that is confirmed later, and one that is not.
    later = intents.create({"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"})
    check(later.status, "requires_confirmation")
    check(intents.confirm(later.id).status, "succeeded")
    never = intents.create({"amount": 500, "currency": "usd"})
    cancelled = intents.cancel(never.id, {"cancellation_reason": "abandoned"})
    check((cancelled.status, cancelled.cancellation_reason), ("canceled", "abandoned"))
    error = refused(stripe.InvalidRequestError, intents.confirm, never.id)
    check(error.code, "payment_intent_unexpected_state")

    # Money back: at once, later, and not at all.
    back = refunds.create({"payment_intent": paid.id}, {"idempotency_key": "refund-order-1"})
    check((back.object, back.status, back.amount), ("refund", "succeeded", 10997))
    replayed = refunds.create({"payment_intent": paid.id}, {"idempotency_key": "refund-order-1"})
    check(replayed.id, back.id)
    error = refused(stripe.InvalidRequestError, refunds.create, {"payment_intent": paid.id})
    check(error.code, "charge_already_refunded")
    for card, ending in [("pm_card_pendingRefund", "succeeded"), ("pm_card_refundFail", "failed")]:
        intent = charge(f"order-{card}", card)
        pending = refunds.create({"payment_intent": intent.id})
        check(pending.status, "pending")
        check(refunds.retrieve(pending.id).status, ending)
        check([it.status for it in refunds.list({"payment_intent": intent.id})], [ending])

    # What is wrong, and whose fault it is.
    error = refused(stripe.InvalidRequestError, charge, "order-3", "pm_none")
    check((error.code, error.param), ("resource_missing", "payment_method"))
    error = refused(stripe.InvalidRequestError, charge, "order-4", amount=0)
    check(error.param, "amount")
    stranger = stripe.StripeClient("pk_test_1", base_addresses={"api": base}, max_network_retries=0)
    refused(stripe.AuthenticationError, stranger.v1.payment_intents.retrieve, paid.id)
    error = refused(stripe.InvalidRequestError, intents.retrieve, "pi_none")
    check((error.http_status, error.code), (404, "resource_missing"))


main(*sys.argv[1:])
