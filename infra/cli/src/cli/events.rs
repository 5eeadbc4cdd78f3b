//! `orderly events`: the catalogue of events. Starts nothing.

use std::{error::Error, path::Path};

use catalogue::{CATALOGUE, schema::pretty};
use clap::{
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use event_envelope::Version;
use local_stack::console::{bad, good, say};
use serde::Serialize;

use crate::{
    catalogue::{CONTRACTS, Catalogue, show::List},
    shop,
};

use super::shared::{Shared, find_above};

/// What is asked of the catalogue.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(super) enum Question {
    /// Show one event: its publisher, its consumers, its versions, its schema and a sample
    Show {
        /// The event's name, in any case
        #[arg(ignore_case = true, hide_possible_values = true, value_parser = event_types())]
        event: String,
        /// A version of it, e.g. 1.0 (default: the one that is published now)
        version: Option<Version>,
    },
    /// Write what follows from the code: schemas, old samples read anew, asyncapi.json
    Write,
}

/// Clap then names those that are near to one that does not exist.
fn event_types() -> impl TypedValueParser<Value = String> {
    let types = || CATALOGUE.iter().map(|entry| entry.event_type);
    PossibleValuesParser::new(types()).map(move |given| {
        let named = types().find(|event_type| event_type.eq_ignore_ascii_case(&given));
        named.map_or(given, str::to_owned)
    })
}

/// There are no contracts to read.
#[derive(Debug, thiserror::Error)]
#[error("no {CONTRACTS} here or in a directory above: go to the repository")]
struct NoContracts;

/// Answers. Fails if something is left to decide.
pub(super) fn run(
    question: Option<Question>,
    json: bool,
    shared: &Shared,
) -> Result<bool, Box<dyn Error>> {
    let template = shop::load_template_with(&shared.template()?, &shared.parameters())?;
    let contracts = find_above(Path::new(CONTRACTS)).ok_or(NoContracts)?;
    let mut catalogue = Catalogue::open(&contracts, &template)?;
    match question {
        None if json => say(to_json(&catalogue.cards())?),
        None => say(List(catalogue.cards())),
        Some(Question::Show { event, version }) => {
            let sheet = catalogue.sheet(&event, version)?;
            if json { say(to_json(&sheet)?) } else { say(sheet) }
        }
        Some(Question::Write) => return write(&mut catalogue),
    }
    Ok(true)
}

fn to_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(pretty(&serde_json::to_value(value)?).trim_end().to_owned())
}

fn write(catalogue: &mut Catalogue) -> Result<bool, Box<dyn Error>> {
    let plan = catalogue.write()?;
    for path in plan.write.keys() {
        say(format_args!("  written  {CONTRACTS}/{path}"));
    }
    for path in &plan.remove {
        say(format_args!("  removed  {CONTRACTS}/{path}"));
    }
    for problem in &plan.problems {
        say(format_args!("\n{} {problem}", bad("✗")));
    }
    if plan.problems.is_empty() {
        say(good(format_args!("{CONTRACTS} holds the contracts of the code")));
    }
    Ok(plan.problems.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Asked {
        #[command(subcommand)]
        question: Question,
    }

    fn ask(line: &str) -> Result<Question, String> {
        let asked = Asked::try_parse_from(line.split_whitespace());
        asked.map(|it| it.question).map_err(|error| error.to_string())
    }

    #[test]
    fn an_event_is_named_in_any_case() {
        let question = ask("events show ordercreated 1.0").unwrap();
        let event = "OrderCreated".to_owned();
        assert_eq!(question, Question::Show { event, version: Some(Version::new(1, 0)) });
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_its_neighbours() {
        let error = ask("events show PaymentComplete").unwrap_err();
        assert!(error.contains("a similar value exists: 'PaymentCompleted'"), "{error}");
        let error = ask("events show OrderCreated latest").unwrap_err();
        assert!(error.contains("\"latest\" is not a version"), "{error}");
    }
}
