//! Numbers, compared by value.

use serde_json::Number;

/// The number as a double, if the double stands for exactly this number: Event Ruler compares
/// doubles, and leaves out what would be rounded.
pub(crate) fn exact(number: &Number) -> Option<f64> {
    let double = number.as_f64()?;
    let is_integer = number.is_i64() || number.is_u64();
    // A double prints the shortest digits that read back as itself.
    (!is_integer || format!("{double}") == number.to_string()).then_some(double)
}

/// Whether two numbers have the same value: `300`, `300.0` and `3e2` do.
pub(crate) fn same(left: &Number, right: &Number) -> bool {
    match (exact(left), exact(right)) {
        (Some(left), Some(right)) => left == right,
        // Integers past a double's precision: only the same digits are the same.
        _ => left == right,
    }
}

/// A bound of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: f64,
    pub(crate) inclusive: bool,
}

/// What `numeric` accepts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Range {
    pub(crate) bottom: Option<Bound>,
    pub(crate) top: Option<Bound>,
}

impl Range {
    /// The single value.
    pub(crate) fn only(value: f64) -> Self {
        let bound = Some(Bound { value, inclusive: true });
        Self { bottom: bound, top: bound }
    }

    /// Whether `number` lies in the range.
    pub(crate) fn contains(self, number: &Number) -> bool {
        let Some(value) = exact(number) else { return false };
        let above = |it: Bound| value > it.value || (it.inclusive && value == it.value);
        let below = |it: Bound| value < it.value || (it.inclusive && value == it.value);
        self.bottom.is_none_or(above) && self.top.is_none_or(below)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Number, json};

    use super::{exact, same};

    fn number(text: &str) -> Number {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn numbers_are_the_same_by_value() {
        assert!(same(&number("300"), &number("300.0")));
        assert!(same(&number("3e2"), &number("300")));
        assert!(same(&number("0"), &number("-0.0")));
        assert!(!same(&number("300"), &number("300.0001")));
    }

    #[test]
    fn integers_past_a_doubles_precision_are_told_apart() {
        assert!(!same(&number("9007199254740993"), &number("9007199254740992")));
        assert!(same(&number("9007199254740993"), &number("9007199254740993")));
        assert_eq!(exact(&number("9007199254740993")), None);
        assert_eq!(exact(&number("-42")), Some(-42.0));
        assert_eq!(json!(exact(&number("0.1"))), json!(0.1));
    }
}
