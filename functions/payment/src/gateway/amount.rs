//! Amounts as the provider counts them.
//!
//! It counts in ISO 4217's minor units, but for some currencies. An amount that it cannot take to
//! the last unit is not sent at all: no customer pays a rounded price.
//!
//! | | minor units of ISO 4217 | sent |
//! |---|---|---|
//! | `ISK`, `UGX` | whole | hundredths, of which only whole hundreds |
//! | `MGA` | hundredths | whole |
//! | `BHD`, `IQD`, `JOD`, `KWD`, `LYD`, `OMR`, `TND` | thousandths | thousandths, of which only whole tens |
//! | `CLF`, `UYI`, `UYW` | four decimals or none | never |
//! | all others | whole or hundredths | the same |
//!
//! Source: <https://docs.stripe.com/currencies#minor-units>,
//! <https://docs.stripe.com/currencies#special-cases>,
//! <https://docs.stripe.com/currencies#three-decimal>.

use catalogue::{Currency, Money};

/// The provider has no number for the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider cannot be told this amount of {0}: it counts the currency otherwise")]
pub(super) struct Inexpressible(pub(super) Currency);

/// How the provider counts a currency.
#[derive(Debug, Clone, Copy)]
enum Counting {
    /// As ISO 4217 does.
    Alike,
    /// As ISO 4217 does, in steps of ten.
    InTens,
    /// A hundred of the provider's are one of ours.
    Finer,
    /// One of the provider's is a hundred of ours.
    Coarser,
    /// Not at all.
    Never,
}

/// What an amount is divided by, or multiplied with.
const HUNDRED: i64 = 100;
const TEN: i64 = 10;

impl Counting {
    fn of(currency: Currency) -> Self {
        match currency.to_string().as_str() {
            "ISK" | "UGX" => Self::Finer,
            "MGA" => Self::Coarser,
            "CLF" | "UYI" | "UYW" => Self::Never,
            _ if currency.minor_digits() == 3 => Self::InTens,
            _ => Self::Alike,
        }
    }
}

/// What `number` comes to in whole parts of `part`.
fn parts(number: i64, part: i64) -> Option<i64> {
    (number % part == 0).then_some(number / part)
}

/// The number that the provider is sent for an amount.
pub(super) fn sent(money: Money) -> Result<i64, Inexpressible> {
    let Money { amount, currency } = money;
    let number = match Counting::of(currency) {
        Counting::Alike => Some(amount),
        Counting::InTens => parts(amount, TEN).map(|_| amount),
        Counting::Finer => amount.checked_mul(HUNDRED),
        Counting::Coarser => parts(amount, HUNDRED),
        Counting::Never => None,
    };
    number.ok_or(Inexpressible(currency))
}

/// The amount that a number of the provider's means.
pub(super) fn received(number: i64, currency: Currency) -> Result<Money, Inexpressible> {
    let amount = match Counting::of(currency) {
        Counting::Alike | Counting::InTens => Some(number),
        Counting::Finer => parts(number, HUNDRED),
        Counting::Coarser => number.checked_mul(HUNDRED),
        Counting::Never => None,
    };
    amount.map(|amount| Money::new(amount, currency)).ok_or(Inexpressible(currency))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: i64, code: &str) -> Money {
        Money::new(amount, Currency::parse(code).unwrap())
    }

    #[test]
    fn an_amount_is_sent_as_the_provider_counts_its_currency() {
        for (amount, code, number) in [
            (10_997, "USD", Some(10_997)),
            (500, "JPY", Some(500)),
            (19_900, "HUF", Some(19_900)),
            (80_001, "TWD", Some(80_001)),
            (40, "ISK", Some(4_000)),
            (5, "UGX", Some(500)),
            (1_200, "MGA", Some(12)),
            (1_220, "MGA", None),
            (5_120, "KWD", Some(5_120)),
            (5_124, "KWD", None),
            (7, "TND", None),
            (10_000, "CLF", None),
            (1, "UYI", None),
            (i64::MAX, "ISK", None),
        ] {
            let currency = Currency::parse(code).unwrap();
            let expected = number.ok_or(Inexpressible(currency));
            assert_eq!(sent(money(amount, code)), expected, "{amount} {code}");
        }
    }

    #[test]
    fn a_number_that_means_no_amount_is_told() {
        assert_eq!(received(4_000, Currency::parse("ISK").unwrap()), Ok(money(40, "ISK")));
        for (number, code) in [(4_010, "ISK"), (i64::MAX, "MGA"), (1, "UYW")] {
            let currency = Currency::parse(code).unwrap();
            let error = received(number, currency).unwrap_err();
            assert!(error.to_string().contains(code), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_comes_back(amount in any::<i64>(), code in "USD|JPY|ISK|UGX|MGA|BHD|OMR") {
            let money = money(amount, &code);
            if let Ok(number) = sent(money) {
                prop_assert_eq!(received(number, money.currency), Ok(money));
            }
        }
    }
}
