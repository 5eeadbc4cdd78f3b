//! WebSocket APIs: what is read of them, and what is refused by name.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{collections::BTreeMap, time::Duration};

use local_template::{IdentitySource, LoadOptions, SocketAccess, Template, TemplateError};

const CHAT: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Chat:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: chat
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.action
  Live:
    Type: AWS::ApiGatewayV2::Stage
    Properties: { ApiId: !Ref Chat, StageName: live, DeploymentId: !Ref Release }
  Release:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn: [Connect, Say, Rest]
    Properties: { ApiId: !Ref Chat }
  Doorman:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Chat
      Name: doorman
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Door.Arn}/invocations
      IdentitySource: [route.request.querystring.ticket, route.request.header.Origin]
  Room:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Chat
      IntegrationType: AWS_PROXY
      IntegrationMethod: POST
      IntegrationUri: !Join ['', ['arn:aws:apigateway:', !Ref AWS::Region, ':lambda:path/2015-03-31/functions/', !GetAtt Talk.Arn, /invocations]]
      TimeoutInMillis: 5000
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Chat
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Doorman
      Target: !Sub integrations/${Room}
  Say:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Chat, RouteKey: say, Target: !Join [/, [integrations, !Ref Room]] }
  Rest:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Chat, RouteKey: $default, AuthorizationType: NONE, Target: !Sub 'integrations/${Room}' }
  MayTalk:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Talk
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Chat}/*
  MayAsk:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt Door.Arn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Chat}/authorizers/${Doorman}
  Talk:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: talk } }
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Environment:
        Variables:
          POST_TO: !Sub https://${Chat}.execute-api.${AWS::Region}.amazonaws.com/${Live}
          CLIENTS: !Sub '${Chat.ApiEndpoint}/${Live}'
          ELSEWHERE: https://Other.execute-api.us-east-1.amazonaws.com/live
      Policies:
        Statement:
          Effect: Allow
          Action: execute-api:ManageConnections
          Resource: !Sub arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Chat}/${Live}/*
  Door:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: door } }
    Properties: { Runtime: provided.al2023, Handler: bootstrap }
";

fn parse(text: &str) -> Result<Template, TemplateError> {
    let parameters = BTreeMap::new();
    let endpoint = "http://127.0.0.1:9000";
    Template::parse(text, &LoadOptions { stack_name: "small", endpoint, parameters: &parameters })
}

/// What is reported with `from` replaced.
#[track_caller]
fn broken(from: &str, to: &str) -> String {
    assert!(CHAT.contains(from), "{from}");
    parse(&CHAT.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn an_api_has_a_stage_and_routes_that_lead_to_functions() {
    let template = parse(CHAT).unwrap();
    assert!(template.routes.is_empty());
    let api = template.socket_api.unwrap();
    assert_eq!((api.logical_id.as_str(), api.stage.as_str()), ("Chat", "live"));
    assert_eq!(api.selection, ["action"]);
    let keys: Vec<&str> = api.routes.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["$connect", "$default", "say"]);
    for route in &api.routes {
        assert_eq!(
            (route.function.as_str(), route.timeout),
            ("small-Talk", Duration::from_secs(5))
        );
    }
    let SocketAccess::Function(door) = &api.routes[0].access else { panic!("{api:?}") };
    assert_eq!((door.logical_id.as_str(), door.function.as_str()), ("Doorman", "small-Door"));
    let sources =
        [IdentitySource::Query("ticket".to_owned()), IdentitySource::Header("Origin".to_owned())];
    assert_eq!(door.sources, sources);
    assert_eq!(api.routes[1].access, SocketAccess::Anyone);
}

#[test]
fn both_ways_to_write_a_selection_are_read_and_a_stage_may_follow_its_api() {
    for (written, path) in
        [("${request.body.kind}", vec!["kind"]), ("$request.body.head.kind", vec!["head", "kind"])]
    {
        let text = CHAT.replace("$request.body.action", &format!("'{written}'"));
        assert_eq!(parse(&text).unwrap().socket_api.unwrap().selection, path);
    }
    let follows = CHAT.replace("DeploymentId: !Ref Release", "AutoDeploy: true");
    assert_eq!(parse(&follows).unwrap().socket_api.unwrap().stage, "live");
}

#[test]
fn functions_find_the_api_on_this_machine() {
    let mut template = parse(CHAT).unwrap();
    template.locate_sockets("http://127.0.0.1:9000/", "ws://127.0.0.1:9004");
    let found = &template.function("small-Talk").unwrap().environment;
    assert_eq!(found["POST_TO"], "http://127.0.0.1:9000/live");
    assert_eq!(found["CLIENTS"], "ws://127.0.0.1:9004/live");
    assert_eq!(found["ELSEWHERE"], "https://Other.execute-api.us-east-1.amazonaws.com/live");
}

#[test]
fn what_is_not_followed_is_refused_by_its_name() {
    for (from, to, problem) in [
        ("$request.body.action", "$request.header.action", "Chat.RouteSelectionExpression: "),
        ("$request.body.action", "$request.body.", "Chat.RouteSelectionExpression: "),
        ("Name: chat", "DisableSchemaValidation: true", "Chat.DisableSchemaValidation: the prop"),
        ("StageName: live", "StageName: $default", "Live.StageName: "),
        ("StageName: live", "StageName: live, StageVariables: {}", "Live.StageVariables: the prop"),
        (", DeploymentId: !Ref Release", "", "Live.DeploymentId: is required"),
        ("DeploymentId: !Ref Release", "DeploymentId: d1", "Live.DeploymentId: d1 is no deploy"),
        ("AuthorizerType: REQUEST", "AuthorizerType: JWT", "Doorman.AuthorizerType: "),
        ("route.request.header.Origin", "context.stage", "Doorman.IdentitySource[1]: "),
        ("IntegrationType: AWS_PROXY", "IntegrationType: HTTP", "Room.IntegrationType: "),
        ("TimeoutInMillis: 5000", "TimeoutInMillis: 30000", "Room.TimeoutInMillis: "),
        ("TimeoutInMillis: 5000", "RequestTemplates: {}", "Room.RequestTemplates: the property"),
        ("/invocations\n      Identity", "\n      Identity", "Doorman.AuthorizerUri: is arn:aws:"),
        ("RouteKey: say", "RouteKey: $say", "Say.RouteKey: "),
        ("RouteKey: say", "RouteKey: $default", "Say.RouteKey: there is another route $default"),
        ("RouteKey: say", "RouteKey: say, AuthorizationType: AWS_IAM", "Say.AuthorizationType: "),
        ("AuthorizationType: CUSTOM", "AuthorizationType: JWT", "Connect.AuthorizationType: "),
        ("AuthorizationType: CUSTOM", "AuthorizationType: NONE", "Connect.AuthorizerId: "),
        ("      AuthorizerId: !Ref Doorman\n", "", "Connect.AuthorizerId: is required by CUSTOM"),
        ("[integrations, !Ref Room]", "[integrations, Hall]", "Say.Target: integrations/Hall"),
        ("RouteKey: say", "RouteKey: say, RequestModels: {}", "Say.RequestModels: the property"),
        ("${Chat}/*\n", "${Chat}/live/$default\n", "Connect: no AWS::Lambda::Permission lets"),
        ("${Chat}/authorizers/${Doorman}", "${Chat}/authorizers/x", "Connect: no AWS::Lambda::Pe"),
    ] {
        let reported = broken(from, to);
        assert!(reported.starts_with(problem), "{from} -> {to}: {reported}");
    }
}

#[test]
fn one_api_with_one_stage_is_served() {
    let second = "
  Other:
    Type: AWS::ApiGatewayV2::Api
    Properties: { ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action }
";
    let reported = parse(&format!("{CHAT}{second}")).unwrap_err().to_string();
    assert!(reported.starts_with("Other: is a second WebSocket API beside Chat"), "{reported}");
    let second = "
  Test:
    Type: AWS::ApiGatewayV2::Stage
    Properties: { ApiId: !Ref Chat, StageName: test, AutoDeploy: true }
";
    let reported = parse(&format!("{CHAT}{second}")).unwrap_err().to_string();
    assert!(reported.starts_with("Chat: has 2 stages"), "{reported}");
}
