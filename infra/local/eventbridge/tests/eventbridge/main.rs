//! A bus through its API: what is accepted, where it goes, and what happens when that fails.

#[cfg(test)]
mod delivery;
#[cfg(test)]
mod description;
#[cfg(test)]
mod put_events;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod topology;
#[cfg(test)]
mod world;
