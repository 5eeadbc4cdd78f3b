//! The events of functions: the routes they answer, and the schedules that invoke them.

use crate::{
    error::TemplateError,
    properties::Properties,
    resolver::Resolver,
    route::{self, Apis, Route},
    schedule::{self, Invoked, Schedule},
};

/// What invokes a function, as written at the function.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) routes: Vec<Route>,
    pub(crate) schedules: Vec<Schedule>,
}

/// Takes a function's `Events`. Queues and streams are not written there: SAM would give the
/// function permissions on every queue or stream of the account.
pub(crate) fn read(
    function: Invoked<'_>,
    resolver: &Resolver<'_>,
    properties: &mut Properties,
    apis: &Apis,
) -> Result<Events, TemplateError> {
    let mut events = Events::default();
    for (name, mut event) in properties.entries("Events")? {
        let kind = event.text("Type")?;
        match kind.as_str() {
            "HttpApi" => events.routes.push(route::read(function.name, own(&mut event)?, apis)?),
            "ScheduleV2" => {
                let own = own(&mut event)?;
                events.schedules.push(schedule::read(function, &name, resolver, own)?);
            }
            _ => {
                let problem = format!(
                    "is {kind}, only HttpApi and ScheduleV2 are followed; \
                     for a queue or stream write an AWS::Lambda::EventSourceMapping"
                );
                return Err(event.place().child("Type").invalid(problem));
            }
        }
        event.done()?;
    }
    Ok(events)
}

fn own(event: &mut Properties) -> Result<Properties, TemplateError> {
    let place = event.place().child("Properties");
    Properties::new(place, event.required("Properties")?)
}
