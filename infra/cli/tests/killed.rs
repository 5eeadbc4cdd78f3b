//! `orderly up` that is killed (SIGKILL) amid orders, and started again on the same data.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{
    collections::BTreeSet,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::Router;
use invariants::{Report, Snapshot};
use local_dynamodb::{DynamoDb, Storage};
use orderly::{
    client::{Customer, NewOrder},
    seed,
    shop::{STACK_NAME, load_template},
    snapshot::Tables,
};
use provider_stubs::{Carrier, Payments};
use tokio::time::{sleep, timeout};

/// How often it is killed with orders under way, each time after so long.
const KILLED_AFTER: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(700), Duration::from_millis(1_400)];
/// How many orders are placed before each kill.
const ORDERS: u32 = 4;
/// Longer than a start that compiles functions, and than a message stays hidden whose consumer died.
const WAIT_MAX: Duration = Duration::from_secs(240);
/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The world that outlives the stack: its ledgers say what really happened.
struct World {
    payments: Payments,
    carrier: Carrier,
    url: String,
}

impl World {
    async fn start() -> Self {
        let (payments, carrier) = (Payments::default().with_saved_cards(), Carrier::default());
        let router =
            Router::new().nest("/payments", payments.router()).nest("/carrier", carrier.router());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { payments, carrier, url }
    }
}

/// The first of the ports of a stack, below those that the system hands out.
fn free_port() -> u16 {
    let is_free = |first: &u16| {
        [0, 2, 3].iter().all(|offset| TcpListener::bind(("127.0.0.1", first + offset)).is_ok())
    };
    (30_100..32_000).step_by(10).find(is_free).unwrap()
}

/// A running `orderly up`. Dropped, it is killed.
struct Up(Child);

impl Up {
    async fn start(port: u16, data: &Path, world: &World) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_orderly"))
            .args(["up", "--port", &port.to_string(), "--data"])
            .arg(data)
            .args(["--parameter", &format!("PaymentGatewayUrl={}/payments", world.url)])
            .args(["--parameter", &format!("CarrierUrl={}/carrier", world.url)])
            .args(["--parameter", "OrdersPerMinute=1000"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let up = Self(child);
        let listens = async {
            // The API answers once there is what customers order.
            let customer = Customer::new(&api(port), "user-123").unwrap();
            while !customer.products().await.is_ok_and(|it| it.status == 200) {
                sleep(LOOK).await;
            }
        };
        timeout(WAIT_MAX, listens).await.unwrap();
        up
    }

    /// `kill -9`. Its functions are left to themselves.
    fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.kill();
    }
}

fn api(port: u16) -> String {
    format!("http://127.0.0.1:{}", port + 2)
}

async fn until_completed(customer: &Customer, order: &str) {
    let completed = async {
        loop {
            let answer = customer.order(order).await;
            if answer.is_ok_and(|it| it.status == 200 && it.body["status"] == "completed") {
                return;
            }
            sleep(LOOK).await;
        }
    };
    let ended = timeout(WAIT_MAX, completed).await;
    assert!(ended.is_ok(), "{order} was acknowledged and did not complete");
}

/// What the tables hold, and what really happened, when nothing runs any more.
async fn report(data: &Path, world: &World, acknowledged: BTreeSet<String>) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = load_template(&path).unwrap();
    let database = DynamoDb::open(&Storage::Directory(data.to_owned())).unwrap();
    let tables = Tables { database: &database, stack: STACK_NAME };
    let stock = |it: &seed::Product| (it.id.to_owned(), i64::try_from(it.stock).unwrap());
    let mut snapshot = Snapshot {
        ledger: world.payments.ledger().into(),
        shipments: world.carrier.shipments().into(),
        acknowledged: acknowledged.into(),
        ..Snapshot::default()
    };
    let stocked = seed::PRODUCTS.iter().map(stock).collect();
    tables.observe(&mut snapshot, &template, stocked).await.unwrap();
    Report::of(&snapshot)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_killed_loses_no_order_that_it_acknowledged_and_charges_none_twice() {
    let (data, world, port) = (tempfile::tempdir().unwrap(), World::start().await, free_port());
    let customer = Customer::new(&api(port), "user-123").unwrap();
    let mut placing = Vec::new();
    let mut acknowledged = 0;
    let mut up = Up::start(port, data.path(), &world).await;
    for (round, after) in KILLED_AFTER.into_iter().enumerate() {
        for number in 0..ORDERS {
            let customer = customer.clone();
            // A customer without an answer asks again, under the same key.
            placing.push(tokio::spawn(async move {
                sleep(Duration::from_millis(100) * number).await;
                let key = format!("round-{round}-{number}");
                let answer = customer.place(&NewOrder::of_the_book(), &key).await.unwrap();
                assert_eq!(answer.status, 201, "{}", answer.body);
                answer.order_id().unwrap().to_owned()
            }));
        }
        sleep(after).await;
        let of_round = &placing[placing.len() - ORDERS as usize..];
        acknowledged += of_round.iter().filter(|it| it.is_finished()).count();
        up.kill();
        up = Up::start(port, data.path(), &world).await;
    }
    assert!(acknowledged > 0, "it was never killed after an acknowledgement");
    let placed = placing.len();
    let mut orders = BTreeSet::new();
    for order in placing {
        orders.insert(order.await.unwrap());
    }
    assert_eq!(orders.len(), placed);
    println!("{acknowledged} of {placed} orders were acknowledged before a kill");
    for order in &orders {
        until_completed(&customer, order).await;
    }
    // It answers when nothing moves any more. What it says is not for these ledgers.
    let rest = format!("http://127.0.0.1:{port}/_orderly/invariants");
    while reqwest::get(&rest).await.unwrap().status() == 503 {}
    up.kill();
    let report = report(data.path(), &world, orders).await;
    assert!(report.holds(), "{report}");
    let checked = report.rows.iter().filter(|row| row.is_observed()).count();
    assert!(checked > 12, "{report}");
}
