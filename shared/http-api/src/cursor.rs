//! Cursors: where a page of a user's own list ended.
//!
//! A cursor is opaque, but not secret or signed: it holds no more than a position in a list, and
//! the list comes from the caller's claims. A forged one finds nothing that its forger
//! could not list anyway.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use event_envelope::AggregateId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Problem;

/// The longest cursor, in bytes: several times what the key of an item needs.
pub const CURSOR_BYTES_MAX: usize = 1024;

/// The content of a cursor: base64 of this as JSON. An older one ends with a 400, and the client
/// starts again.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor<'a, T> {
    #[serde(rename = "v")]
    version: u8,
    #[serde(rename = "u")]
    user: std::borrow::Cow<'a, str>,
    #[serde(rename = "p")]
    position: T,
}

/// A cursor after `position` in a list of `user`'s own, for
/// [`Request::cursor`](crate::Request::cursor) to read.
///
/// # Errors
///
/// When `position` has no JSON form, or a long one: a 500, to be returned.
pub fn cursor<T: Serialize>(user: &AggregateId, position: &T) -> Result<String, Problem> {
    let cursor = Cursor { version: VERSION, user: user.as_str().into(), position };
    let json = serde_json::to_vec(&cursor).map_err(|_| Problem::internal())?;
    let text = URL_SAFE_NO_PAD.encode(json);
    if text.len() <= CURSOR_BYTES_MAX { Ok(text) } else { Err(Problem::internal()) }
}

/// The position, if `text` is a cursor of `user`.
pub(crate) fn decode<T: DeserializeOwned>(user: &AggregateId, text: &str) -> Option<T> {
    if text.len() > CURSOR_BYTES_MAX {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    let cursor: Cursor<'_, T> = serde_json::from_slice(&json).ok()?;
    let Cursor { version, user: owner, position } = cursor;
    (version == VERSION && owner == user.as_str()).then_some(position)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(name: &str) -> AggregateId {
        AggregateId::parse(name).unwrap()
    }

    #[test]
    fn a_cursor_leads_back_to_its_position() {
        let position = ("2025-11-17T10:30:00Z".to_owned(), 7);
        let text = cursor(&user("ann"), &position).unwrap();
        assert!(text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_'));
        assert_eq!(decode(&user("ann"), &text), Some(position));
    }

    #[test]
    fn another_users_cursor_is_none() {
        let text = cursor(&user("ann"), &1).unwrap();
        assert_eq!(decode::<u8>(&user("bob"), &text), None);
    }

    #[test]
    fn another_version_or_shape_is_none() {
        for json in [
            r#"{"v":2,"u":"ann","p":1}"#,
            r#"{"v":1,"u":"ann","p":"1"}"#,
            r#"{"v":1,"u":"ann","p":1,"x":1}"#,
            r#"{"v":1,"u":"bob","u":"ann","p":1}"#,
            r#"{"v":1,"u":"ann"}"#,
            "[]",
        ] {
            assert_eq!(decode::<u8>(&user("ann"), &URL_SAFE_NO_PAD.encode(json)), None, "{json}");
        }
        assert_eq!(decode::<u8>(&user("ann"), &"A".repeat(CURSOR_BYTES_MAX + 1)), None);
        assert_eq!(cursor(&user("ann"), &"x".repeat(1024)).unwrap_err().status(), 500);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,60}") {
            prop_assert_eq!(decode::<u8>(&user("ann"), &text), None);
        }
    }
}
