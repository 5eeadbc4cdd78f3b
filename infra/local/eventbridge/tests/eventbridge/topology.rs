//! Topologies that are refused.

use std::{sync::Arc, time::Duration};

use local_eventbridge::{BusSpec, Deliver, EventBridge, Topology};
use serde_json::json;

use crate::world::{Targets, quick, rule, target, topology};

/// The refusal of the usual topology after `change`.
#[track_caller]
fn refusal(change: impl FnOnce(&mut Topology)) -> String {
    let mut topology = topology(vec![rule("inventory", json!({"source": ["order-service"]}))]);
    change(&mut topology);
    match EventBridge::new(topology, Targets::accepting() as Arc<dyn Deliver>, quick()) {
        Ok(_) => panic!("the topology was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_topology_that_aws_refuses_is_refused_by_name() {
    let refusals = [
        (
            refusal(|it| it.rules[0].targets = ["a", "b", "c", "d", "e", "f"].map(target).to_vec()),
            r#"rule "inventory" has 6 targets"#,
        ),
        (
            refusal(|it| it.rules[0].pattern = json!({"source": "x"})),
            r#"rule "inventory": invalid event pattern"#,
        ),
        (
            refusal(|it| it.rules[0].pattern = json!({"source": ["x".repeat(4_096)]})),
            r#"rule "inventory": the event pattern is longer"#,
        ),
        (
            refusal(|it| it.archives[0].pattern = Some(json!({}))),
            r#"archive "everything": invalid event pattern"#,
        ),
        (refusal(|it| it.rules[0].bus = "order".to_owned()), r#"names the event bus "order""#),
        (refusal(|it| it.archives[0].bus = "order".to_owned()), r#"archive "everything" names"#),
        (refusal(|it| it.rules[0].name = "a b".to_owned()), r#"rule "a b": a name is"#),
        (refusal(|it| it.rules[0].name = "x".repeat(65)), "a name is 1 to 64"),
        (refusal(|it| it.archives[0].name = String::new()), r#"archive "": a name is 1 to 48"#),
        (refusal(|it| it.rules.push(it.rules[0].clone())), r#"rule "inventory" is there twice"#),
        (
            refusal(|it| it.archives.push(it.archives[0].clone())),
            r#"archive "everything" is there twice"#,
        ),
        (
            refusal(|it| it.buses.push(BusSpec { name: "orders".to_owned() })),
            r#"event bus "orders" is there twice"#,
        ),
        (
            refusal(|it| it.rules[0].targets.push(target("queue"))),
            r#"rule "inventory", target "queue": another target"#,
        ),
        (
            refusal(|it| it.rules[0].targets[0].arn = "queue".to_owned()),
            r#"target "queue": its Arn is not an ARN"#,
        ),
        (
            refusal(|it| it.rules[0].targets[0].retry.retries_max = 186),
            "MaximumRetryAttempts is not from 0 to 185",
        ),
        (
            refusal(|it| {
                it.rules[0].targets[0].retry.age_max = Duration::from_secs(59);
            }),
            "MaximumEventAgeInSeconds is not from 60 to 86400",
        ),
        (
            refusal(|it| {
                let arn = "arn:aws:sqs:us-east-1:000000000000:dlq.fifo".to_owned();
                it.rules[0].targets[0].dead_letter_arn = Some(arn);
            }),
            "not the ARN of a standard SQS queue",
        ),
    ];
    for (message, says) in refusals {
        assert!(message.contains(says), "{message} should contain {says}");
    }
}
