//! Evaluating expressions, with what they may read.

use std::{cell::RefCell, rc::Rc};

use jsonata_core::{
    evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions},
    value::JValue,
};
use local_core::moment;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    Expression,
    value::{to_json, type_name},
};
use crate::identity::uuid;

/// How long one expression may be evaluated: an endless one must not hold up everything else.
const TIME_MAX_MS: u64 = 5_000;

/// What expressions may read.
pub(crate) struct Given<'g> {
    /// `$states.input`.
    pub(crate) input: &'g Value,
    /// `$states.result`, where there is one.
    pub(crate) result: Option<&'g Value>,
    /// `$states.errorOutput`, where there is one.
    pub(crate) error_output: Option<&'g Value>,
    /// `$states.context`.
    pub(crate) context: Value,
    /// The variables, by name.
    pub(crate) variables: &'g Map<String, Value>,
    /// What `$now()` and `$millis()` say.
    pub(crate) now: OffsetDateTime,
    /// What `$random()` and `$uuid()` draw from.
    pub(crate) random: fastrand::Rng,
}

/// Why a field has no value, in the words of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryError {
    /// The field, e.g. `Output/total`.
    pub(crate) location: String,
    /// What is wrong.
    pub(crate) problem: String,
}

/// The expressions of one state, evaluated over the same values.
pub(crate) struct Query {
    evaluator: Evaluator,
}

impl Query {
    pub(crate) fn new(given: Given<'_>) -> Self {
        Self::limited(given, TIME_MAX_MS)
    }

    fn limited(given: Given<'_>, time_max_ms: u64) -> Self {
        let mut states = Map::new();
        states.insert("input".to_owned(), given.input.clone());
        states.insert("context".to_owned(), given.context);
        for (name, value) in [("result", given.result), ("errorOutput", given.error_output)] {
            if let Some(value) = value {
                states.insert(name.to_owned(), value.clone());
            }
        }
        let mut context = Context::new();
        for (name, value) in given.variables {
            context.bind(name.clone(), value.clone().into());
        }
        context.bind("states".to_owned(), Value::Object(states).into());
        let options =
            EvaluatorOptions { timeout_ms: Some(time_max_ms), ..EvaluatorOptions::default() };
        let mut evaluator = Evaluator::with_options(context, options);
        add_functions(&mut evaluator, given.now, given.random);
        Self { evaluator }
    }

    /// The value of `expression`, which stands at `location`.
    ///
    /// # Errors
    ///
    /// When it fails, or comes to nothing or to something that is no JSON.
    pub(crate) fn evaluate(
        &mut self,
        expression: &Expression,
        location: &str,
    ) -> Result<Value, QueryError> {
        let problem = |what: &str| QueryError {
            location: location.to_owned(),
            problem: format!(
                "The JSONata expression '{}' specified for the field '{location}' {what}",
                expression.text
            ),
        };
        let value =
            self.evaluator.evaluate(&expression.syntax, &JValue::Undefined).map_err(|error| {
                let message = error.message();
                problem(&format!("threw an error during evaluation. {message}"))
            })?;
        if value.is_undefined() {
            return Err(problem("returned nothing (undefined)."));
        }
        to_json(&value).map_err(|_| problem("returned an unsupported result type."))
    }
}

impl QueryError {
    /// A value of another type than a field takes.
    pub(crate) fn unexpected(
        expression: &str,
        location: &str,
        expected: &str,
        value: &Value,
    ) -> Self {
        let found = type_name(value);
        Self {
            location: location.to_owned(),
            problem: format!(
                "The JSONata expression '{expression}' specified for the field '{location}' \
                 returned an unexpected result type. Expected '{expected}', but was '{found}' \
                 for value: {value}"
            ),
        }
    }
}

/// The functions that read clocks and dice, and those that Step Functions adds.
fn add_functions(evaluator: &mut Evaluator, now: OffsetDateTime, random: fastrand::Rng) {
    let random = Rc::new(RefCell::new(random));
    let dice = Rc::clone(&random);
    // A registration fails only for a name that may not be replaced, and a test calls each.
    let _ = evaluator.register_fn_override("now", move |_: &[JValue]| {
        Ok(JValue::string(moment::to_millisecond(now)))
    });
    let _ = evaluator.register_fn_override("millis", move |_: &[JValue]| {
        Ok(JValue::Number(moment::epoch_milliseconds(now)))
    });
    let _ = evaluator.register_fn_override("random", move |_: &[JValue]| {
        Ok(JValue::Number(dice.borrow_mut().f64()))
    });
    let _ = evaluator.register_fn("uuid", move |_: &[JValue]| {
        Ok(JValue::string(uuid(&mut random.borrow_mut())))
    });
    let _ = evaluator.register_fn("parse", parse);
}

/// `$parse(text)`: the JSON in a text.
fn parse(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let error = |message: String| EvaluatorError::EvaluationError(message);
    let [text] = arguments else {
        return Err(error("$parse takes one argument, a text".to_owned()));
    };
    let Some(text) = text.as_str() else {
        return Err(error("the argument of $parse is no text".to_owned()));
    };
    let value: Value = serde_json::from_str(text)
        .map_err(|problem| error(format!("the argument of $parse is no JSON: {problem}")))?;
    Ok(value.into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};
    use time::OffsetDateTime;

    use super::{Given, Query};
    use crate::expression::{Expression, Visible};

    fn evaluate(text: &str) -> Result<Value, String> {
        let variables = json!({"limit": 100, "order": {"id": "o-1"}});
        let Value::Object(variables) = variables else { panic!("an object") };
        let input = json!({"items": [{"price": 50}, {"price": 150}], "cause": "{\"a\":[1]}"});
        let result = json!({"Payload": true});
        let given = Given {
            result: Some(&result),
            context: json!({"Execution": {"Name": "o-1"}}),
            ..given(&input, &variables)
        };
        let expression = Expression::parse(text, Visible::RESULT).unwrap();
        let value = Query::new(given).evaluate(&expression, "Output");
        value.map_err(|error| error.problem)
    }

    fn given<'g>(input: &'g Value, variables: &'g Map<String, Value>) -> Given<'g> {
        Given {
            input,
            result: None,
            error_output: None,
            context: Value::Null,
            variables,
            now: OffsetDateTime::from_unix_timestamp(1_795_435_200).unwrap(),
            random: fastrand::Rng::with_seed(7),
        }
    }

    #[test]
    fn expressions_read_states_and_variables() {
        for (text, value) in [
            ("$states.input.items[price > $limit].price", json!(150)),
            ("$states.context.Execution.Name & '/' & $order.id", json!("o-1/o-1")),
            ("$states.result.Payload", json!(true)),
            ("$sum($states.input.items.price) / 4", json!(50)),
            ("$parse($states.input.cause).a[0]", json!(1)),
            ("$now()", json!("2026-11-23T12:00:00.000Z")),
            ("$millis()", json!(1_795_435_200_000_i64)),
            ("$exists($none)", json!(false)),
            ("{'nothing': $none}", json!({})),
            ("null", json!(null)),
        ] {
            assert_eq!(evaluate(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn dice_are_cast_anew_and_the_same_from_the_same_seed() {
        let drawn = evaluate("[$random(), $random(), $uuid(), $uuid()]").unwrap();
        assert_eq!(evaluate("[$random(), $random(), $uuid(), $uuid()]").unwrap(), drawn);
        assert!(drawn[0] != drawn[1] && drawn[2] != drawn[3], "{drawn}");
        assert!((0.0..1.0).contains(&drawn[0].as_f64().unwrap()), "{drawn}");
        assert_eq!(drawn[2].as_str().unwrap().len(), 36, "{drawn}");
    }

    #[test]
    fn what_has_no_value_says_why() {
        for (text, says) in [
            ("$none", "'$none' specified for the field 'Output' returned nothing (undefined)."),
            ("1 + 'a'", "threw an error during evaluation. T2002"),
            ("$none(1)", "threw an error during evaluation. T1006"),
            ("$sum", "returned an unsupported result type."),
            ("[function($x) { $x }]", "returned an unsupported result type."),
            ("$parse('{')", "the argument of $parse is no JSON"),
            ("$parse(1)", "the argument of $parse is no text"),
        ] {
            let problem = evaluate(text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    #[test]
    fn nothing_of_one_expression_is_left_for_the_next() {
        let variables = Map::new();
        let mut query = Query::new(given(&Value::Null, &variables));
        let expression = |text| Expression::parse(text, Visible::INPUT).unwrap();
        assert_eq!(query.evaluate(&expression("($x := 1; $x)"), "Output"), Ok(json!(1)));
        assert!(query.evaluate(&expression("$x"), "Output").is_err());
    }

    #[test]
    fn an_endless_expression_is_ended() {
        let variables = Map::new();
        let mut query = Query::limited(given(&Value::Null, &variables), 20);
        let text = "($again := function($n) { $again($n + 1) }; $again(0))";
        let expression = Expression::parse(text, Visible::INPUT).unwrap();
        let error = query.evaluate(&expression, "Output").unwrap_err();
        assert!(error.problem.contains("D1012"), "{}", error.problem);
    }
}
