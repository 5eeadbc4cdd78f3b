//! Numbers of payment cards. Names and reasons that clients send are stored for years, and must not
//! contain a card number: a system that stores one is bound by PCI DSS.

use std::ops::RangeInclusive;

/// How many digits a card number has.
/// Source: ISO/IEC 7812, as in <https://en.wikipedia.org/wiki/Payment_card_number>.
const DIGITS: RangeInclusive<usize> = 13..=19;
/// The most signs between two groups of digits.
const SEPARATORS_MAX: usize = 3;
/// From this length on, a word of hexadecimal digits is a hash.
const HASH_CHARS_MIN: usize = 32;
/// The zeros of the digits that people type, each followed by its nine others: ASCII, Arabic, those
/// of Persian and Urdu, full width.
const ZEROS: [char; 4] = ['0', '\u{660}', '\u{6f0}', '\u{ff10}'];

/// The detail for a client whose field [holds a card number](holds_card_number).
pub const CARD_NUMBER: &str =
    "holds the number of a payment card, which must not be kept: send a token or leave it out";

/// Whether a card number is anywhere in `text`: 13 to 19 digits, in groups or not, that begin as
/// those of an issuer, are as many as that issuer's cards have, and pass Luhn's check.
///
/// A number begins and ends with a group of digits: letters and signs may be right beside it, so
/// that a word before it or a code after it does not hide it. Digits apart from each other by
/// spaces, dashes, dots, slashes or underscores belong together; a colon or a comma ends a number,
/// as in times and lists.
///
/// UUIDs and hashes in hexadecimal are none, whatever digits follow each other in them, and neither
/// are times in milliseconds, microseconds or nanoseconds, for no issuer has their beginnings. Of
/// other numbers with as many digits as a card, one in some forty is taken for one: a name should
/// have a letter among its digits.
pub fn holds_card_number(text: &str) -> bool {
    groups(text).iter().any(|run| {
        (0..run.len()).any(|first| {
            let mut number = Vec::new();
            run[first..].iter().any(|group| {
                number.extend(group);
                DIGITS.contains(&number.len()) && is_issued(&number) && has_check_digit(&number)
            })
        })
    })
}

/// Runs of groups of digits that may be one number.
fn groups(text: &str) -> Vec<Vec<Vec<u32>>> {
    let chars: Vec<char> = text.chars().collect();
    let mut runs = Vec::new();
    let mut run: Vec<Vec<u32>> = Vec::new();
    let mut at = 0;
    let mut separators = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let begins_word = at == 0 || !chars[at - 1].is_ascii_alphanumeric();
        let skipped = if begins_word { machine_made(rest) } else { 0 };
        let digits: Vec<u32> = rest.iter().map_while(|c| digit(*c)).collect();
        let ends = skipped > 0
            || (digits.is_empty() && (!is_separator(chars[at]) || separators == SEPARATORS_MAX));
        if ends {
            runs.push(std::mem::take(&mut run));
            (at, separators) = (at + skipped.max(1), 0);
        } else if digits.is_empty() {
            (at, separators) = (at + 1, separators + 1);
        } else {
            (at, separators) = (at + digits.len(), 0);
            run.push(digits);
        }
    }
    runs.push(run);
    runs
}

/// How long the UUID or hash is that `chars` begins with; 0 if it is none.
fn machine_made(chars: &[char]) -> usize {
    let ends_at = |length: usize| !chars.get(length).is_some_and(char::is_ascii_alphanumeric);
    let is_uuid = chars.len() >= 36
        && chars[..36].iter().enumerate().all(|(place, c)| match place {
            8 | 13 | 18 | 23 => *c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    if is_uuid && ends_at(36) {
        return 36;
    }
    let hex = chars.iter().take_while(|c| c.is_ascii_hexdigit()).count();
    if hex >= HASH_CHARS_MIN && ends_at(hex) { hex } else { 0 }
}

fn digit(c: char) -> Option<u32> {
    let above = |zero: char| u32::from(c).checked_sub(u32::from(zero)).filter(|digit| *digit < 10);
    ZEROS.into_iter().find_map(above)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '_' | '.' | '/' | '\u{ad}' | '\u{b7}')
        // Hyphens and dashes, what has no width, the sign for minus.
        || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{feff}')
}

/// Whether an issuer has numbers of this length that begin so.
/// Source: <https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)>.
fn is_issued(digits: &[u32]) -> bool {
    let begin = digits.iter().take(4).fold(0, |number, digit| number * 10 + digit);
    matches!(
        (begin, digits.len()),
        // Visa.
        (4000..=4999, 13 | 16 | 19)
        // Mastercard; Mir; Troy.
        | (2221..=2720 | 5100..=5599 | 9792, 16)
        | (2200..=2204, 16..=19)
        // American Express.
        | (3400..=3499 | 3700..=3799, 15)
        // Diners Club.
        | (3000..=3059 | 3095 | 3600..=3699 | 3800..=3999, 14..=19)
        // JCB.
        | (3528..=3589, 16..=19)
        // Maestro, Discover, UnionPay, RuPay.
        | (5000..=5099 | 5600..=6999, 13..=19)
        | (8100..=8299, 16..=19)
    )
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_numbers_of_the_card_networks_are_known() {
        for number in [
            "4242424242424242",
            "4242-4242-4242-4242",
            "card_5555555555554444",
            "378282246310005",
            "3782 822463 10005",
            "6011111111111117",
            "4222222222222",
            "2223003122003222",
            "30569309025904",
            "3530111333300000",
            "6200000000000005",
        ] {
            assert!(holds_card_number(number), "{number}");
        }
    }

    #[test]
    fn text_beside_a_number_does_not_hide_it() {
        for text in [
            "4242424242424242_visa",
            "4242424242424242-1229-123",
            "12-4242424242424242",
            "visa4242424242424242x",
            "pay with 4242 4242 4242 4242 please",
            "4242.4242.4242.4242",
            "4242 - 4242 - 4242 - 4242",
            "4242\u{a0}4242\u{2013}4242\u{2014}4242",
            "4242\u{200b}4242\u{200b}4242\u{200b}4242",
            "\u{ff14}242 4242 4242 4242",
            "order 17, 4242424242424242",
            "8e03978e-40d5-43dd-bc93-6894a57f9324 4242424242424242",
        ] {
            assert!(holds_card_number(text), "{text}");
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
            "4242 4242, 4242 4242",
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            "order_a0000000-4242-4242-4242-424242424242",
            "01JD4242424242424242424242",
            // Hashes.
            "order-4242424242424242a963c700b0dabe1a",
            "4242424242424242a963c700b0dabe1a4242424242424242a963c700b0dabe1a",
            // Times: each passes Luhn's check.
            "1763375400004",
            "1763375400000006",
            "2025-11-17T10:30:00.000Z",
            "30/11/2026 10:30:02",
            "counted 4111 on Monday and 4115 on Tuesday, 1111 1111 are missing",
        ] {
            assert!(!holds_card_number(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn uuids_hashes_and_times_are_none(
            uuid in "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
            hash in "[0-9a-f]{32,64}",
            millis in 1_000_000_000_000_u64..2_200_000_000_000,
            nanos in 1_000_000_000_000_000_000_u64..2_200_000_000_000_000_000,
        ) {
            for text in [uuid, hash, millis.to_string(), nanos.to_string()] {
                prop_assert!(!holds_card_number(&text), "{}", text);
            }
        }

        #[test]
        fn any_text_can_be_checked(text in any::<String>()) {
            holds_card_number(&text);
        }
    }
}
