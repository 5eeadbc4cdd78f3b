//! The names that people give.

use crate::limits::NAME_CHARACTERS_MAX;

/// What neither the name of a state machine nor that of an execution may contain, besides white
/// space and control characters.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// Whether a state machine or an execution may have this name.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>.
pub(crate) fn is_resource_name(name: &str) -> bool {
    let is_ok = |it: char| {
        !it.is_whitespace()
            && !it.is_control()
            && !FORBIDDEN.contains(it)
            && !matches!(it, '\u{fffe}' | '\u{ffff}' | '\u{10ffff}')
    };
    fits(name) && name.chars().all(is_ok)
}

/// Whether a variable may have this name: that of a `JSONata` variable, without its `$`.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>.
pub(crate) fn is_variable(name: &str) -> bool {
    let is_start = |it: char| it.is_alphabetic() || it == '_';
    fits(name)
        && name != "states"
        && name.starts_with(is_start)
        && name.chars().all(|it| is_start(it) || it.is_numeric())
}

/// Whether a name is 1 to 80 characters long.
pub(crate) fn fits(name: &str) -> bool {
    (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count())
}

#[cfg(test)]
mod tests {
    use super::{is_resource_name, is_variable};

    #[test]
    fn a_name_is_short_and_without_what_has_a_meaning_elsewhere() {
        for name in ["order-1", "a.b(c)!", "bestellung-ü", &"x".repeat(80)] {
            assert!(is_resource_name(name), "{name}");
        }
        for name in ["", "a b", "a:b", "a/b", "a\tb", "a\u{7f}", "$", &"x".repeat(81)] {
            assert!(!is_resource_name(name), "{name}");
        }
    }

    #[test]
    fn a_variable_is_an_identifier_and_not_the_reserved_one() {
        for name in ["order", "order_2", "_x", "größe"] {
            assert!(is_variable(name), "{name}");
        }
        for name in ["", "states", "2x", "a.b", "a[0]", "a-b", "$a"] {
            assert!(!is_variable(name), "{name}");
        }
    }
}
