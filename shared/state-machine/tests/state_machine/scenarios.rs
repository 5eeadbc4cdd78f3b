//! Given, when, then.

use state_machine::scenario::given;

use crate::parcel::{Command, Input, Parcel};

#[test]
fn a_scenario_goes_from_input_to_input() {
    given::<Parcel>([Input::Packed])
        .when(Input::Paid)
        .then(["ParcelReady"], Some(Command::Send))
        .when(Input::Sent)
        .then(["ParcelSent", "InvoiceDue"], None)
        .when(Input::Recalled)
        .then([], Some(Command::Fetch));
}

#[test]
fn an_input_that_changes_nothing_is_nothing() {
    given::<Parcel>([Input::Packed, Input::Paid, Input::Sent]).when(Input::Sent).then_nothing();
}

#[test]
#[should_panic(expected = "left: [\"ParcelReady\"]")]
fn other_events_fail_the_scenario() {
    given::<Parcel>([Input::Packed]).when(Input::Paid).then([], Some(Command::Send));
}

#[test]
#[should_panic(expected = "left: Some(Send)")]
fn another_command_fails_the_scenario() {
    given::<Parcel>([Input::Packed]).when(Input::Paid).then(["ParcelReady"], None);
}

#[test]
#[should_panic(expected = "right: Parcel")]
fn another_state_is_not_nothing() {
    given::<Parcel>([]).when(Input::Packed).then_nothing();
}
