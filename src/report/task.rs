//! Who runs: a task's name and number, and its CPU, as the port tells them.
//!
//! Invariant: a name is a copy, so that a report outlives its task. What it does not do: ask; `Port::who` does.

use core::fmt;

/// The name of a task, as a copy of up to 16 bytes. Linux's `comm`.
///
/// ```
/// use lockdep::report::TaskName;
/// const IDLE: TaskName = TaskName::new("idle");
/// assert_eq!(IDLE.as_str(), "idle");
/// assert_eq!(TaskName::from(b"from C\0 and more".as_slice()).as_str(), "from C");
/// assert_eq!(TaskName::new("a name that is too long").to_string(), "a name that is t");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskName(pub(super) [u8; TaskName::ROOM]);

impl TaskName {
    /// How many bytes fit.
    pub const ROOM: usize = 16;

    /// The name, cut to what fits.
    pub const fn new(name: &str) -> TaskName {
        TaskName::of_bytes(name.as_bytes())
    }

    /// The name up to the end of the bytes or the first zero, cut to what fits.
    pub const fn of_bytes(name: &[u8]) -> TaskName {
        let mut bytes = [0; TaskName::ROOM];
        let mut i = 0;
        while i < TaskName::ROOM && i < name.len() && name[i] != 0 {
            bytes[i] = name[i];
            i += 1;
        }
        TaskName(bytes)
    }

    /// The name as text. A character that was cut in the middle is left out.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|&byte| byte == 0).unwrap_or(TaskName::ROOM);
        let name = self.0.get(..end).unwrap_or_default();
        match core::str::from_utf8(name) {
            Ok(name) => name,
            Err(error) => {
                name.get(..error.valid_up_to()).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or_default()
            }
        }
    }
}

impl From<&str> for TaskName {
    fn from(name: &str) -> TaskName {
        TaskName::new(name)
    }
}

impl From<&[u8]> for TaskName {
    fn from(name: &[u8]) -> TaskName {
        TaskName::of_bytes(name)
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The running task and its CPU, from the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    /// The task's name.
    pub task: TaskName,
    /// The task's number.
    pub id: u32,
    /// The CPU's number.
    pub cpu: u32,
}

impl TaskInfo {
    /// An unknown task.
    pub const UNKNOWN: TaskInfo = TaskInfo { task: TaskName::new("?"), id: 0, cpu: 0 };
}
