//! Stock over HTTP, for administrators.
//!
//! | route | body | answers |
//! |---|---|---|
//! | `GET /admin/stock/{productId}` | | `productId`, `available`, `reserved`, `shards` |
//! | `POST /admin/stock/{productId}/restock` | `quantity` | the movement |
//! | `POST /admin/stock/{productId}/adjust` | `delta`, `reason` | the movement |
//! | `PUT /admin/stock/{productId}/shards` | `shards` | the movement |
//!
//! IAM lets callers through at the gateway; there are no claims of customers here. Each command
//! needs an `Idempotency-Key`, and its answer is kept under it, a 404 or 409 too: what is to be
//! tried again under other circumstances needs a new key.

use std::time::Duration;

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    encodings::Body,
};
use aws_sdk_dynamodb::{Client, types::Update};
use event_envelope::{AggregateId, instant};
use http::{Response, StatusCode};
use http_api::{CARD_NUMBER, IamCaller, Problem, Reply, Request, holds_card_number};
use idempotency::{
    Attempt, DynamoDbStore, IdempotencyConfig, UnitOfWork,
    http::{HttpLayer, IDEMPOTENCY_KEY, Keep},
};
use runtime::{Clock, Failure};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    commands::{Adjust, Command, Movement, Restock, Shards},
    movements::{MovementTable, read_movement},
    shard_cache::Spread,
    shards::{level, plan, share},
    stock::StockTable,
    stock_item::Stock,
};

/// The movement is always the first write, so that a failed condition shows that it was made
/// before.
const MOVEMENT: usize = 0;
/// When to try again after contention.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Answers requests.
#[derive(Debug, Clone)]
pub struct InventoryApi {
    stock: StockTable,
    movements: MovementTable,
    once: HttpLayer<DynamoDbStore, Asked>,
    clock: Clock,
}

/// A command, and everything that identifies it.
#[derive(Debug, Clone)]
struct Asked {
    product: AggregateId,
    command: Command,
    caller: IamCaller,
    body: Vec<u8>,
}

impl AsRef<[u8]> for Asked {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// What a command comes to: writes, or a problem.
type Decided = Result<Vec<Update>, Problem>;

impl InventoryApi {
    /// Keeps stock and its movements in these two tables; by the records of `idempotency`,
    /// each command takes effect once.
    pub fn new(
        client: Client,
        stock: String,
        movements: String,
        idempotency: IdempotencyConfig<DynamoDbStore>,
        clock: Clock,
    ) -> Self {
        let owner = |request: &http::Request<Asked>| request.body().caller.principal.clone();
        Self {
            stock: StockTable::new(client, stock),
            movements: MovementTable(movements),
            once: HttpLayer::transactional(idempotency, owner),
            clock,
        }
    }

    /// Answers one request: with stock, with what was done, or with the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        // The futures of the SDK are deep: one more layer around them is too much to compile.
        Box::pin(self.answer(&event)).await.unwrap_or_else(Into::into)
    }

    async fn answer(
        &self,
        event: &ApiGatewayV2httpRequest,
    ) -> Result<ApiGatewayV2httpResponse, Problem> {
        let request = Request::new(event);
        let caller = request.iam_caller()?;
        if request.route_key() == "GET /admin/stock/{productId}" {
            return Ok(self.show(&request.path_id("productId")?).await?.into());
        }
        let key = request.idempotency_key()?;
        let command = Command::of(request)?;
        let product = request.path_id("productId")?;
        let asked = Asked { product, command, caller, body: request.body()? };
        let (method, path) = request.route_key().split_once(' ').unwrap_or_default();
        let asked = http::Request::builder()
            .method(method)
            .uri(path.replace("{productId}", asked.product.as_str()))
            .header(IDEMPOTENCY_KEY, key)
            .body(asked)
            .map_err(|_| Problem::internal())?;
        let api = self.clone();
        let handler = service_fn(move |attempt| api.clone().carry_out(attempt));
        let answered = self.once.layer(handler).oneshot(asked).await;
        Ok(answered.map_or_else(|never| match never {}, to_gateway))
    }

    /// What there is of a product at this moment: free to be sold, and reserved.
    async fn show(&self, product: &AggregateId) -> Result<Reply, Problem> {
        let stock = self.stock.read(product, Spread::NONE.rows).await.map_err(unavailable)?;
        let stock = stock.ok_or_else(|| unknown(product))?;
        let body = json!({
            "productId": product,
            "available": stock.total(),
            "reserved": stock.reserved,
            "shards": stock.spread.shards,
        });
        Reply::json(StatusCode::OK, &body)
    }

    /// Decides on a command.
    async fn carry_out(
        self,
        attempt: Attempt<http::Request<Asked>>,
    ) -> Result<UnitOfWork<Response<String>>, Failure> {
        let Attempt { request, id, failed_conditions: refused, .. } = attempt;
        let Asked { product, command, caller, .. } = request.into_body();
        let before = refused.iter().find(|condition| condition.write == MOVEMENT);
        if let Some(item) = before.and_then(|it| it.item.clone()) {
            return Ok(UnitOfWork::new(made_before(read_movement(item)?, &command)));
        }
        let decided = match self.stock.read(&product, Spread::NONE.rows).await? {
            Some(stock) => self.decide(&product, &command, &stock, refused.is_empty())?,
            None => Err(unknown(&product)),
        };
        let updates = match decided {
            Ok(updates) => updates,
            Err(problem) => return Ok(UnitOfWork::new(decided_once(problem))),
        };
        let movement = Movement {
            product_id: product,
            movement_id: id.rsplit('#').next().unwrap_or_default().to_owned(),
            command,
            at: instant(self.clock.now()),
            by: caller.arn,
        };
        let record = self.movements.record(&movement)?;
        let unit = UnitOfWork::new(made(&movement)).write(record);
        Ok(updates.into_iter().fold(unit, UnitOfWork::write))
    }

    /// What `command` changes in `stock`, at the `first` try or when items have changed meanwhile.
    fn decide(
        &self,
        product: &AggregateId,
        command: &Command,
        stock: &Stock,
        first: bool,
    ) -> Result<Decided, Failure> {
        let shards = stock.spread.shards;
        match command {
            Command::Restock(Restock { quantity }) => self.add(product, *quantity, shards).map(Ok),
            Command::Adjust(Adjust { delta, .. }) if *delta > 0 => {
                self.add(product, delta.unsigned_abs(), shards).map(Ok)
            }
            Command::Adjust(Adjust { delta, .. }) => {
                let Some(parts) = plan(&stock.available, delta.unsigned_abs(), 0) else {
                    return Ok(Err(too_few(*delta, stock.total())));
                };
                let updates = parts.into_iter();
                let updates = updates.map(|part| self.stock.remove(product, part, shards));
                updates.collect::<Result<_, _>>().map(Ok)
            }
            Command::Spread(Shards { shards }) => {
                self.spread(product, *shards, stock, first).map(Ok)
            }
        }
    }

    fn add(
        &self,
        product: &AggregateId,
        quantity: u32,
        shards: u8,
    ) -> Result<Vec<Update>, Failure> {
        let parts = share(quantity, shards).into_iter();
        parts.map(|part| self.stock.add(product, part)).collect()
    }

    /// Orders may go on meanwhile: where they take from items that are to give something, enough
    /// of it has to be left, or it is decided again. An item that would give all it has keeps it
    /// at the second try, for orders may never stop taking; it still counts, and once the product
    /// is spread no order takes from it first any more.
    fn spread(
        &self,
        product: &AggregateId,
        shards: u8,
        stock: &Stock,
        first: bool,
    ) -> Result<Vec<Update>, Failure> {
        let before = stock.spread;
        let then = Spread { shards, rows: before.rows.max(shards) };
        let changes = (0..).zip(level(&stock.available, shards, !first));
        let update = |(shard, change)| self.stock.rebalance(product, shard, change, [before, then]);
        changes.map(update).collect()
    }
}

fn made(movement: &Movement) -> Response<String> {
    let mut body = json!(movement);
    if let Some(members) = body.as_object_mut() {
        members.remove("by");
    }
    to_http(Reply::json(StatusCode::OK, &body).map_or_else(Into::into, Into::into))
}

/// The answer to a command that was carried out, when the record of its key has expired.
fn made_before(movement: Movement, command: &Command) -> Response<String> {
    if movement.command == *command {
        return made(&movement);
    }
    let problem = Problem::unprocessable("this Idempotency-Key was used for another command")
        .kind("idempotency-key-reused", "The key was used before")
        .field("Idempotency-Key", "send a new key with a new command");
    to_http(problem.into())
}

/// A refusal is final, also one by what there was at that time: a repeated command is not carried
/// out later.
fn decided_once(problem: Problem) -> Response<String> {
    let mut response = to_http(problem.into());
    response.extensions_mut().insert(Keep::Always);
    response
}

fn unknown(product: &AggregateId) -> Problem {
    // The answer is kept. A product that there is may be called by a number that could be a card's.
    if holds_card_number(product.as_str()) {
        return Problem::bad_field("productId", CARD_NUMBER);
    }
    Problem::not_found(format!("there is no stock of {product}"))
}

fn too_few(delta: i32, available: u64) -> Problem {
    let detail =
        format!("{} are to be taken away, {available} are available", delta.unsigned_abs());
    Problem::conflict("there would be fewer than none")
        .kind("insufficient-stock", "There is too little stock")
        .field("/delta", detail)
}

fn unavailable(failure: Failure) -> Problem {
    tracing::error!(%failure, "request not carried out");
    if failure.is_retry() {
        Problem::unavailable("the stock is busy", RETRY_AFTER)
    } else {
        Problem::internal()
    }
}

fn to_http(answer: ApiGatewayV2httpResponse) -> Response<String> {
    let ApiGatewayV2httpResponse { status_code, headers, body, .. } = answer;
    let text = if let Some(Body::Text(text)) = body { text } else { String::new() };
    let mut response = Response::new(text);
    let status = u16::try_from(status_code).ok().and_then(|code| StatusCode::from_u16(code).ok());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

fn to_gateway(response: Response<String>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = i64::from(parts.status.as_u16());
    answer.headers = parts.headers;
    answer.body = Some(Body::Text(body));
    answer
}
