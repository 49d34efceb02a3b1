//! A preemptive kernel for two CPUs, and the validator in it. `cargo run --example preemptive` runs it for a while, with nothing
//! found; then with each of some mistakes planted in it, with the report. (`… --example preemptive abba 5`: this one, for 5 s.)
//!
//! Tasks have stacks of their own and live in the heap. A timer interrupts them at any instruction, those of the validator
//! included, and at the tail of its interrupt they are preempted; they go on later, maybe on the other CPU.
//!
//! - `kernel.rs` is the page to read: the port, and where the validator is told what.
//! - `machine.rs` stands for the machine: threads for CPUs, a signal for the timer, the switch of stacks.
//! - `mistakes.rs`: what can be planted.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod board;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod kernel;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod machine;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod mistakes;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn main() {
    board::main();
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn main() {
    println!("Not here: it switches stacks by instructions of x86-64, in a handler of a signal of Linux.");
}
