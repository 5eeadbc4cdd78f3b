//! Reads what was counted.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use runtime::Failure;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    config::Tables,
    days,
    domain::{ORDERS, REVENUE, minute_attribute},
    figures::{Cell, Minute},
    quarter::{MINUTES, Quarter},
};

/// An item of a table.
type Item = HashMap<String, AttributeValue>;

/// Reads the tables of figures.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    client: Client,
    tables: Tables,
}

/// By what products are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Units,
    Revenue,
}

/// What was sold of a product, in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    product_id: String,
    currency: String,
    units: i64,
    revenue: i64,
}

impl Product {
    /// Whether it was sold in this currency.
    pub(crate) fn is_in(&self, currency: &str) -> bool {
        self.currency == currency
    }

    /// The best first; of equal ones, by their names.
    pub(crate) fn rank(products: &mut [Self], by: By) {
        products.sort_by(|one, other| {
            let place = |it: &Self| match by {
                By::Units => it.units,
                By::Revenue => it.revenue,
            };
            let name = |it: &Self| (it.product_id.clone(), it.currency.clone());
            place(other).cmp(&place(one)).then_with(|| name(one).cmp(&name(other)))
        });
    }
}

impl Reader {
    pub(crate) const fn new(client: Client, tables: Tables) -> Self {
        Self { client, tables }
    }

    /// What was counted from `start` until `end`.
    pub(crate) async fn cells(
        &self,
        start: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<Vec<Cell>, Failure> {
        self.read(start, end, |item, quarter, currency| {
            let counts = serde_dynamo::from_item(item).map_err(Failure::permanent)?;
            Ok(vec![Cell { quarter, currency, counts }])
        })
        .await
    }

    /// The same by minute, for the board.
    pub(crate) async fn minutes(
        &self,
        start: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<Vec<Minute>, Failure> {
        self.read(start, end, |item, quarter, currency| {
            let minute = |minute| {
                let of = |count| number(&item, &minute_attribute(count, minute));
                let (orders, revenue) = (of(ORDERS), of(REVENUE));
                let (start, currency) = (quarter.start_of(minute), currency.clone());
                let is_any = (orders, revenue) != (0, 0);
                is_any.then_some(Minute { start, currency, orders, revenue })
            };
            Ok((0..MINUTES).filter_map(minute).collect())
        })
        .await
    }

    /// What `of` makes of each item from `start` until `end`, day by day.
    async fn read<T>(
        &self,
        start: OffsetDateTime,
        end: OffsetDateTime,
        of: impl Fn(Item, Quarter, String) -> Result<Vec<T>, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut found = Vec::new();
        for (day, from, until) in days::parts(start, end) {
            // A key is longer than its time, and so the last quarter is one before `until`.
            let mut pages = self
                .client
                .query()
                .table_name(&self.tables.figures)
                .key_condition_expression("#day = :day AND #quarter BETWEEN :from AND :until")
                .expression_attribute_names("#day", "day")
                .expression_attribute_names("#quarter", "quarter")
                .expression_attribute_values(":day", AttributeValue::S(day.clone()))
                .expression_attribute_values(":from", AttributeValue::S(from))
                .expression_attribute_values(":until", AttributeValue::S(until))
                .into_paginator()
                .items()
                .send();
            while let Some(item) = pages.next().await {
                let item = item.map_err(Failure::retry)?;
                let key = text(&item, "quarter").to_owned();
                let mut parts = key.split('#');
                let quarter = Quarter::read(&day, parts.next().unwrap_or_default());
                let quarter = quarter.ok_or_else(|| unreadable(&day, &key))?;
                found.extend(of(item, quarter, parts.next().unwrap_or_default().to_owned())?);
            }
        }
        Ok(found)
    }

    /// The best `limit` products of a day, in one read of an index. By revenue they are those of
    /// one `currency`.
    pub(crate) async fn best_of_day(
        &self,
        day: &str,
        by: By,
        currency: &str,
        limit: u16,
    ) -> Result<Vec<Product>, Failure> {
        let (index, key, value) = match by {
            By::Units => ("by-units", "day", day.to_owned()),
            By::Revenue => ("by-revenue", "market", format!("{day}#{currency}")),
        };
        let answer = self
            .client
            .query()
            .table_name(&self.tables.products)
            .index_name(index)
            .key_condition_expression("#key = :key")
            .expression_attribute_names("#key", key)
            .expression_attribute_values(":key", AttributeValue::S(value))
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(Failure::retry)?;
        let mut products: Vec<_> = answer.items.unwrap_or_default().iter().map(product).collect();
        Product::rank(&mut products, by);
        Ok(products)
    }

    /// What was sold on any of `days`, of all products: the days' partitions, one after the other.
    pub(crate) async fn sold_on(
        &self,
        days: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Product>, Failure> {
        let mut sums: BTreeMap<(String, String), Product> = BTreeMap::new();
        for day in days {
            let mut pages = self
                .client
                .query()
                .table_name(&self.tables.products)
                .key_condition_expression("#day = :day")
                .expression_attribute_names("#day", "day")
                .expression_attribute_values(":day", AttributeValue::S(day))
                .into_paginator()
                .items()
                .send();
            while let Some(item) = pages.next().await {
                let sold = product(&item.map_err(Failure::retry)?);
                let key = (sold.product_id.clone(), sold.currency.clone());
                let sum = sums.entry(key);
                sum.and_modify(|sum| {
                    sum.units = sum.units.saturating_add(sold.units);
                    sum.revenue = sum.revenue.saturating_add(sold.revenue);
                })
                .or_insert(sold);
            }
        }
        Ok(sums.into_values().collect())
    }
}

fn product(item: &Item) -> Product {
    let (product_id, currency) = text(item, "product").rsplit_once('#').unwrap_or_default();
    Product {
        product_id: product_id.to_owned(),
        currency: currency.to_owned(),
        units: number(item, "units"),
        revenue: number(item, "revenue"),
    }
}

fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name).and_then(|it| it.as_s().ok()).map_or("", String::as_str)
}

/// An attribute that counts; it begins at 0 where it is not there.
fn number(item: &Item, name: &str) -> i64 {
    let number = item.get(name).and_then(|it| it.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn unreadable(day: &str, key: &str) -> Failure {
    Failure::permanent(format!("{day} {key} is no quarter of an hour"))
}
