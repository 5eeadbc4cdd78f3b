//! Worlds at the limits of AWS and of the providers: more orders than they take, a provider that is
//! slow, a product that everyone wants. The backlog drains, no order is lost, and what is refused is
//! not asked for over and over.
//!
//! `cargo test -p simulation --test overload -- --nocapture` prints the table of
//! `docs/simulation.md`.

#![expect(clippy::print_stdout, reason = "a test shows what it measures")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fmt::Write as _, sync::LazyLock, time::Duration};

use simulation::{Limits, Plan, Profile, Run, Site, Slowness, Story, World};

/// Customers come within a minute.
const MINUTE: Duration = Duration::from_secs(60);
/// So many in a calm minute.
const BASE: usize = 6;

/// How many more calls to providers an order may make than in a calm world: one for each receive of
/// the record that charges it, of which there are fifteen before it is dead-lettered.
const PROVIDER_CALLS_MORE: f64 = 15.0;
/// How many times as many calls to AWS an order may make as in a calm world: 2.1 at most were
/// measured, and a receive that fails makes about as many each time.
const AWS_CALLS_TIMES: f64 = 3.0;

/// A world and its measures.
struct Measured {
    run: Run,
    offered: usize,
    /// When the last customer came.
    arrived: Duration,
}

impl Measured {
    fn play(name: &str, offered: usize, within: Duration, profile: Profile) -> Self {
        let profile = profile.with_arrivals(within);
        let plan = Plan::Exactly(Vec::new(), profile);
        let run = World::new(7, plan).play(&vec![Story::Happy; offered]);
        let measured = Self { run, offered, arrived: within };
        let mut row = format!(
            "{name:<20} offered {offered:>2}, completed {:>2}; an order: {:>5.1} calls to AWS, {:>4.1} to providers; redriven {:>2}; drained {:>4} s after the last customer",
            measured.completed(),
            measured.calls_per_order(),
            measured.provider_calls_per_order(),
            measured.redriven(),
            measured.drained().as_secs(),
        );
        for (what, count) in &measured.run.throttles {
            write!(row, "\n{:<20} {count:>6} × {what}", "").unwrap();
        }
        println!("{row}");
        measured
    }

    fn completed(&self) -> usize {
        let events = self.run.events.iter().filter(|it| it.event_type == "OrderCompleted");
        events.map(|it| it.order.as_str()).collect::<BTreeSet<_>>().len()
    }

    fn per_order(&self, is_call: impl Fn(Site) -> bool) -> f64 {
        let last = self.last();
        let points = self.run.points.iter();
        let calls = points.filter(|it| it.millisecond <= last && is_call(it.site)).count();
        f64::from(u32::try_from(calls).unwrap()) / f64::from(u32::try_from(self.offered).unwrap())
    }

    fn calls_per_order(&self) -> f64 {
        self.per_order(|site| {
            !matches!(
                site,
                Site::Provider | Site::Delivery | Site::Batch | Site::Stream | Site::Task
            )
        })
    }

    fn provider_calls_per_order(&self) -> f64 {
        self.per_order(|site| site == Site::Provider)
    }

    fn last(&self) -> u64 {
        let ends = self.run.events.iter().filter(|it| it.event_type == "OrderCompleted");
        ends.map(|it| it.millisecond).max().unwrap_or_default()
    }

    fn drained(&self) -> Duration {
        Duration::from_millis(self.last()).saturating_sub(self.arrived)
    }

    fn throttled(&self, what: &str) -> u64 {
        let met = self.run.throttles.iter().filter(|(name, _)| name.starts_with(what));
        met.map(|(_, count)| count).sum()
    }

    /// How many messages an operator had to put back out of dead-letter queues.
    fn redriven(&self) -> usize {
        self.run.lines.iter().filter(|(_, line)| line.starts_with("put back into")).count()
    }

    /// Whether no more is asked for than the pauses between attempts allow.
    #[track_caller]
    fn assert_no_storm(&self) {
        let more = self.provider_calls_per_order() - CALM.provider_calls_per_order();
        assert!(more <= PROVIDER_CALLS_MORE, "{more} more calls to providers an order");
        let times = self.calls_per_order() / CALM.calls_per_order();
        assert!(times <= AWS_CALLS_TIMES, "{times} times as many calls to AWS an order");
    }

    #[track_caller]
    fn assert_drained_within(&self, most: Duration) {
        assert!(self.drained() <= most, "drained after {:?}", self.drained());
    }

    /// Whether all that must hold does, and every order is completed.
    #[track_caller]
    fn assert_nothing_lost(&self) {
        assert!(self.run.holds(), "{:#?}", self.run.findings);
        assert_eq!(self.completed(), self.offered);
    }
}

/// A world with limits in which nothing else is wrong.
fn limited() -> Profile {
    Profile::calm().with_limits(Limits::scaled())
}

/// What everything is compared with.
static CALM: LazyLock<Measured> = LazyLock::new(|| Measured::play("calm", BASE, MINUTE, limited()));

#[test]
fn a_calm_minute_meets_no_limit_of_dynamodb_nor_of_the_bus() {
    CALM.assert_nothing_lost();
    for what in ["Write", "Read", "PutEvents", "circuit", "late"] {
        assert_eq!(CALM.throttled(what), 0, "{what}");
    }
}

#[test]
fn five_times_as_many_orders_wait_for_the_payment_provider_and_are_all_completed() {
    let peak = Measured::play("peak", 5 * BASE, MINUTE, limited());
    peak.assert_nothing_lost();
    assert!(peak.throttled("call Payments") > 0, "the provider takes all of them");
    peak.assert_no_storm();
    peak.assert_drained_within(Duration::from_secs(480));
}

#[test]
fn ten_minutes_of_a_slow_payment_provider_are_outlasted() {
    let slowness =
        Slowness { from: Duration::ZERO, until: 10 * MINUTE, takes: Duration::from_secs(10) };
    let slow = Measured::play("slow provider", BASE, MINUTE, limited().with_slowness(slowness));
    slow.assert_nothing_lost();
    assert!(slow.throttled("late answer Payments") > 0, "no answer was late");
    assert!(slow.throttled("circuit Payments") > 0, "the circuit never opened");
    assert_eq!(slow.redriven(), 0, "an operator was needed");
    slow.assert_no_storm();
    // Those that came first wait longest: two minutes, when the provider is quick again.
    slow.assert_drained_within(slowness.until - MINUTE + Duration::from_secs(180));
}

/// All orders want one product, more a second than one item of stock takes.
fn hot(name: &str, shards: u8) -> Measured {
    let limits = Limits::scaled().with_patient_providers();
    let profile = Profile::calm().with_limits(limits).with_shards(shards);
    Measured::play(name, 5 * BASE, Duration::from_secs(12), profile)
}

#[test]
fn a_hot_product_is_throttled_in_one_item_and_not_in_several() {
    let one = hot("hot, one shard", 1);
    let several = hot("hot, eight shards", 8);
    for world in [&one, &several] {
        world.assert_nothing_lost();
        world.assert_no_storm();
        world.assert_drained_within(Duration::from_secs(120));
    }
    assert!(one.throttled("Write orderly-inventory") > 0, "one item takes all orders");
    assert_eq!(several.throttled("Write orderly-inventory"), 0);
}

#[test]
fn a_burst_in_a_small_region_waits_for_the_bus_and_for_the_api() {
    let limits = Limits::scaled().with_entries(400.0).with_patient_providers();
    let profile = Profile::calm().with_limits(limits);
    let burst = Measured::play("burst, small region", 2 * BASE, Duration::from_secs(2), profile);
    burst.assert_nothing_lost();
    assert!(burst.throttled("PutEvents") > 0, "the bus takes every entry");
    assert!(burst.throttled("invocation") > 0, "no function had too many invocations");
    burst.assert_no_storm();
    burst.assert_drained_within(Duration::from_secs(300));
}
