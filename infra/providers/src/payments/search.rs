//! Stripe's search query language, in part: `field:"value"` clauses joined with `AND`.
//!
//! Source: <https://docs.stripe.com/search#search-query-language>. Unlike Stripe's, the index
//! here is never behind; a client must not rely on that.

use super::refusal::Refusal;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Amount,
    Currency,
    Customer,
    Metadata(String),
    Status,
}

/// What can be searched.
pub(super) trait Indexed {
    /// What stands in a field, if it has one.
    fn value(&self, field: &Field) -> Option<String>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    field: Field,
    negated: bool,
    value: String,
}

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(Vec<Clause>);

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let refused = || {
            let message = "The query could not be parsed: join clauses such as \
                           metadata['order_id']:'42' or status:'succeeded' with AND.";
            Refusal::invalid("query", message)
        };
        let mut rest = text.trim();
        let mut clauses = Vec::new();
        loop {
            let (clause, after) = clause(rest).ok_or_else(refused)?;
            clauses.push(clause);
            if after.trim().is_empty() {
                return Ok(Self(clauses));
            }
            let joined = after.trim_start().split_once(char::is_whitespace);
            let (_, next) =
                joined.filter(|(word, _)| word.eq_ignore_ascii_case("and")).ok_or_else(refused)?;
            rest = next.trim_start();
        }
    }

    pub(super) fn matches(&self, object: &impl Indexed) -> bool {
        self.0.iter().all(|clause| {
            let equal = object.value(&clause.field).is_some_and(|value| value == clause.value);
            equal != clause.negated
        })
    }
}

/// The clause at the start of `text`, and what follows it.
fn clause(text: &str) -> Option<(Clause, &str)> {
    let (negated, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (field, rest) = match text.strip_prefix("metadata[") {
        Some(rest) => {
            let (key, rest) = quoted(rest)?;
            (Field::Metadata(key), rest.strip_prefix("]:")?)
        }
        None => {
            let (name, rest) = text.split_once(':')?;
            let field = match name {
                "amount" => Field::Amount,
                "currency" => Field::Currency,
                "customer" => Field::Customer,
                "status" => Field::Status,
                _ => return None,
            };
            (field, rest)
        }
    };
    let (value, rest) = match field {
        Field::Amount => number(rest)?,
        Field::Currency | Field::Customer | Field::Metadata(_) | Field::Status => quoted(rest)?,
    };
    Some((Clause { field, negated, value }, rest))
}

fn number(text: &str) -> Option<(String, &str)> {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

/// A value in single or double quotes; a backslash takes the next character as it is.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|it| matches!(it, '\'' | '"'))?;
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            end if end == quote => return Some((value, &text[at + 1..])),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(field: Field, value: &str) -> Clause {
        Clause { field, negated: false, value: value.to_owned() }
    }

    #[test]
    fn clauses_are_joined_with_and() {
        let query = Query::parse(r#"metadata['order_id']:"o-1 AND x" AND status:'succeeded'"#);
        let metadata = clause(Field::Metadata("order_id".to_owned()), "o-1 AND x");
        let status = clause(Field::Status, "succeeded");
        assert_eq!(query.unwrap(), Query(vec![metadata, status]));
        let query = Query::parse(r"amount:10997 and -metadata['a']:'it\'s'").unwrap();
        let negated = Clause { negated: true, ..clause(Field::Metadata("a".to_owned()), "it's") };
        assert_eq!(query, Query(vec![clause(Field::Amount, "10997"), negated]));
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for text in
            ["", "x", "colour:'red'", "status:succeeded", "status:'a' OR status:'b'", "status:'a"]
        {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
