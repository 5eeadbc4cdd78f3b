//! What the worst bodies take of memory, stack and time, at the largest size that is decoded.
#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    iter, thread,
    time::{Duration, Instant},
};

use event_envelope::{DecodeError, Decoder};
use serde_json::json;

const BYTES: usize = 256 * 1024;
/// Room for what is around the part that fills a body.
const FRAME_BYTES: usize = 400;

/// Decodes `body` under a count of what it takes: little memory, stack and time.
#[track_caller]
fn decode(decoder: Decoder, body: String) -> Result<(), DecodeError> {
    let bytes = body.len() as u64;
    let decoding = move || {
        let mut decoded = Ok(());
        let start = Instant::now();
        let taken = allocation_counter::measure(|| {
            decoded = decoder.decode::<()>(body.as_bytes()).map(drop);
        });
        (taken, start.elapsed(), decoded)
    };
    let small_stack = thread::Builder::new().stack_size(256 * 1024);
    let (taken, elapsed, decoded) = small_stack.spawn(decoding).unwrap().join().unwrap();
    assert!(taken.bytes_max <= 4096 + 150 * bytes, "{taken:?} for {bytes} bytes");
    assert!(taken.count_total <= 200 + 2 * bytes, "{taken:?} for {bytes} bytes");
    // Generous to a slow machine: what is quadratic takes minutes.
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?} for {bytes} bytes");
    decoded
}

/// An event with this `data`.
fn event(data: &str) -> String {
    format!(
        r#"{{"eventId":"e","eventType":"A","eventVersion":"2.0","timestamp":"2026-01-31T10:30:00Z",
        "source":"s","correlationId":"c","aggregateId":"agg","sequenceNumber":1,"data":{data}}}"#
    )
}

/// As many of `pieces` as fit a body, in rows of nine thousand.
fn rows([open, close]: [char; 2], pieces: impl Iterator<Item = String>) -> String {
    let mut rows = format!("[{open}");
    for (at, piece) in pieces.enumerate() {
        if rows.len() + piece.len() > BYTES - FRAME_BYTES {
            break;
        }
        if at > 0 {
            rows.push_str(&if at % 9_000 == 0 { format!("{close},{open}") } else { ",".into() });
        }
        rows.push_str(&piece);
    }
    rows.push(close);
    rows + "]"
}

fn list(piece: &str) -> String {
    rows(['[', ']'], iter::repeat(piece.to_owned()))
}

#[test]
fn the_worst_events_take_little() {
    let deep = |open: &str, close: &str| list(&(open.repeat(26) + "0" + &close.repeat(26)));
    let keys = |key: fn(usize) -> String| rows(['{', '}'], (0..).map(key));
    for (name, data) in [
        ("numbers", list("0")),
        ("numbers that are longer when they are written", list("1e15")),
        ("objects", list("{\"\":0}")),
        ("arrays", list("[0]")),
        ("deep objects", deep("{\"\":", "}")),
        ("deep arrays", deep("[", "]")),
        ("keys that begin alike", keys(|at| format!("\"kkkkkkkkkkkkkkkkkkkkkkkk{at}\":0"))),
        ("short keys", keys(|at| format!("\"{at}\":0"))),
        ("escapes", format!("\"{}\"", "\\u0000".repeat((BYTES - FRAME_BYTES) / 6))),
        ("digits", format!("0.{}", "3".repeat(BYTES - FRAME_BYTES))),
    ] {
        let body = event(&data);
        assert!((BYTES - 1000..=BYTES).contains(&body.len()), "{name}: {} bytes", body.len());
        println!("{name}");
        decode(Decoder::current(), body).unwrap();
        println!("{name}, without an envelope");
        let flat = json!({
            "eventType": "A", "source": "s", "timestamp": "2026-01-31T10:30:00", "orderId": "o"
        });
        let flat = flat.to_string().replace("\"o\"", &format!("\"o\",\"rest\":{data}"));
        decode(Decoder::new("orderId"), flat).unwrap();
    }
}

#[test]
fn the_worst_refused_body_takes_little_memory_and_a_short_error() {
    let endless = |old: &str, piece: &str| {
        event("0").replacen(old, &piece.repeat((BYTES - FRAME_BYTES) / piece.len()), 1)
    };
    let notification =
        |inner: String| json!({ "Type": "Notification", "Message": inner }).to_string();
    let key_again = rows(['{', '}'], (0..9_000).map(|at| format!("\"{:022}\":0", at % 8_999)));
    for (name, body) in [
        ("openings", "[".repeat(BYTES)),
        ("openings of objects", "{\"\":".repeat(BYTES / 4)),
        ("a number", "9".repeat(BYTES)),
        ("an exponent", "1e".to_owned() + &"9".repeat(BYTES - 2)),
        ("a text", "\"".to_owned() + &"\\\\".repeat(BYTES / 2 - 1)),
        (
            "a text that is broken at its end",
            "\"".to_owned() + &"é".repeat(BYTES / 2 - 2) + "\u{1}",
        ),
        ("spaces", " ".repeat(BYTES)),
        ("one byte too many", " ".repeat(BYTES + 1)),
        ("a key that is there again at the end", event(&key_again)),
        ("an id", endless("agg", "a")),
        ("a type", endless("A", "A")),
        ("a version", endless("2.0", "0")),
        ("a time", endless("10:30", "1")),
        ("openings in a notification", notification("[".repeat(BYTES - FRAME_BYTES))),
        ("notifications", (0..13).fold(String::new(), |inner, _| notification(inner))),
    ] {
        println!("{name}: {} bytes", body.len());
        for decoder in [Decoder::current(), Decoder::new("orderId")] {
            let error = decode(decoder, body.clone()).unwrap_err().to_string();
            assert!((10..400).contains(&error.len()), "{error}");
            println!("{error}");
        }
    }
}
