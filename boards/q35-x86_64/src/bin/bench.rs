//! The program that counts what validation costs, on this board.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

lockdep_bench::run_on!(q35_x86_64::Machine);
