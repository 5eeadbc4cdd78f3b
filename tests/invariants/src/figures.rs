//! The shop's figures are those of what happened.

use std::collections::{BTreeMap, BTreeSet};

use event_envelope::Envelope;
use serde_json::Value;

use crate::{Finding, Snapshot, Total, orders::Ending};

/// The currency of what has no amount.
const UNKNOWN: &str = "none";
/// Minutes of a quarter of an hour.
const QUARTER: u8 = 15;

/// Placed, completed, cancelled, payments, revenue, refunds, refunded.
type Counts = [u64; 7];

/// The figures of each quarter and currency are those of the events that were published, each
/// counted in the quarter of its own time.
pub(crate) fn are_those_of_the_events(snapshot: &Snapshot) -> Vec<Finding> {
    let mut expected: BTreeMap<(String, String), Counts> = BTreeMap::new();
    for published in snapshot.published.iter() {
        if let Some((key, counts)) = counted(&published.envelope) {
            add(expected.entry(key).or_default(), counts);
        }
    }
    let mut found: BTreeMap<(String, String), Counts> = BTreeMap::new();
    for total in snapshot.totals.iter() {
        let (quarter, _) = total.quarter.rsplit_once('#').unwrap_or_default();
        let key = (total.day.clone(), quarter.to_owned());
        add(found.entry(key).or_default(), counts(total));
    }
    differences("order-figures", &expected, &found)
}

/// What was sold are the lines of the orders that were completed.
pub(crate) fn are_those_of_what_was_sold(snapshot: &Snapshot) -> Vec<Finding> {
    let mut expected: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    for order in snapshot.orders().filter(|it| it.ending() == Some(Ending::Completed)) {
        let ended = order.events.iter().find(|it| it.event_type == "OrderCompleted");
        let lines = order.events.first().and_then(|it| it.data["items"].as_array());
        let day = ended.map(|it| it.timestamp.date().to_string()).unwrap_or_default();
        for line in lines.into_iter().flatten() {
            let (product, sold) = line_of(line);
            add(expected.entry((day.clone(), product)).or_default(), sold);
        }
    }
    let mut found: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
    for sale in snapshot.sales.iter() {
        let key = (sale.day.clone(), sale.product.clone());
        add(found.entry(key).or_default(), [sale.units, sale.revenue]);
    }
    differences("product-figures", &expected, &found)
}

/// The product and the currency of a line, how many, and what they come to.
fn line_of(line: &Value) -> (String, [u64; 2]) {
    let text = |member: &Value| member.as_str().unwrap_or_default().to_owned();
    let price = &line["unitPrice"];
    let product = format!("{}#{}", text(&line["productId"]), text(&price["currency"]));
    let units = line["quantity"].as_u64().unwrap_or_default();
    let amount = price["amount"].as_u64().unwrap_or_default();
    (product, [units, units.saturating_mul(amount)])
}

/// What an event counts for, and where.
fn counted(event: &Envelope) -> Option<((String, String), Counts)> {
    let amount = event.data["amount"]["amount"].as_u64().unwrap_or_default();
    let (money, counts) = match event.event_type.as_str() {
        "OrderCreated" => (&event.data["total"], [1, 0, 0, 0, 0, 0, 0]),
        "OrderCompleted" => (&event.data["total"], [0, 1, 0, 0, 0, 0, 0]),
        "OrderCancelled" => (&Value::Null, [0, 0, 1, 0, 0, 0, 0]),
        "PaymentCompleted" => (&event.data["amount"], [0, 0, 0, 1, amount, 0, 0]),
        "PaymentRefunded" => (&event.data["amount"], [0, 0, 0, 0, 0, 1, amount]),
        _ => return None,
    };
    let at = event.timestamp;
    let minute = at.minute() - at.minute() % QUARTER;
    let currency = money["currency"].as_str().unwrap_or(UNKNOWN);
    let quarter = format!("{:02}:{minute:02}#{currency}", at.hour());
    Some(((at.date().to_string(), quarter), counts))
}

const fn counts(total: &Total) -> Counts {
    let Total { placed, completed, cancelled, payments, revenue, refunds, refunded, .. } = *total;
    [placed, completed, cancelled, payments, revenue, refunds, refunded]
}

fn add<const N: usize>(sums: &mut [u64; N], parts: [u64; N]) {
    for (sum, part) in sums.iter_mut().zip(parts) {
        *sum = sum.saturating_add(part);
    }
}

fn differences<const N: usize>(
    table: &str,
    expected: &BTreeMap<(String, String), [u64; N]>,
    found: &BTreeMap<(String, String), [u64; N]>,
) -> Vec<Finding> {
    let none = [0; N];
    let of = |sums: &BTreeMap<(String, String), [u64; N]>, key: &(String, String)| {
        *sums.get(key).unwrap_or(&none)
    };
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let differ = keys.into_iter().filter(|key| of(expected, key) != of(found, key));
    let finding = |key: &(String, String)| {
        let (found, expected) = (of(found, key), of(expected, key));
        Finding::new(table, format!("{} {}: {found:?}, were {expected:?}", key.0, key.1))
    };
    differ.map(finding).collect()
}
