//! State machines as their users see them, over the AWS JSON protocol. Time stands still unless
//! everything waits, and then it jumps.

#[cfg(test)]
mod api;
#[cfg(test)]
mod definition;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod history;
#[cfg(test)]
mod parallel;
#[cfg(test)]
mod report;
#[cfg(test)]
mod retrying;
#[cfg(test)]
mod saga;
#[cfg(test)]
mod world;
