//! What the runner asks of the kernel, on the kernel's command line.

use crate::parse::parse_number;
use crate::word::is_token;
use core::fmt;

/// `smp=N` and, if only one scenario is wanted, `scenario=NAME`; with that perhaps `minutes=N`.
///
/// Parts that it does not know are passed over: a machine may add its own (QEMU's microvm does).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandLine<'a> {
    /// How many CPUs the machine has.
    pub smp: usize,
    /// The one scenario to run; `None` is all of them, and the self-tests.
    pub scenario: Option<&'a str>,
    /// For how long the soak is to run.
    pub minutes: Option<u64>,
}

impl<'a> CommandLine<'a> {
    /// Reads a command line. `None` if `smp=` is absent, or a part that it knows has no sound value or comes twice.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (mut smp, mut scenario, mut minutes) = (None, None, None);
        for part in line.split_ascii_whitespace() {
            if let Some(value) = part.strip_prefix("smp=") {
                let number = parse_number(value).filter(|&n: &usize| n > 0)?;
                if smp.replace(number).is_some() {
                    return None;
                }
            } else if let Some(value) = part.strip_prefix("minutes=") {
                if minutes.replace(parse_number(value)?).is_some() {
                    return None;
                }
            } else if let Some(value) = part.strip_prefix("scenario=")
                && (!is_token(value) || scenario.replace(value).is_some())
            {
                return None;
            }
        }
        Some(Self { smp: smp?, scenario, minutes })
    }
}

impl fmt::Display for CommandLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "smp={}", self.smp)?;
        match self.scenario {
            Some(name) if is_token(name) => write!(f, " scenario={name}")?,
            Some(_) => return Err(fmt::Error),
            None => {}
        }
        self.minutes.map_or(Ok(()), |minutes| write!(f, " minutes={minutes}"))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::CommandLine;
    use std::string::ToString as _;

    #[test]
    fn what_is_displayed_parses_back() {
        for line in [
            CommandLine { smp: 1, scenario: None, minutes: None },
            CommandLine { smp: 2, scenario: Some("abba"), minutes: None },
            CommandLine { smp: 4, scenario: Some("soak"), minutes: Some(10) },
        ] {
            assert_eq!(CommandLine::parse(&line.to_string()), Some(line));
        }
    }

    #[test]
    fn a_machine_may_add_its_own_words() {
        let line = "smp=2 virtio_mmio.device=512@0xfeb00e00:12 scenario=irq ";
        assert_eq!(CommandLine::parse(line), Some(CommandLine { smp: 2, scenario: Some("irq"), minutes: None }));
    }

    #[test]
    fn unsound_lines_are_refused() {
        for line in
            ["", "scenario=abba", "smp=", "smp=0", "smp=two", "smp=1 smp=2", "smp=1 minutes=x", "smp=1 scenario="]
        {
            assert_eq!(CommandLine::parse(line), None, "{line}");
        }
    }
}
