//! Events as a consumer's decoder hands them on.

use catalogue::Event;
use event_envelope::{DecodeError, Delivery, FromEnvelope};
use lambda::EventHandler;
use runtime::{Done, Failure};
use tower::{Service, ServiceExt, service_fn};

/// Hands an event to `handler` as a consumer does: read as one of those that it subscribes to, and
/// ignored if it is none.
///
/// # Errors
///
/// As the handler fails; permanent when the event cannot be read.
pub async fn deliver<H: EventHandler>(
    handler: &H,
    delivery: &Delivery<Event>,
) -> Result<Done, Failure> {
    match subscribed(delivery)? {
        Some(delivery) => handler.handle(delivery).await,
        None => Ok(Done::Ignored),
    }
}

/// `service` for any event: those that it does not subscribe to are ignored.
pub fn for_any_event<E, S>(
    service: S,
) -> impl Service<Delivery<Event>, Response = Done, Error = Failure, Future: Send>
+ Clone
+ Send
+ Sync
+ use<E, S>
where
    E: FromEnvelope + Send + 'static,
    S: Service<Delivery<E>, Response = Done, Error = Failure> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    service_fn(move |delivery: Delivery<Event>| {
        let service = service.clone();
        async move {
            match subscribed(&delivery)? {
                Some(delivery) => service.oneshot(delivery).await,
                None => Ok(Done::Ignored),
            }
        }
    })
}

fn subscribed<E: FromEnvelope>(delivery: &Delivery<Event>) -> Result<Option<Delivery<E>>, Failure> {
    let Delivery { envelope, replay, .. } = delivery.clone();
    match E::from_envelope(&envelope) {
        Ok(event) => Ok(Some(Delivery { envelope, event, replay })),
        Err(DecodeError::UnknownType(_)) => Ok(None),
        Err(error) => Err(Failure::permanent(error)),
    }
}
