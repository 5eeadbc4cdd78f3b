//! A function without a runtime of Rust's, for the tests of the host: it takes what
//! `AWS_LAMBDA_RUNTIME_API` says for a host and a port, as the runtimes of other languages do, and
//! reports what it has consumed.

use std::{
    error::Error,
    io::{Read, Write},
    net::TcpStream,
};

/// Below which each path of the Runtime API lies.
const ROOT: &str = "/2018-06-01/runtime/invocation";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id: ";

#[expect(clippy::disallowed_methods, reason = "a runtime finds its work by its environment")]
fn main() -> Result<(), Box<dyn Error>> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    let (host, port) = api.split_once(':').ok_or("no port")?;
    let port: u16 = port.parse()?;
    loop {
        let next = exchange((host, port), &format!("GET {ROOT}/next"), "")?;
        let (head, event) = next.split_once("\r\n\r\n").ok_or("no body")?;
        let request_id = head.lines().find_map(|line| line.strip_prefix(REQUEST_ID));
        let path = format!("POST {ROOT}/{}/response", request_id.ok_or("no request")?);
        exchange((host, port), &path, &format!("{{\"consumed\":{event}}}"))?;
    }
}

/// One request, and all of its answer.
fn exchange(api: (&str, u16), line: &str, body: &str) -> Result<String, Box<dyn Error>> {
    let (host, port) = api;
    let mut stream = TcpStream::connect(api)?;
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
