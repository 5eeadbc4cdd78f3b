//! JSON with `JSONata` in it: `"{% … %}"` stands for what the expression inside evaluates to.
//!
//! Source: <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.

mod check;
mod query;
mod template;
mod value;

use jsonata_core::{ast::AstNode, parser};

pub(crate) use self::{
    check::Visible,
    query::{Given, Query, QueryError},
    template::Template,
};

/// An expression that has been parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    /// What stands between `{%` and `%}`.
    pub(crate) text: String,
    pub(crate) syntax: AstNode,
}

/// What a text of a definition is.
#[derive(Debug, PartialEq)]
pub(crate) enum Text<'t> {
    Plain,
    /// What stands between `{%` and `%}`.
    Expression(&'t str),
    /// One of the two delimiters stands without the other.
    HalfOpen,
}

impl<'t> Text<'t> {
    /// Spaces before or after the delimiters make it plain text, as on AWS.
    pub(crate) fn of(text: &'t str) -> Self {
        let inside = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
        match inside {
            Some(inside) => Self::Expression(inside.trim()),
            None if text.starts_with("{%") || text.ends_with("%}") => Self::HalfOpen,
            None => Self::Plain,
        }
    }
}

impl Expression {
    /// Parses `text`, which may read what `visible` says.
    ///
    /// # Errors
    ///
    /// When it is no `JSONata`, or `JSONata` that Step Functions or this stand-in refuses; the error
    /// says why.
    pub(crate) fn parse(text: &str, visible: Visible) -> Result<Self, String> {
        let syntax = parser::parse(text).map_err(|error| error.to_string())?;
        check::check(&syntax, visible)?;
        Ok(Self { text: text.to_owned(), syntax })
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn an_expression_stands_between_its_delimiters() {
        assert_eq!(Text::of("{% $x %}"), Text::Expression("$x"));
        assert_eq!(Text::of("{%$x%}"), Text::Expression("$x"));
        for plain in ["", "$x", " {% $x %} ", "a {% $x %} b"] {
            assert_eq!(Text::of(plain), Text::Plain, "{plain:?}");
        }
        for half in ["{% $x", "$x %}", "{% $x %} ", " {% $x %}", "{%}"] {
            assert_eq!(Text::of(half), Text::HalfOpen, "{half:?}");
        }
    }
}
