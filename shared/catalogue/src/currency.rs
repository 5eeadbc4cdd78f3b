//! Currencies, and how their amounts are written.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A text is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a currency: three capital letters, such as \"USD\"")]
pub struct InvalidCurrency(String);

// What follows is in the published schemas, word for word.
/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(into = "String")]
pub struct Currency(
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[A-Z]{3}$")))]
    [u8; 3],
);

impl Currency {
    /// US dollars, the currency of events of version 1, which name none.
    pub const USD: Self = Self(*b"USD");

    /// Parses a code that came from outside.
    ///
    /// # Errors
    ///
    /// When it is not three capital letters; the caller should reject the input.
    pub fn parse(text: &str) -> Result<Self, InvalidCurrency> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(InvalidCurrency(text.chars().take(8).collect())),
        }
    }

    /// How many decimals an amount of it has: its minor unit is one whole divided by ten so many
    /// times.
    ///
    /// That is ISO 4217's, for all codes that are in use. Two are taken for a code that is not in
    /// the list, for one to which the list gives no minor unit (metals, `XTS`, `XXX`), and for one
    /// that is no longer in use: events are read for years, and a list that was right when one was
    /// written must not make it unreadable. A seller who puts a price into the catalogue has to
    /// know the code.
    ///
    /// A payment provider may count otherwise, and is called with its own units. Stripe does for
    /// `ISK` and `UGX` (no decimals here, hundredths there, and only whole hundreds of them) and
    /// for `MGA` (hundredths here, none there); of currencies with three decimals it takes whole
    /// tens only. Source: <https://docs.stripe.com/currencies#special-cases>.
    ///
    /// Source: list one of the maintenance agency of ISO 4217,
    /// <https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml>.
    pub const fn minor_digits(self) -> u8 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_capital_letters() {
        for bad in ["", "usd", "USDT", "U$D"] {
            Currency::parse(bad).unwrap_err();
        }
    }

    /// The codes in use of ISO 4217, by the number of their decimals.
    const IN_USE: [(u8, &str); 4] = [
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (
            2,
            "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP \
             BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR \
             FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR \
             KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV \
             MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR \
             SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH \
             USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
        ),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ];

    #[test]
    fn every_code_in_use_has_the_decimals_of_iso_4217() {
        let mut seen = std::collections::BTreeSet::new();
        for (digits, codes) in IN_USE {
            for code in codes.split_whitespace() {
                assert_eq!(Currency::parse(code).unwrap().minor_digits(), digits, "{code}");
                assert!(seen.insert(code), "{code} twice");
            }
        }
    }

    #[test]
    fn a_code_that_is_not_known_has_two_decimals() {
        for code in ["XAU", "XTS", "XXX", "DEM", "QQQ"] {
            assert_eq!(Currency::parse(code).unwrap().minor_digits(), 2, "{code}");
        }
    }
}
