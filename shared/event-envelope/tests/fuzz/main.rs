//! What the decoder does with any input: it ends, with an event or an error, within bounds, and an
//! event that it has read can be written and read again.
//!
//! An input follows from its number, so that a failure can be repeated. `cargo test` tries the
//! first few thousand; `FUZZ_INPUTS` sets how many, `FUZZ_FIRST` from which number on.
#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod input;
mod promise;
mod seeds;

use std::{env, thread};

use arbitrary::{Arbitrary, Unstructured};
use fastrand::Rng;
use serde_json::Value;

use crate::{input::Input, promise::check};

/// How many inputs `cargo test` tries.
const INPUTS: u64 = 2000;
/// How many bytes of chance an input is made of, at most.
const ENTROPY_BYTES_MAX: usize = 600;

#[test]
fn changed_events() {
    for_each_input(|random| {
        let bytes = bytes(random);
        let input = Input::arbitrary(&mut Unstructured::new(&bytes)).unwrap();
        check(&input.body());
    });
}

#[test]
fn arbitrary_bytes() {
    for_each_input(|random| {
        check(&bytes(random));
    });
}

#[test]
fn arbitrary_tokens() {
    for_each_input(|random| {
        let tokens = (0..random.usize(..40)).flat_map(|_| input::token(random.u8(..)));
        check(&tokens.copied().collect::<Vec<_>>());
    });
}

#[test]
fn every_seed_is_checked_and_most_are_events() {
    let bodies: Vec<_> = seeds::SEEDS.iter().map(Value::to_string).collect();
    let events = bodies.iter().filter(|body| check(body.as_bytes())).count();
    assert!(events > 50 && events * 10 > bodies.len() * 9, "{events} of {}", bodies.len());
}

fn bytes(random: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0; random.usize(..ENTROPY_BYTES_MAX)];
    random.fill(&mut bytes);
    bytes
}

/// Calls `test` with the chance that makes up each input.
fn for_each_input(test: impl Fn(&mut Rng)) {
    let first = number("FUZZ_FIRST").unwrap_or(0);
    let inputs = number("FUZZ_INPUTS").unwrap_or(INPUTS);
    for number in first..first + inputs {
        let current = Current(number);
        test(&mut Rng::with_seed(number));
        drop(current);
    }
}

#[expect(clippy::disallowed_methods, reason = "the caller of the test sets how long it runs")]
fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|number| number.parse().unwrap())
}

/// Prints how to repeat the input that failed.
struct Current(u64);

impl Drop for Current {
    #[expect(clippy::print_stdout, reason = "shown when the test has failed")]
    fn drop(&mut self) {
        if thread::panicking() {
            println!("to try this input alone: FUZZ_FIRST={} FUZZ_INPUTS=1", self.0);
        }
    }
}
