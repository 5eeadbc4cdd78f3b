//! Text compared without regard to case, and wildcards.

/// Text to find whatever its case, character by character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded(Vec<Character>);

/// One character in both its cases; either may be several characters, as in `ß` and `SS`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Character {
    lower: String,
    upper: String,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let both = |it: char| Character {
            lower: it.to_lowercase().collect(),
            upper: it.to_uppercase().collect(),
        };
        Self(text.chars().map(both).collect())
    }

    /// What follows this text at the start of `text`.
    fn strip_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.0.iter().try_fold(text, |rest, it| {
            rest.strip_prefix(&*it.lower).or_else(|| rest.strip_prefix(&*it.upper))
        })
    }

    pub(crate) fn equals(&self, text: &str) -> bool {
        self.strip_start(text) == Some("")
    }

    pub(crate) fn starts(&self, text: &str) -> bool {
        self.strip_start(text).is_some()
    }

    pub(crate) fn ends(&self, text: &str) -> bool {
        let strip = |rest: &str, it: &Character| {
            rest.strip_suffix(&*it.lower).or_else(|| rest.strip_suffix(&*it.upper)).map(str::len)
        };
        let mut rest = text;
        for character in self.0.iter().rev() {
            let Some(length) = strip(rest, character) else { return false };
            rest = &rest[..length];
        }
        true
    }
}

/// Text with `*` for any run of characters; `\*` and `\\` stand for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard {
    /// The literal text between the stars: one piece more than there are stars.
    pieces: Vec<String>,
}

impl Wildcard {
    /// `None` where two stars stand side by side, or a backslash escapes something else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pieces = vec![];
        let mut piece = String::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '*' if characters.peek() == Some(&'*') => return None,
                '*' => pieces.push(std::mem::take(&mut piece)),
                '\\' => piece.push(characters.next_if(|it| matches!(it, '*' | '\\'))?),
                other => piece.push(other),
            }
        }
        pieces.push(piece);
        Some(Self { pieces })
    }

    /// The first and last piece are anchored, each one between is taken where it is first
    /// found: no backtracking, so the work grows with the text and the pattern only.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let [first, rest @ ..] = &*self.pieces else { return false };
        let Some(mut left) = text.strip_prefix(&**first) else { return false };
        let [between @ .., last] = rest else { return left.is_empty() };
        for piece in between {
            let Some((_, after)) = left.split_once(&**piece) else { return false };
            left = after;
        }
        left.ends_with(&**last)
    }
}

#[cfg(test)]
mod tests {
    use super::{Folded, Wildcard};

    #[test]
    fn case_is_folded_character_by_character() {
        assert!(Folded::new("straße").equals("STRASSE"));
        assert!(Folded::new("Äpfel").equals("äPFEL"));
        assert!(!Folded::new("abc").equals("abcd"));
        assert!(Folded::new("AB").starts("abc"));
        assert!(Folded::new(".PnG").ends("x.pNg"));
        assert!(!Folded::new("xx.png").ends("x.png"));
    }

    #[test]
    fn wildcards_match_as_documented() {
        for (wildcard, text, matches) in [
            ("a*c", "ac", true),
            ("a*c", "abcabc", true),
            ("a*c", "abcd", false),
            ("*", "", true),
            ("*x*", "axb", true),
            ("*x*", "ab", false),
            ("aba*aba", "aba", false),
            ("a*b*a", "aba", true),
            ("a*b*b", "ab", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "aqb", false),
            (r"a\\*", r"a\anything", true),
            ("é*", "éa", true),
        ] {
            let parsed = Wildcard::parse(wildcard).expect(wildcard);
            assert_eq!(parsed.matches(text), matches, "{wildcard} {text}");
        }
    }

    #[test]
    fn double_stars_and_stray_backslashes_are_refused() {
        for text in ["a**", r"\", r"a\b", r"\*\"] {
            assert_eq!(Wildcard::parse(text), None, "{text}");
        }
    }

    #[test]
    fn many_stars_on_long_text_end_quickly() {
        let wildcard = Wildcard::parse(&"a*".repeat(1_000)).expect("valid");
        assert!(!wildcard.matches(&"b".repeat(1_000_000)));
        assert!(
            !Wildcard::parse(&format!("{}b", "a*".repeat(1_000)))
                .expect("valid")
                .matches(&"a".repeat(1_000_000))
        );
    }
}
