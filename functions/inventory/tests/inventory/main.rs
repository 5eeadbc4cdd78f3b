//! The inventory over the real SDK and a database in memory, with the tables of the template.

mod disorder;
mod faults;
mod queues;
mod rush;
mod samples;
mod stories;
mod world;
