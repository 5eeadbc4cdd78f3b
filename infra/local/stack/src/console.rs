//! What is shown to the person at the terminal.
//!
//! Everything goes through here, so that a closed pipe ends no process, and colour appears only
//! where it is wanted: see <https://no-color.org>.

use std::{
    error::Error,
    fmt::{self, Display},
    io::{IsTerminal, Write},
    sync::LazyLock,
};

static HAS_COLOR: LazyLock<bool> = LazyLock::new(wants_color);

#[expect(clippy::disallowed_methods, reason = "the one place that asks what the terminal can do")]
fn wants_color() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::stdout().is_terminal()
}

/// Prints a line.
pub fn say(line: impl Display) {
    // The reader may have closed the stream, which is no reason to stop.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints what went wrong in `program`, with everything that led to it.
pub fn complain(program: &str, error: &dyn Error) {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr().lock(), "{program}: {message}");
}

/// How something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Heading,
    Good,
    Bad,
    Aside,
}

/// Something with a style, if the terminal can show it.
#[derive(Debug)]
pub struct Styled<T>(Style, T);

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !*HAS_COLOR {
            return self.1.fmt(f);
        }
        let code = match self.0 {
            Style::Heading => "1",
            Style::Good => "32",
            Style::Bad => "31",
            Style::Aside => "2",
        };
        write!(f, "\u{1b}[{code}m")?;
        self.1.fmt(f)?;
        f.write_str("\u{1b}[0m")
    }
}

/// What stands above others.
pub fn heading<T: Display>(text: T) -> Styled<T> {
    Styled(Style::Heading, text)
}

/// What is as it must be.
pub fn good<T: Display>(text: T) -> Styled<T> {
    Styled(Style::Good, text)
}

/// What is not as it must be.
pub fn bad<T: Display>(text: T) -> Styled<T> {
    Styled(Style::Bad, text)
}

/// What matters less.
pub fn aside<T: Display>(text: T) -> Styled<T> {
    Styled(Style::Aside, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_there_is_no_colour() {
        // Tests write to a pipe.
        if !*HAS_COLOR {
            assert_eq!(format!("{:<6}|", good("yes")), "yes   |");
        }
    }
}
