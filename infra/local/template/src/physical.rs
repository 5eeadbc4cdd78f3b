//! Physical names and ARNs: what a reference to a resource stands for on one machine.

use local_core::{ACCOUNT, REGION};
use serde_json::Value;

use crate::{
    document::Resource,
    endpoint,
    error::{Place, TemplateError},
    properties::text,
    resolver::{Resolver, Spot},
};

/// The label of every table's stream. AWS gives the moment of the stream's creation.
pub const STREAM_LABEL: &str = "2026-01-01T00:00:00.000";

/// The types that have no effect on one machine: logs, what watches over them, and what
/// only informs people, such as the registry of schemas in a stack of its own.
const INERT: &[&str] = &[
    "AWS::CloudFormation::Stack",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::ResourcePolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
];

/// The types that the local stack runs, and those that have names and ARNs without being run:
/// topics, which only inform people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Archive,
    Bus,
    BusPolicy,
    Function,
    GatewayApi,
    GatewayAuthorizer,
    GatewayDeployment,
    GatewayIntegration,
    GatewayRoute,
    GatewayStage,
    HttpApi,
    Inert,
    Mapping,
    Permission,
    Queue,
    QueuePolicy,
    Role,
    Rule,
    StateMachine,
    Table,
    Topic,
}

impl Kind {
    pub(crate) fn of(id: &str, resource: &Resource) -> Result<Self, TemplateError> {
        Ok(match resource.kind.as_str() {
            "AWS::ApiGatewayV2::Api" => Self::GatewayApi,
            "AWS::ApiGatewayV2::Authorizer" => Self::GatewayAuthorizer,
            "AWS::ApiGatewayV2::Deployment" => Self::GatewayDeployment,
            "AWS::ApiGatewayV2::Integration" => Self::GatewayIntegration,
            "AWS::ApiGatewayV2::Route" => Self::GatewayRoute,
            "AWS::ApiGatewayV2::Stage" => Self::GatewayStage,
            "AWS::DynamoDB::Table" => Self::Table,
            "AWS::Events::Archive" => Self::Archive,
            "AWS::Events::EventBus" => Self::Bus,
            "AWS::Events::EventBusPolicy" => Self::BusPolicy,
            "AWS::Events::Rule" => Self::Rule,
            "AWS::IAM::Role" => Self::Role,
            "AWS::Lambda::EventSourceMapping" => Self::Mapping,
            "AWS::Lambda::Permission" => Self::Permission,
            "AWS::SNS::Topic" => Self::Topic,
            "AWS::SQS::Queue" => Self::Queue,
            "AWS::SQS::QueuePolicy" => Self::QueuePolicy,
            "AWS::Serverless::Function" => Self::Function,
            "AWS::Serverless::HttpApi" => Self::HttpApi,
            "AWS::Serverless::StateMachine" => Self::StateMachine,
            inert if INERT.contains(&inert) => Self::Inert,
            unknown => {
                return Err(TemplateError::UnknownType {
                    resource: id.to_owned(),
                    kind: unknown.to_owned(),
                });
            }
        })
    }

    /// The property that names a resource, and how long the name may be.
    fn name_property(self) -> Option<(&'static str, usize)> {
        match self {
            Self::Archive => Some(("ArchiveName", 48)),
            Self::Bus => Some(("Name", 256)),
            Self::Function => Some(("FunctionName", 64)),
            Self::GatewayStage => Some(("StageName", 128)),
            Self::Queue => Some(("QueueName", 80)),
            Self::Role => Some(("RoleName", 64)),
            Self::Rule => Some(("Name", 64)),
            Self::StateMachine => Some(("Name", 80)),
            Self::Table => Some(("TableName", 255)),
            Self::Topic => Some(("TopicName", 256)),
            Self::BusPolicy
            | Self::GatewayApi
            | Self::GatewayAuthorizer
            | Self::GatewayDeployment
            | Self::GatewayIntegration
            | Self::GatewayRoute
            | Self::HttpApi
            | Self::Inert
            | Self::Mapping
            | Self::Permission
            | Self::QueuePolicy => None,
        }
    }
}

/// An ARN of the local account and region.
pub(crate) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

pub(crate) fn stream_arn(table: &str) -> String {
    arn("dynamodb", &format!("table/{table}/stream/{STREAM_LABEL}"))
}

/// Roles belong to no region.
pub(crate) fn role_arn(role: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{role}")
}

pub(crate) fn state_machine_arn(name: &str) -> String {
    arn("states", &format!("stateMachine:{name}"))
}

/// A rule of the default bus has no bus in its ARN.
pub(crate) fn rule_arn(bus: &str, rule: &str) -> String {
    match bus {
        "default" => arn("events", &format!("rule/{rule}")),
        _ => arn("events", &format!("rule/{bus}/{rule}")),
    }
}

impl Resolver<'_> {
    /// The name that the resource has outside of the template.
    pub(crate) fn name_of(&self, id: &str, at: &Spot) -> Result<String, TemplateError> {
        let (resource, kind) = self.lookup(id, at)?;
        let unnamed = || format!("{}-{id}", self.options.stack_name);
        let Some((property, length_max)) = kind.name_property() else { return Ok(unnamed()) };
        let place = Place::at(id).child(property);
        let name = match resource.properties.get(property) {
            Some(name) => self.resolve(name, &at.into(place.clone())?)?,
            None => None,
        };
        let name = name.map(|name| text(name, &place)).transpose()?.unwrap_or_else(unnamed);
        if name.is_empty() || name.len() > length_max {
            let problem = format!("{name:?} must have 1 to {length_max} characters");
            return Err(place.invalid(problem));
        }
        Ok(name)
    }

    /// What `!Ref` of a resource gives.
    pub(crate) fn reference_of(&self, id: &str, at: &Spot) -> Result<String, TemplateError> {
        let (_, kind) = self.lookup(id, at)?;
        match kind {
            Kind::Queue => Ok(self.queue_url(&self.name_of(id, at)?)),
            Kind::StateMachine => Ok(state_machine_arn(&self.name_of(id, at)?)),
            Kind::Topic => Ok(arn("sns", &self.name_of(id, at)?)),
            Kind::Archive
            | Kind::Bus
            | Kind::Function
            | Kind::GatewayStage
            | Kind::Inert
            | Kind::Role
            | Kind::Table => self.name_of(id, at),
            Kind::GatewayApi
            | Kind::GatewayAuthorizer
            | Kind::GatewayDeployment
            | Kind::GatewayIntegration
            | Kind::HttpApi => Ok(id.to_owned()),
            Kind::BusPolicy
            | Kind::GatewayRoute
            | Kind::Mapping
            | Kind::Permission
            | Kind::QueuePolicy
            | Kind::Rule => {
                Err(at.place.invalid(format!("!Ref {id} is not followed on one machine")))
            }
        }
    }

    /// What `!GetAtt` of a resource gives.
    pub(crate) fn attribute_of(
        &self,
        id: &str,
        attribute: &str,
        at: &Spot,
    ) -> Result<String, TemplateError> {
        if let Some(role) = self.role_made_by_sam(id, at)? {
            return match attribute {
                "Arn" => Ok(role_arn(&role)),
                _ => Err(at.place.invalid(format!("{id} has no attribute {attribute} here"))),
            };
        }
        let (resource, kind) = self.lookup(id, at)?;
        let name = self.name_of(id, at)?;
        match (kind, attribute) {
            (Kind::Archive, "Arn") => Ok(arn("events", &format!("archive/{name}"))),
            (Kind::Bus, "Arn") => Ok(arn("events", &format!("event-bus/{name}"))),
            (Kind::Bus | Kind::StateMachine, "Name")
            | (Kind::Queue, "QueueName")
            | (Kind::Topic, "TopicName") => Ok(name),
            (Kind::GatewayApi, "ApiId")
            | (Kind::GatewayAuthorizer, "AuthorizerId")
            | (Kind::GatewayDeployment, "DeploymentId")
            | (Kind::GatewayIntegration, "IntegrationId") => Ok(id.to_owned()),
            (Kind::GatewayApi, "ApiEndpoint") if endpoint::is_web_socket(resource) => {
                Ok(format!("wss://{}", endpoint::host(id)))
            }
            (Kind::Function, "Arn") => Ok(arn("lambda", &format!("function:{name}"))),
            (Kind::Queue, "Arn") => Ok(arn("sqs", &name)),
            (Kind::Queue, "QueueUrl") => Ok(self.queue_url(&name)),
            (Kind::Role, "Arn") => Ok(role_arn(&name)),
            (Kind::Rule, "Arn") => Ok(rule_arn(&self.bus_of(id, resource, at)?, &name)),
            (Kind::StateMachine, "Arn") => Ok(state_machine_arn(&name)),
            (Kind::Table, "Arn") => Ok(arn("dynamodb", &format!("table/{name}"))),
            (Kind::Table, "StreamArn")
                if resource.properties.get("StreamSpecification").is_some() =>
            {
                Ok(stream_arn(&name))
            }
            (Kind::Topic, "TopicArn") => Ok(arn("sns", &name)),
            // Nothing reads it; that the resource is there is what matters.
            (Kind::Inert, _) => Ok(arn("inert", &name)),
            _ => Err(at.place.invalid(format!("{id} has no attribute {attribute} here"))),
        }
    }

    /// The name of the role that SAM makes for a function that names none: its logical id is the
    /// function's with `Role` behind it. Source:
    /// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html>.
    fn role_made_by_sam(&self, id: &str, at: &Spot) -> Result<Option<String>, TemplateError> {
        if self.document.resources.contains_key(id) {
            return Ok(None);
        }
        let function = id.strip_suffix("Role").filter(|function| {
            self.document.resources.get(*function).is_some_and(|it| {
                it.kind == "AWS::Serverless::Function" && it.properties.get("Role").is_none()
            })
        });
        let Some(function) = function else { return Ok(None) };
        self.lookup(function, at)?;
        Ok(Some(format!("{}-{id}", self.options.stack_name)))
    }

    /// The bus of a rule, by name: the property may be a name or an ARN.
    fn bus_of(&self, id: &str, rule: &Resource, at: &Spot) -> Result<String, TemplateError> {
        let place = Place::at(id).child("EventBusName");
        let given = match rule.properties.get("EventBusName") {
            Some(bus) => self.resolve(bus, &at.into(place.clone())?)?,
            None => None,
        };
        let given = given.unwrap_or_else(|| Value::String("default".to_owned()));
        Ok(bus_name(&text(given, &place)?).to_owned())
    }

    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.options.endpoint.trim_end_matches('/'))
    }

    fn lookup(&self, id: &str, at: &Spot) -> Result<(&Resource, Kind), TemplateError> {
        let Some(resource) = self.document.resources.get(id) else {
            let problem = format!("{id:?} is neither a parameter nor a resource of the template");
            return Err(at.place.invalid(problem));
        };
        if let Some(condition) = &resource.condition
            && !self.holds(condition, at)?
        {
            return Err(at.place.invalid(format!("{id} is left out by its condition {condition}")));
        }
        Ok((resource, Kind::of(id, resource)?))
    }
}

/// The name in `arn:aws:events:…:event-bus/NAME`, or the name itself.
pub(crate) fn bus_name(name_or_arn: &str) -> &str {
    name_or_arn.split_once(":event-bus/").map_or(name_or_arn, |(_, name)| name)
}

/// The name in `arn:aws:lambda:…:function:NAME`, or the name itself.
pub(crate) fn function_name(name_or_arn: &str) -> &str {
    name_or_arn.split_once(":function:").map_or(name_or_arn, |(_, name)| name)
}
