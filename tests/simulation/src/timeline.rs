//! How an order went: its events, each under its cause, and the faults in between.

use std::{collections::BTreeSet, fmt};

use crate::{
    fault::InjectedFault,
    run::{Finding, Run},
    stored_event::StoredEvent,
};

/// An order's events, each further right than its cause, and the faults in between.
#[derive(Debug, Clone)]
pub struct Timeline<'a> {
    run: &'a Run,
    order: String,
}

impl<'a> Timeline<'a> {
    /// That of every order which a finding of `run` is about; where findings name none, such as
    /// those about a product's stock, that of every order.
    pub fn of_broken(run: &'a Run) -> Vec<Self> {
        let all: BTreeSet<&str> = run.events.iter().map(|event| event.order.as_str()).collect();
        let is_about = |finding: &Finding, order: &str| {
            let mut events = run.events.iter().filter(|event| event.order == order);
            finding.what.contains(order) || events.any(|event| finding.what.contains(&event.id))
        };
        let is_broken = |order: &&str| run.findings.iter().any(|it| is_about(it, order));
        let broken: BTreeSet<&str> = all.iter().copied().filter(is_broken).collect();
        let shown = if broken.is_empty() { all } else { broken };
        shown.into_iter().map(|order| Self { run, order: order.to_owned() }).collect()
    }

    /// How many causes, and causes of causes, of this event are events of the order.
    fn depth(events: &[&StoredEvent], event: &StoredEvent) -> usize {
        let mut depth = 0;
        let mut event = Some(event);
        // Causes cannot go round in circles, but what is shown here has gone wrong.
        while let Some(cause) = event.and_then(|it| it.cause.as_ref())
            && depth < events.len()
        {
            event = events.iter().find(|it| it.id == *cause).copied();
            depth += usize::from(event.is_some());
        }
        depth
    }

    fn faults(&self, until: u64) -> Vec<(u64, InjectedFault, &str)> {
        let injected = self.run.injected.iter().filter_map(|fault| {
            let point = self.run.point(*fault)?;
            Some((point.millisecond, *fault, point.what.as_str()))
        });
        injected.filter(|(at, ..)| *at <= until).collect()
    }
}

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.run.events.iter().filter(|event| event.order == self.order);
        let events: Vec<&StoredEvent> = events.collect();
        writeln!(f, "order {}", self.order)?;
        let last = self.run.milliseconds;
        let mut lines: Vec<(u64, String)> = Vec::new();
        for (at, fault, what) in self.faults(last) {
            lines.push((at, format!("{:<20} !! {fault} {what}", "")));
        }
        for event in &events {
            let indent = "  ".repeat(Self::depth(&events, event));
            let bus = match event.published_at {
                Some(at) => format!("on the bus at {at} ms"),
                None => "never published".to_owned(),
            };
            let StoredEvent { process, event_type, id, .. } = event;
            let line = format!("{process:<20} {indent}{event_type} {id}, {bus}");
            lines.push((event.millisecond, line));
        }
        lines.sort_by_key(|(at, _)| *at);
        for (at, line) in lines {
            writeln!(f, "{at:>12} ms  {line}")?;
        }
        Ok(())
    }
}
