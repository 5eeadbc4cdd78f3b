//! Numbers of payment cards. An order is kept as events for years, and a card number must not be in
//! them: whoever stores one is bound by PCI DSS.

use std::ops::RangeInclusive;

/// How many digits a card number has.
/// Source: ISO/IEC 7812, as in <https://en.wikipedia.org/wiki/Payment_card_number>.
const DIGITS: RangeInclusive<usize> = 13..=19;

/// Whether `text` is a card number, in groups or not, with or without a word before it.
///
/// A provider's token has letters among its digits, and is none.
pub(crate) fn is_card_number(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| c.is_ascii_alphabetic() || is_separator(c));
    let digits: Option<Vec<u32>> =
        number.chars().filter(|c| !is_separator(*c)).map(|c| c.to_digit(10)).collect();
    // Card networks begin with 2 to 6.
    digits.is_some_and(|digits| {
        DIGITS.contains(&digits.len()) && matches!(digits[0], 2..=6) && has_check_digit(&digits)
    })
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_')
}

/// Luhn's check: every second digit from the right counts twice, and the sum ends in 0.
fn has_check_digit(digits: &[u32]) -> bool {
    let from_right = digits.iter().rev().enumerate();
    let counted = from_right.map(|(place, digit)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, twice) => twice / 10 + twice % 10,
    });
    counted.sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_card_networks_are_known() {
        for number in [
            "4242424242424242",
            "4242-4242-4242-4242",
            "card_5555555555554444",
            "378282246310005",
            "6011111111111117",
            "4222222222222",
            "2223003122003222",
        ] {
            assert!(is_card_number(number), "{number}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for other in [
            "",
            "pm_card_visa",
            "pm_1NxTf2eZvKYlo2C4242424242",
            "4242424242424241",
            "0000000000000000",
            "424242424242",
            "42424242424242424242",
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
        ] {
            assert!(!is_card_number(other), "{other}");
        }
    }
}
