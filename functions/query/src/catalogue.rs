//! The catalogue, which is public.
//!
//! It has a function to itself: a rush of requests without a token takes nothing of the concurrency
//! that customers and operators wait for, and what answers it may read one table.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_sdk_dynamodb::Client;
use http::StatusCode;
use http_api::{Problem, Reply, Request, cursor};
use serde_json::json;

use crate::{
    answers::{all_of_them, unavailable},
    config::CatalogueConfig,
    products::Products,
};

/// How long a cache may keep a page of products: a price that has changed is seen a minute later.
const PRODUCTS_KEPT: Duration = Duration::from_secs(60);

/// Answers requests for products.
#[derive(Debug, Clone)]
pub struct CatalogueApi {
    products: Products,
}

impl CatalogueApi {
    /// Reads the table that `config` names.
    pub fn new(client: Client, config: &CatalogueConfig) -> Self {
        Self { products: Products::new(client, config.products.clone()) }
    }

    /// Answers one request: a page of products, or the problem with it.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::new(&event);
        let answered = match request.route_key() {
            "GET /products" => self.page(request).await,
            other => Err(Problem::not_found(format!("there is no route {other:?} here"))),
        };
        answered.map_or_else(Into::into, Into::into)
    }

    async fn page(&self, request: Request<'_>) -> Result<Reply, Problem> {
        // The list is public; its cursors still have to name an owner.
        let owner = all_of_them("anybody")?;
        let limit = request.limit()?;
        let after = request.cursor(&owner)?;
        let page = self.products.page(limit, after).await.map_err(unavailable)?;
        let mut body = json!({ "products": page.products });
        if let Some(position) = page.next {
            body["cursor"] = cursor(&owner, &position)?.into();
        }
        Ok(Reply::json(StatusCode::OK, &body)?.public(PRODUCTS_KEPT))
    }
}
