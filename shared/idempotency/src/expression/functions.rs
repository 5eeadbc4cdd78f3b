//! The functions that an expression may call, and the check of its calls.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use jmespath::{
    Context, ErrorReason, JmespathError, Rcvar, Runtime, Variable,
    ast::Ast,
    functions::{ArgumentType, CustomFunction, Signature},
};
use runtime::BoxError;
use serde_json::Value;

use crate::json;

pub(super) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let mut register = |name: &str, function: fn(&str) -> Result<Value, BoxError>| {
        // An absent text is not an error here: the configuration decides about a missing key.
        let text = ArgumentType::Union(vec![ArgumentType::String, ArgumentType::Null]);
        let evaluate = move |arguments: &[Rcvar], context: &mut Context<'_>| {
            let text = arguments.first().and_then(|argument| argument.as_string());
            let value = match text {
                Some(text) if !text.trim().is_empty() => function(text),
                Some(_) | None => Ok(Value::Null),
            };
            value
                .and_then(|value| Variable::try_from(value).map_err(BoxError::from))
                .map(Rcvar::new)
                .map_err(|error| {
                    let reason = ErrorReason::Parse(error.to_string());
                    JmespathError::new(context.expression, context.offset, reason)
                })
        };
        let function = CustomFunction::new(Signature::new(vec![text], None), Box::new(evaluate));
        runtime.register_function(name, Box::new(function));
    };
    register("powertools_json", |text| Ok(json::read(text.as_bytes())?.into_value()));
    register("powertools_base64", |text| {
        Ok(Value::String(String::from_utf8(BASE64_STANDARD.decode(text)?)?))
    });
    runtime
});

/// How many arguments each function takes.
/// Source: <https://jmespath.org/specification.html#built-in-functions>.
const ARITIES: &[(&str, usize)] = &[
    ("abs", 1),
    ("avg", 1),
    ("ceil", 1),
    ("contains", 2),
    ("ends_with", 2),
    ("floor", 1),
    ("join", 2),
    ("keys", 1),
    ("length", 1),
    ("map", 2),
    ("max", 1),
    ("max_by", 2),
    ("min", 1),
    ("min_by", 2),
    ("powertools_base64", 1),
    ("powertools_json", 1),
    ("reverse", 1),
    ("sort", 1),
    ("sort_by", 2),
    ("starts_with", 2),
    ("sum", 1),
    ("to_array", 1),
    ("to_number", 1),
    ("to_string", 1),
    ("type", 1),
    ("values", 1),
];
/// Functions that take one argument or more.
const VARIADIC: &[&str] = &["merge", "not_null"];

/// Why an expression that can be parsed cannot be evaluated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    #[error("there is no function {0}")]
    Unknown(String),
    #[error("the function {name} takes {takes}, not {given}")]
    Arguments { name: String, takes: &'static str, given: usize },
}

/// # Errors
///
/// When `expression` calls a function that does not exist, or one with too few or many arguments.
pub(super) fn check(expression: &Ast) -> Result<(), CallError> {
    if let Ast::Function { name, args, .. } = expression {
        check_call(name, args.len())?;
    }
    parts(expression).into_iter().try_for_each(check)
}

fn check_call(name: &str, given: usize) -> Result<(), CallError> {
    let wrong = |takes| Err(CallError::Arguments { name: name.to_owned(), takes, given });
    if VARIADIC.contains(&name) {
        return if given > 0 { Ok(()) } else { wrong("one argument or more") };
    }
    match ARITIES.iter().find(|(known, _)| *known == name) {
        None => Err(CallError::Unknown(name.to_owned())),
        Some((_, arity)) if *arity == given => Ok(()),
        Some((_, 1)) => wrong("one argument"),
        Some(_) => wrong("two arguments"),
    }
}

/// The expressions that `expression` is made of.
fn parts(expression: &Ast) -> Vec<&Ast> {
    match expression {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => vec![lhs, rhs],
        Ast::Condition { predicate, then, .. } => vec![predicate, then],
        Ast::Expref { ast, .. } => vec![ast],
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => {
            vec![node]
        }
        Ast::Function { args, .. } => args.iter().collect(),
        Ast::MultiList { elements, .. } => elements.iter().collect(),
        Ast::MultiHash { elements, .. } => elements.iter().map(|pair| &pair.value).collect(),
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Literal { .. }
        | Ast::Slice { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_that_may_be_called_is_there() {
        for name in ARITIES.iter().map(|(name, _)| name).chain(VARIADIC) {
            assert!(RUNTIME.get_function(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_call_is_checked_wherever_it_stands() {
        for expression in [
            "f(a)",
            "a.f(@)",
            "[a, f(b)]",
            "{a: {b: f(c)}}",
            "a[?f(b) == `1`]",
            "a[*].f(@)",
            "!f(a)",
            "a && f(b)",
            "f(a) || b",
            "sort_by(a, &f(b))",
            "length(f(a))",
            "a[].f(@)",
            "*.f(@)",
            "a | f(@)",
            "f(a) < b",
        ] {
            let checked = check(&jmespath::parse(expression).unwrap());
            assert_eq!(checked, Err(CallError::Unknown("f".to_owned())), "{expression}");
        }
        for (expression, reason) in [
            ("length()", "the function length takes one argument, not 0"),
            ("join(a)", "the function join takes two arguments, not 1"),
            ("powertools_json(a, b)", "the function powertools_json takes one argument, not 2"),
            ("merge()", "the function merge takes one argument or more, not 0"),
        ] {
            let error = check(&jmespath::parse(expression).unwrap()).unwrap_err();
            assert_eq!(error.to_string(), reason);
        }
        for expression in ["merge(a, b, c)", "not_null(a)", "sort_by(a, &b)[0].c", "\"f\".g", "`1`"]
        {
            assert_eq!(check(&jmespath::parse(expression).unwrap()), Ok(()), "{expression}");
        }
    }
}
