//! What an operator does over the API: restocks, asks what waits for a person and resumes it, and
//! asks for figures.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

use invariants::Restocking;
use provider_stubs::Outcome;
use serde_json::{Value, json};
use testkit::http::Request;

use crate::{
    answered::{Answered, Asker},
    lambda::{Lambda, Slot},
    sim::BEGINNING,
    story::PLENTIFUL,
};

/// The longest until goods come in, and from then until they are counted.
const RESTOCKED_MAX: Duration = Duration::from_secs(4);
/// How many pieces come in at most, and how many of them are missing at most.
const PIECES_MAX: i64 = 50;
const MISSING_MAX: i64 = 20;
/// For whom it is drawn.
const RESTOCKER: &str = "administrator";

/// An operator.
pub(crate) struct Administrator {
    asker: Asker,
    lambda: Lambda,
    stock: Slot,
    query: Slot,
    api: Slot,
    figures: Slot,
}

/// A request for a route that only operators may ask.
fn request(route: &str) -> Request {
    let session = "AROAOPERATOR:robot";
    let iam = json!({
        "accessKey": "ASIAEXAMPLE", "accountId": "000000000000", "callerId": session,
        "userArn": "arn:aws:sts::000000000000:assumed-role/Operator/robot", "userId": session,
    });
    let context = json!({
        "authorizer": { "iam": iam }, "http": { "method": "POST", "path": "/admin/orders" }
    });
    Request::new(route, "").with("requestContext", context)
}

/// Has the services go on with an order.
pub(crate) fn resume_request(order: &str) -> Request {
    request("POST /admin/orders/{id}/resume").about(order)
}

impl Administrator {
    pub(crate) fn new(lambda: &Lambda, answered: &Rc<RefCell<Answered>>) -> Self {
        let slot = |binary| lambda.slot(lambda.name_of(binary));
        Self {
            asker: Asker { name: "an operator".to_owned(), answered: Rc::clone(answered) },
            stock: slot("inventory-api"),
            query: slot("query"),
            api: slot("order-api"),
            figures: slot("analytics-api"),
            lambda: lambda.clone(),
        }
    }

    /// Has goods come in while customers order them, and then counts them: some are missing.
    pub(crate) async fn restock(&self) {
        let sim = &self.lambda.sim;
        sim.pass(RESTOCKER, RESTOCKED_MAX).await;
        let pieces = sim.rng(RESTOCKER).i64(1..=PIECES_MAX);
        self.move_stock("restock", pieces, &json!({ "quantity": pieces })).await;
        sim.pass(RESTOCKER, RESTOCKED_MAX).await;
        let missing = sim.rng(RESTOCKER).i64(1..=MISSING_MAX);
        let counted = json!({ "delta": -missing, "reason": "counted" });
        self.move_stock("adjust", -missing, &counted).await;
    }

    /// Spreads the product that there is plenty of over so many shards, before it is ordered.
    pub(crate) async fn spread(&self, shards: u8) {
        let request = request("PUT /admin/stock/{productId}/shards")
            .with("pathParameters", json!({ "productId": PLENTIFUL }))
            .header("idempotency-key", "spread")
            .header("content-type", "application/json")
            .with("body", json!({ "shards": shards }).to_string());
        let answer = self.asker.ask(&self.lambda.sim, &self.stock, &request).await;
        if let Some(answer) = answer.filter(|it| it.status != 200) {
            self.asker.wonder("to spread a product", &answer);
        }
    }

    async fn move_stock(&self, command: &str, pieces: i64, body: &Value) {
        let request = request(&format!("POST /admin/stock/{{productId}}/{command}"))
            .with("pathParameters", json!({ "productId": PLENTIFUL }))
            .header("idempotency-key", command)
            .header("content-type", "application/json")
            .with("body", body.to_string());
        let answer = self.asker.ask(&self.lambda.sim, &self.stock, &request).await;
        let is_confirmed = answer.as_ref().is_some_and(|it| it.status == 200);
        if let Some(answer) = answer.filter(|_| !is_confirmed) {
            return self.asker.wonder(command, &answer);
        }
        let product = PLENTIFUL.to_owned();
        let restocking = Restocking { product, pieces, is_confirmed };
        self.asker.answered.borrow_mut().restocked.push(restocking);
    }

    /// Asks what waits for an operator, and resumes each order: whether there was any.
    pub(crate) async fn resume_reviews(&self) -> bool {
        let list = request("GET /admin/orders").query("status", "needs-review");
        let Some(answer) = self.asker.ask(&self.lambda.sim, &self.query, &list).await else {
            return false;
        };
        let Some(reviews) = answer.body["reviews"].as_array().filter(|_| answer.status == 200)
        else {
            self.asker.wonder("the list of reviews", &answer);
            return false;
        };
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let step = |it: &Value| format!("{} {}", text(&it["orderId"]), text(&it["service"]));
        self.asker.answered.borrow_mut().reviews = reviews.iter().map(step).collect();
        let orders: BTreeSet<String> = reviews.iter().map(|it| text(&it["orderId"])).collect();
        for order in &orders {
            self.resume(order).await;
        }
        !orders.is_empty()
    }

    /// Asks for everything that there is of figures.
    pub(crate) async fn look_at_figures(&self) {
        let day = BEGINNING.date().to_string();
        let products = || request("GET /admin/figures/products");
        for asked in [
            request("GET /admin/figures").query("from", &day).query("zone", "Europe/Berlin"),
            products().query("day", &day),
            products().query("day", &day).query("by", "revenue"),
            products().query("month", &day[..7]),
            request("GET /admin/board"),
        ] {
            let answer = self.asker.ask(&self.lambda.sim, &self.figures, &asked).await;
            if let Some(answer) = answer.filter(|it| it.status != 200) {
                self.asker.wonder("the figures", &answer);
            }
        }
    }

    async fn resume(&self, order: &str) {
        // What was broken is repaired by now.
        self.lambda.external.payments.script(&format!("refund:{order}"), Outcome::Down(0));
        let resumed = resume_request(order);
        let answer = self.asker.ask(&self.lambda.sim, &self.api, &resumed).await;
        if let Some(answer) = answer.filter(|it| it.status != 202) {
            self.asker.wonder(&format!("to resume {order}"), &answer);
        }
    }
}
