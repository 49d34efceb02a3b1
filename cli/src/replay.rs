//! Replays traces, one after the other, through one validator: the same code that a kernel runs, by its public interface.
//!
//! Contexts and names are kept for the whole run of the program, since the validator wants them to live as long as a
//! kernel; they are used again by later traces. What happens in a trace is in `run.rs`.
//!
//! Invariants:
//! - A trace that has no verdict is refused, never judged.
//! - A verdict that hangs on a full table is a verdict of that table: who cares, asks [`Replayer::occupancy`].

use crate::run::Run;
use crate::sites;
use crate::trace::{Trace, Verdict};
use lockdep::__private::Validator;
use lockdep::report::Occupancy;
use lockdep::{Acquire, Context, LockMap, Mode, Report, Site, WaitTypes};
use std::collections::HashSet;

/// What a trace came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A verdict.
    Verdict(Verdict),
    /// None, from this event on: the trace does what no trace does.
    Refused {
        /// The event, counted from 1.
        event: u64,
        /// What it does.
        why: &'static str,
    },
}

/// How a trace is executed. No way changes a verdict; that is tested, and what this is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// Acquires and releases try the fast path first, as in a kernel.
    pub fast_path: bool,
    /// Without it the set of checked chains is filled with others before the trace begins. (It must be of one slot.)
    pub chain_cache: bool,
}

impl How {
    /// As in a kernel.
    pub const AS_IN_A_KERNEL: How = How { fast_path: true, chain_cache: true };
}

/// A validator with the pools that traces draw on: `C` classes, `D` dependencies, `K` chain slots.
pub struct Replayer<const C: usize, const D: usize, const K: usize> {
    pub(crate) validator: Box<Validator<C, D, K>>,
    pub(crate) how: How,
    traces: usize,
    /// Contexts that nobody runs in.
    pub(crate) idle: Vec<&'static Context>,
    names: HashSet<&'static str>,
}

/// How many traces one validator serves: each uses up two generations of its slots, of which there are 65,534.
const TRACES_A_VALIDATOR: usize = 30_000;

impl<const C: usize, const D: usize, const K: usize> Replayer<C, D, K> {
    /// One that has learned nothing.
    pub fn new(how: How) -> Self {
        Replayer { validator: new_validator(), how, traces: 0, idle: Vec::new(), names: HashSet::new() }
    }

    /// Runs a trace to its first report, or to its end.
    pub fn run(&mut self, trace: &Trace) -> Outcome {
        self.execute(trace, |_, _| ())
    }

    /// The same, with the text of the report, whose sites are lines of `file`.
    pub fn report(&mut self, trace: &Trace, file: &str) -> (Outcome, Option<String>) {
        let mut text = None;
        let outcome = self.execute(trace, |run, report| {
            text = Some(sites::in_trace(&run.in_words_of_the_trace(report).to_string(), file, trace.line));
        });
        (outcome, text)
    }

    /// What the last trace found, in the validator's own words.
    pub fn found(&self) -> Option<&Report> {
        self.validator.report()
    }

    /// How full the tables are after the last trace.
    pub fn occupancy(&mut self) -> Occupancy {
        self.validator.engine().occupancy()
    }

    fn execute(&mut self, trace: &Trace, found: impl FnOnce(&Run<'_, '_, C, D, K>, &Report)) -> Outcome {
        self.begin();
        let mut run = Run::new(self, trace.line);
        let outcome = run.events(trace, found);
        run.end();
        outcome
    }

    fn begin(&mut self) {
        self.traces += 1;
        if self.traces.is_multiple_of(TRACES_A_VALIDATOR) {
            self.validator = new_validator();
        }
        self.validator.engine().reset();
        if !self.how.chain_cache {
            self.fill_chains();
        }
    }

    /// Leaves no room for the chains of the trace: one lock of a class that no trace can name fills the only slot.
    fn fill_chains(&mut self) {
        let context = self.context();
        let lock = LockMap::new(WaitTypes::NONE);
        self.validator.engine().acquire(context, &Acquire::new(&lock, Mode::WRITE, Site::caller()));
        let chains = self.occupancy().chains;
        assert_eq!((chains.used, chains.size), (1, 1), "only a set of one chain can be filled");
        self.idle.push(context);
    }

    /// A context that nobody runs in, as that of a new task.
    pub(crate) fn context(&mut self) -> &'static Context {
        let context = self.idle.pop().unwrap_or_else(|| Box::leak(Box::default()));
        context.reset();
        context
    }

    /// The name, for ever.
    pub(crate) fn name(&mut self, name: &str) -> &'static str {
        if let Some(known) = self.names.get(name) {
            return known;
        }
        let leaked: &'static str = String::from(name).leak();
        self.names.insert(leaked);
        leaked
    }
}

/// A validator on the heap. It may be larger than the caller's stack, so it is made on a stack of its own.
fn new_validator<const C: usize, const D: usize, const K: usize>() -> Box<Validator<C, D, K>> {
    let stack = 8 * size_of::<Validator<C, D, K>>() + (1 << 20);
    std::thread::scope(|scope| {
        let made = std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, Box::default);
        made.expect("the system makes a thread").join().expect("a validator is made without a panic")
    })
}
