//! The stock of one product spread over several items, so that no single partition is its limit.
//! Pure.
//!
//! A partition of DynamoDB takes 1,000 write units a second, and a write in a transaction costs
//! two: one item takes 500 of them a second at most, and fewer under contention.
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>.

use std::cmp::Reverse;

use event_envelope::{AggregateId, fingerprint};

use crate::domain::Part;

/// The most shards of a product: some thousand writes a second. A product is out of stock only
/// after all of them were read at once, at two read units each.
pub const SHARDS_MAX: u8 = 16;

/// The shard that `order` tries first for a product that is spread over `shards`. Orders are
/// spread evenly, and each tries the same shard every time.
pub fn first_shard(order: &AggregateId, product: &AggregateId, shards: u8) -> u8 {
    let hash = fingerprint(&[order.as_str().as_bytes(), product.as_str().as_bytes()]);
    let digits = hash.get(..16).unwrap_or_default();
    let number = u64::from_str_radix(digits, 16).unwrap_or_default();
    u8::try_from(number % u64::from(shards.max(1))).unwrap_or_default()
}

/// From which shards to take `quantity`, when shard `k` has `available[k]`: from one that has
/// enough, from `first` on, or else from as few as possible. None when all of them
/// together have too few.
pub fn plan(available: &[u64], quantity: u32, first: u8) -> Option<Vec<Part>> {
    let start = usize::from(first) % available.len().max(1);
    let in_turn = || (0..).zip(available.iter().copied()).cycle().skip(start).take(available.len());
    let enough = in_turn().find(|(_, there)| *there >= u64::from(quantity));
    if let Some((shard, _)) = enough {
        return Some(vec![Part { shard, quantity }]);
    }
    let mut fullest: Vec<(u8, u64)> = in_turn().collect();
    fullest.sort_by_key(|(_, there)| Reverse(*there));
    let mut missing = quantity;
    let mut parts = Vec::new();
    for (shard, there) in fullest {
        let quantity = u32::try_from(there).unwrap_or(u32::MAX).min(missing);
        if quantity == 0 {
            break;
        }
        parts.push(Part { shard, quantity });
        missing -= quantity;
    }
    (missing == 0).then_some(parts)
}

/// `quantity` in equal parts for the first `shards`, none of them empty.
pub fn share(quantity: u32, shards: u8) -> Vec<Part> {
    let total = u64::from(quantity);
    let part = |(shard, quantity)| Part { shard, quantity: u32::try_from(quantity).unwrap_or(0) };
    let parts = (0..).zip(evenly(total, usize::from(shards))).map(part);
    parts.filter(|part| part.quantity > 0).collect()
}

/// By how much each shard's stock changes when all there is is spread evenly over the first
/// `shards`. With `keep` the shards beyond them keep what they have. The sum of all changes is 0.
pub fn level(available: &[u64], shards: u8, keep: bool) -> Vec<i64> {
    let shards = usize::from(shards);
    let (used, beyond) = available.split_at(shards.min(available.len()));
    let kept = if keep { beyond } else { &[] };
    let total = available.iter().sum::<u64>() - kept.iter().sum::<u64>();
    let then = evenly(total, shards).chain(kept.iter().copied());
    let then: Vec<u64> = then.chain(beyond.iter().skip(kept.len()).map(|_| 0)).collect();
    let now = used.iter().copied().chain(std::iter::repeat_n(0, shards - used.len()));
    let now = now.chain(beyond.iter().copied());
    now.zip(then).map(|(now, then)| then.cast_signed() - now.cast_signed()).collect()
}

fn evenly(total: u64, shards: usize) -> impl Iterator<Item = u64> {
    let count = u64::try_from(shards.max(1)).unwrap_or(1);
    let one_more = total % count;
    (0..count).map(move |index| total / count + u64::from(index < one_more))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(shard: u8, quantity: u32) -> Part {
        Part { shard, quantity }
    }

    #[test]
    fn orders_are_spread_evenly_and_try_the_same_shard_every_time() {
        let product = AggregateId::parse("prod-001").unwrap();
        let mut counts = [0_u32; 8];
        for number in 0..8_000 {
            let order = AggregateId::parse(format!("order-{number}")).unwrap();
            let shard = first_shard(&order, &product, 8);
            assert_eq!(first_shard(&order, &product, 8), shard);
            assert_eq!(first_shard(&order, &product, 1), 0);
            counts[usize::from(shard)] += 1;
        }
        assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
    }

    #[test]
    fn one_shard_is_enough_if_one_has_enough() {
        assert_eq!(plan(&[5, 5, 5], 5, 1), Some(vec![part(1, 5)]));
        assert_eq!(plan(&[5, 4, 4], 5, 1), Some(vec![part(0, 5)]));
        assert_eq!(plan(&[0], 0, 7), Some(vec![part(0, 0)]));
    }

    #[test]
    fn several_shards_give_together_what_none_has() {
        assert_eq!(plan(&[1, 3, 2], 5, 0), Some(vec![part(1, 3), part(2, 2)]));
        assert_eq!(plan(&[1, 3, 2], 6, 0), Some(vec![part(1, 3), part(2, 2), part(0, 1)]));
        assert_eq!(plan(&[1, 3, 2], 7, 0), None);
        assert_eq!(plan(&[u64::MAX, u64::MAX], u32::MAX, 1), Some(vec![part(1, u32::MAX)]));
    }

    #[test]
    fn what_comes_in_is_shared_equally() {
        assert_eq!(share(7, 3), [part(0, 3), part(1, 2), part(2, 2)]);
        assert_eq!(share(2, 3), [part(0, 1), part(1, 1)]);
        assert_eq!(share(2, 1), [part(0, 2)]);
    }

    #[test]
    fn stock_is_levelled() {
        assert_eq!(level(&[10], 4, false), [-7, 3, 2, 2]);
        assert_eq!(level(&[3, 3, 2, 2], 1, false), [7, -3, -2, -2]);
        // Those that are not to be used any more may keep what they have for a while.
        assert_eq!(level(&[6, 0, 2, 2], 2, true), [-3, 3, 0, 0]);
    }

    proptest! {
        #[test]
        fn a_plan_takes_what_is_there_and_as_much_as_asked(
            available in prop::collection::vec(0_u64..6, 1..=16),
            quantity in 1_u32..40,
            first in 0_u8..20,
        ) {
            let total: u64 = available.iter().sum();
            let Some(parts) = plan(&available, quantity, first) else {
                prop_assert!(total < u64::from(quantity));
                return Ok(());
            };
            prop_assert_eq!(parts.iter().map(|it| it.quantity).sum::<u32>(), quantity);
            let mut left = available;
            for Part { shard, quantity } in &parts {
                prop_assert!(*quantity > 0);
                let there = &mut left[usize::from(*shard)];
                prop_assert!(*there >= u64::from(*quantity));
                // A row is touched once.
                *there = 0;
            }
        }

        #[test]
        fn levelling_invents_and_loses_nothing(
            available in prop::collection::vec(0_u64..100, 1..=16),
            shards in 1_u8..=16,
            keep: bool,
        ) {
            let changes = level(&available, shards, keep);
            prop_assert_eq!(changes.len(), available.len().max(usize::from(shards)));
            prop_assert_eq!(changes.iter().sum::<i64>(), 0);
            let mut then = available.clone();
            then.resize(changes.len(), 0);
            for (there, change) in then.iter_mut().zip(changes) {
                *there = there.checked_add_signed(change).unwrap();
            }
            let (used, beyond) = then.split_at(usize::from(shards));
            prop_assert!(used.iter().max().unwrap() - used.iter().min().unwrap() <= 1);
            if keep {
                prop_assert_eq!(beyond, &available[usize::from(shards).min(available.len())..]);
            } else {
                prop_assert!(beyond.iter().all(|there| *there == 0));
            }
        }
    }
}
