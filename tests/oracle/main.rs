//! A second implementation of the rules: a naive oracle for traces, compared with the validator.
//!
//! `model` and `run` are the oracle, `strategy` makes random traces (written out by `writer`) with the seed of `day`.
//! `agreement` tests that oracle and validator agree; `cache` that the chain cache and the fast path change no verdict;
//! `sizes` that large enough tables change none, and what holds for smaller ones; `onwards` that both agree beyond the
//! first finding, through the runtime, as a kernel has it.

mod agreement;
mod cache;
mod corpora;
mod day;
mod model;
mod onwards;
mod run;
mod sizes;
mod strategy;
mod writer;
