//! What is ordered, and whether it is there.

use super::{COMPLETED, Played, Stage, one};
use crate::{
    client::{Line, NewOrder},
    seed,
};

/// A product that many want: others order it while it is spread.
const HOT: &str = "prod-004";

pub(super) async fn the_books_order(stage: Stage) -> Played {
    stage.place("user-123", NewOrder::of_the_book()).await?.completes().alone()
}

pub(super) async fn out_of_stock(stage: Stage) -> Played {
    let two = NewOrder::of(vec![Line::of(seed::SCARCE, 2)]);
    let order = stage.place("user-456", two).await?;
    order.is_cancelled("outOfStock").saying(&["InventoryReservationFailed"]).alone()
}

/// Whoever is first gets it; which of the two that is, nobody knows before.
pub(super) async fn last_piece(stage: Stage) -> Played {
    let (one, other) = tokio::try_join!(
        stage.place_as("user-456", one(seed::SCARCE), "-one"),
        stage.place_as("user-789", one(seed::SCARCE), "-other"),
    )?;
    let (won, lost) =
        if stage.ending(&one).await? == COMPLETED { (one, other) } else { (other, one) };
    Ok(vec![won.completes(), lost.is_cancelled("outOfStock")])
}

pub(super) async fn hot_product(stage: Stage) -> Played {
    stage.spread(HOT, 4).await?;
    let three = NewOrder::of(vec![Line::of(HOT, 3)]);
    let order = stage.place("user-321", three).await?;
    order.completes().alone()
}

/// The same key and body have the same answer, however often they are sent; another body is
/// refused.
pub(super) async fn placed_twice(stage: Stage) -> Played {
    let order = NewOrder::of_the_book();
    let (first, second) = tokio::try_join!(
        stage.place("user-123", order.clone()),
        stage.place("user-123", order.clone()),
    )?;
    stage.until(&first, COMPLETED).await?;
    let again = stage.place("user-123", order).await?;
    let other = stage.ask("user-123", &one("prod-001"), "").await?;
    if first != second || first != again || other.status != 422 {
        return Err(stage.refused(&other));
    }
    first.completes().alone()
}
