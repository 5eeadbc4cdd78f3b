//! Inputs that are almost events: a seed, changed, wrapped and damaged.

use arbitrary::{Arbitrary, Unstructured};
use serde_json::{Map, Value, json};

use crate::seeds::SEEDS;

/// How to make a body.
#[derive(Debug, Clone, Arbitrary)]
pub(crate) struct Input {
    seed: u8,
    changes: Vec<Change>,
    wrappings: Vec<Wrapping>,
    damages: Vec<Damage>,
}

impl Input {
    /// The body.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut value = SEEDS[usize::from(self.seed) % SEEDS.len()].clone();
        // Enough of each: more only takes longer.
        for change in self.changes.iter().take(8) {
            change.apply(&mut value);
        }
        for wrapping in self.wrappings.iter().take(4) {
            value = wrapping.wrap(value);
        }
        let mut body = value.to_string().into_bytes();
        for damage in self.damages.iter().take(4) {
            damage.apply(&mut body);
        }
        body
    }
}

/// A change of the JSON value: of its `place`-th node, counted through the whole tree.
#[derive(Debug, Clone, Arbitrary)]
enum Change {
    Set { place: u8, to: Odd },
    Put { place: u8, field: u8, to: Odd },
    Move { place: u8, field: u8 },
    Remove { place: u8, field: u8 },
    Nest { place: u8, levels: u8, in_object: bool },
    Widen { place: u8, elements: u16 },
    Hide { place: u8 },
    Time { place: u8, to: Time },
}

impl Change {
    fn apply(&self, root: &mut Value) {
        match self {
            Self::Set { place, to } => *node(root, *place) = to.value(),
            Self::Put { place, field, to } => {
                if let Some(object) = object(root, *place) {
                    object.insert(name(*field), to.value());
                }
            }
            Self::Move { place, field } => {
                if let Some(object) = object(root, *place)
                    && let Some(key) = object.keys().nth(usize::from(*field) % 8).cloned()
                {
                    let value = object.remove(&key).unwrap_or_default();
                    object.insert(name(field.wrapping_mul(31)), value);
                }
            }
            Self::Remove { place, field } => {
                if let Some(object) = object(root, *place)
                    && let Some(key) = object.keys().nth(usize::from(*field) % 12).cloned()
                {
                    object.remove(&key);
                }
            }
            Self::Nest { place, levels, in_object } => {
                let node = node(root, *place);
                // Around the limit, which is where it is decided.
                for _ in 0..levels % 40 {
                    let inner = node.take();
                    *node = if *in_object { json!({ "a": inner }) } else { json!([inner]) };
                }
            }
            Self::Widen { place, elements } => {
                // Rarely around the limit: it takes long.
                let elements =
                    if *elements > 65_000 { elements % 5 + 9_998 } else { elements % 50 };
                let node = node(root, *place);
                let elements = usize::from(elements).min(20_000 / count(node));
                *node = Value::Array(vec![node.take(); elements]);
            }
            Self::Hide { place } => {
                let node = node(root, *place);
                *node = json!({ "$serde_json::private::RawValue": node.to_string() });
            }
            Self::Time { place, to } => {
                let node = node(root, *place);
                match node.get_mut("timestamp") {
                    Some(timestamp) => *timestamp = to.text().into(),
                    None => *node = to.text().into(),
                }
            }
        }
    }
}

/// A value that may stand anywhere.
#[derive(Debug, Clone, Arbitrary)]
enum Odd {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Edge(u8),
    Float(f64),
    Text(String),
    Known(u8),
    Empty(bool),
}

impl Odd {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Unsigned(value) => (*value).into(),
            Self::Edge(at) => EDGES[usize::from(*at) % EDGES.len()].into(),
            Self::Float(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Known(at) => TEXTS[usize::from(*at) % TEXTS.len()].into(),
            Self::Empty(in_object) => {
                if *in_object {
                    json!({})
                } else {
                    json!([])
                }
            }
        }
    }
}

/// A time, more often than not at an end of what can be written.
#[derive(Debug, Clone, Arbitrary)]
struct Time {
    year: u8,
    #[arbitrary(with = |u: &mut Unstructured<'_>| u.int_in_range(0..=14))]
    month: u8,
    #[arbitrary(with = |u: &mut Unstructured<'_>| u.int_in_range(0..=33))]
    day: u8,
    #[arbitrary(with = |u: &mut Unstructured<'_>| u.int_in_range(0..=26))]
    hour: u8,
    #[arbitrary(with = |u: &mut Unstructured<'_>| u.int_in_range(0..=62))]
    minute: u8,
    #[arbitrary(with = |u: &mut Unstructured<'_>| u.int_in_range(0..=62))]
    second: u8,
    fraction: Option<u32>,
    offset: u8,
}

impl Time {
    fn text(&self) -> String {
        let Self { month, day, hour, minute, second, .. } = self;
        let year = ["0000", "0001", "1970", "2024", "9999", "-0001", "10000"];
        let year = year[usize::from(self.year) % year.len()];
        let offset = ["Z", "", "+00:00", "+23:59", "-23:59", "+01:00", "-00:30", "z", "+25:00"];
        let offset = offset[usize::from(self.offset) % offset.len()];
        let fraction = self.fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
        // Half of them near the first or the last second of their year.
        let (month, day, hour) = match self.offset / 64 {
            0 => (12, 31, 23),
            1 => (1, 1, 0),
            _ => (*month, *day, *hour),
        };
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
    }
}

/// A way in which AWS hands an event on.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(crate) enum Wrapping {
    Bus,
    Replay,
    Notification,
}

impl Wrapping {
    pub(crate) fn wrap(self, inner: Value) -> Value {
        let field = |field: &str| inner.get(field).cloned().unwrap_or_else(|| "unknown".into());
        match self {
            Self::Bus => json!({
                "version": "0", "id": "b1", "detail-type": field("eventType"),
                "source": field("source"), "account": "000000000000", "region": "us-east-1",
                "time": "2025-11-17T10:30:01Z", "resources": [], "detail": inner
            }),
            Self::Replay => {
                let mut event = Self::Bus.wrap(inner);
                event["replay-name"] = "friday".into();
                event
            }
            Self::Notification => json!({
                "Type": "Notification", "MessageId": "m1", "TopicArn": "arn:aws:sns:::topic",
                "Message": inner.to_string(), "Timestamp": "2025-11-17T10:30:02.000Z"
            }),
        }
    }
}

/// A change of the text.
#[derive(Debug, Clone, Arbitrary)]
enum Damage {
    Flip { at: u16, to: u8 },
    Cut { at: u16, bytes: u8 },
    End { at: u16 },
    Insert { at: u16, with: u8 },
    Copy { from: u16, bytes: u8, to: u16, times: u8 },
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        let within = |at: u16, body: &[u8]| usize::from(at) % (body.len() + 1);
        match *self {
            Self::Flip { at, to } => {
                let at = within(at, body);
                if let Some(byte) = body.get_mut(at) {
                    *byte = to;
                }
            }
            Self::Cut { at, bytes } => {
                let at = within(at, body);
                let end = body.len().min(at + usize::from(bytes));
                body.drain(at..end);
            }
            Self::End { at } => body.truncate(within(at, body)),
            Self::Insert { at, with } => {
                let at = within(at, body);
                body.splice(at..at, token(with).iter().copied());
            }
            Self::Copy { from, bytes, to, times } => {
                let (from, to) = (within(from, body), within(to, body));
                let end = body.len().min(from + usize::from(bytes));
                let piece = body[from..end].repeat(usize::from(times));
                body.splice(to..to, piece);
            }
        }
    }
}

/// One of the pieces of which JSON, or what looks like it, is made.
pub(crate) fn token(at: u8) -> &'static [u8] {
    TOKENS[usize::from(at) % TOKENS.len()]
}

/// The `place`-th node of the tree under `root`, or one of it if there are not so many.
fn node(root: &mut Value, place: u8) -> &mut Value {
    let mut left = usize::from(place) % count(root).min(256);
    let mut node = root;
    loop {
        if left == 0 {
            return node;
        }
        left -= 1;
        let children: Box<dyn Iterator<Item = &mut Value>> = match node {
            Value::Object(members) => Box::new(members.values_mut()),
            Value::Array(elements) => Box::new(elements.iter_mut()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                unreachable!("a leaf has no nodes under it")
            }
        };
        node = children
            .filter_map(|child| {
                let nodes = count(child);
                let is_here = left < nodes;
                if !is_here {
                    left -= nodes;
                }
                is_here.then_some(child)
            })
            .next()
            .unwrap();
    }
}

fn object(root: &mut Value, place: u8) -> Option<&mut Map<String, Value>> {
    node(root, place).as_object_mut()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn name(at: u8) -> String {
    NAMES[usize::from(at) % NAMES.len()].to_owned()
}

const NAMES: &[&str] = &[
    "eventId",
    "eventType",
    "eventVersion",
    "timestamp",
    "source",
    "correlationId",
    "causationId",
    "aggregateId",
    "sequenceNumber",
    "data",
    "metadata",
    "actor",
    "reason",
    "traceparent",
    "depth",
    "userId",
    "orderId",
    "detail",
    "detail-type",
    "replay-name",
    "time",
    "Type",
    "Message",
    "Records",
    "",
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
];

const EDGES: &[u64] = &[
    0,
    1,
    31,
    32,
    33,
    u32::MAX as u64,
    u32::MAX as u64 + 1,
    1 << 53,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX,
];

const TEXTS: &[&str] = &[
    "",
    "1.0",
    "1.99",
    "2.0",
    "01.00",
    "65535.65535",
    "65536.0",
    "1",
    "Notification",
    "OrderCreated",
    "order-service",
    "order-1",
    "2025-11-17T10:30:00",
    "2025-W46-1T10:30:00",
    "2025-11-17T10:30:00.1234567891234Z",
    "2016-12-31T23:59:60Z",
    "{}",
    "[",
    "null",
    "\u{202e}",
];

const TOKENS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"1e999",
    b"-1e-999",
    b"-0",
    b"1e5",
    b"18446744073709551616",
    b"0.1e-6",
    b"5e-324",
    b"null",
    b"true",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xef\xbb\xbf",
    b"\0",
    b"\n",
    b"\"data\":1,",
    b"\"eventId\":\"evt_9\",",
    b"\"replay-name\":[],",
    b"\"Type\":\"Notification\",",
];
