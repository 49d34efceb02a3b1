//! Reports for `defmt`: the facts of the text, in one frame for each report, decoded on the host.
//!
//! Addresses are logged as 64 bits, since `defmt` cuts `usize` to 32. Sites are file and line, as strings that are not
//! interned: they are in the program anyway, and a report is rare. What it does not do: give advice; that is in the
//! text only.

use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::report::capacity::{Notice, Table};
use crate::report::kind::Kind;
use crate::report::policy::FindingId;
use crate::report::status::{State, Status};
use crate::report::{ClassView, LockView, Report, Step, TaskInfo, UsageConflict};
use defmt::{Format, Formatter, write};

impl Format for Kind {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=str}", self.verdict());
    }
}

impl Format for FindingId {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=u64:#018x}", self.0);
    }
}

impl Format for Site {
    fn format(&self, f: Formatter<'_>) {
        let (name, rest) = self.path().parts();
        write!(f, "{=str}{=str}{=str}:", name, if name.is_empty() { "" } else { "/" }, rest);
        write!(f, "{=u32}:{=u32}", self.0.line(), self.0.column());
    }
}

impl Format for Usage {
    fn format(&self, f: Formatter<'_>) {
        let marks = self.marks();
        write!(f, "{=str}", core::str::from_utf8(&marks).unwrap_or("??????"));
    }
}

impl Format for ClassView {
    fn format(&self, f: Formatter<'_>) {
        match (self.name, self.site) {
            (Some(name), _) => {
                write!(f, "{=str}#{=u8}/{=u8} {}", name, self.ordinal.max(1), self.subclass.get(), self.usage)
            }
            (None, site) => write!(f, "{}/{=u8} {}", site, self.subclass.get(), self.usage),
        }
    }
}

impl Format for LockView {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=u64:#x} ({}) at {}", self.instance as u64, self.class, self.site);
    }
}

impl Format for Step {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{} (at {}) -> {} (at {})", self.from, self.from_site, self.to, self.to_site);
    }
}

impl Format for UsageConflict {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=str}: {} at {}; ", self.used.name(), self.used_class, self.used_site);
        write!(f, "{=str}: {} at {}", self.enabled.name(), self.enabled_class, self.enabled_site);
    }
}

impl Format for TaskInfo {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "{=str}/{=u32} on CPU {=u32}", self.task.as_str(), self.id, self.cpu);
    }
}

impl Format for Report {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "lockdep: {} {} by {} at {} {}\n", self.kind(), self.id, self.who(), self.site, self.note);
        write!(f, " lock: {}\n held: {}\n usage: {}\n", self.lock, self.held_lock, self.usage);
        for step in self.path_to_held.steps.iter().chain(&self.path.steps) {
            write!(f, " path: {}\n", step);
        }
        if let (true, Some(told)) = (self.is_brief, self.same_cause) {
            return write!(f, " same cause as {}\n", told);
        }
        for address in &self.trace {
            write!(f, " called from: {=u64:#x}\n", *address as u64);
        }
        for (index, party) in self.hang.parties().iter().enumerate() {
            write!(f, " in it: {} for {=u32} s, waits for {}\n", party.who, party.seconds, party.waits_for);
            for held in self.held_by(index) {
                write!(f, "  holds: {}\n", held);
            }
        }
        for held in self.held.iter().filter(|_| self.hang.parties().is_empty()) {
            write!(f, " holds: {}\n", held);
        }
    }
}

impl Format for Notice {
    fn format(&self, f: Formatter<'_>) {
        let table = match self.table {
            Table::Classes => "classes",
            Table::Dependencies => "dependencies",
            Table::Chains => "chains",
            Table::Holds => "holds",
            Table::Members => "members of chains",
            Table::Findings => "findings",
            Table::Reports => "reports",
        };
        write!(f, "lockdep: table {=str} is full ({=u64}): {=str}", table, self.size as u64, self.remedy);
    }
}

impl Format for Status {
    fn format(&self, f: Formatter<'_>) {
        let status = match self {
            Status::Unknown => "unknown",
            Status::Absent => "off: not built",
            Status::NotBegun => "off: no context yet",
            Status::On => "on",
            Status::Found => "off: silent after a finding",
            Status::Halted => "off: to halt after a finding",
        };
        write!(f, "{=str}", status);
    }
}

impl Format for State {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "lockdep: {} since {=u64}, first {}; ", self.status, self.since, self.first);
        write!(f, "findings {=usize}, repeated {=u32}, dropped {=u32}", self.findings, self.repeated, self.dropped);
        for (accepted, times) in self.accepted() {
            write!(f, "\n accepted {=u32} times: {=str}", times, accepted.reason);
        }
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_hang()) {
            write!(f, "\n ran: {} {=u32}", kind, self.ran(kind));
        }
    }
}
