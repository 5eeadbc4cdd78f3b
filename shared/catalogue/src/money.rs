//! Money: whole minor units of a currency, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::Currency;

/// How many digits of a decimal are read. The shortest text of a double has at most 17.
const DIGITS_MAX: usize = 25;
/// An amount that a program has computed in doubles misses the whole minor units that it means by
/// less than one part of this. It is some thousand times the distance of two doubles, so that the
/// sum of many lines is still known, and ten million times less than the last place of a price.
const NOISE_RELATIVE: u128 = 1_000_000_000_000;
/// And by less than this part of one minor unit, however large the amount is.
const NOISE_OF_UNIT: u128 = 1_000;

/// An amount of money. A member that is not known here could change what the amount means, so none
/// is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units: cents of a dollar.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

/// Why something is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not a decimal of as many places as the currency has.
    #[error("{text} is not an amount in {currency}: {}", places(*currency))]
    Amount {
        /// The text that was read, shortened.
        text: String,
        /// The currency of the amount.
        currency: Currency,
    },
    /// Two currencies where there must be one.
    #[error("{0} and {1} cannot be added")]
    Mixed(Currency, Currency),
    /// Larger than fits.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// `amount` minor units of `currency`.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// US dollars from `cents`.
    pub const fn usd(cents: i64) -> Self {
        Self::new(cents, Currency::USD)
    }

    /// The sum of this and `other`.
    ///
    /// # Errors
    ///
    /// When the currencies differ or the sum does not fit.
    pub fn plus(self, other: Self) -> Result<Self, InvalidMoney> {
        if self.currency != other.currency {
            return Err(InvalidMoney::Mixed(self.currency, other.currency));
        }
        let amount = self.amount.checked_add(other.amount).ok_or(InvalidMoney::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// This amount, multiplied by `count`.
    ///
    /// # Errors
    ///
    /// When the product does not fit.
    pub fn times(self, count: u32) -> Result<Self, InvalidMoney> {
        let amount = self.amount.checked_mul(i64::from(count)).ok_or(InvalidMoney::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// Reads a JSON number such as `29.99`, a decimal in the currency's own unit (dollars, yen):
    /// from its decimal digits, not from its binary value.
    ///
    /// A result of computing in doubles is read as the decimal that it means: `209.92999999999998`
    /// is 209.93. That is so within one part in 10¹² of the amount, and never for more than a
    /// thousandth of a minor unit.
    ///
    /// # Errors
    ///
    /// When it is no whole number of minor units, or does not fit.
    pub fn from_decimal(number: &Number, currency: Currency) -> Result<Self, InvalidMoney> {
        let text = number.to_string();
        let unsigned = text.strip_prefix('-');
        let sign = if unsigned.is_some() { -1 } else { 1 };
        let decimal = Decimal::of(unsigned.unwrap_or(&text));
        let amount = decimal.and_then(|decimal| decimal.minor_units(currency.minor_digits()));
        let amount = amount.ok_or(InvalidMoney::Amount { text, currency })?;
        Ok(Self::new(sign * i64::try_from(amount).map_err(|_| InvalidMoney::Overflow)?, currency))
    }
}

/// `digits` divided by ten, `scale` times.
struct Decimal {
    digits: String,
    scale: i64,
}

impl Decimal {
    /// The value of a JSON number without its sign.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse::<i32>().ok()?.into();
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        if !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = all.trim_end_matches('0');
        let dropped = i64::try_from(all.len() - digits.len()).ok()?;
        let scale = i64::try_from(fraction.len()).ok()? - exponent - dropped;
        Some(Self { digits: digits.trim_start_matches('0').to_owned(), scale })
    }

    /// How many units of `places` decimals it means. None when it is no whole number of them;
    /// what is too large is larger than any amount.
    fn minor_units(&self, places: u8) -> Option<u128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        if self.digits.len() > DIGITS_MAX {
            return None;
        }
        let digits: u128 = self.digits.parse().ok()?;
        let beyond = self.scale - i64::from(places);
        let power = u32::try_from(beyond.unsigned_abs()).ok()?;
        if beyond <= 0 {
            let factor = 10_u128.checked_pow(power);
            return Some(factor.and_then(|factor| digits.checked_mul(factor)).unwrap_or(u128::MAX));
        }
        // Of less than all digits, or it is less than one unit, and that is no noise.
        let unit = 10_u128.checked_pow(power).filter(|unit| *unit <= digits.saturating_mul(10))?;
        let whole = digits.saturating_add(unit / 2) / unit;
        let meant = whole * unit;
        let noise = digits.abs_diff(meant);
        let is_noise = noise.saturating_mul(NOISE_RELATIVE) <= meant
            && noise.saturating_mul(NOISE_OF_UNIT) <= unit;
        is_noise.then_some(whole)
    }
}

/// How many decimals an amount of `currency` may have, for people.
fn places(currency: Currency) -> String {
    match currency.minor_digits() {
        0 => "it has no decimals".to_owned(),
        digits => format!("it has at most {digits} decimals"),
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount < 0 { "-" } else { "" };
        let amount = self.amount.unsigned_abs();
        let currency = self.currency;
        match usize::from(currency.minor_digits()) {
            0 => write!(f, "{sign}{amount} {currency}"),
            digits => {
                // At least one digit before the point.
                let text = format!("{amount:0width$}", width = digits + 1);
                let (whole, minor) = text.split_at(text.len() - digits);
                write!(f, "{sign}{whole}.{minor} {currency}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_minor_units(text: &str, currency: &str) -> Result<i64, InvalidMoney> {
        let number: Number = serde_json::from_str(text).unwrap();
        Money::from_decimal(&number, Currency::parse(currency).unwrap()).map(|money| money.amount)
    }

    fn cents(text: &str) -> Result<i64, InvalidMoney> {
        in_minor_units(text, "USD")
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, expected) in [
            ("29.99", 2999),
            ("109.97", 10_997),
            ("49.9", 4990),
            ("5", 500),
            ("0.07", 7),
            ("-1.5", -150),
        ] {
            assert_eq!(cents(text), Ok(expected), "{text}");
        }
        for (text, expected) in [("2.999e1", 2999), ("5998e-2", 5998), ("1e2", 10_000), ("0e9", 0)]
        {
            assert_eq!(cents(text), Ok(expected), "{text}");
        }
        for bad in ["0.001", "1e30", "1e300", "1e-300", "29.999", "99999999999999999999"] {
            cents(bad).unwrap_err();
        }
    }

    #[test]
    fn what_doubles_make_of_an_amount_is_that_amount() {
        let sum = |price: f64, count: usize| std::iter::repeat_n(price, count).sum::<f64>();
        for (computed, expected) in [
            (7.0 * 29.99, 20_993),
            (0.1 + 29.89, 2999),
            (0.1 + 0.2, 30),
            (3.0 * 1.1, 330),
            (sum(0.1, 1000), 10_000),
            (sum(49.99, 50), 249_950),
            (1_234_567.89 * 3.0, 370_370_367),
        ] {
            assert_eq!(cents(&format!("{computed:?}")), Ok(expected), "{computed:?}");
        }
        assert_eq!(cents("-209.92999999999998"), Ok(-20_993));
        assert_eq!(in_minor_units("15.749999999999998", "KWD"), Ok(15_750));
        for bad in
            ["29.995", "29.9901", "29.9900001", "29.990000001", "1e-17", "0.0050000000000001"]
        {
            assert!(matches!(cents(bad), Err(InvalidMoney::Amount { .. })), "{bad}");
        }
        // A part in 10¹² of a large amount is more than money may be off.
        cents("9999999999.9951").unwrap_err();
    }

    #[test]
    fn a_decimal_has_as_many_places_as_its_currency() {
        for (text, currency, expected) in [
            ("500", "JPY", 500),
            ("500.0", "KRW", 500),
            ("7.0", "CLP", 7),
            ("5.25", "KWD", 5250),
            ("5.255", "TND", 5255),
            ("1.2345", "CLF", 12_345),
            ("19.99", "EUR", 1999),
        ] {
            assert_eq!(in_minor_units(text, currency), Ok(expected), "{text} {currency}");
        }
        for (text, currency, why) in [
            ("5.5", "JPY", "5.5 is not an amount in JPY: it has no decimals"),
            ("5.2555", "BHD", "5.2555 is not an amount in BHD: it has at most 3 decimals"),
            ("29.995", "USD", "29.995 is not an amount in USD: it has at most 2 decimals"),
        ] {
            assert_eq!(in_minor_units(text, currency).unwrap_err().to_string(), why);
        }
    }

    #[test]
    fn sums_are_checked() {
        assert_eq!(Money::usd(2).plus(Money::usd(3)), Ok(Money::usd(5)));
        assert_eq!(Money::usd(i64::MAX).plus(Money::usd(1)), Err(InvalidMoney::Overflow));
        assert_eq!(Money::usd(i64::MAX).times(2), Err(InvalidMoney::Overflow));
        let euro = Money::new(1, Currency::parse("EUR").unwrap());
        euro.plus(Money::usd(1)).unwrap_err();
    }

    #[test]
    fn money_reads_like_money() {
        assert_eq!(Money::usd(10_997).to_string(), "109.97 USD");
        assert_eq!(Money::usd(-5).to_string(), "-0.05 USD");
        for (amount, currency, text) in [
            (500, "JPY", "500 JPY"),
            (-7, "XOF", "-7 XOF"),
            (5250, "KWD", "5.250 KWD"),
            (-5, "OMR", "-0.005 OMR"),
            (12_345, "UYW", "1.2345 UYW"),
            (0, "EUR", "0.00 EUR"),
            (i64::MIN, "USD", "-92233720368547758.08 USD"),
        ] {
            assert_eq!(Money::new(amount, Currency::parse(currency).unwrap()).to_string(), text);
        }
    }

    proptest! {
        /// The text of an amount is read as the same amount, in every currency.
        #[test]
        fn what_is_shown_is_what_is_read(
            amount in -999_999_999_999_999_i64..=999_999_999_999_999,
            currency in proptest::sample::select(vec!["JPY", "EUR", "KWD", "CLF", "XYZ"]),
        ) {
            let money = Money::new(amount, Currency::parse(currency).unwrap());
            let text = money.to_string();
            let (decimal, _) = text.split_once(' ').unwrap();
            prop_assert_eq!(in_minor_units(decimal, currency), Ok(amount));
        }

        #[test]
        fn every_price_survives_the_float_of_version_1(expected in 0_i64..1_000_000_000) {
            let text = format!("{}.{:02}", expected / 100, expected % 100);
            prop_assert_eq!(cents(&text), Ok(expected));
        }
    }
}
