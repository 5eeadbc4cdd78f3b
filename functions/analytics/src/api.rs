//! The figures over HTTP, for operators.
//!
//! | route | parameters | answers |
//! |---|---|---|
//! | `GET /admin/figures` | `from`, `to`, `zone`, `asOf` | the figures of each day |
//! | `GET /admin/figures/products` | `day` or `month`, `by`, `currency`, `limit` | what was sold most |
//! | `GET /admin/board` | | the last hour, by minute |
//!
//! IAM lets operators through at the gateway; there are no claims of customers here.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_dynamodb::Client;
use catalogue::Currency;
use event_envelope::instant;
use http::StatusCode;
use http_api::{Problem, Reply, Request};
use jiff::tz::TimeZone;
use runtime::{Clock, Failure};
use serde_json::{Value, json};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    config::Tables,
    days::{self, DAYS_MAX, Day},
    figures::{Board, Figures, of_days},
    quarter::Quarter,
    tables::{By, Product, Reader},
};

/// When to try again if a table is unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The board looks back so far for the newest event.
const BOARD_REACH: time::Duration = time::Duration::hours(2);

const DAY: &str = "must be a day from 2000 on, such as 2025-11-17";
const MONTH: &str = "must be a month from 2000 on, such as 2025-11";
const ZONE: &str =
    "must be a time zone of IANA's, such as Europe/Berlin; without it days are UTC's";
const AS_OF: &str = "must be an instant of RFC 3339, such as 2025-11-17T10:30:00Z; the + of an \
                     offset is %2B in a URL";

/// Answers requests.
#[derive(Debug, Clone)]
pub struct AnalyticsApi {
    reader: Reader,
    clock: Clock,
}

/// What of the figures is asked for.
#[derive(Debug)]
struct Asked {
    zone: TimeZone,
    days: Vec<Day>,
    as_of: Option<OffsetDateTime>,
}

impl Asked {
    fn of(request: Request<'_>) -> Result<Self, Problem> {
        let date = |name: &str| match request.query(name) {
            Some(text) => days::read(text).map(Some).ok_or_else(|| Problem::bad_field(name, DAY)),
            None => Ok(None),
        };
        let from = date("from")?.ok_or_else(|| Problem::bad_field("from", DAY))?;
        let to = date("to")?.unwrap_or(from);
        let zone = request.query("zone").unwrap_or("UTC");
        let zone = TimeZone::get(zone).map_err(|_| Problem::bad_field("zone", ZONE))?;
        let as_of = match request.query("asOf") {
            Some(text) => {
                let at = OffsetDateTime::parse(text, &Rfc3339);
                let at = at.map_err(|_| Problem::bad_field("asOf", AS_OF))?;
                Some(Quarter::of(at).start())
            }
            None => None,
        };
        if to < from {
            return Err(Problem::bad_field("to", "must be the day of from, or a later one"));
        }
        if (to - from).whole_days() >= DAYS_MAX as i64 {
            let most = format!("must be within {DAYS_MAX} days, that of from included");
            return Err(Problem::bad_field("to", most));
        }
        let days = days::between(from, to, &zone).ok_or_else(Problem::internal)?;
        Ok(Self { zone, days, as_of })
    }

    /// From when until when quarters are counted.
    fn span(&self) -> Option<(OffsetDateTime, OffsetDateTime)> {
        let (start, end) = (self.days.first()?.start, self.days.last()?.end);
        Some((start, self.as_of.map_or(end, |as_of| end.min(as_of))))
    }
}

impl AnalyticsApi {
    /// Reads these tables, and ends the board's hour by `clock`.
    pub const fn new(client: Client, tables: Tables, clock: Clock) -> Self {
        Self { reader: Reader::new(client, tables), clock }
    }

    /// Answers one request: with figures, or with the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let answered = Box::pin(self.answer(Request::new(&event))).await;
        answered.map_or_else(Into::into, Into::into)
    }

    async fn answer(&self, request: Request<'_>) -> Result<Reply, Problem> {
        let route = request.route_key();
        if !matches!(
            route,
            "GET /admin/figures" | "GET /admin/figures/products" | "GET /admin/board"
        ) {
            return Err(Problem::not_found(format!("there is no route {route:?} here")));
        }
        request.iam_caller()?;
        let body = match route {
            "GET /admin/figures" => self.figures(request).await?,
            "GET /admin/figures/products" => self.products(request).await?,
            _ => self.board().await?,
        };
        Reply::json(StatusCode::OK, &body)
    }

    async fn figures(&self, request: Request<'_>) -> Result<Value, Problem> {
        let asked = Asked::of(request)?;
        let cells = match asked.span() {
            Some((start, end)) => self.reader.cells(start, end).await.map_err(unavailable)?,
            None => Vec::new(),
        };
        let figures = of_days(&asked.days, cells);
        let days = asked.days.iter().zip(&figures).map(|(day, figures)| shown(day, figures));
        let days = days.collect::<Result<Vec<_>, _>>()?;
        let mut body = json!({ "zone": asked.zone.iana_name().unwrap_or("UTC"), "days": days });
        if let Some(as_of) = asked.as_of {
            body["asOf"] = instant(as_of).into();
        }
        Ok(body)
    }

    async fn products(&self, request: Request<'_>) -> Result<Value, Problem> {
        let by = match request.query("by") {
            None | Some("units") => By::Units,
            Some("revenue") => By::Revenue,
            Some(_) => return Err(Problem::bad_field("by", "must be units or revenue")),
        };
        let currency: String = currency(request, by)?.into();
        let limit = request.limit()?;
        let (period, products) = match (request.query("day"), request.query("month")) {
            (Some(day), None) => {
                let day = days::read(day).ok_or_else(|| Problem::bad_field("day", DAY))?;
                let day = day.to_string();
                let best = self.reader.best_of_day(&day, by, &currency, limit).await;
                (("day", day), best.map_err(unavailable)?)
            }
            (None, Some(month)) => {
                let days = days_of(month).ok_or_else(|| Problem::bad_field("month", MONTH))?;
                let mut sold = self.reader.sold_on(days).await.map_err(unavailable)?;
                sold.retain(|it| by == By::Units || it.is_in(&currency));
                Product::rank(&mut sold, by);
                sold.truncate(usize::from(limit));
                (("month", month.to_owned()), sold)
            }
            (None, None) => return Err(Problem::bad_field("day", "a day or a month is needed")),
            (Some(_), Some(_)) => return Err(Problem::bad_field("month", "goes without a day")),
        };
        let (name, period) = period;
        Ok(json!({ name: period, "products": products }))
    }

    async fn board(&self) -> Result<Value, Problem> {
        let now = self.clock.now();
        // The end of a span is a quarter that is not read.
        let end = Quarter::of(now).start_of(crate::quarter::MINUTES);
        let minutes = self.reader.minutes(now - BOARD_REACH, end).await.map_err(unavailable)?;
        let board = Board::of(now, minutes);
        let minute = |(start, orders): &(OffsetDateTime, i64)| json!({ "minute": instant(*start), "orders": orders });
        let revenue =
            |(currency, amount): (&String, &i64)| json!({ "currency": currency, "amount": amount });
        Ok(json!({
            "now": instant(now),
            "orders": board.orders(),
            "minutes": board.minutes.iter().map(minute).collect::<Vec<_>>(),
            "revenue": board.revenue.iter().map(revenue).collect::<Vec<_>>(),
            "newest": board.newest.map(instant),
            "ageSeconds": board.newest.map(|newest| (now - newest).whole_seconds()),
        }))
    }
}

/// A day, with its figures beside its name.
fn shown(day: &Day, figures: &Figures) -> Result<Value, Problem> {
    let mut shown = serde_json::to_value(figures).map_err(|_| Problem::internal())?;
    shown["day"] = day.name.clone().into();
    shown["from"] = instant(day.start).into();
    shown["until"] = instant(day.end).into();
    Ok(shown)
}

/// The currency whose amounts are compared.
fn currency(request: Request<'_>, by: By) -> Result<Currency, Problem> {
    let Some(text) = request.query("currency") else { return Ok(Currency::USD) };
    if by == By::Units {
        return Err(Problem::bad_field("currency", "goes with by=revenue alone"));
    }
    let bad = || Problem::bad_field("currency", "must be a currency of ISO 4217, such as USD");
    Currency::parse(text).map_err(|_| bad())
}

/// The days of a month such as `2025-11`.
fn days_of(month: &str) -> Option<impl Iterator<Item = String>> {
    let first = days::read(&format!("{month}-01"))?;
    let days = std::iter::successors(Some(first), |day| day.next_day());
    Some(days.take_while(move |day| day.month() == first.month()).map(|day: Date| day.to_string()))
}

fn unavailable(failure: Failure) -> Problem {
    tracing::error!(%failure, "request not answered");
    if failure.is_retry() {
        Problem::unavailable("the figures are busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}
