//! What a process writes: passed on line by line, the last of it kept for the log tail.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// How much of an invocation's log `X-Amz-Log-Type: Tail` returns.
const TAIL_BYTES_MAX: usize = 4 * 1024;
/// The longest line that is passed on in one piece.
const LINE_BYTES_MAX: usize = 256 * 1024;
/// The longest that an answer waits for the log that belongs to it.
const SETTLE_MAX: Duration = Duration::from_millis(100);

/// A line that a function wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputLine<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The process that wrote it.
    pub pid: u32,
    /// Where it wrote it.
    pub source: Source,
    /// The line, without its end.
    pub text: &'a str,
}

/// One of a process's output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Receives output lines, on the thread that reads them: it must not block for long.
pub type OutputSink = Arc<dyn Fn(OutputLine<'_>) + Send + Sync>;

/// The output of one process.
pub(crate) struct Output {
    tail: Arc<Mutex<Tail>>,
    settle: mpsc::Sender<oneshot::Sender<()>>,
    reader: JoinHandle<()>,
}

impl Output {
    /// Reads the pipes of `child` until they end.
    pub(crate) fn follow(child: &mut Child, function: &str, sink: OutputSink) -> Self {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (settle, settles) = mpsc::channel(1);
        let log = Log {
            function: function.to_owned(),
            pid: child.id().unwrap_or_default(),
            sink,
            tail: Arc::clone(&tail),
        };
        let reader = tokio::spawn(read(child.stdout.take(), child.stderr.take(), settles, log));
        Self { tail, settle, reader }
    }

    /// A new invocation begins: its log starts empty.
    pub(crate) fn begin(&self, line: &str) {
        *self.tail.lock() = Tail::default();
        self.note(line);
    }

    /// Adds a line of Lambda's own.
    pub(crate) fn note(&self, line: &str) {
        self.tail.lock().push(line);
    }

    /// Waits until what the process has written so far has been read.
    pub(crate) async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        let settle = async {
            if self.settle.send(done).await.is_ok() {
                // An error means that the pipes have ended, and all has been read.
                let _ = settled.await;
            }
        };
        // A process that never stops writing is never settled.
        let _ = tokio::time::timeout(SETTLE_MAX, settle).await;
    }

    pub(crate) fn tail(&self) -> String {
        self.tail.lock().text()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

struct Log {
    function: String,
    pid: u32,
    sink: OutputSink,
    tail: Arc<Mutex<Tail>>,
}

impl Log {
    fn line(&self, source: Source, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        self.tail.lock().push(&text);
        (self.sink)(OutputLine { function: &self.function, pid: self.pid, source, text: &text });
    }
}

async fn read(
    mut stdout: Option<impl AsyncRead + Unpin>,
    mut stderr: Option<impl AsyncRead + Unpin>,
    mut settles: mpsc::Receiver<oneshot::Sender<()>>,
    log: Log,
) {
    let (mut out, mut err) = (Lines::default(), Lines::default());
    while stdout.is_some() || stderr.is_some() {
        tokio::select! {
            // What can be read comes before the news that all has been read.
            biased;
            open = out.fill(&mut stdout), if stdout.is_some() => {
                out.drain(open, |line| log.line(Source::Stdout, line));
                if !open { stdout = None; }
            }
            open = err.fill(&mut stderr), if stderr.is_some() => {
                err.drain(open, |line| log.line(Source::Stderr, line));
                if !open { stderr = None; }
            }
            Some(settled) = settles.recv() => { let _ = settled.send(()); }
        }
    }
}

/// Cuts what is read into lines.
#[derive(Default)]
struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    /// Reads once; `false` at the end. Dropping the future loses nothing.
    async fn fill(&mut self, pipe: &mut Option<impl AsyncRead + Unpin>) -> bool {
        match pipe {
            Some(pipe) => pipe.read_buf(&mut self.pending).await.is_ok_and(|bytes| bytes > 0),
            None => false,
        }
    }

    /// Emits what is complete, and the rest too if nothing can follow or it has grown too long.
    fn drain(&mut self, open: bool, mut emit: impl FnMut(&[u8])) {
        let mut start = 0;
        while let Some(length) = self.pending[start..].iter().position(|byte| *byte == b'\n') {
            emit(&self.pending[start..start + length]);
            start += length + 1;
        }
        self.pending.drain(..start);
        if self.pending.len() > LINE_BYTES_MAX || (!open && !self.pending.is_empty()) {
            emit(&self.pending);
            self.pending.clear();
        }
    }
}

#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    fn push(&mut self, line: &str) {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.push(b'\n');
        let excess = self.bytes.len().saturating_sub(TAIL_BYTES_MAX);
        self.bytes.drain(..excess);
    }

    fn text(&self) -> String {
        // The cut may have gone through a character: what is left of it goes too.
        let start = self.bytes.iter().position(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
        String::from_utf8_lossy(&self.bytes[start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_the_reads_fell() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for (read, open) in [("one\ntw", true), ("o\n", true), ("three", true), ("", false)] {
            lines.pending.extend_from_slice(read.as_bytes());
            lines.drain(open, |line| seen.push(String::from_utf8_lossy(line).into_owned()));
        }
        assert_eq!(seen, ["one", "two", "three"]);
    }

    #[test]
    fn a_line_without_end_is_passed_on_in_pieces() {
        let mut lines = Lines { pending: vec![b'x'; LINE_BYTES_MAX + 1] };
        let mut seen = 0;
        lines.drain(true, |line| seen += line.len());
        assert_eq!((seen, lines.pending.len()), (LINE_BYTES_MAX + 1, 0));
    }

    #[test]
    fn the_tail_keeps_the_last_bytes_as_text() {
        let mut tail = Tail::default();
        tail.push("begin");
        tail.push(&"é".repeat(TAIL_BYTES_MAX));
        tail.push("end!");
        let text = tail.text();
        assert!(
            text.len() <= TAIL_BYTES_MAX && text.starts_with('é') && text.ends_with("é\nend!\n")
        );
    }
}
