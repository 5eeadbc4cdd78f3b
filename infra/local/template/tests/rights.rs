//! Roles: what they are read to allow, and which policies are not read.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::collections::BTreeMap;

use local_template::{LoadOptions, Template, TemplateError};

/// A function with a mapping, whose policies are `POLICIES`.
const READER: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: town } }
  Parcels: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 60 } }
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement: { Effect: Allow, Action: sqs:*, Resource: !GetAtt Parcels.Arn }
  Own:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole]
  Reader:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: reader } }
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      POLICIES
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { FunctionName: !Ref Reader, EventSourceArn: !GetAtt Parcels.Arn }
";

fn parse(text: &str) -> Result<Template, TemplateError> {
    let parameters = BTreeMap::new();
    let endpoint = "http://127.0.0.1:9000/";
    Template::parse(text, &LoadOptions { stack_name: "small", endpoint, parameters: &parameters })
}

/// What the mapping lacks if the function says this of its rights.
fn lacks(rights: &str) -> Option<String> {
    let template = parse(&READER.replace("POLICIES", rights)).unwrap();
    template.lacking(template.mappings.first().unwrap())
}

#[test]
fn a_mapping_reads_with_the_role_of_its_function() {
    let refusal = "Mapping: the execution role of small-Reader does not have permissions to call ";
    for (rights, lacking) in [
        ("Timeout: 9", Some("sqs:ReceiveMessage")),
        ("Policies: []", Some("sqs:ReceiveMessage")),
        ("Policies: AWSLambdaBasicExecutionRole", Some("sqs:ReceiveMessage")),
        ("Policies: [AWSLambdaSQSQueueExecutionRole]", None),
        ("Policies: [!Ref Shared]", None),
        ("Policies: [{ SQSPollerPolicy: { QueueName: !GetAtt Parcels.QueueName } }]", None),
        ("Policies: [{ SQSPollerPolicy: { QueueName: other } }]", Some("sqs:ReceiveMessage")),
        ("Role: !GetAtt Own.Arn", None),
        (
            "Policies: { Statement: [{ Effect: Allow, Action: 'sqs:?e*', Resource: '*' },
             { Effect: Deny, Action: sqs:GetQueueAttributes, Resource: !GetAtt Parcels.Arn }] }",
            Some("sqs:GetQueueAttributes"),
        ),
    ] {
        let expected = lacking.map(|action| {
            format!("{refusal}{action} on arn:aws:sqs:us-east-1:000000000000:small-Parcels")
        });
        assert_eq!(lacks(rights), expected, "{rights}");
    }
}

#[test]
fn what_is_not_known_of_a_policy_is_no_template() {
    let statement = |more: &str| {
        format!("Policies: [{{ Statement: [{{ Effect: Allow, Action: 'sqs:*', {more} }}] }}]")
    };
    for (rights, problem) in [
        (statement("Resource: '*', NotAction: a"), "Reader.Policies[0].Statement[0].NotAction: "),
        (
            statement("Resource: '*', Condition: { DateLessThan: { aws:CurrentTime: a } }"),
            "Reader.Policies[0].Statement[0].Condition.DateLessThan: ",
        ),
        (
            statement("Resource: '*', Condition: { StringLike: { aws:UserAgent: a } }"),
            "Reader.Policies[0].Statement[0].Condition.StringLike.aws:UserAgent: ",
        ),
        (statement("Resource: parcels"), "Reader.Policies[0].Statement[0].Resource: "),
        ("Policies: [SomePolicyOfAws]".to_owned(), "Reader.Policies[0]: SomePolicyOfAws is no"),
        (
            "Policies: [{ S3CrudPolicy: { BucketName: a } }]".to_owned(),
            "Reader.Policies[0]: S3Crud",
        ),
        ("Role: arn:aws:iam::1:role/x".to_owned(), "Reader.Role: arn:aws:iam::1:role/x is no role"),
        (
            "PermissionsBoundary: arn:x".to_owned(),
            "Reader.PermissionsBoundary: the property is not",
        ),
    ] {
        let error = parse(&READER.replace("POLICIES", &rights)).unwrap_err().to_string();
        assert!(error.starts_with(problem), "{error}");
    }
    let beside = "  Policy: { Type: AWS::IAM::Policy, Properties: { Roles: [a] } }\n";
    let error = parse(&format!("{}{beside}", READER.replace("POLICIES", ""))).unwrap_err();
    assert!(error.to_string().starts_with("Policy: is a policy beside its roles"), "{error}");
}

#[test]
fn a_bus_has_the_statement_of_its_policy() {
    let policy = |condition: &str| {
        let reader = READER.replace("POLICIES", "");
        parse(&format!(
            "{reader}
  Policy:
    Type: AWS::Events::EventBusPolicy
    Properties:
      EventBusName: !Ref Bus
      StatementId: NoOne
      Statement:
        Effect: Deny
        Principal: '*'
        Action: events:PutEvents
        Resource: !GetAtt Bus.Arn
        Condition: {{ {condition} }}
"
        ))
    };
    let template = policy("Bool: { aws:PrincipalIsAWSService: 'false' }").unwrap();
    let [policy_of_bus] = template.resource_policies.as_slice() else { panic!("{template:?}") };
    assert_eq!(policy_of_bus.resource, template.buses.first().unwrap().arn);
    let error = policy("Bool: { aws:PrincipalOrgId: 'false' }").unwrap_err().to_string();
    assert!(error.starts_with("Policy.Statement.Statement[0].Condition.Bool.aws:"), "{error}");
}
