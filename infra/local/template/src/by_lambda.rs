//! What Lambda does as a function.

use local_iam::Request;

use crate::{Template, function::Function, role::reads};

impl Template {
    /// What Lambda itself does as a function, not the function's code: it reads what is mapped to
    /// the function, and sends on what failed.
    pub fn done_by_lambda(&self, function: &Function) -> Vec<Request> {
        let mappings = self.mappings.iter().filter(|it| it.function == function.name);
        let failed = function.async_invoke.on_failure_arn.iter();
        let sends = failed.map(|queue| Request::new("sqs:SendMessage", queue));
        mappings.flat_map(reads).chain(sends).collect()
    }
}
