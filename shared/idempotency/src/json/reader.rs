//! From a text to its value.

use std::collections::BTreeMap;

use event_envelope::Decimal;

#[cfg(feature = "jmespath")]
use super::EXACT;
use super::{DEPTH_MAX, Json, JsonError, excerpt};

/// Goes through a text once, from its beginning.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past `byte` if it is the next one that is not blank.
    fn takes(&mut self, byte: u8) -> bool {
        self.blanks();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.takes(byte) { Ok(()) } else { Err(JsonError::Syntax(self.at)) }
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth == DEPTH_MAX => Err(JsonError::TooDeep),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.expect(b'{')?;
        let mut members = BTreeMap::new();
        if self.takes(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.string()?;
            if members.contains_key(&name) {
                return Err(JsonError::Repeated(excerpt(&name)));
            }
            #[cfg(feature = "jmespath")]
            if name == EXACT {
                return Err(JsonError::Reserved(name));
            }
            self.expect(b':')?;
            members.insert(name, self.value(depth)?);
            if !self.takes(b',') {
                self.expect(b'}')?;
                return Ok(Json::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.expect(b'[')?;
        let mut values = Vec::new();
        if self.takes(b']') {
            return Ok(Json::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            if !self.takes(b',') {
                self.expect(b']')?;
                return Ok(Json::List(values));
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let begin = self.at;
        if self.peek() != Some(b'"') {
            return Err(JsonError::Syntax(begin));
        }
        self.at += 1;
        while let Some(byte) = self.peek() {
            // What is escaped does not end the string.
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                let literal = self.text.get(begin..self.at).unwrap_or_default();
                return serde_json::from_str(literal).map_err(|_| JsonError::Syntax(begin));
            }
        }
        Err(JsonError::Syntax(begin))
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let begin = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.peek() {
            self.at += 1;
        }
        let literal = self.text.get(begin..self.at).unwrap_or_default();
        match Decimal::parse(literal) {
            Some(_) => Ok(Json::Number(literal.to_owned())),
            None => Err(JsonError::Number(excerpt(literal))),
        }
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        let rest = self.text.get(self.at..).unwrap_or_default();
        for (word, value) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(JsonError::Syntax(self.at))
    }
}
