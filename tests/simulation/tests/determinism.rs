//! The same seed is the same run, and another seed is another one.

use simulation::{Mode, Plan, Profile, Story, World};

#[test]
fn a_seed_fixes_every_request_every_answer_and_every_moment() {
    let mut hashes = Vec::new();
    for seed in 1..=4 {
        let world = World::new(seed, Plan::Drawn(Profile::rough(0.02)));
        let [one, other] = [0, 1].map(|_| world.play(&Story::SHORT));
        let differs = one.lines.iter().zip(&other.lines).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!((one.hash, &one.injected), (other.hash, &other.injected), "seed {seed}");
        assert!(!one.injected.is_empty(), "nothing went wrong with seed {seed}");
        hashes.push(one.hash);
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 4, "seeds make no difference");
}

#[test]
fn the_faults_of_a_run_are_enough_to_play_it_again() {
    let profile = Profile::rough(0.02);
    let drawn = World::new(7, Plan::Drawn(profile.clone())).play(&Story::SHORT);
    let again = World::new(7, Plan::Exactly(drawn.injected.clone(), profile)).play(&Story::SHORT);
    assert_eq!((again.hash, again.injected), (drawn.hash, drawn.injected));
}

#[test]
fn a_run_does_not_depend_on_what_runs_beside_it() {
    let play = || World::new(11, Plan::Drawn(Profile::rough(0.02))).play(&Story::SHORT[..4]).hash;
    let alone = play();
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(play)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(together, [alone; 3]);
}

/// Logs are not captured, and there is a workflow only where one drives orders: all else is observed.
#[test]
fn what_a_world_does_not_observe_is_said() {
    let not_observed = |mode| {
        let profile = Profile::calm().in_mode(mode);
        let run = World::new(1, Plan::Exactly(Vec::new(), profile)).play(&[Story::Happy]);
        assert!(run.holds(), "{run}");
        run.not_observed
    };
    let workflow = "a workflow is an order's only one, and ends";
    assert_eq!(not_observed(Mode::Choreography), ["no address in logs", workflow]);
    assert_eq!(not_observed(Mode::Orchestration), ["no address in logs"]);
}
