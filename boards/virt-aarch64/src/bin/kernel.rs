//! The demonstration kernel on this board.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

kernel::run_on!(virt_aarch64::Machine);
