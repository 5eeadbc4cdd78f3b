//! How much memory the whole stack takes.

use std::fs;

use local_lambda::LambdaHost;

/// The memory of this process and of all functions, in bytes; `None` where the system does not
/// tell. What processes share, such as the code of two of the same function, is counted once.
/// Source: <https://www.kernel.org/doc/html/latest/filesystems/proc.html>.
pub(super) fn resident(functions: &LambdaHost) -> Option<u64> {
    let own = resident_of("self")?;
    let processes = functions.processes();
    // A process may have ended since.
    let theirs = processes.iter().filter_map(|(_, pid)| resident_of(&pid.to_string()));
    Some(own + theirs.sum::<u64>())
}

fn resident_of(process: &str) -> Option<u64> {
    read(&fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?)
}

/// The proportional set size: of a page that several processes have, each has its part.
fn read(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let rollup = "00400000-7fff [rollup]\nRss:   4096 kB\nPss:      2048 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(read(rollup), Some(2 * 1024 * 1024));
        assert_eq!(read("Name:\tkthreadd\n"), None);
    }
}
