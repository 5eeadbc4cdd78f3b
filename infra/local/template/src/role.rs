//! The roles of functions and state machines: what their policies say, and what SAM adds to them.

use std::collections::BTreeMap;

use local_iam::{Caller, PolicyError, Request, Role, Statement, identity_policy};
use serde_json::{Value, json};

use crate::{
    Template,
    error::{Place, TemplateError},
    managed,
    mapping::{Mapping, Source},
    physical::{Kind, role_arn},
    properties::{Properties, text},
    resolver::{Resolver, Spot},
    resources::resolved,
};

/// The statements of the policies that the template has as resources of their own, by their names,
/// and those of its roles, by their ARNs.
#[derive(Debug, Default)]
pub(crate) struct Known {
    managed: BTreeMap<String, Vec<Statement>>,
    roles: BTreeMap<String, Vec<Statement>>,
}

impl Known {
    /// Reads the policies and roles among `resources`.
    pub(crate) fn read(
        resolver: &Resolver<'_>,
        resources: &[(&str, Kind)],
    ) -> Result<Self, TemplateError> {
        let mut known = Self::default();
        for (id, _) in resources.iter().filter(|(_, kind)| *kind == Kind::Inert) {
            let kind = resolver.document.resources.get(*id).map(|it| it.kind.as_str());
            if kind == Some("AWS::IAM::Policy") {
                let problem = "is a policy beside its roles; write its statements at the function";
                return Err(Place::at(id).invalid(problem));
            }
            if kind != Some("AWS::IAM::ManagedPolicy") {
                continue;
            }
            let mut properties = resolved(resolver, id)?;
            let place = properties.place().child("PolicyDocument");
            let document = properties.required("PolicyDocument")?;
            properties.pass_over(&["Description", "ManagedPolicyName", "Path"]);
            // Roles, users and groups would have it without naming it.
            properties.done()?;
            let name = resolver.name_of(id, &Spot::new(Place::at(id)))?;
            known.managed.insert(name, statements(&document, &place)?);
        }
        for (id, _) in resources.iter().filter(|(_, kind)| *kind == Kind::Role) {
            let mut properties = resolved(resolver, id)?;
            let name = resolver.name_of(id, &Spot::new(Place::at(id)))?;
            let mut of_role = Vec::new();
            for (place, policy) in properties.list("Policies")? {
                let mut policy = Properties::new(place, policy)?;
                let place = policy.place().child("PolicyDocument");
                of_role.extend(statements(&policy.required("PolicyDocument")?, &place)?);
                policy.pass_over(&["PolicyName"]);
                policy.done()?;
            }
            for (place, policy) in properties.list("ManagedPolicyArns")? {
                of_role.extend(known.named(&text(policy, &place)?, &place)?);
            }
            let inert = ["AssumeRolePolicyDocument", "Description", "MaxSessionDuration"];
            properties.pass_over(&inert);
            properties.pass_over(&["Path", "RoleName", "Tags"]);
            properties.done()?;
            known.roles.insert(role_arn(&name), of_role);
        }
        Ok(known)
    }

    /// The statements of a policy that is named: one of the template's, or one of AWS.
    fn named(&self, name: &str, place: &Place) -> Result<Vec<Statement>, TemplateError> {
        if let Some(statements) = self.managed.get(name) {
            return Ok(statements.clone());
        }
        let document = managed::policy(name.rsplit('/').next().unwrap_or(name));
        let document = document.ok_or_else(|| {
            place.invalid(format!("{name} is no policy that is known here; write its statements"))
        })?;
        statements(&document, place)
    }

    /// The role of a function or state machine: the one that it names, or the one that SAM makes of
    /// its `Policies`.
    pub(crate) fn take(
        &self,
        stack: &str,
        logical_id: &str,
        properties: &mut Properties,
    ) -> Result<Role, TemplateError> {
        let place = properties.place().clone();
        let policies = properties.take("Policies");
        if let Some(arn) = properties.text_if_any("Role")? {
            // With a role of its own, SAM passes the policies over.
            let statements = self.roles.get(&arn).cloned().ok_or_else(|| {
                let problem = format!("{arn} is no role of the template: its rights are unknown");
                place.child("Role").invalid(problem)
            })?;
            return Ok(Role { arn, statements });
        }
        let place = place.child("Policies");
        let policies = match policies {
            None => Vec::new(),
            Some(Value::Array(policies)) => policies,
            Some(single) => vec![single],
        };
        let mut of_role = Vec::new();
        for (index, policy) in policies.iter().enumerate() {
            of_role.extend(self.policy(policy, &place.item(index))?);
        }
        let arn = role_arn(&format!("{stack}-{logical_id}Role"));
        Ok(Role { arn, statements: of_role })
    }

    /// A policy as SAM takes it: statements, a name, or one of SAM's own templates.
    fn policy(&self, policy: &Value, place: &Place) -> Result<Vec<Statement>, TemplateError> {
        match policy {
            Value::String(name) => self.named(name, place),
            Value::Object(members) if members.contains_key("Statement") => {
                statements(policy, place)
            }
            Value::Object(members) => {
                let mut members = members.iter();
                let (Some((name, given)), None) = (members.next(), members.next()) else {
                    return Err(place.invalid("must be statements, or one template of SAM's"));
                };
                let document = managed::template(name, given).ok_or_else(|| {
                    let problem =
                        format!("{name} with {given} is not known here; write statements");
                    place.invalid(problem)
                })?;
                statements(&document, place)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err(place.invalid("must be statements or a name"))
            }
        }
    }
}

fn statements(document: &Value, place: &Place) -> Result<Vec<Statement>, TemplateError> {
    identity_policy(document).map_err(|error| of_policy(error, place))
}

pub(crate) fn of_policy(error: PolicyError, place: &Place) -> TemplateError {
    match error.at.as_str() {
        "" => place.invalid(error.problem),
        at => place.child(at).invalid(error.problem),
    }
}

/// What SAM lets a function send to because its `EventInvokeConfig` names it.
pub(crate) fn sends_to(queue_arn: &str, place: &Place) -> Result<Vec<Statement>, TemplateError> {
    statements(&managed::document(&["sqs:SendMessage"], &[queue_arn]), place)
}

/// What Lambda does with the function's role for a mapping.
/// Sources: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>.
pub(crate) fn reads(mapping: &Mapping) -> Vec<Request> {
    let of = |actions: &[&str], arn: &str| -> Vec<Request> {
        actions.iter().map(|action| Request::new(*action, arn)).collect()
    };
    match &mapping.source {
        Source::Queue { arn, .. } => of(&managed::QUEUE_ACTIONS, arn),
        Source::Stream { arn, on_failure_arn, .. } => {
            let mut requests = of(&managed::STREAM_ACTIONS, arn);
            requests.extend(on_failure_arn.iter().map(|it| Request::new("sqs:SendMessage", it)));
            requests
        }
    }
}

impl Template {
    /// What the role of a mapping's function lacks to read what it is mapped to, in Lambda's words:
    /// it would not create the mapping.
    #[must_use]
    pub fn lacking(&self, mapping: &Mapping) -> Option<String> {
        let authority = self.authority();
        let role = authority.functions.get(&mapping.function)?;
        let caller = Caller::Role { role, session: &mapping.function };
        let mut lacking = reads(mapping).into_iter();
        let lacking = lacking.find(|it| authority.decide(&caller, it).is_err())?;
        Some(format!(
            "{}: the execution role of {} does not have permissions to call {} on {}",
            mapping.logical_id, mapping.function, lacking.action, lacking.resource
        ))
    }

    /// Decides who may do what, by the policies of the template.
    #[must_use]
    pub fn authority(&self) -> local_iam::Authority {
        let mut authority = local_iam::Authority::default();
        for function in &self.functions {
            authority.functions.insert(function.name.clone(), function.role.clone());
        }
        authority.resources.clone_from(&self.resource_policies);
        for table in &self.tables {
            authority.tables.add(&table.create_table);
        }
        if let Some(api) = &self.socket_api {
            authority.socket_apis.add(&api.stage, &api.logical_id);
        }
        authority
    }
}

/// An `AWS::Events::EventBusPolicy`: one statement, whole or in parts.
pub(crate) fn bus_policy(
    mut properties: Properties,
) -> Result<local_iam::ResourcePolicy, TemplateError> {
    let place = properties.place().child("Statement");
    let bus = properties.text_if_any("EventBusName")?;
    let bus = bus.as_deref().map_or(crate::bus::DEFAULT_BUS, crate::physical::bus_name);
    let statement = properties.required("Statement")?;
    properties.pass_over(&["StatementId"]);
    properties.done()?;
    let resource = crate::physical::arn("events", &format!("event-bus/{bus}"));
    let statements = local_iam::resource_policy(&json!({ "Statement": statement }))
        .map_err(|error| of_policy(error, &place))?;
    Ok(local_iam::ResourcePolicy { resource, statements })
}
