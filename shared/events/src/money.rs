//! Money: whole minor units of a currency, never a float.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Number;

/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(into = "String")]
pub struct Currency(
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[A-Z]{3}$")))]
    [u8; 3],
);

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
    /// Not a currency code.
    #[error("{0:?} is not a currency: three capital letters, such as \"USD\"")]
    Currency(String),
    /// Not a decimal with at most two places.
    #[error("{0} is not an amount in cents")]
    Amount(String),
    /// Two currencies where there must be one.
    #[error("{0} and {1} cannot be added")]
    Mixed(Currency, Currency),
    /// Larger than fits.
    #[error("the amount is too large")]
    Overflow,
}

impl Currency {
    /// US dollars, the currency of events of version 1, which name none.
    pub const USD: Self = Self(*b"USD");

    /// Takes a code that came from outside.
    ///
    /// # Errors
    ///
    /// When it is not three capital letters; the caller should refuse the input.
    pub fn parse(text: &str) -> Result<Self, InvalidMoney> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(InvalidMoney::Currency(text.chars().take(8).collect())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
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

    /// This and `other` together.
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

    /// This, `count` times.
    ///
    /// # Errors
    ///
    /// When the product does not fit.
    pub fn times(self, count: u32) -> Result<Self, InvalidMoney> {
        let amount = self.amount.checked_mul(i64::from(count)).ok_or(InvalidMoney::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// Reads a JSON number such as `29.99` exactly, as dollars: from its decimal digits, not from
    /// its binary value.
    ///
    /// # Errors
    ///
    /// When it has more than two places, an exponent, or does not fit.
    pub fn from_decimal(number: &Number, currency: Currency) -> Result<Self, InvalidMoney> {
        let text = number.to_string();
        let invalid = || InvalidMoney::Amount(text.clone());
        let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if places.len() > 2 || !all_digits(whole) || !all_digits(places) {
            return Err(invalid());
        }
        let cents: i64 = format!("{whole}{places:0<2}").parse().map_err(|_| invalid())?;
        Ok(Self::new(sign * cents, currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount < 0 { "-" } else { "" };
        let amount = self.amount.unsigned_abs();
        write!(f, "{sign}{}.{:02} {}", amount / 100, amount % 100, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cents(text: &str) -> Result<i64, InvalidMoney> {
        let number: Number = serde_json::from_str(text).unwrap();
        Money::from_decimal(&number, Currency::USD).map(|money| money.amount)
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
        for bad in ["0.001", "1e30", "29.999", "99999999999999999999"] {
            cents(bad).unwrap_err();
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
        for bad in ["", "usd", "USDT", "U$D"] {
            Currency::parse(bad).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn every_price_survives_the_float_of_version_1(expected in 0_i64..1_000_000_000) {
            let text = format!("{}.{:02}", expected / 100, expected % 100);
            prop_assert_eq!(cents(&text), Ok(expected));
        }
    }
}
