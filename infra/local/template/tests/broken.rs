//! Templates that must not load, and what is reported of them; and the functions that small
//! templates need.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{collections::BTreeMap, path::Path, time::Duration};

use local_template::{Access, LoadOptions, Template, TemplateError};

const HEADER: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: test, AllowedValues: [test, live] }
  Seconds: { Type: Number, Default: 60 }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  IsTest: !And [!Not [!Condition IsLive], !Or [!Condition IsLive, !Equals [a, a]]]
Mappings:
  Retention: { test: { Seconds: 120 }, live: { Seconds: 240 } }
Resources:
";

/// A working consumer of a bus, for the tests to break.
const CONSUMER: &str = "
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: bus } }
  Queue:
    Type: AWS::SQS::Queue
    Properties: { VisibilityTimeout: !Ref Seconds }
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          Effect: Allow
          Principal: { Service: events.amazonaws.com }
          Action: sqs:SendMessage
          Resource: !GetAtt Queue.Arn
          Condition: { ArnEquals: { aws:SourceArn: !GetAtt Rule.Arn } }
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !GetAtt Bus.Arn
      EventPattern: { source: [a] }
      Targets:
        - Id: queue
          Arn: !GetAtt Queue.Arn
  Function:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: consumer } }
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Timeout: 10
      EventInvokeConfig: { MaximumRetryAttempts: 1 }
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !GetAtt Function.Arn
      EventSourceArn: !GetAtt Queue.Arn
";

fn parse_with(resources: &str, parameters: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let parameters: BTreeMap<_, _> =
        parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let endpoint = "http://127.0.0.1:9000/";
    let options = LoadOptions { stack_name: "small", endpoint, parameters: &parameters };
    Template::parse(&format!("{HEADER}{resources}"), &options)
}

fn parse(resources: &str) -> Result<Template, TemplateError> {
    parse_with(resources, &[])
}

/// What is reported of [`CONSUMER`] with `from` replaced.
#[track_caller]
fn broken(from: &str, to: &str) -> String {
    assert!(CONSUMER.contains(from), "{from}");
    parse(&CONSUMER.replacen(from, to, 1)).unwrap_err().to_string()
}

/// One queue whose name is `value`, resolved.
#[track_caller]
fn resolved(value: &str) -> Result<String, String> {
    let queue =
        format!("  Queue: {{ Type: AWS::SQS::Queue, Properties: {{ QueueName: {value} }} }}");
    let template = parse(&queue).map_err(|error| error.to_string())?;
    Ok(template.queues.first().unwrap().name.clone())
}

#[test]
fn the_consumer_loads_while_nothing_is_broken() {
    let template = parse(CONSUMER).unwrap();
    let function = template.function("small-Function").unwrap();
    assert_eq!(function.async_invoke.retries_max, 1);
    assert_eq!(template.mappings.first().unwrap().function, "small-Function");
    let queue = template.queues.first().unwrap();
    assert_eq!(queue.url, "http://127.0.0.1:9000/000000000000/small-Queue");
    assert_eq!(queue.visibility_timeout, Duration::from_secs(60));
    let rule = template.rules.first().unwrap();
    assert_eq!((rule.bus.as_str(), rule.targets.first().unwrap().retry.retries_max), ("bus", 185));
}

#[test]
fn intrinsic_functions_are_resolved() {
    let cases = [
        ("!Sub '${AWS::StackName}-${Stage}'", "small-test"),
        ("!Sub ['${A}-${!A}', { A: !Ref Stage }]", "test-${A}"),
        ("!Join ['-', [a, !Ref 'AWS::NoValue', !Ref Stage]]", "a-test"),
        ("!If [IsTest, yes, no]", "yes"),
        ("{ 'Fn::If': [IsLive, { Ref: Stage }, { 'Fn::Sub': '${AWS::Region}' }] }", "us-east-1"),
        ("!FindInMap [Retention, !Ref Stage, Seconds]", "120"),
        ("!Ref AWS::NoValue", "small-Queue"),
    ];
    for (written, name) in cases {
        assert_eq!(resolved(written).as_deref(), Ok(name), "{written}");
    }
}

#[test]
fn functions_that_lead_nowhere_are_refused() {
    let cases = [
        ("!Ref Nothing", "\"Nothing\" is neither a parameter nor a resource"),
        ("!Sub '${Nothing.Arn}'", "\"Nothing\" is neither a parameter nor a resource"),
        ("!Sub '${Stage'", "is never closed"),
        ("!GetAtt Queue.Size", "refers to itself"),
        ("!If [Never, a, b]", "Never is not a condition"),
        ("!FindInMap [Retention, none, Seconds]", "there is no Retention.none.Seconds"),
        ("!ImportValue shared", "Fn::ImportValue is not known"),
        ("[list]", "must be text"),
    ];
    for (written, problem) in cases {
        let error = resolved(written).unwrap_err();
        assert!(error.starts_with("Queue.QueueName: ") && error.contains(problem), "{error}");
    }
}

#[test]
fn a_resource_whose_condition_does_not_hold_is_left_out() {
    let live = "  Queue: { Type: AWS::SQS::Queue, Condition: IsLive }\n";
    assert!(parse(live).unwrap().queues.is_empty());
    assert_eq!(parse_with(live, &[("Stage", "live")]).unwrap().queues.len(), 1);
    let error = broken("Type: AWS::SQS::Queue\n", "Type: AWS::SQS::Queue\n    Condition: IsLive\n");
    assert!(error.contains("Queue is left out by its condition IsLive"), "{error}");
}

#[test]
fn parameters_are_checked_as_declared() {
    let cases = [
        ([("Stage", "prod")], "parameter Stage: is \"prod\", allowed are \"test\", \"live\""),
        ([("Seconds", "soon")], "parameter Seconds: is \"soon\", must be a number"),
        ([("Stag", "test")], "parameter Stag: is not a parameter of the template"),
    ];
    for (given, message) in cases {
        assert_eq!(parse_with("", &given).unwrap_err().to_string(), message);
    }
}

#[test]
fn what_is_not_modelled_is_refused_by_name() {
    let bucket = parse("  Photos: { Type: AWS::S3::Bucket }").unwrap_err();
    assert!(matches!(&bucket, TemplateError::UnknownType { resource, .. } if resource == "Photos"));
    let several =
        parse("  Photos: { Type: AWS::S3::Bucket }\n  Cache: { Type: AWS::DAX::Cluster }");
    let several = several.unwrap_err().to_string();
    for part in
        ["2 resources", "\n  Cache: ", "AWS::DAX::Cluster", "\n  Photos: ", "AWS::S3::Bucket"]
    {
        assert!(several.contains(part), "{part} in {several}");
    }
    let cases = [
        ("- Id: queue", "- Id: queue\n          InputPath: $.detail", "Rule.Targets[0].InputPath"),
        ("VisibilityTimeout: !Ref Seconds", "FifoQueue: true", "Queue.FifoQueue"),
        ("Timeout: 10", "Layers: [a]", "Function.Layers"),
        ("FunctionName:", "TumblingWindowInSeconds: 9\n      FunctionName:", "Mapping.Tumbling"),
        ("Type: AWS::Events::Rule", "Type: AWS::Events::Rule\n    UpdatePolicy: {}", "Update"),
    ];
    for (from, to, place) in cases {
        let error = broken(from, to);
        assert!(error.contains(place) && error.contains("is not followed"), "{error}");
    }
    let error =
        broken("EventInvokeConfig:", "Events: { Q: { Type: SQS } }\n      EventInvokeConfig:");
    assert!(error.contains("write an AWS::Lambda::EventSourceMapping"), "{error}");
}

#[test]
fn a_message_stays_hidden_for_six_timeouts() {
    assert_eq!(
        broken("!Ref Seconds", "9"),
        "Queue.VisibilityTimeout: is 9 s, must be at least the 10 s that Function may take"
    );
}

#[test]
fn a_queue_hides_messages_as_long_as_its_function_may_take_or_longer() {
    assert!(parse(&CONSUMER.replace("!Ref Seconds", "10")).is_ok());
}

#[test]
fn a_mapping_has_at_most_five_filters() {
    let filters = |count: usize| {
        let filter = "{ Pattern: '{\"body\": {\"kind\": [\"a\"]}}' }";
        let filters = vec![filter; count].join(", ");
        let own = format!("FilterCriteria: {{ Filters: [{filters}] }}\n      FunctionName:");
        CONSUMER.replace("FunctionName:", &own)
    };
    assert!(parse(&filters(5)).is_ok());
    let refusal = parse(&filters(6)).unwrap_err().to_string();
    assert_eq!(refusal, "Mapping.FilterCriteria.Filters: has 6 filters, at most 5 are allowed");
}

#[test]
fn a_rule_without_permission_to_send_is_refused() {
    let problem = "Rule.Targets[0]: no AWS::SQS::QueuePolicy lets events.amazonaws.com send to Queue \
                   for this rule";
    assert_eq!(broken("Principal: { Service: events", "Principal: { Service: sns"), problem);
    assert_eq!(
        broken("aws:SourceArn: !GetAtt Rule.Arn", "aws:SourceArn: !GetAtt Bus.Arn"),
        problem
    );
}

#[test]
fn what_aws_refuses_is_refused() {
    let six: String =
        (0..6).map(|at| format!("\n        - {{ Id: t{at}, Arn: !GetAtt Queue.Arn }}")).collect();
    let targets = "\n        - Id: queue\n          Arn: !GetAtt Queue.Arn";
    let twice = format!("{targets}{targets}");
    let cases = [
        (targets, six.as_str(), "Rule.Targets: are 6, a rule has at most 5"),
        (targets, &twice, "Rule.Targets: the id queue is given twice"),
        ("EventBusName: !GetAtt Bus.Arn", "EventBusName: other", "Rule: other is not a bus"),
        (
            "Arn: !GetAtt Queue.Arn\n  F",
            "Arn: arn:aws:sqs:x\n  F",
            "Rule.Targets[0].Arn: arn:aws:sqs:x",
        ),
        ("Timeout: 10", "Timeout: 901", "Function.Timeout: is 901"),
        ("Timeout: 10", "FunctionName: Bus\n      Timeout: x", "Function.Timeout: is \"x\""),
        (
            "FunctionName: !GetAtt",
            "BatchSize: 11\n      FunctionName: !GetAtt",
            "Mapping.BatchSize",
        ),
        ("FunctionName: !GetAtt Function.Arn", "FunctionName: f", "Mapping.FunctionName: f is not"),
        (
            "  Mapping:",
            "  Queue2: { Type: AWS::SQS::Queue, Properties: { QueueName: small-Queue } }\n  Mapping:",
            "Queue2: there is another queue",
        ),
        (
            "  Mapping:",
            "  Logs: { Type: AWS::Logs::LogGroup, DependsOn: Nothing }\n  Mapping:",
            "Logs.DependsOn: Nothing is not",
        ),
        (
            "  Mapping:",
            "  Logs: { Type: AWS::Logs::LogGroup, Properties: { KmsKeyId: !Ref Nothing } }\n  Mapping:",
            "Logs.KmsKeyId: \"Nothing\"",
        ),
    ];
    for (from, to, problem) in cases {
        let error = broken(from, to);
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn filters_must_be_json() {
    let error = broken(
        "FunctionName:",
        "FilterCriteria: { Filters: [{ Pattern: '{\"a\"' }] }\n      FunctionName:",
    );
    assert!(error.starts_with("Mapping.FilterCriteria.Filters[0].Pattern: is not JSON"), "{error}");
}

#[test]
fn only_a_sam_template_that_is_there_is_read() {
    let options = LoadOptions { stack_name: "small", endpoint: "", parameters: &BTreeMap::new() };
    let error = Template::load(Path::new("/nowhere/template.yaml"), &options).unwrap_err();
    assert_eq!(error.to_string(), "template /nowhere/template.yaml: cannot be read");
    let error = Template::parse("Resources: {}", &options).unwrap_err().to_string();
    assert!(error.starts_with("template.Transform: must be AWS::Serverless"), "{error}");
    assert!(matches!(Template::parse("a: [", &options), Err(TemplateError::Yaml { .. })));
}

/// An API with one route, whose `Auth` is as given.
fn with_route(api: &str, route: &str) -> String {
    format!(
        "
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {{ Auth: {api} }}
  Function:
    Type: AWS::Serverless::Function
    Metadata: {{ BuildMethod: rust-cargolambda, BuildProperties: {{ Binary: admin }} }}
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Timeout: 10
      Events:
        Restock:
          Type: HttpApi
          Properties: {{ ApiId: !Ref Api, Method: POST, Path: /stock, Auth: {route} }}
"
    )
}

#[test]
fn a_route_may_ask_for_scopes_of_a_token() {
    let jwt = "{ DefaultAuthorizer: A, EnableIamAuthorizer: true, Authorizers: { A: {
      IdentitySource: $request.header.Authorization,
      JwtConfiguration: { issuer: i, audience: [a] } } } }";
    let scopes = |template: Template| template.routes.into_iter().next().unwrap().scopes;
    let template = parse(&with_route(jwt, "{ AuthorizationScopes: [stock:write] }")).unwrap();
    assert_eq!(template.routes.first().unwrap().access, Access::Token);
    assert_eq!(scopes(template), ["stock:write"]);
    assert!(scopes(parse(&with_route(jwt, "{ Authorizer: A }")).unwrap()).is_empty());
    for scopeless in ["AWS_IAM", "NONE"] {
        let route = format!("{{ Authorizer: {scopeless}, AuthorizationScopes: [stock:write] }}");
        let error = parse(&with_route(jwt, &route)).unwrap_err().to_string();
        assert!(error.contains("Auth.AuthorizationScopes: are of tokens"), "{error}");
    }
}

#[test]
fn the_role_that_sam_makes_for_a_function_can_be_named() {
    let policy = |role: &str| {
        format!(
            "{CONSUMER}
  BusPolicy:
    Type: AWS::Events::EventBusPolicy
    Properties:
      StatementId: a
      Statement:
        Effect: Deny
        Principal: '*'
        Action: events:PutEvents
        Resource: '*'
        Condition: {{ ArnNotEquals: {{ aws:PrincipalArn: !GetAtt {role} }} }}
"
        )
    };
    assert!(parse(&policy("FunctionRole.Arn")).is_ok());
    for (role, problem) in [
        ("FunctionRole.RoleId", "FunctionRole has no attribute RoleId"),
        ("QueueRole.Arn", "\"QueueRole\" is neither"),
        ("Role.Arn", "\"Role\" is neither"),
    ] {
        let error = parse(&policy(role)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    let own = "Handler: bootstrap\n      Role: arn:aws:iam::1:role/own";
    let own = policy("FunctionRole.Arn").replacen("Handler: bootstrap", own, 1);
    assert!(parse(&own).unwrap_err().to_string().contains("\"FunctionRole\" is neither"));
}

#[test]
fn what_a_bus_cannot_encrypt_has_a_place_that_is_not_used_here() {
    let with = |arn: &str| {
        let bus = format!("Name: bus, DeadLetterConfig: {{ {arn} }} }}");
        parse(&CONSUMER.replacen("Name: bus }", &bus, 1))
    };
    assert_eq!(with("Arn: !GetAtt Queue.Arn").unwrap().buses.len(), 1);
    let error = with("Arn: !GetAtt Queue.Arn, Url: a").unwrap_err().to_string();
    assert!(error.contains("Bus.DeadLetterConfig.Url"), "{error}");
}

#[test]
fn a_stack_beside_this_one_is_passed_over() {
    let stack =
        "  Registry: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: a.yaml } }";
    assert_eq!(parse(stack).unwrap(), Template::default());
}

#[test]
fn a_route_may_be_for_those_who_sign_their_requests() {
    let signed = "{ Authorizer: AWS_IAM }";
    let template = parse(&with_route("{ EnableIamAuthorizer: true }", signed)).unwrap();
    assert_eq!(template.routes[0].access, Access::Iam);
    let error = parse(&with_route("{ EnableIamAuthorizer: false }", signed)).unwrap_err();
    assert!(error.to_string().contains("EnableIamAuthorizer"), "{error}");
    let unknown = parse(&with_route("{ EnableIamAuthorizer: true }", "{ Authorizer: Admins }"));
    assert!(unknown.unwrap_err().to_string().contains("Admins"));
}
