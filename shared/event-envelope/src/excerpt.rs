//! The start of a text that came from outside, for errors.

/// How much of a text that came from outside an error repeats, in characters: errors end up in
/// logs and in attributes of messages.
const EXCERPT_CHARS_MAX: usize = 64;

/// The start of `text`, short enough for an error.
pub(crate) fn excerpt(text: &str) -> &str {
    start(text, EXCERPT_CHARS_MAX)
}

/// The first `chars_max` characters of `text`.
pub(crate) fn start(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_only_the_start_of_a_long_text() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(excerpt(&"é".repeat(65)), "é".repeat(64));
    }
}
