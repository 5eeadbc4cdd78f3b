//! A replay at work.

use std::sync::Arc;

use crate::{archive::Arrived, dispatch, replay::Replay, state::Inner};

/// Events are replayed in slices of this many seconds of their own time.
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>.
const SLICE_SECONDS: i64 = 60;

/// Sends the events of a replay, each when there is room for its deliveries.
pub(crate) async fn run(replay: Arc<Replay>, bus: Arc<Inner>) {
    replay.begin();
    for arrived in events(&replay, &bus) {
        if !send(&replay, &bus, &arrived).await {
            break;
        }
        replay.sent(arrived.event.time);
    }
    replay.end(bus.options.clock.now());
}

/// The archived events of the window, slice after slice.
fn events(replay: &Replay, bus: &Inner) -> Vec<Arrived> {
    let (first, last) = replay.plan.window;
    let archive = bus.resources.archives.get(&replay.plan.archive);
    let mut events = archive.map(|it| it.at(bus.options.clock.now())).unwrap_or_default();
    events.retain(|it| (first..=last).contains(&it.event.time));
    // A stable sort: inside a slice the order of arrival stays, which AWS does not promise.
    events.sort_by_key(|it| it.event.time.unix_timestamp().div_euclid(SLICE_SECONDS));
    events
}

/// Whether the event went out; not, where the replay is cancelled first.
async fn send(replay: &Replay, bus: &Arc<Inner>, arrived: &Arrived) -> bool {
    let plan = &replay.plan;
    let event = arrived.event.replayed_by(&plan.name);
    let is_wanted = |arn: &str| plan.filter_arns.is_empty() || plan.filter_arns.contains(arn);
    let rules = bus.matching(&plan.bus, &event.value(), is_wanted);
    tokio::select! {
        biased;
        () = replay.cancelled() => false,
        places = bus.places_when_free(&rules) => match places {
            Ok(places) => {
                dispatch::start(bus, &event, &rules, places);
                true
            }
            Err(_) => false,
        }
    }
}
