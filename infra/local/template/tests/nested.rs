//! A template in several files: what nested applications are passed, what they put out, and what is
//! reported of those that cannot be read.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{collections::BTreeMap, io};

use local_template::{Access, LoadOptions, Template, TemplateError};

const ROOT: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Mode: { Type: String, Default: calm, AllowedValues: [calm, busy] }
Conditions:
  IsBusy: !Equals [!Ref Mode, busy]
Resources:
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: !Sub '${AWS::StackName}-bus' } }
  Parcels:
    Type: AWS::Serverless::Application
    Properties:
      Location: services/parcels.yaml
      Parameters:
        SystemName: !Ref AWS::StackName
        BusName: !Ref Bus
        Letters: !GetAtt Letters.Outputs.LettersArn
        Mode: !Ref Mode
        ApiId: !Ref Api
        AuthorizerId: !Ref Callers
  Letters:
    Type: AWS::Serverless::Application
    DependsOn: Bus
    Properties: { Location: services/letters.yaml, Parameters: { SystemName: !Ref AWS::StackName } }
  Api: { Type: AWS::ApiGatewayV2::Api, Properties: { Name: api, ProtocolType: HTTP } }
  Callers:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      AuthorizerType: JWT
      IdentitySource: [$request.header.Authorization]
      JwtConfiguration: { Issuer: https://issuer.example, Audience: [shop] }
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    DependsOn: [Parcels]
    Properties: { ApiId: !Ref Api, StageName: $default, AutoDeploy: true }
Outputs:
  Parcels: { Value: !GetAtt Parcels.Outputs.QueueUrl }
";
const PARCELS: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  SystemName: { Type: String, MinLength: 1 }
  BusName: { Type: String }
  Letters: { Type: String }
  Mode: { Type: String, Default: calm, AllowedValues: [calm, busy] }
  ApiId: { Type: String }
  AuthorizerId: { Type: String }
  Patience: { Type: Number, Default: 60 }
Conditions:
  IsBusy: !Equals [!Ref Mode, busy]
Globals:
  Function: { Runtime: provided.al2023, Handler: bootstrap, Timeout: 7 }
Resources:
  ParcelQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${SystemName}-parcels
      VisibilityTimeout: !Ref Patience
      RedrivePolicy: { deadLetterTargetArn: !Ref Letters, maxReceiveCount: 3 }
  ParcelPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref ParcelQueue]
      PolicyDocument:
        Statement:
          Effect: Allow
          Principal: { Service: events.amazonaws.com }
          Action: sqs:SendMessage
          Resource: !GetAtt ParcelQueue.Arn
          Condition:
            ArnLike: { aws:SourceArn: !Sub 'arn:aws:events:${AWS::Region}:*:rule/${BusName}/*' }
  ParcelRule:
    Type: AWS::Events::Rule
    Condition: IsBusy
    DependsOn: ParcelPolicy
    Properties:
      EventBusName: !Ref BusName
      EventPattern: { source: [post] }
      Targets: [{ Id: queue, Arn: !GetAtt ParcelQueue.Arn }]
  ParcelFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: parcels } }
    Properties: { CodeUri: ../../functions/parcels, Environment: { Variables: { SYSTEM: !Ref SystemName } } }
  ParcelIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref ApiId
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt ParcelFunction.Arn
      PayloadFormatVersion: '2.0'
  TrackRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref ApiId
      RouteKey: GET /parcels/{id}
      Target: !Sub integrations/${ParcelIntegration}
      AuthorizationType: JWT
      AuthorizerId: !Ref AuthorizerId
      AuthorizationScopes: [parcels:read]
  TrackPermission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref ParcelFunction
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${ApiId}/*/GET/parcels/*
Outputs:
  QueueUrl: { Value: !Ref ParcelQueue }
";
const LETTERS: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  SystemName: { Type: String }
Resources:
  LetterQueue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub '${SystemName}-letters' } }
Outputs:
  LettersArn: { Value: !GetAtt LetterQueue.Arn }
";

fn files(path: &str, parcels: &str, letters: &str) -> io::Result<String> {
    match path {
        "services/parcels.yaml" => Ok(parcels.to_owned()),
        "services/letters.yaml" => Ok(letters.to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn read(texts: [&str; 3], given: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let [root, parcels, letters] = texts;
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let parameters: BTreeMap<String, String> = given.collect();
    let options = LoadOptions { stack_name: "shop", endpoint: "", parameters: &parameters };
    Template::parse_with(root, &options, &|path| files(path, parcels, letters))
}

/// What is reported once `from` is `to`, in whichever file it stands.
#[track_caller]
fn broken(from: &str, to: &str) -> String {
    let texts = [ROOT, PARCELS, LETTERS];
    let count: usize = texts.iter().map(|text| text.matches(from).count()).sum();
    assert_eq!(count, 1, "{from} must be there once");
    let texts = texts.map(|text| text.replace(from, to));
    read([&texts[0], &texts[1], &texts[2]], &[]).unwrap_err().to_string()
}

#[test]
fn applications_are_one_template_with_what_they_are_passed_and_put_out() {
    let template = read([ROOT, PARCELS, LETTERS], &[("Mode", "busy")]).unwrap();
    let names: Vec<_> = template.queues.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["shop-letters", "shop-parcels"]);
    let redrive = template.queues[1].redrive.as_ref().unwrap();
    assert_eq!(redrive.dead_letter_arn, template.queues[0].arn);
    assert_eq!(template.queues[1].visibility_timeout.as_secs(), 60);
    assert_eq!(template.rules[0].bus, "shop-bus");
    let function = template.function("shop-ParcelFunction").unwrap();
    assert_eq!((function.timeout.as_secs(), function.binary.as_str()), (7, "parcels"));
    assert_eq!(function.environment["SYSTEM"], "shop");
    let [route] = template.routes.as_slice() else { panic!("one route") };
    assert_eq!((route.method.as_str(), route.path.as_str()), ("GET", "/parcels/{id}"));
    assert_eq!(
        (route.access, &route.scopes[..]),
        (Access::Token, &["parcels:read".to_owned()][..])
    );
    assert_eq!(route.function, function.name);
    let calm = read([ROOT, PARCELS, LETTERS], &[]).unwrap();
    assert!(calm.rules.is_empty(), "its condition does not hold");
}

#[test]
fn an_application_is_there_if_its_condition_holds_and_its_resources_if_both_hold() {
    let of_busy = "  Parcels:\n    Type: AWS::Serverless::Application\n    Condition: IsBusy\n";
    let root = ROOT.replace("  Parcels:\n    Type: AWS::Serverless::Application\n", of_busy);
    let calm = read([&root, PARCELS, LETTERS], &[]).unwrap();
    assert_eq!((calm.queues.len(), calm.functions.len(), calm.routes.len()), (1, 0, 0));
    let never = PARCELS
        .replace("Condition: IsBusy", "Condition: Never")
        .replace("Conditions:\n", "Conditions:\n  Never: !Equals [a, b]\n");
    let busy = read([&root, &never, LETTERS], &[("Mode", "busy")]).unwrap();
    assert_eq!((busy.queues.len(), busy.rules.len()), (2, 0));
}

#[test]
fn what_does_not_fit_together_is_refused_by_file_and_place() {
    for (from, to, problem) in [
        ("services/letters.yaml", "services/lost.yaml", "services/lost.yaml cannot be read"),
        ("Location: services/letters.yaml", "Location: { ApplicationId: a }", "must be the path"),
        ("services/letters.yaml", "s3://bucket/letters.yaml", "no path relative to the template"),
        (
            "        BusName: !Ref Bus\n",
            "        Bus: !Ref Bus\n",
            "Parcels.Properties.Parameters.Bus: is not a",
        ),
        ("        BusName: !Ref Bus\n", "", "BusName: is a parameter without a default"),
        (
            "        Mode: !Ref Mode\n",
            "        Mode: !Ref Mode\n        Patience: soon\n",
            "parameter Parcels.Patience: is \"soon\"",
        ),
        (
            "Outputs.LettersArn",
            "Outputs.Arn",
            "Letters.Outputs.Arn is no output of the application",
        ),
        (
            "        Mode: !Ref Mode\n",
            "",
            "IsBusy: is in Conditions of two files, and not the same",
        ),
        ("LetterQueue: {", "ParcelQueue: {", "ParcelQueue: is a resource of two files"),
        (
            "  LetterQueue: { Type: AWS::SQS",
            "  LetterQueue: { Type: AWS::S3",
            "type AWS::S3::Queue",
        ),
        (
            "DependsOn: ParcelPolicy",
            "DependsOn: Bus",
            "services/parcels.yaml: ParcelRule.DependsOn",
        ),
        (
            "DependsOn: [Parcels]",
            "DependsOn: [Packets]",
            "Stage.DependsOn: Packets is not a resource",
        ),
        (
            "VisibilityTimeout: !Ref Patience",
            "Patience: 1",
            "Patience: the property is not followed",
        ),
        ("'${SystemName}-letters'", "'${AWS::StackName}-letters'", "is not known beforehand"),
        ("Value: !GetAtt LetterQueue.Arn", "Value: !Ref Nothing", "\"Nothing\" is neither"),
    ] {
        let error = broken(from, to);
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn outputs_and_parameters_that_lead_in_a_circle_are_refused() {
    let root = ROOT.replace(
        "{ SystemName: !Ref AWS::StackName } }",
        "{ SystemName: !GetAtt Letters.Outputs.LettersArn } }",
    );
    let letters = LETTERS.replace("!GetAtt LetterQueue.Arn", "!Ref SystemName");
    let error = read([&root, PARCELS, &letters], &[]).unwrap_err().to_string();
    assert!(error.contains("Letters.Outputs.LettersArn leads back to itself"), "{error}");
    let itself = PARCELS.replace(
        "Resources:\n",
        "Resources:\n  Again: { Type: AWS::Serverless::Application, Properties: { Location: \
         parcels.yaml, Parameters: { SystemName: a, BusName: a, Letters: a, ApiId: a, AuthorizerId: a } } }\n",
    );
    let error = read([ROOT, &itself, LETTERS], &[]).unwrap_err().to_string();
    assert!(error.contains("is nested too deep, or names itself"), "{error}");
}

#[test]
fn a_route_must_be_served_authorized_and_permitted() {
    for (from, to, problem) in [
        (
            "ApiId: !Ref Api, StageName",
            "ApiId: other, StageName",
            "TrackRoute.ApiId: Api has no stage",
        ),
        ("StageName: $default", "StageName: live", "only $default is followed"),
        ("RouteKey: GET /parcels", "RouteKey: LOOK /parcels", "must be such as GET /orders"),
        (
            "integrations/${ParcelIntegration}",
            "integrations/other",
            "TrackRoute.Target: integrations",
        ),
        ("AuthorizerId: !Ref AuthorizerId", "OperationName: a", "must be an authorizer of the API"),
        (
            "AuthorizationType: JWT",
            "AuthorizationType: AWS_IAM",
            "is of routes that ask for a token",
        ),
        ("      AuthorizationType: JWT\n", "", "TrackRoute.AuthorizerId: is of routes that ask"),
        (
            "GET/parcels/*",
            "POST/parcels/*",
            "invoke shop-ParcelFunction for Api/$default/GET/parcels/*",
        ),
        (
            "Principal: apigateway",
            "Principal: events",
            "no AWS::Lambda::Permission lets apigateway",
        ),
        ("Audience: [shop]", "Audience: []", "must name at least one audience"),
        ("ProtocolType: HTTP", "ProtocolType: TCP", "only HTTP is followed"),
        ("PayloadFormatVersion: '2.0'", "PayloadFormatVersion: '1.0'", "only 2.0 is followed"),
    ] {
        let error = broken(from, to);
        assert!(error.contains(problem), "{error}");
    }
}
