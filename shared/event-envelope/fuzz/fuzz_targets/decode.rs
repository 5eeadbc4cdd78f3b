//! Tries what the fuzz tests try, guided by the coverage of the code.
#![no_main]

#[path = "../../tests/fuzz/input.rs"]
mod input;
#[path = "../../tests/fuzz/promise.rs"]
mod promise;
#[path = "../../tests/fuzz/seeds.rs"]
mod seeds;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;

use crate::{input::Input, promise::check};

fuzz_target!(|data: &[u8]| {
    check(data);
    if let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) {
        check(&input.body());
    }
});
