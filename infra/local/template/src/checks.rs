//! What must hold between resources. AWS refuses most of it at deployment; the rest it lets pass,
//! and loses events later.

use std::collections::BTreeSet;

use crate::{
    Template,
    bus::DEFAULT_BUS,
    error::{Place, TemplateError},
    mapping::{Mapping, Source},
};

pub(crate) fn check(template: &Template) -> Result<(), TemplateError> {
    names_are_unique(template)?;
    routes_are_unique(template)?;
    redrives_lead_to_queues(template)?;
    buses_are_there(template)?;
    targets_are_there(template)?;
    async_failures_lead_to_queues(template)?;
    schedules_give_up_to_queues(template)?;
    for mapping in &template.mappings {
        check_mapping(template, mapping)?;
    }
    mappings_are_unique(template)
}

fn names_are_unique(template: &Template) -> Result<(), TemplateError> {
    let kinds: [(&str, Vec<(&str, &str)>); 8] = [
        ("function", pairs(&template.functions, |it| (&it.logical_id, &it.name))),
        ("queue", pairs(&template.queues, |it| (&it.logical_id, &it.name))),
        ("table", pairs(&template.tables, |it| (&it.logical_id, &it.name))),
        ("bus", pairs(&template.buses, |it| (&it.logical_id, &it.name))),
        ("archive", pairs(&template.archives, |it| (&it.logical_id, &it.name))),
        ("rule", pairs(&template.rules, |it| (&it.logical_id, &it.arn))),
        ("schedule", pairs(&template.schedules, |it| (&it.logical_id, &it.name))),
        ("state machine", pairs(&template.state_machines, |it| (&it.logical_id, &it.name))),
    ];
    for (kind, names) in kinds {
        let mut seen = BTreeSet::new();
        for (logical_id, name) in names {
            if !seen.insert(name) {
                let problem = format!("there is another {kind} of the name {name}");
                return Err(Place::at(logical_id).invalid(problem));
            }
        }
    }
    Ok(())
}

fn pairs<T>(items: &[T], names: impl Fn(&T) -> (&String, &String)) -> Vec<(&str, &str)> {
    items.iter().map(names).map(|(id, name)| (id.as_str(), name.as_str())).collect()
}

fn routes_are_unique(template: &Template) -> Result<(), TemplateError> {
    let mut seen = BTreeSet::new();
    for route in &template.routes {
        if !seen.insert((&route.method, &route.path)) {
            let problem = format!("there is another route {} {}", route.method, route.path);
            return Err(Place::at(&route.function).invalid(problem));
        }
    }
    Ok(())
}

fn redrives_lead_to_queues(template: &Template) -> Result<(), TemplateError> {
    for queue in &template.queues {
        if let Some(redrive) = &queue.redrive {
            let place = Place::at(&queue.logical_id).child("RedrivePolicy");
            require_queue(template, &redrive.dead_letter_arn, &place)?;
        }
    }
    Ok(())
}

fn buses_are_there(template: &Template) -> Result<(), TemplateError> {
    let rules = template.rules.iter().map(|it| (&it.logical_id, &it.bus));
    let archives = template.archives.iter().map(|it| (&it.logical_id, &it.bus));
    for (logical_id, bus) in rules.chain(archives) {
        // Every account has the default bus.
        if bus != DEFAULT_BUS && !template.buses.iter().any(|it| it.name == *bus) {
            let problem = format!("{bus} is not a bus of the template");
            return Err(Place::at(logical_id).invalid(problem));
        }
    }
    Ok(())
}

fn targets_are_there(template: &Template) -> Result<(), TemplateError> {
    for rule in &template.rules {
        for (index, target) in rule.targets.iter().enumerate() {
            let place = Place::at(&rule.logical_id).child("Targets").item(index);
            let is_function = template.functions.iter().any(|it| it.arn == target.arn);
            if !is_function {
                require_queue(template, &target.arn, &place.child("Arn"))?;
            }
            if let Some(arn) = &target.dead_letter_arn {
                require_queue(template, arn, &place.child("DeadLetterConfig"))?;
            }
        }
    }
    Ok(())
}

fn async_failures_lead_to_queues(template: &Template) -> Result<(), TemplateError> {
    for function in &template.functions {
        if let Some(arn) = &function.async_invoke.on_failure_arn {
            let place = Place::at(&function.logical_id).child("EventInvokeConfig");
            require_queue(template, arn, &place)?;
        }
    }
    Ok(())
}

fn schedules_give_up_to_queues(template: &Template) -> Result<(), TemplateError> {
    for schedule in &template.schedules {
        if let Some(arn) = &schedule.dead_letter_arn {
            let place = Place::at(&schedule.logical_id).child("DeadLetterConfig.Arn");
            require_queue(template, arn, &place)?;
        }
    }
    Ok(())
}

fn check_mapping(template: &Template, mapping: &Mapping) -> Result<(), TemplateError> {
    let place = Place::at(&mapping.logical_id);
    let function = template.functions.iter().find(|it| it.name == mapping.function);
    let function = function.ok_or_else(|| {
        let problem = format!("{} is not a function of the template", mapping.function);
        place.child("FunctionName").invalid(problem)
    })?;
    match &mapping.source {
        Source::Stream { arn, on_failure_arn, .. } => {
            let known = template.tables.iter().filter_map(|it| it.stream.as_ref());
            if !known.into_iter().any(|stream| stream.arn == *arn) {
                let problem = format!("{arn} is not a stream of the template");
                return Err(place.child("EventSourceArn").invalid(problem));
            }
            match on_failure_arn {
                Some(arn) => require_queue(template, arn, &place.child("DestinationConfig")),
                None => Ok(()),
            }
        }
        Source::Queue { arn, .. } => {
            require_queue(template, arn, &place.child("EventSourceArn"))?;
            let queue = template.queues.iter().find(|it| it.arn == *arn);
            match queue {
                // Else a message comes again while it is still being worked on. Six times is advice:
                // <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>.
                Some(queue) if queue.visibility_timeout < function.timeout => {
                    let problem = format!(
                        "is {} s, must be at least the {} s that {} may take",
                        queue.visibility_timeout.as_secs(),
                        function.timeout.as_secs(),
                        function.logical_id,
                    );
                    Err(Place::at(&queue.logical_id).child("VisibilityTimeout").invalid(problem))
                }
                _ => Ok(()),
            }
        }
    }
}

fn mappings_are_unique(template: &Template) -> Result<(), TemplateError> {
    let mut seen = BTreeSet::new();
    for mapping in &template.mappings {
        if !seen.insert((&mapping.function, mapping.source.arn())) {
            let problem = format!("{} is mapped to this source already", mapping.function);
            return Err(Place::at(&mapping.logical_id).invalid(problem));
        }
    }
    Ok(())
}

fn require_queue(template: &Template, arn: &str, place: &Place) -> Result<(), TemplateError> {
    if template.queues.iter().any(|queue| queue.arn == arn) {
        return Ok(());
    }
    Err(place.invalid(format!("{arn} is not a queue of the template")))
}
