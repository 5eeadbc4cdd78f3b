//! Text from clients that operators and customers read.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Whether `text` is one line of 1 to `chars_max` characters, of which all are visible: no control,
/// no break of a line, and nothing of Unicode's category Cf, which turns the direction of writing
/// or takes no room. The text is then what a reader sees. At least one character is no space.
#[must_use]
pub fn is_one_line(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.contains(is_hidden)
}

fn is_hidden(c: char) -> bool {
    matches!(
        get_general_category(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_is_seen_of_it() {
        for line in
            ["stock count", "déjà vu – 数え直し", "x", " a ", "ok \u{1f44d}", &"é".repeat(40)]
        {
            assert!(is_one_line(line, 40), "{line}");
        }
        for no_line in ["", "  ", "\u{a0}", "a\nb", "a\tb", "\u{7f}", "a\u{85}b", &"é".repeat(41)]
        {
            assert!(!is_one_line(no_line, 40), "{no_line:?}");
        }
        for hidden in [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0001}',
            '\u{e007f}',
        ] {
            assert!(!is_one_line(&format!("paid{hidden}back"), 40), "{hidden:?}");
        }
    }
}
