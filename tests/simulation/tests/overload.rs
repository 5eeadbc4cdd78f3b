//! Worlds at the limits of AWS and of the providers: more orders than they take, a provider that is
//! slow, a product that everyone wants. The backlog drains, no order is lost, and what is refused is
//! not asked for over and over.
//!
//! `cargo test -p simulation --test overload -- --nocapture` prints the table of
//! `docs/overload.md`.

use std::{collections::BTreeSet, time::Duration};

use simulation::{Limits, Plan, Profile, Run, Site, Slowness, Story, World};

/// Customers come within a minute.
const MINUTE: Duration = Duration::from_secs(60);
/// So many in a calm minute.
const BASE: usize = 15;

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
        println!(
            "{name:<22} offered {offered:>3}  completed {:>3}  AWS calls {:>5.1}  provider calls {:>4.1} an order  drained {:>4} s after the last customer",
            measured.completed(),
            measured.calls_per_order(),
            measured.provider_calls_per_order(),
            measured.drained().as_secs(),
        );
        for (what, count) in &measured.run.throttles {
            println!("{:<22}   {count:>5} × {what}", "");
        }
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

    /// Whether all that must hold does, and every order is completed.
    #[track_caller]
    fn assert_nothing_lost(&self) {
        assert!(self.run.holds(), "{:#?}", self.run.findings);
        assert_eq!(self.completed(), self.offered);
    }
}

#[test]
fn measure() {
    let limits = || Profile::calm().with_limits(Limits::scaled());
    let begun = std::time::Instant::now();
    let show = |name: &str, m: &Measured| {
        println!(
            "{name} findings {:#?} {:?}",
            m.run.findings.iter().take(8).collect::<Vec<_>>(),
            begun.elapsed()
        )
    };
    let m = Measured::play("calm", BASE, MINUTE, limits());
    show("calm", &m);
    let m = Measured::play("peak", 5 * BASE, MINUTE, limits());
    show("peak", &m);
    let slowness =
        Slowness { from: Duration::ZERO, until: 10 * MINUTE, takes: Duration::from_secs(10) };
    let m = Measured::play("slow", BASE, MINUTE, limits().with_slowness(slowness));
    show("slow", &m);
    let patient = || Profile::calm().with_limits(Limits::scaled().with_patient_providers());
    for shards in [1, 4] {
        let m = Measured::play(
            &format!("hot {shards}"),
            80,
            Duration::from_secs(16),
            patient().with_shards(shards),
        );
        show("hot", &m);
    }
}
