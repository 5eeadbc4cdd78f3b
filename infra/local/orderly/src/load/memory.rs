//! How much memory the whole stack takes.

use std::fs;

use local_lambda::LambdaHost;

/// The resident memory of this process and of all functions, in bytes; `None` where the system
/// does not tell.
/// Source: <https://www.kernel.org/doc/html/latest/filesystems/proc.html>.
pub(super) fn resident(functions: &LambdaHost) -> Option<u64> {
    let own = resident_of("self")?;
    let processes = functions.processes();
    // A process may have ended since.
    let theirs = processes.iter().filter_map(|(_, pid)| resident_of(&pid.to_string()));
    Some(own + theirs.sum::<u64>())
}

fn resident_of(process: &str) -> Option<u64> {
    read(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn read(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(
            read("Name:\torderly\nVmRSS:\t    2048 kB\nThreads:\t3\n"),
            Some(2 * 1024 * 1024)
        );
        assert_eq!(read("Name:\tkthreadd\n"), None);
    }
}
