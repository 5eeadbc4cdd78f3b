//! The functions of this service, built of a configuration and a runtime. Nothing is decided here.

use http_api::observed;
use lambda::{Error, Function, Runtime, from_fn};

use crate::{
    api::QueryApi,
    catalogue::CatalogueApi,
    config::{CatalogueConfig, Config},
};

/// `query`: answers customers and operators from the read models.
///
/// # Errors
///
/// None of its own.
pub async fn query(config: Config, runtime: Runtime) -> Result<impl Function, Error> {
    let clock = runtime.clock.clone();
    let api = QueryApi::new(runtime.aws.dynamodb(), runtime.aws.sqs(), &config, clock);
    Ok(from_fn(observed(runtime.tracer, async move |request| api.handle(request).await)))
}

/// `products`: answers every caller from the catalogue of products.
///
/// # Errors
///
/// None of its own.
pub async fn products(config: CatalogueConfig, runtime: Runtime) -> Result<impl Function, Error> {
    let api = CatalogueApi::new(runtime.aws.dynamodb(), &config);
    Ok(from_fn(observed(runtime.tracer, async move |request| api.handle(request).await)))
}
