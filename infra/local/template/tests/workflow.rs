//! State machines and schedules: what is read of them, and what is reported of broken ones.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{collections::BTreeMap, fs, io, path::Path, time::Duration};

use local_template::{LoadOptions, Template, TemplateError};

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Parameters:
  Mode: { Type: String, Default: orchestration, AllowedValues: [orchestration, choreography] }
  Sweeps: { Type: String, Default: 'yes' }
Conditions:
  IsOrchestrated: !Equals [!Ref Mode, orchestration]
  HasSweeps: !Equals [!Ref Sweeps, 'yes']
Resources:
  Fulfilment:
    Type: AWS::Serverless::StateMachine
    Condition: IsOrchestrated
    Properties:
      Name: !Sub ${AWS::StackName}-fulfilment
      Type: STANDARD
      DefinitionUri: workflows/fulfilment.asl.json
      DefinitionSubstitutions:
        ReserveFunction: !GetAtt Reserve.Arn
        Patience: 30
      Policies: [{ LambdaInvokePolicy: { FunctionName: !Ref Reserve } }]
      Logging: { Level: ERROR, Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: !GetAtt Log.Arn } }] }
      Tracing: { Enabled: true }
  Log: { Type: AWS::Logs::LogGroup, Condition: IsOrchestrated }
  Reserve:
    Type: AWS::Serverless::Function
    Condition: IsOrchestrated
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: reserve } }
    Properties: { Runtime: provided.al2023, Handler: bootstrap }
  Sweep:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: sweep } }
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      Environment:
        Variables:
          FULFILMENT: !If [IsOrchestrated, !Ref Fulfilment, !Ref AWS::NoValue]
          NAME: !If [IsOrchestrated, !GetAtt Fulfilment.Name, none]
          TOPIC: !Ref Alerts
          ROLE: !GetAtt Role.Arn
      Events:
        EveryMinute: !If
          - HasSweeps
          - Type: ScheduleV2
            Properties:
              ScheduleExpression: rate(1 minute)
              Name: !Sub ${AWS::StackName}-sweep
              Description: Looks for what is overdue.
              Input: '{\"limit\": 5}'
              State: ENABLED
              RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60 }
              DeadLetterConfig: { Arn: !GetAtt Lost.Arn }
          - !Ref AWS::NoValue
  Lost: { Type: AWS::SQS::Queue }
  Alerts: { Type: AWS::SNS::Topic, Properties: { TopicName: alerts } }
  Mails: { Type: AWS::SNS::Subscription, Properties: { TopicArn: !Ref Alerts, Protocol: email } }
  AlertsPolicy: { Type: AWS::SNS::TopicPolicy, Properties: { Topics: [!GetAtt Alerts.TopicArn] } }
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: fulfiller } }
  Failures: { Type: AWS::Logs::MetricFilter, Condition: IsOrchestrated, Properties: { LogGroupName: !Ref Log } }
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: { AlarmActions: [!Ref Alerts] } }
";

/// A definition, as far as the template is concerned.
const DEFINITION: &str =
    r#"{ "Arguments": { "FunctionName": "${ReserveFunction}" }, "Seconds": ${Patience} }"#;

fn files(definition: &'static str) -> impl Fn(&str) -> io::Result<String> {
    move |file| match file {
        "workflows/fulfilment.asl.json" => Ok(definition.to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn read(text: &str, parameters: &[(&str, &str)]) -> Result<Template, TemplateError> {
    read_with(text, parameters, DEFINITION)
}

fn read_with(
    text: &str,
    parameters: &[(&str, &str)],
    definition: &'static str,
) -> Result<Template, TemplateError> {
    let parameters: BTreeMap<_, _> =
        parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let endpoint = "http://127.0.0.1:9000";
    let options = LoadOptions { stack_name: "small", endpoint, parameters: &parameters };
    Template::parse_with(text, &options, &files(definition))
}

/// What is reported of [`TEMPLATE`] with `from` replaced.
#[track_caller]
fn broken(from: &str, to: &str) -> String {
    assert!(TEMPLATE.contains(from), "{from}");
    read(&TEMPLATE.replacen(from, to, 1), &[]).unwrap_err().to_string()
}

#[test]
fn a_state_machine_has_its_definition_with_the_values_of_this_stack() {
    let template = read(TEMPLATE, &[]).unwrap();
    let [machine] = template.state_machines.as_slice() else { panic!("{template:?}") };
    assert_eq!(
        (machine.logical_id.as_str(), machine.name.as_str()),
        ("Fulfilment", "small-fulfilment")
    );
    assert_eq!(machine.arn, "arn:aws:states:us-east-1:000000000000:stateMachine:small-fulfilment");
    assert_eq!(machine.role.arn, "arn:aws:iam::000000000000:role/small-FulfilmentRole");
    let reserve = &template.function("small-Reserve").unwrap().arn;
    assert_eq!(
        machine.definition,
        format!(r#"{{ "Arguments": {{ "FunctionName": "{reserve}" }}, "Seconds": 30 }}"#)
    );
    let sweep = &template.function("small-Sweep").unwrap().environment;
    assert_eq!((&sweep["FULFILMENT"], &sweep["NAME"]), (&machine.arn, &machine.name));
    assert_eq!(sweep["TOPIC"], "arn:aws:sns:us-east-1:000000000000:alerts");
    assert_eq!(sweep["ROLE"], "arn:aws:iam::000000000000:role/fulfiller");
    let own = TEMPLATE.replacen("Policies:", "Role: !GetAtt Role.Arn\n      Policies:", 1);
    let own = read(&own, &[]).unwrap();
    assert_eq!(own.state_machines[0].role.arn, sweep["ROLE"]);
}

#[test]
fn what_its_condition_leaves_out_is_not_there() {
    let template = read(TEMPLATE, &[("Mode", "choreography"), ("Sweeps", "no")]).unwrap();
    assert!(template.state_machines.is_empty() && template.schedules.is_empty());
    let names: Vec<_> = template.functions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["small-Sweep"]);
    let environment = &template.functions[0].environment;
    assert_eq!(environment.get("FULFILMENT"), None);
    assert_eq!(environment["NAME"], "none");
}

#[test]
fn a_schedule_invokes_its_function_at_a_rate() {
    let template = read(TEMPLATE, &[]).unwrap();
    let [schedule] = template.schedules.as_slice() else { panic!("{template:?}") };
    assert_eq!(schedule.logical_id, "SweepEveryMinute");
    assert_eq!(
        schedule.arn,
        "arn:aws:scheduler:us-east-1:000000000000:schedule/default/small-sweep"
    );
    assert_eq!((schedule.function.as_str(), schedule.enabled), ("small-Sweep", true));
    assert_eq!(schedule.every, Duration::from_secs(60));
    assert_eq!(schedule.input.as_deref(), Some(r#"{"limit": 5}"#));
    assert_eq!((schedule.retry.retries_max, schedule.retry.age_max.as_secs()), (3, 60));
    assert_eq!(schedule.dead_letter_arn.as_ref(), template.queues.first().map(|it| &it.arn));
}

#[test]
fn a_schedule_that_says_little_has_the_defaults_of_aws() {
    let start = TEMPLATE.find("              Name: !Sub ${AWS::StackName}-sweep").unwrap();
    let end = TEMPLATE.find("          - !Ref AWS::NoValue\n  Lost").unwrap();
    let template = read(&format!("{}{}", &TEMPLATE[..start], &TEMPLATE[end..]), &[]).unwrap();
    let schedule = &template.schedules[0];
    assert_eq!((schedule.name.as_str(), schedule.enabled), ("SweepEveryMinute", true));
    assert_eq!((&schedule.input, &schedule.dead_letter_arn), (&None, &None));
    assert_eq!((schedule.retry.retries_max, schedule.retry.age_max.as_secs()), (185, 86_400));
    let unnamed = TEMPLATE.replacen("Name: !Sub ${AWS::StackName}-sweep", "OmitName: true", 1);
    assert_eq!(read(&unnamed, &[]).unwrap().schedules[0].name, "small-SweepEveryMinute");
    let paused = TEMPLATE.replacen("State: ENABLED", "State: DISABLED", 1);
    assert!(!read(&paused, &[]).unwrap().schedules[0].enabled);
}

#[test]
fn what_is_wrong_with_a_state_machine_is_named() {
    for (from, to, problem) in [
        ("Type: STANDARD", "Type: EXPRESS", "Fulfilment.Type: is EXPRESS, only STANDARD"),
        (
            "/fulfilment.asl",
            "/lost.asl",
            "Fulfilment.DefinitionUri: workflows/lost.asl.json cannot be read",
        ),
        (
            "Patience: 30",
            "Patient: 30",
            "fulfilment.asl.json: ${Patience} has no value in DefinitionSub",
        ),
        ("Patience: 30", "Patience: soon", "fulfilment.asl.json is not JSON"),
        (
            "Patience: 30",
            "Patience: [30]",
            "Fulfilment.DefinitionSubstitutions.Patience: must be text",
        ),
        ("!GetAtt Reserve.Arn", "!GetAtt Reserv.Arn", "\"Reserv\" is neither a parameter nor"),
        (
            "Tracing:",
            "AutoPublishAlias: live\n      Tracing:",
            "Fulfilment.AutoPublishAlias: the property is not",
        ),
        (
            "Tracing:",
            "Events: {}\n      Tracing:",
            "Fulfilment.Events: the property is not followed",
        ),
        (
            "Tracing:",
            "Definition: {}\n      Tracing:",
            "Fulfilment.Definition: the property is not followed",
        ),
        (
            "NAME: !If [IsOrchestrated, !GetAtt Fulfilment.Name, none]",
            "NAME: !GetAtt Fulfilment.Size",
            "no attribute Size",
        ),
        (
            "  Log:",
            "  Copy: { Type: AWS::Serverless::StateMachine, Properties: { Name: small-fulfilment, DefinitionUri: workflows/fulfilment.asl.json, DefinitionSubstitutions: { ReserveFunction: a, Patience: 1 } } }\n  Log:",
            "there is another state machine of the name small-fulfilment",
        ),
    ] {
        let error = broken(from, to);
        assert!(error.contains(problem), "{error}");
    }
    let error = read_with(TEMPLATE, &[], "{ \"a\": \"${Patience\" ").unwrap_err().to_string();
    assert!(error.contains("a ${ is never closed"), "{error}");
}

#[test]
fn what_is_wrong_with_a_schedule_is_named() {
    const PLACE: &str = "Sweep.Events.EveryMinute.";
    for (from, to, problem) in [
        ("Type: ScheduleV2", "Type: Schedule", "Type: is Schedule, only HttpApi and ScheduleV2"),
        (
            "rate(1 minute)",
            "cron(0 12 * * ? *)",
            "ScheduleExpression: is cron(0 12 * * ? *), only rate",
        ),
        (
            "rate(1 minute)",
            "rate(1 minutes)",
            "ScheduleExpression: is rate(1 minutes), must be such as",
        ),
        ("Input: '{\"limit\": 5}'", "Input: five", "Input: is not JSON"),
        ("State: ENABLED", "State: ON", "State: is \"ON\", known are ENABLED, DISABLED"),
        (
            "MaximumRetryAttempts: 3",
            "MaximumRetryAttempts: 186",
            "RetryPolicy.MaximumRetryAttempts: is 186",
        ),
        ("{ Arn: !GetAtt Lost.Arn }", "{ Type: SQS }", "DeadLetterConfig.Arn: is required"),
        (
            "Name: !Sub ${AWS::StackName}-sweep",
            "Name: every minute",
            "Name: \"every minute\" must be 1 to 64",
        ),
        ("State: ENABLED", "OmitName: true", "Name: is given although OmitName is true"),
        (
            "State: ENABLED",
            "FlexibleTimeWindow: { Mode: FLEXIBLE, MaximumWindowInMinutes: 5 }",
            "FlexibleTimeWindow.Mode: is FLEXIBLE",
        ),
        (
            "State: ENABLED",
            "ScheduleExpressionTimezone: UTC",
            "ScheduleExpressionTimezone: the property is not followed",
        ),
        (
            "State: ENABLED",
            "StartDate: 2026-11-23T12:00:00Z",
            "StartDate: the property is not followed",
        ),
        ("State: ENABLED", "GroupName: sweeps", "GroupName: the property is not followed"),
    ] {
        let error = broken(from, to);
        assert!(error.starts_with(PLACE) && error.contains(problem), "{error}");
    }
    let error = broken("!GetAtt Lost.Arn", "!GetAtt Role.Arn");
    assert!(error.contains("SweepEveryMinute.DeadLetterConfig.Arn: arn:aws:iam::"), "{error}");
    assert!(error.contains("is not a queue of the template"), "{error}");
    let off = TEMPLATE.replacen("State: ENABLED", "FlexibleTimeWindow: { Mode: 'OFF' }", 1);
    assert_eq!(read(&off, &[]).unwrap().schedules.len(), 1);
}

#[test]
fn definitions_lie_beside_the_template() {
    let text = TEMPLATE.replace("workflows/fulfilment.asl.json", "fulfilment.asl.json");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workflow");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("template.yaml"), &text).unwrap();
    fs::write(folder.join("fulfilment.asl.json"), DEFINITION).unwrap();
    let parameters = BTreeMap::new();
    let options = LoadOptions { stack_name: "small", endpoint: "", parameters: &parameters };
    let template = Template::load(&folder.join("template.yaml"), &options).unwrap();
    assert!(template.state_machines[0].definition.ends_with("30 }"));
    let error = Template::parse(&text, &options).unwrap_err().to_string();
    assert!(error.contains("cannot be read: the template has no folder"), "{error}");
}
