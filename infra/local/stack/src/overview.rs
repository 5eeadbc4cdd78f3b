//! The state machines, schedules and WebSocket API of a stack, for people.

use std::fmt;

use local_states::Status;
use serde::{Deserialize, Serialize};

use super::{
    Stack,
    console::{aside, heading},
    logs,
};

/// The state machines, schedules and WebSocket API of a stack, and what they have done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The stack's name, which is left out of what is shown.
    pub stack: String,
    /// The state machines, by name.
    pub state_machines: Vec<StateMachineRow>,
    /// The schedules that are at work.
    pub schedules: Vec<ScheduleRow>,
    /// The WebSocket API.
    #[serde(default)]
    pub sockets: Option<SocketRow>,
}

/// A state machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMachineRow {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// How many executions were started.
    pub executions: usize,
    /// How many of them are under way.
    pub running: usize,
    /// The state transitions of all of them.
    pub transitions: u64,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// The name of the function that it invokes.
    pub function: String,
    /// Its own rate, in seconds from one invocation to the next.
    pub every_seconds: u64,
    /// How many invocations the function has accepted.
    pub accepted: u64,
    /// How many it has refused for good, dead-lettered or not.
    pub refused: u64,
}

/// A WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketRow {
    /// Where clients connect.
    pub url: String,
    /// The keys of its routes.
    pub routes: Vec<String>,
    /// How many clients are connected.
    pub connections: usize,
}

impl Overview {
    pub(super) fn of(stack: &Stack) -> Self {
        let executions = stack.state_machines().executions();
        let machines = stack.template().state_machines.iter().map(|machine| {
            let own = || executions.iter().filter(|it| it.state_machine == machine.name);
            StateMachineRow {
                arn: machine.arn.clone(),
                name: machine.name.clone(),
                executions: own().count(),
                running: own().filter(|it| it.status == Status::Running).count(),
                transitions: own().map(|it| it.transitions).sum(),
            }
        });
        let stats = stack.scheduler().stats();
        let enabled = stack.template().schedules.iter().filter(|schedule| schedule.enabled);
        let schedules = enabled.map(|schedule| {
            let stats = stats.get(&schedule.name).copied().unwrap_or_default();
            ScheduleRow {
                name: schedule.name.clone(),
                function: schedule.function.clone(),
                every_seconds: schedule.every.as_secs(),
                accepted: stats.accepted,
                refused: stats.dead_lettered + stats.lost,
            }
        });
        Self {
            stack: stack.name().to_owned(),
            state_machines: machines.collect(),
            schedules: schedules.collect(),
            sockets: sockets(stack),
        }
    }

    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.state_machines.is_empty() && self.schedules.is_empty() && self.sockets.is_none()
    }
}

fn sockets(stack: &Stack) -> Option<SocketRow> {
    let routes = stack.template().socket_api.as_ref()?.routes.iter();
    Some(SocketRow {
        url: stack.socket_url()?,
        routes: routes.map(|route| route.key.clone()).collect(),
        connections: stack.sockets()?.connections(),
    })
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.state_machines.is_empty() {
            writeln!(f, "{}", heading("State machines"))?;
        }
        for machine in &self.state_machines {
            let StateMachineRow { executions, running, transitions, .. } = machine;
            let done = aside(format!(
                "{executions} started, {running} running, {transitions} state transitions"
            ));
            writeln!(f, "  {:<28} {done}", logs::short(&machine.name, &self.stack))?;
        }
        if !self.schedules.is_empty() {
            writeln!(f, "{}", heading("Schedules"))?;
        }
        for schedule in &self.schedules {
            let ScheduleRow { every_seconds, accepted, refused, .. } = schedule;
            let function = logs::short(&schedule.function, &self.stack);
            let done = aside(format!(
                "invokes {function} every {every_seconds} s: {accepted} accepted, {refused} refused"
            ));
            writeln!(f, "  {:<28} {done}", logs::short(&schedule.name, &self.stack))?;
        }
        if let Some(SocketRow { url, routes, connections }) = &self.sockets {
            writeln!(f, "{}", heading("WebSocket"))?;
            let served = aside(format!("{}: {connections} connected", routes.join(", ")));
            writeln!(f, "  {url:<28} {served}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_line_and_what_is_not_there_has_none() {
        let machine = StateMachineRow {
            arn: String::new(),
            name: "local-fulfilment".to_owned(),
            executions: 3,
            running: 1,
            transitions: 40,
        };
        let schedule = ScheduleRow {
            name: "local-sweep".to_owned(),
            function: "local-deadlines".to_owned(),
            every_seconds: 60,
            accepted: 2,
            refused: 0,
        };
        let mut overview = Overview {
            stack: "local".to_owned(),
            state_machines: vec![machine],
            schedules: vec![schedule],
            sockets: None,
        };
        let lines: Vec<String> = overview.to_string().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[1].contains("fulfilment ") && lines[1].contains("40 state transitions"));
        assert!(lines[3].contains("invokes deadlines every 60 s: 2 accepted"), "{lines:?}");
        let shown = serde_json::to_value(&overview).unwrap();
        assert_eq!(shown["schedules"][0]["everySeconds"], 60);
        overview.state_machines.clear();
        assert_eq!(overview.to_string().lines().count(), 2);
        overview.sockets = Some(SocketRow {
            url: "ws://127.0.0.1:9004/live".to_owned(),
            routes: vec!["$connect".to_owned(), "say".to_owned()],
            connections: 7,
        });
        let shown = overview.to_string();
        assert!(shown.contains("ws://127.0.0.1:9004/live") && shown.contains("7 connected"));
    }
}
