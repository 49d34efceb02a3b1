//! How a board's machine becomes a program: the macros that a program on a board is one line of.
//!
//! Teaches: what exists once in a program, and so cannot be in a library: the validator's port with its tables, critical
//! sections, a panic handler, and where the first CPU begins. Built for a host it is a program that says to use
//! `cargo xtask`, so that `cargo check --workspace` and editors are content; there the board's type does not exist.

/// Makes the demonstration kernel of a board's machine.
#[macro_export]
macro_rules! run_on {
    ($board:ty) => {
        #[cfg(target_os = "none")]
        $crate::lockdep::port!($crate::port::KernelPort<$board>);
        $crate::program!($board, $crate::main);
    };
}

/// What a program on a board has beside the validator's port; `$main` is generic over the board.
#[macro_export]
macro_rules! program {
    ($board:ty, $main:path) => {
        #[cfg(target_os = "none")]
        #[unsafe(export_name = "__lockdep_kernel_main")]
        fn begin() -> ! {
            use $main as main;
            main::<$board>()
        }

        #[cfg(target_os = "none")]
        #[unsafe(export_name = "__lockdep_kernel_board")]
        static BOARD: $crate::machine::Functions = $crate::machine::Functions::of::<$board>();

        #[cfg(target_os = "none")]
        struct CriticalSection;
        #[cfg(target_os = "none")]
        $crate::critical_section::set_impl!(CriticalSection);

        // SAFETY: `critical` keeps other CPUs out by a lock, and this one's interrupts by its flag; sections nest.
        #[cfg(target_os = "none")]
        unsafe impl $crate::critical_section::Impl for CriticalSection {
            unsafe fn acquire() -> bool {
                $crate::critical::acquire::<$board>()
            }

            unsafe fn release(restore: bool) {
                $crate::critical::release::<$board>(restore);
            }
        }

        #[cfg(target_os = "none")]
        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            $crate::panic::<$board>(info)
        }

        #[cfg(not(target_os = "none"))]
        fn main() -> ::std::process::ExitCode {
            ::std::eprintln!("a bare-metal program: `cargo xtask` builds it for its target and runs it in QEMU");
            ::std::process::ExitCode::FAILURE
        }
    };
}

// SAFETY: `program!` defines it, with this signature; a second one in a program would not link.
unsafe extern "Rust" {
    #[link_name = "__lockdep_kernel_main"]
    pub(crate) safe fn begin() -> !;
}
