//! The one pool of HTTP connections: over TLS to hosts that the roots certify, and over plain
//! HTTP.

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

use crate::{EnvError, Proxy, Timeouts, config::CA_BUNDLE};

/// A pool that all clients share. The SDK would build one per client, and read the roots each time.
pub(crate) fn pool(
    roots: TrustStore,
    timeouts: Timeouts,
    proxy: Proxy,
) -> Result<SharedHttpConnector, EnvError> {
    let tls = TlsContext::builder().with_trust_store(roots).build();
    let tls = tls
        .map_err(|source| EnvError::Untrusted { variable: CA_BUNDLE, source: Box::new(source) })?;
    let settings = HttpConnectorSettings::builder().connect_timeout(timeouts.connect);
    let proxy = match proxy {
        Proxy::None => ProxyConfig::disabled(),
        Proxy::Environment => ProxyConfig::from_env(),
    };
    let connector = Connector::builder()
        .proxy_config(proxy)
        .connector_settings(settings.build())
        .sleep_impl(TokioSleep::new())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build();
    Ok(SharedHttpConnector::new(connector))
}
