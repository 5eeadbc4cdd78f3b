//! What is asked of the simulation, for `orderly simulate` and for the binary `simulate` that it
//! builds and runs. (That one depends on this crate, so this crate cannot depend on it.)

use std::{fmt, ops::Range, str::FromStr};

use clap::{Args, ValueEnum};

/// Many worlds, and what goes wrong in them.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Campaign {
    /// One world for each of these seeds: `A..B` without B, or a single one
    #[arg(long, value_name = "A..B", default_value = "1..101")]
    pub seeds: Seeds,
    /// How many orders each world has
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = orders)]
    pub orders: usize,
    /// How much goes wrong
    #[arg(long, value_enum, default_value_t)]
    pub profile: ProfileName,
    /// Which of the system's modes is played
    #[arg(long, value_enum, default_value_t)]
    pub mode: Mode,
}

/// How much goes wrong in a world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ProfileName {
    /// Nothing: events come in any order, and that is all
    Calm,
    /// Each fault at 2 % of the points at which it can occur
    #[default]
    Rough,
    /// Each fault at 8 %
    Rougher,
    /// Each fault at 40 %: hardly a call succeeds at once
    Wild,
}

impl ProfileName {
    /// With which probability each fault occurs where it can.
    pub const fn rate(self) -> f64 {
        match self {
            Self::Calm => 0.0,
            Self::Rough => 0.02,
            Self::Rougher => 0.08,
            Self::Wild => 0.4,
        }
    }
}

/// Who drives the orders of a simulated world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// The services, each on the events of the others
    #[default]
    Choreography,
    /// A workflow, which asks one service after the other
    Orchestration,
}

/// Seeds from one number to before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(pub Range<u64>);

impl FromStr for Seeds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const HOW: &str = "write A..B, two numbers with A below B, or one number";
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| HOW);
        let range = match text.split_once("..") {
            Some((from, to)) => number(from)?..number(to)?,
            None => {
                let only = number(text)?;
                only..only.checked_add(1).ok_or(HOW)?
            }
        };
        if range.is_empty() { Err(HOW) } else { Ok(Self(range)) }
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0.start, self.0.end)
    }
}

fn orders(text: &str) -> Result<usize, &'static str> {
    let orders: usize = text.parse().map_err(|_| "write a number")?;
    if (1..=500).contains(&orders) { Ok(orders) } else { Err("write 1 to 500") }
}

fn named(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned())
}

impl Campaign {
    /// The arguments that ask for this.
    pub fn to_arguments(&self) -> Vec<String> {
        let Self { seeds, orders, profile, mode } = self;
        let given = [
            ("--seeds", seeds.to_string()),
            ("--orders", orders.to_string()),
            ("--profile", named(profile)),
            ("--mode", named(mode)),
        ];
        given.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// The command that plays only the world of `seed` again.
    pub fn command(&self, seed: u64) -> String {
        let only = Self { seeds: Seeds(seed..seed.saturating_add(1)), ..self.clone() };
        format!("cargo run -- simulate {}", only.to_arguments().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Asked {
        #[command(flatten)]
        campaign: Campaign,
    }

    fn ask<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Campaign, String> {
        let asked = Asked::try_parse_from(["simulate"].into_iter().chain(arguments));
        asked.map(|it| it.campaign).map_err(|error| error.to_string())
    }

    #[test]
    fn without_arguments_a_hundred_rough_worlds_of_three_orders_are_played() {
        let campaign = ask([]).unwrap();
        let expected = Campaign {
            seeds: Seeds(1..101),
            orders: 3,
            profile: ProfileName::Rough,
            mode: Mode::Choreography,
        };
        assert_eq!(campaign, expected);
    }

    #[test]
    fn what_is_asked_for_can_be_asked_for_again() {
        let line = "--seeds 7..90 --orders 20 --profile wild --mode choreography";
        let campaign = ask(line.split(' ')).unwrap();
        assert_eq!(campaign.to_arguments().join(" "), line);
        let again = "--seeds 8..9 --orders 20 --profile wild --mode choreography";
        assert_eq!(campaign.command(8), format!("cargo run -- simulate {again}"));
        assert_eq!(ask(["--seeds", "8"]).unwrap().seeds, Seeds(8..9));
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        for seeds in ["", "..", "9..9", "9..3", "a..b", "1..", "-1..4", "18446744073709551615"] {
            let error = ask([format!("--seeds={seeds}").as_str()]).unwrap_err();
            assert!(error.contains("seeds"), "{seeds}: {error}");
        }
        for wrong in [["--orders", "0"], ["--orders", "501"], ["--profile", "stormy"]] {
            ask(wrong).unwrap_err();
        }
        let rates = ProfileName::value_variants().iter().map(|it| it.rate());
        assert!(rates.is_sorted());
    }
}
