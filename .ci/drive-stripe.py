"""Drives the stand-in of the payment provider with Stripe's own SDK for Python.

The first argument is the stand-in, examples/payments of infra/local/sandbox. Whatever the SDK reads
out of an answer has to be there, in the shape that it knows. Prints how many checks held; fails at
the first that does not.
"""

import subprocess
import sys

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


def main(binary):
    stand_in = subprocess.Popen([binary], stdout=subprocess.PIPE, text=True)
    try:
        base = stand_in.stdout.readline().strip()
        drive(stripe.StripeClient("sk_test_1", base_addresses={"api": base}, max_network_retries=0), base)
    finally:
        stand_in.terminate()
        stand_in.wait()
    print(f"Stripe's SDK {stripe.VERSION}: {checks} checks held")


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


main(sys.argv[1])
