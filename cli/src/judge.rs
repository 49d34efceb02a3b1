//! Judges traces with tables that are large enough.
//!
//! A replay with a full table would judge by the part that was learned. So a trace that fills the ordinary tables is run
//! again through the largest there are, and one that fills those is refused.

use crate::replay::{How, Outcome, Replayer};
use crate::trace::{Trace, What};

/// What a kernel has, but for the chains: a trace has few, and they are wiped for each.
type Ordinary = Replayer<1024, 8192, 1024>;

/// As large as the numbers of slots allow.
type Large = Replayer<65_534, 65_534, 65_536>;

/// Replays one trace after the other.
pub struct Judge {
    ordinary: Ordinary,
    /// Made for the first trace that needs it: it is of some 14 MiB.
    large: Option<Box<Large>>,
}

impl Default for Judge {
    fn default() -> Self {
        Judge { ordinary: Replayer::new(How::AS_IN_A_KERNEL), large: None }
    }
}

impl Judge {
    /// Runs a trace to its first report, or to its end.
    pub fn run(&mut self, trace: &Trace) -> Outcome {
        let outcome = self.ordinary.run(trace);
        if !is_full(&mut self.ordinary) {
            return outcome;
        }
        let large = self.large();
        let outcome = large.run(trace);
        if is_full(large) { too_large(trace) } else { outcome }
    }

    /// The same, with the text of the report, whose sites are lines of `file`.
    pub fn report(&mut self, trace: &Trace, file: &str) -> (Outcome, Option<String>) {
        let told = self.ordinary.report(trace, file);
        if !is_full(&mut self.ordinary) {
            return told;
        }
        let large = self.large();
        let told = large.report(trace, file);
        if is_full(large) { (too_large(trace), None) } else { told }
    }

    fn large(&mut self) -> &mut Large {
        self.large.get_or_insert_with(|| Box::new(Replayer::new(How::AS_IN_A_KERNEL)))
    }
}

/// Whether something could not be learned. (A chain that was not is only checked again.)
fn is_full<const C: usize, const D: usize, const K: usize>(replayer: &mut Replayer<C, D, K>) -> bool {
    let occupancy = replayer.occupancy();
    occupancy.classes.rejected > 0 || occupancy.dependencies.rejected > 0
}

fn too_large(trace: &Trace) -> Outcome {
    let events = trace.statements.iter().filter(|statement| matches!(statement.what, What::Event(_)));
    Outcome::Refused { event: events.count() as u64, why: "more than 65,534 classes or dependencies" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Verdict;
    use lockdep::Kind;
    use std::fmt::Write as _;

    #[test]
    fn a_trace_that_fills_the_ordinary_tables_is_judged_by_larger_ones() {
        let mut text = String::from("trace large\n");
        for i in 0..1500 {
            let (held, new) = (i, i + 1);
            write!(text, "acquire l{held}\nacquire l{new}\nrelease l{new}\nrelease l{held}\n").unwrap();
        }
        text.push_str("acquire l1500\nacquire l0\n");
        let traces = crate::parse::parse(&text).unwrap();
        let circular = Verdict { kind: Some(Kind::Circular), event: Some(6002) };
        assert_eq!(Judge::default().run(&traces[0]), Outcome::Verdict(circular));
    }
}
