//! Running QEMU: its arguments, its serial line, its end.
//!
//! A thread reads the serial line, so that neither side ever waits for the other. QEMU is killed by its handle at the
//! time limit, when it floods us, and when we stop for whatever reason. Nothing here judges what was read.

use crate::boards::{COMMON_ARGS, Machine};
use crate::process::{cannot_start, command};
use crate::verdict::How;
use anyhow::{Context as _, Result};
use lockdep_proto::{CommandLine, SHELL_READY};
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// More than any kernel of ours prints.
const FLOOD: usize = 4 << 20;

/// A run of QEMU that is over.
pub(crate) struct Ended {
    pub(crate) how: How,
    /// All that came over the serial line.
    pub(crate) log: Vec<u8>,
    /// What QEMU itself complained of.
    pub(crate) complaints: String,
    pub(crate) took: Duration,
}

/// The command that boots this ELF on this machine.
pub(crate) fn machine(machine: &Machine, elf: &Path, asked: CommandLine<'_>) -> Command {
    let mut qemu = command(machine.emulator.program);
    qemu.args(COMMON_ARGS).args(machine.args);
    qemu.args(["-smp", &asked.smp.to_string(), "-append", &asked.to_string(), "-kernel"]).arg(elf);
    qemu
}

/// Runs the command to its end, or to ours. Each line is shown to `on_line` as it comes, without its end.
pub(crate) fn run(qemu: Command, limit: Duration, on_line: &mut dyn FnMut(&[u8])) -> Result<Ended> {
    run_with_input(qemu, b"", limit, on_line)
}

/// The same, with something to read on its serial line, once the kernel says that it reads.
pub(crate) fn run_with_input(
    mut qemu: Command,
    input: &'static [u8],
    limit: Duration,
    on_line: &mut dyn FnMut(&[u8]),
) -> Result<Ended> {
    let start = Instant::now();
    let deadline = start + limit;
    qemu.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    let child = qemu.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().with_context(|| cannot_start(&qemu))?;
    let mut guard = Guard(child);
    let keyboard = guard.0.stdin.take().map(|stdin| write(stdin, input));
    let serial = read(guard.0.stdout.take());
    let complaints = read(guard.0.stderr.take());

    let mut lines = Lines { log: Vec::new(), shown: 0, on_line };
    let how = if listen(&serial, deadline, keyboard.as_ref(), &mut lines) {
        guard.wait_until(deadline)?.map_or(How::TimedOut(limit), how)
    } else {
        How::Flooded(FLOOD)
    };
    drop(guard);
    drop(keyboard); // kept open until here: a closed one ends QEMU's serial line
    // What was on its way when it ended.
    while let Ok(chunk) = serial.recv_timeout(Duration::from_millis(100)) {
        lines.push(&chunk);
    }
    let log = lines.finish();
    Ok(Ended { how, log, complaints: gather(&complaints), took: start.elapsed() })
}

/// Takes in what comes until the line is closed or the deadline is over. `false`: it was too much.
fn listen(
    serial: &Receiver<Vec<u8>>,
    deadline: Instant,
    mut keyboard: Option<&SyncSender<()>>,
    lines: &mut Lines<'_>,
) -> bool {
    let is_ready = |log: &[u8]| log.windows(SHELL_READY.len()).any(|part| part == SHELL_READY.as_bytes());
    while let Ok(chunk) = serial.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        lines.push(&chunk);
        if let Some(keyboard) = keyboard.take_if(|_| is_ready(&lines.log)) {
            let _ = keyboard.send(()); // it may have ended
        }
        if lines.log.len() > FLOOD {
            return false;
        }
    }
    true
}

/// Writes on a thread of its own, when it is told to, and keeps the pipe open until what this returns is dropped.
fn write(mut to: ChildStdin, input: &'static [u8]) -> SyncSender<()> {
    let (keyboard, told) = sync_channel::<()>(1);
    std::thread::spawn(move || {
        if told.recv().is_ok() {
            let _ = to.write_all(input); // it may end before it has read all
            let _ = told.recv();
        }
    });
    keyboard
}

/// How a program ended by itself.
fn how(status: ExitStatus) -> How {
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Code(code),
        (None, signal) => How::Signal(signal.unwrap_or_default()),
    }
}

/// Reads on a thread of its own.
fn read(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(16);
    std::thread::spawn(move || {
        let Some(mut from) = from else { return };
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                return; // nobody listens any more
            }
        }
    });
    receiver
}

/// All that was read, of a program that is over.
fn gather(from: &Receiver<Vec<u8>>) -> String {
    let mut all = Vec::new();
    while let Ok(chunk) = from.recv_timeout(Duration::from_millis(100)) {
        all.extend(chunk);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// The log so far, and the reader that is shown its lines.
struct Lines<'a> {
    log: Vec<u8>,
    /// How much of the log was shown.
    shown: usize,
    on_line: &'a mut dyn FnMut(&[u8]),
}

impl Lines<'_> {
    fn push(&mut self, chunk: &[u8]) {
        self.log.extend_from_slice(chunk);
        while let Some(length) = self.log[self.shown..].iter().position(|&byte| byte == b'\n') {
            (self.on_line)(&self.log[self.shown..self.shown + length]);
            self.shown += length + 1;
        }
    }

    /// Shows a last line without an end as well.
    fn finish(self) -> Vec<u8> {
        if self.shown < self.log.len() {
            (self.on_line)(&self.log[self.shown..]);
        }
        self.log
    }
}

/// A child that does not outlive us.
struct Guard(Child);

impl Guard {
    /// Its end, if it comes before the deadline.
    fn wait_until(&mut self, deadline: Instant) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = self.0.try_wait().context("cannot wait for QEMU")? {
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::BOARDS;
    use crate::process::shown;

    /// Runs a shell script in the place of QEMU.
    fn fake(script: &str, limit: Duration) -> (Ended, Vec<String>) {
        let mut qemu = command("sh");
        qemu.args(["-c", script]);
        let mut lines = Vec::new();
        let mut on_line = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        let ended = run(qemu, limit, &mut on_line).expect("sh starts");
        (ended, lines)
    }

    #[test]
    fn the_end_and_all_output_are_seen() {
        let (ended, lines) = fake("echo one; echo oops >&2; printf two; exit 33", Duration::from_secs(10));
        assert_eq!((ended.how, ended.log.as_slice()), (How::Code(33), &b"one\ntwo"[..]));
        assert_eq!((ended.complaints.as_str(), lines), ("oops\n", vec!["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn a_signal_is_told_from_a_code() {
        let (ended, _) = fake("kill -9 $$", Duration::from_secs(10));
        assert_eq!(ended.how, How::Signal(9));
    }

    #[test]
    fn what_hangs_is_killed_and_what_it_said_is_kept() {
        let limit = Duration::from_millis(300);
        for script in ["echo begin; exec sleep 30", "echo begin; exec sleep 30 >&- 2>&-"] {
            let (ended, lines) = fake(script, limit);
            assert_eq!((ended.how, lines), (How::TimedOut(limit), vec!["begin".to_owned()]));
            assert!(ended.took < Duration::from_secs(10));
        }
    }

    #[test]
    fn what_is_typed_comes_when_it_is_read() {
        let mut qemu = command("sh");
        qemu.args(["-c", "echo first; sleep 0.2; echo 'shell: ready'; read word; echo got $word"]);
        let mut lines = Vec::new();
        let mut on_line = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        run_with_input(qemu, b"tasks\n", Duration::from_secs(10), &mut on_line).expect("sh starts");
        assert_eq!(lines, ["first", "shell: ready", "got tasks"]);
    }

    #[test]
    fn what_floods_is_killed() {
        let (ended, _) = fake("exec yes", Duration::from_secs(30));
        assert_eq!(ended.how, How::Flooded(FLOOD));
    }

    #[test]
    fn the_machine_is_told_what_the_kernel_is_told() {
        let asked = CommandLine { smp: 2, scenario: Some("irq"), minutes: None };
        let qemu = machine(&BOARDS[0].machines[0], Path::new("/kernel"), asked);
        let qemu = shown(&qemu);
        assert!(qemu.starts_with("qemu-system-aarch64 -accel tcg "), "{qemu}");
        assert!(qemu.ends_with("-smp 2 -append smp=2 scenario=irq -kernel /kernel"), "{qemu}");
    }
}
