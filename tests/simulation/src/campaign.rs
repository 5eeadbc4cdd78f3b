//! Many worlds on all cores, and what came of them: what `orderly simulate` runs.

use std::{
    collections::BTreeMap,
    fmt, fs,
    time::{Duration, Instant},
};

use orderly::simulate;

use crate::{
    Fault, Mode, Plan, Profile, Run, Timeline,
    explore::{on_every_core, play, shrink, stories_of},
    mutation::Mutation,
};

/// So many failures are made smaller and shown; one is usually enough.
const SHOWN_MAX: usize = 3;
/// Linux counts CPU time in hundredths of a second, for all processes:
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
const TICKS_A_SECOND: f64 = 100.0;

/// Many worlds to play.
#[derive(Debug, Clone)]
pub struct Campaign {
    asked: simulate::Campaign,
    profile: Profile,
}

impl From<simulate::Campaign> for Campaign {
    fn from(asked: simulate::Campaign) -> Self {
        let rate = asked.profile.rate();
        let profile = if rate > 0.0 { Profile::rough(rate) } else { Profile::calm() };
        let profile = profile.in_mode(match asked.mode {
            simulate::Mode::Choreography => Mode::Choreography,
            simulate::Mode::Orchestration => Mode::Orchestration,
        });
        Self { asked, profile }
    }
}

impl Campaign {
    /// The same without a protection.
    #[must_use]
    pub fn without(self, mutation: Mutation) -> Self {
        Self { profile: self.profile.without(mutation), ..self }
    }

    /// How many worlds there are.
    pub fn worlds(&self) -> u64 {
        self.asked.seeds.0.end - self.asked.seeds.0.start
    }

    /// Plays every world on all cores; `on_end` is called with each that has ended.
    pub fn play(&self, on_end: impl Fn(&Run) + Sync) -> Summary {
        let (began, cpu_before) = (Instant::now(), cpu_seconds());
        let seeds: Vec<u64> = self.asked.seeds.0.clone().collect();
        let parts = on_every_core(&seeds, |seed, summary: &mut Summary| {
            let stories = stories_of(*seed, self.asked.orders);
            let run = play(*seed, Plan::Drawn(self.profile.clone()), &stories);
            on_end(&run);
            summary.add(run);
        });
        let mut total = Summary::default();
        for part in parts {
            total.merge(part);
        }
        total.failed.sort_by_key(|run| run.seed);
        total.elapsed = began.elapsed();
        total.cpu_seconds = cpu_before.zip(cpu_seconds()).map(|(before, after)| after - before);
        total
    }

    /// What there is to say of a failure: which faults it takes at least, how the order went that
    /// broke, and how it is played again.
    pub fn explain(&self, failed: &Run) -> String {
        let shortest = shrink(failed, &self.profile);
        let mut text = format!("\nseed {} with {:?}\n", failed.seed, failed.stories);
        for finding in &shortest.findings {
            text += &format!("  broken: {finding}\n");
        }
        let (some, all) = (shortest.injected.len(), failed.injected.len());
        text += &format!("  it takes {some} of {all} faults:\n");
        for fault in &shortest.injected {
            let point = shortest.point(*fault);
            let (what, at) = point.map_or(("", 0), |it| (it.what.as_str(), it.millisecond));
            text += &format!("    {fault} at {at} ms: {what}\n");
        }
        for timeline in Timeline::of_broken(&shortest) {
            text += &format!("{timeline}");
        }
        text + &format!("  again: {}\n", self.asked.command(failed.seed))
    }

    /// The first failures, [explained](Self::explain).
    pub fn explain_first(&self, summary: &Summary) -> Vec<String> {
        summary.failed.iter().take(SHOWN_MAX).map(|run| self.explain(run)).collect()
    }
}

/// What came of many worlds.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many were played.
    pub worlds: u64,
    /// How many orders they had.
    pub orders: u64,
    /// How many points there were at which something could have gone wrong: calls and deliveries.
    pub calls: u64,
    /// How often each fault was injected.
    pub faults: BTreeMap<Fault, u64>,
    /// How often each invariant broke.
    pub violations: BTreeMap<String, u64>,
    /// The worlds that failed, by seed.
    pub failed: Vec<Run>,
    /// How long it took.
    pub elapsed: Duration,
    /// How much CPU time it took; not known on every system.
    pub cpu_seconds: Option<f64>,
}

impl Summary {
    /// Whether every invariant held in every world.
    pub fn holds(&self) -> bool {
        self.failed.is_empty()
    }

    fn add(&mut self, run: Run) {
        self.worlds += 1;
        self.orders += u64::try_from(run.stories.len()).unwrap_or(u64::MAX);
        self.calls += u64::try_from(run.points.len()).unwrap_or(u64::MAX);
        for injected in &run.injected {
            *self.faults.entry(injected.fault).or_default() += 1;
        }
        for finding in &run.findings {
            *self.violations.entry(finding.invariant.clone()).or_default() += 1;
        }
        if !run.holds() {
            self.failed.push(run);
        }
    }

    fn merge(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.orders += other.orders;
        self.calls += other.calls;
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (invariant, count) in other.violations {
            *self.violations.entry(invariant).or_default() += count;
        }
        self.failed.extend(other.failed);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed.len();
        let faults: u64 = self.faults.values().sum();
        writeln!(f, "worlds      {}, of which {failed} failed", self.worlds)?;
        writeln!(f, "orders      {}", self.orders)?;
        writeln!(f, "calls       {}", self.calls)?;
        writeln!(f, "faults      {faults}")?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {:<16}{count:>10}", fault.to_string())?;
        }
        writeln!(f, "violations  {}", self.violations.values().sum::<u64>())?;
        for (invariant, count) in &self.violations {
            writeln!(f, "  {count:>6} of \"{invariant}\"")?;
        }
        write!(f, "time        {:.1} s", self.elapsed.as_secs_f64())?;
        if let Some(seconds) = self.cpu_seconds.filter(|it| *it > 0.0) {
            let rate = |count| u32::try_from(count).map_or(f64::INFINITY, f64::from) / seconds;
            let (worlds, orders) = (rate(self.worlds), rate(self.orders));
            write!(
                f,
                ", {seconds:.1} s of CPU: {worlds:.2} worlds, {orders:.2} orders a CPU-second"
            )?;
        }
        Ok(())
    }
}

/// How much CPU time this process has taken, where the system says so.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in brackets, and may have any characters.
    let (_, fields) = stat.rsplit_once(')')?;
    // utime and stime are the 14th and 15th fields; the name is the 2nd.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.map(|field| field.parse::<u32>().unwrap_or_default()).sum();
    Some(f64::from(ticks) / TICKS_A_SECOND)
}
