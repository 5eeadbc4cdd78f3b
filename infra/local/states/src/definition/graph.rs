//! What holds of the states together: every transition leads to a state, every state can be
//! reached, some state ends, and no name has two meanings.

use std::collections::BTreeSet;

use super::{After, DefinitionError, Place, State, States};

/// Checks a machine.
pub(super) fn check(states: &States) -> Result<(), DefinitionError> {
    let mut names = BTreeSet::new();
    level(states, &Place::root(), &BTreeSet::new(), &mut names)
}

/// Checks the states of the machine or of a branch, and the branches in them. `outer` are the
/// variables of the levels around, `names` the states seen so far.
fn level<'s>(
    states: &'s States,
    place: &Place,
    outer: &BTreeSet<&'s str>,
    names: &mut BTreeSet<&'s str>,
) -> Result<(), DefinitionError> {
    let inside = place.child("States");
    target(states, &states.start, &place.child("StartAt"))?;
    for (name, state) in &states.by_name {
        let place = inside.child(name);
        if !names.insert(name) {
            return Err(place.invalid("another state has this name, perhaps in a branch"));
        }
        for (field, leave) in state.exits() {
            if let After::Next(next) = &leave.after {
                let is_default = field.is_empty() && matches!(state, State::Choice(_));
                let last = if is_default { "Default" } else { "Next" };
                target(states, next, &place.child(&format!("{field}{last}")))?;
            }
            if let Some((taken, _)) = leave.assign.iter().find(|it| outer.contains(it.0.as_str())) {
                let place = place.child(&format!("{field}Assign")).child(taken);
                return Err(
                    place.invalid("a variable of this name is assigned outside of the branch")
                );
            }
        }
    }
    reachable(states, &inside)?;
    if !states.by_name.values().any(ends) {
        return Err(inside.invalid("no state ends: add \"End\": true, or a Succeed or Fail state"));
    }
    for (name, state) in &states.by_name {
        if let State::Parallel(parallel) = state {
            let mut around = outer.clone();
            around.extend(assigned_beside(states, name));
            let branches = inside.child(name).child("Branches");
            for (index, branch) in parallel.branches.iter().enumerate() {
                level(branch, &branches.item(index), &around, names)?;
            }
        }
    }
    Ok(())
}

/// The variables that the states of a level assign, except the state `name`: it is left only once
/// its branches have ended, and their variables with them.
fn assigned_beside<'s>(states: &'s States, name: &str) -> impl Iterator<Item = &'s str> {
    let beside = states.by_name.iter().filter(move |(other, _)| *other != name);
    let leaves = beside.flat_map(|(_, state)| state.exits()).map(|(_, leave)| leave);
    leaves.flat_map(|leave| leave.assign.iter().map(|(variable, _)| variable.as_str()))
}

fn target(states: &States, name: &str, place: &Place) -> Result<(), DefinitionError> {
    if states.by_name.contains_key(name) {
        Ok(())
    } else {
        Err(place.invalid(format!("names {name:?}, which is no state there")))
    }
}

fn ends(state: &State) -> bool {
    let is_fail = matches!(state, State::Fail(_));
    is_fail || state.exits().iter().any(|(_, leave)| leave.after == After::End)
}

fn reachable(states: &States, place: &Place) -> Result<(), DefinitionError> {
    let mut reached = BTreeSet::new();
    let mut open = vec![states.start.as_str()];
    while let Some(name) = open.pop() {
        if !reached.insert(name) {
            continue;
        }
        let exits = states.by_name.get(name).map(State::exits).unwrap_or_default();
        for (_, leave) in exits {
            match &leave.after {
                After::Next(next) => open.push(next),
                After::End => {}
            }
        }
    }
    match states.by_name.keys().find(|name| !reached.contains(name.as_str())) {
        Some(name) => Err(place.child(name).invalid("no other state leads here")),
        None => Ok(()),
    }
}
