//! What can be seen to be wrong with an expression before it is evaluated.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

/// Functions that Step Functions adds to `JSONata` and that are not run here.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.
const NOT_HERE: [&str; 3] = ["hash", "partition", "range"];

/// Which members of `$states` a field may read, besides `input` and `context`.
/// Source: <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Visible {
    pub(crate) result: bool,
    pub(crate) error_output: bool,
}

impl Visible {
    /// What the state was given.
    pub(crate) const INPUT: Self = Self { result: false, error_output: false };
    /// And what its work resulted in.
    pub(crate) const RESULT: Self = Self { result: true, error_output: false };
    /// And what its work failed with.
    pub(crate) const ERROR: Self = Self { result: false, error_output: true };
}

/// Looks through an expression for what Step Functions refuses.
pub(super) fn check(syntax: &AstNode, visible: Visible) -> Result<(), String> {
    Check { visible }.node(syntax, true)
}

struct Check {
    visible: Visible,
}

type Checked = Result<(), String>;

impl Check {
    /// `at_top`: whether the node is evaluated against nothing rather than against a value that a
    /// path has led to.
    fn node(&self, node: &AstNode, at_top: bool) -> Checked {
        let at_top_of = |what: &str| {
            let problem =
                "there is nothing it could be taken from; begin with $states or a variable";
            if at_top { Err(format!("{what} at the top level: {problem}")) } else { Ok(()) }
        };
        match node {
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::Parent(_) => Ok(()),
            AstNode::Name(name) => at_top_of(&format!("the field {name:?}")),
            AstNode::Wildcard => at_top_of("*"),
            AstNode::Descendant => at_top_of("**"),
            AstNode::ParentVariable(_) => self.node(&AstNode::Name("$$".to_owned()), true),
            AstNode::Variable(name) if name.is_empty() => at_top_of("$"),
            AstNode::Variable(name) => callable(name, None),
            AstNode::Path { steps } => self.path(steps, at_top),
            AstNode::Binary { op, lhs, rhs } => {
                operator(*op)?;
                self.node(lhs, at_top)?;
                self.node(rhs, at_top)
            }
            AstNode::Unary { operand, .. } => self.node(operand, at_top),
            AstNode::Function { name, args, .. } => {
                callable(name, Some(args.len()))?;
                self.nodes(args, at_top)
            }
            AstNode::Call { procedure, args } => {
                self.node(procedure, at_top)?;
                self.nodes(args, at_top)
            }
            AstNode::Lambda { body, .. } => self.node(body, at_top),
            AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
                self.nodes(items, at_top)
            }
            AstNode::Object(pairs) => self.pairs(pairs, at_top),
            AstNode::ObjectTransform { input, pattern } => {
                self.node(input, at_top)?;
                self.pairs(pattern, false)
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.node(condition, at_top)?;
                self.node(then_branch, at_top)?;
                else_branch.as_deref().map_or(Ok(()), |node| self.node(node, at_top))
            }
            AstNode::FunctionApplication(inner) => self.node(inner, at_top),
            AstNode::Sort { input, terms } => {
                self.node(input, at_top)?;
                terms.iter().try_for_each(|(term, _)| self.node(term, false))
            }
            AstNode::Transform { location, update, delete } => {
                self.node(location, false)?;
                self.node(update, false)?;
                delete.as_deref().map_or(Ok(()), |node| self.node(node, false))
            }
        }
    }

    fn nodes(&self, nodes: &[AstNode], at_top: bool) -> Checked {
        nodes.iter().try_for_each(|node| self.node(node, at_top))
    }

    fn pairs(&self, pairs: &[(AstNode, AstNode)], at_top: bool) -> Checked {
        pairs.iter().try_for_each(|(key, value)| {
            self.node(key, at_top)?;
            self.node(value, at_top)
        })
    }

    fn path(&self, steps: &[PathStep], at_top: bool) -> Checked {
        if let [first, second, ..] = steps
            && let (AstNode::Variable(variable), AstNode::Name(member)) =
                (&first.node, &second.node)
            && variable == "states"
        {
            self.states_member(member)?;
        }
        for (index, step) in steps.iter().enumerate() {
            self.node(&step.node, at_top && index == 0)?;
            for stage in &step.stages {
                match stage {
                    Stage::Filter(filter) => self.node(filter, false)?,
                    Stage::KeepArray | Stage::Index(_) => {}
                }
            }
        }
        Ok(())
    }

    fn states_member(&self, member: &str) -> Checked {
        match member {
            "input" | "context" => Ok(()),
            "result" if self.visible.result => Ok(()),
            "result" => Err("$states.result is there only in Output and Assign of a state \
                             that has a result"
                .to_owned()),
            "errorOutput" if self.visible.error_output => Ok(()),
            "errorOutput" => {
                Err("$states.errorOutput is there only in Output and Assign of a Catch".to_owned())
            }
            other => Err(format!(
                "$states.{other} does not exist; there are input, context, result and errorOutput"
            )),
        }
    }
}

/// Operators that came to `JSONata` after the version that Step Functions runs.
fn operator(op: BinaryOp) -> Checked {
    let newer = match op {
        BinaryOp::Coalesce => "??",
        BinaryOp::Default => "?:",
        BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Modulo
        | BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::LessThan
        | BinaryOp::LessThanOrEqual
        | BinaryOp::GreaterThan
        | BinaryOp::GreaterThanOrEqual
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Concatenate
        | BinaryOp::Range
        | BinaryOp::In
        | BinaryOp::ColonEqual
        | BinaryOp::FocusBind
        | BinaryOp::IndexBind
        | BinaryOp::ChainPipe => return Ok(()),
    };
    Err(format!("the operator {newer} is not in JSONata 2.0.6, which Step Functions runs"))
}

/// Whether a function may be named, and called with that many arguments.
fn callable(name: &str, arguments: Option<usize>) -> Checked {
    match (name, arguments) {
        ("eval", _) => Err("$eval is not in Step Functions; use $parse for JSON".to_owned()),
        ("now", Some(1..)) => {
            let instead = "$fromMillis($millis(), picture, timezone)";
            Err(format!("$now with a picture is not run on one machine; use {instead}"))
        }
        ("random", Some(1..)) => Err("$random with a seed is not run on one machine".to_owned()),
        (name, Some(_)) if NOT_HERE.contains(&name) => {
            Err(format!("the function ${name} is not run on one machine"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Visible;
    use crate::expression::Expression;

    #[track_caller]
    fn refused(text: &str, says: &str) {
        let problem = Expression::parse(text, Visible::INPUT).unwrap_err();
        assert!(problem.contains(says), "{text}: {problem}");
    }

    #[test]
    fn what_begins_at_states_or_a_variable_is_taken() {
        for text in [
            "$states.input.order.id",
            "$states.context.Execution.Name",
            "$states.input.items[price > 100].name",
            "$states.input.items.(price * quantity)",
            "$states.input.items{sku: $sum(quantity)}",
            "$states.input.items^(>price)[0]",
            "$map($states.input.items, function($item) { $item.price })",
            "($total := $sum($prices); $total > 10 ? 'much' : 'little')",
            "$states.input ~> |items|{'seen': true}|",
            "$merge([$states.input, {'at': $now()}])",
            "$count($states.input.items.*)",
        ] {
            Expression::parse(text, Visible::INPUT).unwrap();
        }
    }

    #[test]
    fn what_begins_nowhere_is_refused() {
        for text in [
            "order.id",
            "$string(order)",
            "{'id': id}",
            "$total + tax",
            "$",
            "$.order",
            "*",
            "$map($states.input.items, function($item) { price })",
            "$states.input.items[$$.limit > price]",
        ] {
            refused(text, "at the top level");
        }
    }

    #[test]
    fn what_is_not_in_the_jsonata_of_step_functions_is_refused() {
        refused("$states.input.a ?? 1", "the operator ?? is not in JSONata 2.0.6");
        refused("$states.input.a ?: 1", "the operator ?: is not in JSONata 2.0.6");
        refused("$eval('1')", "use $parse");
        refused("$map(['1'], $eval)", "use $parse");
        refused("$states.input.a +", "S0207");
    }

    #[test]
    fn what_step_functions_has_and_this_has_not_is_refused() {
        refused("$hash('a', 'SHA-256')", "$hash is not run on one machine");
        refused("$range(0, 10, 2)", "$range is not run");
        refused("$random(7)", "with a seed");
        refused("$now('[Y]')", "$fromMillis($millis()");
    }

    #[test]
    fn results_and_errors_are_read_where_they_are() {
        refused("$states.result.Payload", "only in Output and Assign");
        refused("$states.errorOutput.Error", "Assign of a Catch");
        refused("$states.inptu", "$states.inptu does not exist");
        Expression::parse("$states.result.Payload", Visible::RESULT).unwrap();
        Expression::parse("$states.errorOutput.Error", Visible::ERROR).unwrap();
        Expression::parse("$states.errorOutput", Visible::RESULT).unwrap_err();
    }
}
