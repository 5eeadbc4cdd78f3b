//! IP addresses, and the ranges that `cidr` names.

use std::net::IpAddr;

/// A range of addresses of one family: those that agree in the first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// The one address that `text` spells, if it spells one.
    pub(crate) fn host(text: &str) -> Option<Self> {
        let address = parse(text)?;
        Some(Self { address, prefix_bits: width(address) })
    }

    /// What `a.b.c.d/n` or its IPv6 form stands for. At least one bit must vary: Event Ruler
    /// refuses a mask of the full width.
    pub(crate) fn cidr(text: &str) -> Option<Self> {
        let (address, prefix_bits) = text.split_once('/')?;
        let address = parse(address)?;
        let prefix_bits = prefix_bits.parse().ok().filter(|bits| *bits < width(address))?;
        Some(Self { address, prefix_bits })
    }

    /// Whether `text` spells an address of this range.
    pub(crate) fn contains(self, text: &str) -> bool {
        let Some(address) = parse(text) else { return false };
        width(address) == width(self.address) && self.leading(address) == self.leading(self.address)
    }

    fn leading(self, address: IpAddr) -> Option<u128> {
        let bits = match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        // A shift by the whole width (`/0`) leaves nothing to compare.
        bits.checked_shr(width(address) - self.prefix_bits)
    }
}

/// An IPv4 address written as IPv6 (`::ffff:a00:7`) counts as IPv4.
fn parse(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_range_holds_its_own_family_and_bits() {
        for (cidr, inside, outside) in [
            ("10.0.0.0/24", "10.0.0.255", "10.0.1.0"),
            ("10.0.0.77/24", "10.0.0.0", "9.255.255.255"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "ffff::", "1.2.3.4"),
            ("10.0.0.0/31", "::ffff:a00:1", "not an address"),
        ] {
            let network = Network::cidr(cidr).expect(cidr);
            assert!(network.contains(inside), "{cidr} {inside}");
            assert!(!network.contains(outside), "{cidr} {outside}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["10.0.0.0", "10.0.0/8", "10.0.0.0/32", "::/128", "a/b", "10.0.0.0/-1", "/"] {
            assert_eq!(Network::cidr(text), None, "{text}");
        }
    }
}
