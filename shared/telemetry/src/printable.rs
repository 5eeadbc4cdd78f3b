//! Lines that show all that is in them.

use std::{fmt::Write as _, io};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;
use unicode_general_category::{GeneralCategory, get_general_category};

/// Writes lines of JSON with nothing in them that a terminal or a viewer obeys in place of showing
/// it. JSON itself asks only for the first 32 control characters to be escaped.
#[derive(Debug, Clone)]
pub(crate) struct Printable<W>(pub(crate) W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Printable<W> {
    type Writer = Escaping<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Escaping(self.0.make_writer())
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Escaping(self.0.make_writer_for(metadata))
    }
}

/// Escapes what it is given, which is whole lines of JSON.
#[derive(Debug)]
pub(crate) struct Escaping<W>(W);

impl<W: io::Write> io::Write for Escaping<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match str::from_utf8(line) {
            Ok(text) if text.contains(is_hidden) => self.0.write_all(escaped(text).as_bytes())?,
            Ok(_) | Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether it is a control, or is itself invisible and changes how others are shown: it turns the
/// direction of writing, joins, or ends a line. Those of ASCII but one are escaped by JSON, or
/// stand around its values.
fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c == '\u{7f}';
    }
    matches!(
        get_general_category(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

/// Beyond ASCII, JSON has characters in its texts alone, so that each may stand as its escape.
fn escaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a text does not fail.
                write!(text, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            text.push(c);
        }
    }
    text
}
