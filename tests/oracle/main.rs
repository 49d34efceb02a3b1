//! A second opinion: a naive oracle for traces, held against the validator.
//!
//! `model` and `run` are the oracle, `strategy` makes random traces (written out by `writer`), `day` the seed that they are made with. `agreement`
//! says that oracle and validator are of one mind, `cache` that the chain cache and the fast path change no verdict, `sizes`
//! that the sizes of the tables do not, as long as they are large enough, and what holds where they are not; `onwards` that
//! both are of one mind beyond the first finding, through the runtime, as a kernel has it.

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
