//! The ports of a stack, all of them on the loopback interface.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::{Router, serve::ListenerExt};
use local_core::guarded;
use tokio::{net::TcpListener, task::JoinSet};

use super::{StackError, options::Ports};

const ENDPOINT: Purpose = Purpose { offset: 0, name: "the AWS endpoint" };
const API: Purpose = Purpose { offset: 2, name: "the HTTP API" };
const SOCKETS: Purpose = Purpose { offset: 4, name: "the WebSocket API" };
const EXTERNAL: Purpose = Purpose { offset: 3, name: "what stands in for the world outside AWS" };

#[derive(Debug, Clone, Copy)]
struct Purpose {
    /// Above the first port.
    offset: u16,
    name: &'static str,
}

/// What a stack listens on.
pub(super) struct Listeners {
    pub(super) endpoint: TcpListener,
    /// The same port over IPv6, which `cargo lambda invoke` goes to first. Not every machine has
    /// it.
    pub(super) endpoint_v6: Option<TcpListener>,
    pub(super) api: TcpListener,
    pub(super) external: TcpListener,
    pub(super) sockets: TcpListener,
}

impl Listeners {
    pub(super) async fn bind(ports: Ports) -> Result<Self, StackError> {
        let endpoint = bind(ports, ENDPOINT).await?;
        Ok(Self {
            endpoint_v6: bind_v6(ports, port_of(&endpoint)).await?,
            endpoint,
            api: bind(ports, API).await?,
            external: bind(ports, EXTERNAL).await?,
            sockets: bind(ports, SOCKETS).await?,
        })
    }
}

pub(super) fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().map_or(0, |address| address.port())
}

pub(super) fn url_of(listener: &TcpListener) -> String {
    url_at(port_of(listener))
}

pub(super) fn url_at(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

async fn bind(ports: Ports, purpose: Purpose) -> Result<TcpListener, StackError> {
    let port = match ports {
        Ports::Any => 0,
        Ports::From(first) => {
            first.checked_add(purpose.offset).ok_or(StackError::PortTooHigh(first))?
        }
    };
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    TcpListener::bind(address).await.map_err(|source| StackError::Port {
        port,
        purpose: purpose.name,
        source,
    })
}

async fn bind_v6(ports: Ports, port: u16) -> Result<Option<TcpListener>, StackError> {
    let address = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        // On a fixed port another process would answer in our place.
        Err(source) if source.kind() == io::ErrorKind::AddrInUse && ports != Ports::Any => {
            Err(StackError::Port { port, purpose: ENDPOINT.name, source })
        }
        Err(_) => Ok(None),
    }
}

/// Serves `router` to this machine until the task is aborted, also to clients that know it by the
/// port `proxy` before it. Handlers learn who called.
pub(super) fn serve(
    servers: &mut JoinSet<()>,
    listener: TcpListener,
    proxy: Option<u16>,
    router: Router,
) {
    let ports: Vec<u16> = proxy.into_iter().chain([port_of(&listener)]).collect();
    let service = guarded(router, ports).into_make_service_with_connect_info::<SocketAddr>();
    // Answers are small, and a client waits for each.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    servers.spawn(async move {
        // It ends only with its task.
        let _ = axum::serve(listener, service).await;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_what_it_is_for() {
        // Below the ports that the system hands out, so that only one of them is taken.
        let mut first = 30_000;
        let _taken = loop {
            match TcpListener::bind(("127.0.0.1", first + API.offset)).await {
                Ok(taken) => break taken,
                Err(_) => first += 10,
            }
        };
        let error = Listeners::bind(Ports::From(first)).await.err().unwrap().to_string();
        let port = first + API.offset;
        assert!(error.contains(&format!("port {port} (the HTTP API)")), "{error}");
        assert!(error.contains("--port"), "{error}");
    }

    #[tokio::test]
    async fn ports_beyond_the_last_are_refused() {
        let error = Listeners::bind(Ports::From(u16::MAX - 1)).await.err().unwrap();
        assert!(matches!(error, StackError::PortTooHigh(_) | StackError::Port { .. }), "{error}");
    }
}
