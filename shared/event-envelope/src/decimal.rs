//! Numbers exactly as JSON writes them, however many digits they have.

use std::fmt;

/// A number of JSON, to the last digit: `1`, `1.0` and `10e-1` are equal, `0.1` and
/// `0.10000000000000000001` are not.
///
/// `serde_json` reads a number that fits no 64 bits as the nearest double, which many others have
/// in common.
///
/// ```
/// use event_envelope::Decimal;
///
/// let read = |text| Decimal::parse(text).unwrap();
/// assert_eq!(read("1e2"), read("100.0"));
/// assert_ne!(read("18446744073709551616"), read("18446744073709551617"));
/// assert_eq!(read("1.50").to_string(), "1.5");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Without zeros at either end; none at all for zero.
    digits: String,
    /// Where the point is, counted from before the first digit.
    point: i64,
}

/// Up to how many digits before the point, and zeros after it, a number is written without an
/// exponent.
const PLAIN: (i64, i64) = (21, 6);

impl Decimal {
    /// Reads `text` by the grammar of JSON. None when it is no number, or has an exponent of more
    /// than 32 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let exponent_digits =
            exponent.map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits));
        let parts = [Some(whole), fraction, exponent_digits];
        let leads_with_zero = whole.len() > 1 && whole.starts_with('0');
        if leads_with_zero || !parts.into_iter().flatten().all(are_digits) {
            return None;
        }
        let all = [whole, fraction.unwrap_or_default()].concat();
        let significant = all.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self { negative: false, digits: String::new(), point: 0 });
        }
        let exponent: i32 = exponent.map_or(Some(0), |digits| digits.parse().ok())?;
        let zeros = all.len() - significant.len();
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        Some(Self {
            negative,
            digits: significant.trim_end_matches('0').to_owned(),
            point: point + i64::from(exponent),
        })
    }

    /// How many digits it needs, without zeros at either end.
    pub fn significant_digits(&self) -> usize {
        self.digits.len()
    }

    /// The exponent in scientific notation, such as 2 for 123; none for zero.
    pub fn exponent(&self) -> Option<i64> {
        (!self.digits.is_empty()).then(|| self.point - 1)
    }

    /// Whether it is a whole number.
    pub fn is_whole(&self) -> bool {
        i64::try_from(self.digits.len()).is_ok_and(|length| length <= self.point.max(0))
    }
}

/// The shortest text of the number that has no exponent unless it is very large or small, the same
/// for equal ones.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digits = self.digits.as_str();
        let point = self.point;
        let (whole_max, zeros_max) = PLAIN;
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
        let split = |at: i64| digits.split_at_checked(usize::try_from(at).ok()?);
        if digits.is_empty() {
            f.write_str("0")
        } else if self.is_whole() && point <= whole_max {
            let length = i64::try_from(digits.len()).unwrap_or(point);
            write!(f, "{digits}{}", zeros(point - length))
        } else if point > 0
            && point <= whole_max
            && let Some((whole, fraction)) = split(point)
        {
            write!(f, "{whole}.{fraction}")
        } else if point <= 0 && -point < zeros_max {
            write!(f, "0.{}{digits}", zeros(-point))
        } else {
            let (first, rest) = split(1).unwrap_or((digits, ""));
            let dot = if rest.is_empty() { "" } else { "." };
            write!(f, "{first}{dot}{rest}e{}", point - 1)
        }
    }
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_have_one_text() {
        for (texts, written) in [
            (&["0", "-0", "0.000", "0e7", "-0.0e99999999999"][..], "0"),
            (&["1", "1.0", "1e0", "10e-1", "0.001E+3"], "1"),
            (&["-100", "-1e2", "-100.00"], "-100"),
            (&["18446744073709551617"], "18446744073709551617"),
            (&["0.1", "1e-1", "0.10"], "0.1"),
            (&["19.99", "1999e-2"], "19.99"),
            (&["0.000001", "1e-6"], "0.000001"),
            (&["0.0000001", "1e-7"], "1e-7"),
            (&["1e300", "10.0E+299"], "1e300"),
            (&["-1.25e-130"], "-1.25e-130"),
            (&["123456789012345678901234567890"], "1.2345678901234567890123456789e29"),
        ] {
            for text in texts {
                assert_eq!(Decimal::parse(text).unwrap().to_string(), written, "{text}");
            }
            assert_eq!(Decimal::parse(written), Decimal::parse(texts[0]));
        }
    }

    #[test]
    fn what_is_no_number_of_json_is_none() {
        for text in
            ["", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1 ", "NaN", "1e99999999999"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn its_size_is_known() {
        for (text, digits, exponent, whole) in [
            ("0", 0, None, true),
            ("120", 2, Some(2), true),
            ("0.00120", 2, Some(-3), false),
            ("9.9e125", 2, Some(125), true),
            ("1.5", 2, Some(0), false),
        ] {
            let number = Decimal::parse(text).unwrap();
            assert_eq!(
                (number.significant_digits(), number.exponent(), number.is_whole()),
                (digits, exponent, whole)
            );
        }
    }
}
