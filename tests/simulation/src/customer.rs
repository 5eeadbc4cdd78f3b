//! What customers do.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::Duration,
};

use invariants::Shown;
use provider_stubs::Outcome;
use testkit::http::{Answer, Request};
use tokio::time::sleep;

use crate::{
    administrator::resume_request,
    answered::{Answered, Asker},
    lambda::{Lambda, Slot},
    story::Story,
};

/// How often an operator has an order resumed who has all of them resumed.
const RESUMES: usize = 120;
/// How often a customer asks what has become of the order, and the longest until the first time;
/// it grows so much with each.
const LOOKS: u32 = 6;
const LOOK_MAX: Duration = Duration::from_millis(200);
const LOOK_FACTOR: u32 = 3;
/// For whom the pauses of customers are drawn.
const CUSTOMERS: &str = "customers";
/// What a customer is shown of an order that the read model does not have yet.
const PROCESSING: &str = "processing";
/// More failures than the payment service has attempts.
const UNTIL_REPAIRED: u32 = 1_000;

/// A customer with one order.
pub(crate) struct Customer {
    asker: Asker,
    story: Story,
    lambda: Lambda,
    api: Slot,
    query: Slot,
    products: Slot,
    timelines: Slot,
    /// Every other customer gives each read the version that the answers before it had.
    gives_versions: bool,
    /// The greatest of them, of this customer's order.
    version: Cell<u64>,
}

impl Customer {
    /// A customer called `user`.
    pub(crate) fn new(
        user: String,
        story: Story,
        lambda: &Lambda,
        answered: &Rc<RefCell<Answered>>,
    ) -> Self {
        let slot = |binary| lambda.slot(lambda.name_of(binary));
        Self {
            gives_versions: user.ends_with(['1', '3', '5', '7', '9']),
            version: Cell::new(0),
            asker: Asker { name: user, answered: Rc::clone(answered) },
            story,
            api: slot("order-api"),
            query: slot("query"),
            products: slot("products"),
            timelines: slot("timeline-api"),
            lambda: lambda.clone(),
        }
    }

    /// Places the order, and cancels it if the story says so; and asks now and then what has become
    /// of it.
    pub(crate) async fn run(self) {
        let sim = &self.lambda.sim;
        if sim.quotas().is_some() {
            sim.pass(CUSTOMERS, sim.arrivals()).await;
            self.browse().await;
        } else {
            self.browse().await;
            sim.pass(CUSTOMERS, sim.arrivals()).await;
        }
        let Some(order) = self.place().await else { return };
        futures_util::future::join(self.act(&order), self.look(&order)).await;
    }

    async fn ask(&self, slot: &Slot, request: &Request) -> Option<Answer> {
        self.asker.ask(&self.lambda.sim, slot, request).await
    }

    async fn place(&self) -> Option<String> {
        let user = &self.asker.name;
        let place = Request::new("POST /orders", "openid orders:write")
            .of(user)
            .header("idempotency-key", "key-1")
            .header("content-type", "application/json")
            .with("body", self.story.order().to_string());
        let answer = self.ask(&self.api, &place).await?;
        let Some(order) = answer.body["orderId"].as_str().map(str::to_owned) else {
            self.asker.wonder("an order", &answer);
            return None;
        };
        self.lambda.sim.note(&format!("{user} is {order}, {:?}", self.story));
        self.answered(&answer, 0);
        if self.story == Story::Reviewed {
            let broken = Outcome::Down(UNTIL_REPAIRED);
            self.lambda.external.payments.script(&format!("refund:{order}"), broken);
        }
        self.asker.answered.borrow_mut().placed.insert(order.clone());
        Some(order)
    }

    /// Does what the story says.
    async fn act(&self, order: &str) {
        if let Story::ReadAgain(after) = self.story {
            sleep(Duration::from_millis(after)).await;
            self.read(order, true).await;
            self.read_trail(order).await;
        }
        let (Story::Cancelled(after) | Story::Resumed(after)) = self.story else { return };
        sleep(Duration::from_millis(after)).await;
        if matches!(self.story, Story::Resumed(_)) {
            self.resume(order).await;
        }
        self.cancel(order).await;
        if matches!(self.story, Story::Resumed(_)) {
            for _ in 0..RESUMES {
                self.resume(order).await;
                sleep(Duration::from_secs(60)).await;
            }
        }
    }

    /// Has an operator resume the order.
    async fn resume(&self, order: &str) {
        let Some(answer) = self.ask(&self.api, &resume_request(order)).await else { return };
        // Resumed, or on its way.
        if ![202, 409].contains(&answer.status) {
            self.asker.wonder("to resume", &answer);
        }
    }

    /// Cancels the order.
    async fn cancel(&self, order: &str) {
        let cancel = Request::new("POST /orders/{id}/cancel", "openid orders:write")
            .of(&self.asker.name)
            .header("idempotency-key", "key-2")
            .about(order);
        let Some(answer) = self.ask(&self.api, &cancel).await else { return };
        match answer.status {
            200 | 202 => {
                self.answered(&answer, 0);
                self.asker.answered.borrow_mut().cancelled.insert(order.to_owned());
            }
            // Too late.
            409 => (),
            _ => self.asker.wonder("a cancellation", &answer),
        }
    }

    /// Reads the catalogue.
    async fn browse(&self) {
        let Some(answer) = self.ask(&self.products, &Request::new("GET /products", "")).await
        else {
            return;
        };
        let product = &self.story.order()["items"][0]["productId"];
        let products = answer.body["products"].as_array();
        if !products.is_some_and(|them| them.iter().any(|it| it["productId"] == *product)) {
            self.asker.wonder("the catalogue", &answer);
        }
    }

    /// Asks more and more seldom what has become of the order; and once what another customer has
    /// ordered.
    async fn look(&self, order: &str) {
        let mut most = LOOK_MAX;
        for _ in 0..LOOKS {
            self.lambda.sim.pass(CUSTOMERS, most).await;
            self.read(order, true).await;
            most *= LOOK_FACTOR;
        }
        self.list(order).await;
        self.read_timeline(order, true).await;
        let placed = self.asker.answered.borrow().placed.clone();
        if let Some(other) = placed.iter().find(|it| *it != order) {
            self.read(other, false).await;
            self.read_timeline(other, false).await;
        }
    }

    /// Reads the events of the order.
    async fn read_trail(&self, order: &str) {
        let trail = self.request("GET /orders/{id}/events").about(order);
        let Some(answer) = self.ask(&self.query, &trail).await else { return };
        if answer.body["events"].as_array().is_none_or(Vec::is_empty) {
            self.asker.wonder("the trail", &answer);
        }
    }

    /// Reads the timeline of an order, which is this customer's own or not. It begins with the
    /// order, or is not there yet, and no event comes before its cause.
    async fn read_timeline(&self, order: &str, is_own: bool) {
        let read = self.request("GET /orders/{id}/timeline").about(order);
        let Some(answer) = self.ask(&self.timelines, &read).await else { return };
        let entries = answer.body["entries"].as_array().map_or(&[][..], Vec::as_slice);
        let mut seen = BTreeSet::new();
        let is_early = entries.iter().any(|entry| {
            seen.insert(entry["id"].as_str());
            let cause = entry["causedBy"].as_str();
            let is_shown = entries.iter().any(|it| it["id"].as_str() == cause);
            cause.is_some() && is_shown && !seen.contains(&cause)
        });
        match answer.status {
            404 => (),
            200 if is_own && !is_early && entries[0]["type"] == "OrderCreated" => (),
            _ => self.asker.wonder(&format!("the timeline of {order}"), &answer),
        }
    }

    /// Reads one order, which is this customer's own or not.
    async fn read(&self, order: &str, is_own: bool) {
        let mut read = self.request("GET /orders/{id}").about(order);
        let least = self.version.get();
        let is_given = is_own && self.gives_versions;
        if is_given {
            read = read.query("minVersion", &least.to_string());
        }
        let Some(answer) = self.ask(&self.query, &read).await else { return };
        let body = &answer.body;
        if is_given && answer.status == 200 {
            self.answered(&answer, least);
        }
        match answer.status {
            202 if is_given => self.asker.wonder(&format!("to read {order} at {least}"), &answer),
            200 => self.shown(order, body["status"].as_str(), body["version"].as_u64()),
            202 if body["status"] == PROCESSING => self.shown(order, Some(PROCESSING), Some(0)),
            404 if !is_own => (),
            _ => self.asker.wonder(&format!("to read {order}"), &answer),
        }
    }

    /// Reads the list of this customer's orders.
    async fn list(&self, own: &str) {
        let mut list = self.request("GET /orders");
        if self.gives_versions {
            list = list.query("after", &format!("{own}:{}", self.version.get()));
        }
        let is_cancelled = self.asker.answered.borrow().cancelled.contains(own);
        let Some(answer) = self.ask(&self.query, &list).await else { return };
        let Some(orders) = answer.body["orders"].as_array().filter(|_| answer.status == 200) else {
            return self.asker.wonder("the list", &answer);
        };
        for order in orders {
            let id = order["orderId"].as_str().unwrap_or_default();
            self.shown(id, order["status"].as_str(), None);
        }
        let own = orders.iter().find(|it| it["orderId"] == own);
        let is_current = own.is_some_and(|own| !is_cancelled || own["status"] == "cancelled");
        if self.gives_versions && !is_current {
            self.asker.wonder("the list without what was answered before", &answer);
        }
    }

    /// Notes the version of an answer, which is to be no less than `least`.
    fn answered(&self, answer: &Answer, least: u64) {
        match answer.body["version"].as_u64() {
            Some(version) if version >= least => {
                self.version.set(self.version.get().max(version));
            }
            _ => self.asker.wonder(&format!("version {least} or a later one"), answer),
        }
    }

    fn request(&self, route: &str) -> Request {
        Request::new(route, "openid orders:read").of(&self.asker.name)
    }

    fn shown(&self, order: &str, status: Option<&str>, version: Option<u64>) {
        let shown = Shown {
            customer: self.asker.name.clone(),
            order: order.to_owned(),
            status: status.unwrap_or_default().to_owned(),
            version,
        };
        self.asker.answered.borrow_mut().shown.push(shown);
    }
}
