//! The runtime's part of the statistics (feature `stat`): passes events to the recorder, and makes listings.
//!
//! Invariant: while a piece is shown, no internal lock is held and interrupts are as they were. What it does not do:
//! count.

use crate::context::Context;
use crate::port::Port;
use crate::runtime::{Runtime, current};
use crate::stat::api::Ask;
use crate::stat::listing::{BATCH, ChainLine, ClassLine, ClassTimes};
use crate::stat::recorder::without_irqs;
use crate::stat::summary::Sums;

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// Handles a message. Returns whether it could.
    pub fn stat(&self, ask: Ask<'_>) -> bool {
        // The statistics are those of the first validator; class numbers of others would be mistaken for its own.
        let Some(context) = current::<P>().filter(|context| !context.is_unchecked() && context.validator() == 0) else {
            return false;
        };
        let usage_words = self.validator(context).published().classes;
        match ask {
            Ask::Contended(map) => without_irqs::<P>(|| self.recorder.contended::<P>(usage_words, context, map)),
            Ask::Acquired(map) => without_irqs::<P>(|| self.recorder.acquired::<P>(usage_words, context, map)),
            Ask::Record(what) => self.recorder.set_mode(what),
            Ask::Clear => self.recorder.clear(),
            Ask::Times(show) => return self.each_times(context, show),
            Ask::Classes(show) => self.for_each_class(context, show),
            Ask::Chains(show) => self.for_each_chain(context, show),
            Ask::Sums(sums) => *sums = self.sums(context),
        }
        true
    }

    fn each_times(&self, context: &Context, show: &mut dyn FnMut(&ClassTimes)) -> bool {
        let usage_words = self.validator(context).published().classes;
        if !self.recorder.begin_listing(usage_words) {
            return false;
        }
        for _ in 1..C {
            let Some(slot) = self.recorder.next_listed() else { break };
            if let Some(class) = self.with_engine(context, |engine| engine.class_view(slot)) {
                show(&self.recorder.times(usage_words, slot, class));
            }
        }
        self.recorder.end_listing();
        true
    }

    fn for_each_class(&self, context: &Context, show: &mut dyn FnMut(&ClassLine)) {
        let usage_words = self.validator(context).published().classes;
        for slot in 1..C as u16 {
            let Some(mut entry) = self.with_engine(context, |engine| engine.class_entry(slot)) else { continue };
            entry.operations = self.recorder.operations(usage_words, slot);
            show(&ClassLine::Class(entry));
            for first in (0..D).step_by(BATCH) {
                let batch = self.with_engine(context, |engine| engine.leads_to(slot, first));
                batch.iter().for_each(|&(key, class)| show(&ClassLine::Leads(key, class)));
                if !batch.is_full() {
                    break;
                }
            }
            show(&ClassLine::End);
        }
    }

    fn for_each_chain(&self, context: &Context, show: &mut dyn FnMut(&ChainLine)) {
        let mut at = 0;
        // The bound is the number of slots; no chain is listed twice.
        for _ in 0..K {
            let Some((head, next)) = self.with_engine(context, |engine| engine.chain_at(at)) else { break };
            if head.is_current {
                show(&ChainLine::Chain { in_hardirq: head.in_hardirq, in_softirq: head.in_softirq });
                for number in 0..head.length {
                    if let Some((key, class)) = self.with_engine(context, |engine| engine.chain_member(at, number)) {
                        show(&ChainLine::Member(key, class));
                    }
                }
                show(&ChainLine::End);
            }
            at = next;
        }
    }

    fn sums(&self, context: &Context) -> Sums {
        let mut sums = self.with_engine(context, |engine| engine.table_sums());
        sums.outside = self.recorder.outside();
        for slot in 1..C as u16 {
            if let Some(entry) = self.with_engine(context, |engine| engine.class_entry(slot)) {
                sums.add_class(&entry);
            }
        }
        let mut at = 0;
        for _ in 0..K {
            let Some((head, next)) = self.with_engine(context, |engine| engine.chain_at(at)) else { break };
            sums.add_chain(&head);
            at = next;
        }
        sums
    }
}
