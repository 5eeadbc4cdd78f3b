//! The catalogue as text for people.

use std::fmt::{self, Display};

use catalogue::schema::pretty;

use super::{CONTRACTS, Card, Sheet};
use local_stack::console::{aside, heading};

/// All events, one a line.
pub(crate) struct List<'a>(pub(crate) &'a [Card]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Card) -> usize| self.0.iter().map(of).max().unwrap_or_default();
        let name = width(|card| card.event_type.len());
        let version = width(|card| card.version.to_string().len()).max("Version".len());
        let source = width(|card| card.publisher.len());
        let title = format!(
            "{:name$}  {:version$}  {:source$}  Consumers",
            "Event", "Version", "Publisher"
        );
        write!(f, "{}", heading(title))?;
        for card in self.0 {
            let Card { event_type, publisher, .. } = card;
            let number = card.version.to_string();
            write!(f, "\n{event_type:name$}  {number:version$}  {publisher:source$}  ")?;
            f.write_str(&card.consumers.join(", "))?;
        }
        Ok(())
    }
}

impl Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { card, shown, .. } = self;
        writeln!(f, "{}", heading(format!("{} {shown}", card.event_type)))?;
        writeln!(f, "{}\n", card.description)?;
        writeln!(f, "Publisher  {}", card.publisher)?;
        writeln!(f, "Consumers  {}", card.consumers.join(", "))?;
        writeln!(f, "\n{}", heading("Versions"))?;
        for edition in &card.versions {
            let now = if edition.version == card.version { "(current)" } else { "" };
            let line = format!("  {}  {} {}", edition.version, edition.change, aside(now));
            writeln!(f, "{}", line.trim_end())?;
        }
        let path = |folder: &str, name: &str| {
            aside(format!("{CONTRACTS}/{folder}/{}/{name}.json", card.event_type))
        };
        let version = shown.to_string();
        writeln!(f, "\n{} {}", heading("Schema of its data"), path("schemas", &version))?;
        f.write_str(&pretty(&self.schema))?;
        writeln!(f, "\n{} {}", heading("Sample"), path("golden", &version))?;
        write!(f, "{}", pretty(&self.sample).trim_end())?;
        if let Some(now) = &self.reads_as {
            let name = format!("{shown}-as-{}", card.version);
            writeln!(f, "\n\n{} {}", heading("Which now reads as"), path("golden", &name))?;
            write!(f, "{}", pretty(now).trim_end())?;
        }
        Ok(())
    }
}
