//! Lines of JSON that are not logs, but written where logs are.

use std::io::Write;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

/// Writes `value` in one piece, so that no other line gets between. A line that cannot be written
/// is dropped: a failed measurement must not stop the work that it measures.
pub(crate) fn write<W>(writer: &W, value: &Value)
where
    W: for<'writer> MakeWriter<'writer>,
{
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    drop(writer.make_writer().write_all(&line));
}
