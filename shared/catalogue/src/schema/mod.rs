//! The events as JSON Schemas, and the rules by which a published one may change.
//!
//! A schema describes the `data` of an event: that is what `eventVersion` is the version of. The
//! envelope around it is the same for every event and has a schema of its own, so that a change of
//! the one is no change of the other; a document of both, such as the `AsyncAPI` one, joins them.
//!
//! It describes what the code accepts, no more and no less: a value is valid where reading it
//! succeeds. Members that it does not name are allowed, as readers ignore them; only
//! [`Money`](crate::Money) is closed. Two rules JSON Schema cannot express: `2.0` is a whole number
//! to it, but not to the code, and a decimal of version 1 has at most two places.
//!
//! # What may change
//!
//! Events outlive the code that publishes them, and services are deployed one after another. So
//! within a major version code of every minor version reads events of every other, older and newer:
//!
//! | Change of `data` | Within a major version | Because |
//! |---|---|---|
//! | A new optional member | yes | older readers ignore it, newer ones do without |
//! | A new required member | no | stored events do not have it |
//! | A new member of an object that is closed, as `Money` is | no | older readers refuse it |
//! | A member gone, or under another name | no | older readers miss it |
//! | Optional to required | no | stored events may lack it |
//! | Required to optional | no | older readers miss it |
//! | Another type, wider or narrower | no | either old or new readers refuse what the others write |
//! | Other limits: pattern, length, range | no | the same |
//! | Another value of an enumeration, more or fewer | no | the same: enumerations are closed |
//! | Another default | no | what a stored event leaves out would come to mean something else |
//! | Titles, descriptions, examples | yes | they change nothing |
//!
//! [`Comparison`] decides this. Whatever it does not know counts as a change that is not allowed.
//! A new major version may change anything: its `From` brings the one before it up to date.

mod compare;
mod envelope;
mod files;
mod generate;
mod golden;
mod plan;
mod planner;
mod problem;

pub use compare::{Breach, Comparison};
pub use files::{Files, pretty};
pub(crate) use generate::Id;
pub use generate::of;
pub use plan::plan;
pub use planner::Plan;
pub use problem::Problem;
