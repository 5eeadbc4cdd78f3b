//! What is ordered, and whether it is there.

use super::{COMPLETED, Harness, Played, one};
use crate::{
    client::{Line, NewOrder},
    seed,
};

/// A product that many want: others order it while it is spread.
const HOT: &str = "prod-004";

pub(super) async fn the_books_order(harness: Harness) -> Played {
    harness.place("user-123", NewOrder::of_the_book()).await?.completes().alone()
}

pub(super) async fn out_of_stock(harness: Harness) -> Played {
    let two = NewOrder::of(vec![Line::of(seed::SCARCE, 2)]);
    let order = harness.place("user-456", two).await?;
    order.is_cancelled("outOfStock").publishing(&["InventoryReservationFailed"]).alone()
}

/// The first reservation gets it; which of the two that is cannot be known before.
pub(super) async fn last_piece(harness: Harness) -> Played {
    let (one, other) = tokio::try_join!(
        harness.place_as("user-456", one(seed::SCARCE), "-one"),
        harness.place_as("user-789", one(seed::SCARCE), "-other"),
    )?;
    let (won, lost) =
        if harness.ending(&one).await? == COMPLETED { (one, other) } else { (other, one) };
    Ok(vec![won.completes(), lost.is_cancelled("outOfStock")])
}

pub(super) async fn hot_product(harness: Harness) -> Played {
    harness.spread(HOT, 4).await?;
    let three = NewOrder::of(vec![Line::of(HOT, 3)]);
    let order = harness.place("user-321", three).await?;
    order.completes().alone()
}

/// The same key and body have the same answer, however often they are sent; another body is
/// refused.
pub(super) async fn placed_twice(harness: Harness) -> Played {
    let order = NewOrder::of_the_book();
    let (first, second) = tokio::try_join!(
        harness.place("user-123", order.clone()),
        harness.place("user-123", order.clone()),
    )?;
    harness.until(&first, COMPLETED).await?;
    let again = harness.place("user-123", order).await?;
    let other = harness.ask("user-123", &one("prod-001"), "").await?;
    if first != second || first != again || other.status != 422 {
        return Err(harness.refused(&other));
    }
    first.completes().alone()
}
