//! The boards as the runner sees them: one table, a row a board, and below it the machines of QEMU that run it.
//!
//! What a board does with its machine is the business of the board's crate, also its linker script. Here is only what
//! cargo and QEMU must be told.

/// A crate in `boards/`.
#[derive(Debug, PartialEq)]
pub(crate) struct Board {
    /// The package, and what the kernel calls itself in its first word.
    pub(crate) name: &'static str,
    /// The target that it is built for.
    pub(crate) triple: &'static str,
    /// The machines that run it, each with the same ELF. The first is the board's own.
    pub(crate) machines: &'static [Machine],
}

/// What a board's crate is built to: two programs, each a line over the same machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// The demonstration kernel.
    Kernel,
    /// What counts instructions.
    Bench,
}

impl Board {
    /// The name of a program's ELF.
    pub(crate) fn elf(&self, program: Program) -> String {
        let program = match program {
            Program::Kernel => "kernel",
            Program::Bench => "bench",
        };
        format!("{}-{program}", self.name)
    }
}

/// A machine of QEMU.
#[derive(Debug, PartialEq)]
pub(crate) struct Machine {
    /// What `--machine` calls it.
    pub(crate) name: &'static str,
    /// The emulator.
    pub(crate) emulator: Emulator,
    /// Its arguments, on top of [`COMMON_ARGS`].
    pub(crate) args: &'static [&'static str],
}

/// An emulator, and how Debian calls the package that it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Emulator {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// All boards, in the order in which they boot.
pub(crate) const BOARDS: &[Board] = &[
    Board {
        name: "virt-aarch64",
        triple: "aarch64-unknown-none-softfloat",
        machines: &[Machine {
            name: "virt",
            emulator: AARCH64,
            args: &["-M", "virt,gic-version=3", "-cpu", "max", "-m", "128M", "-semihosting-config", SEMIHOSTING],
        }],
    },
    Board {
        name: "q35-x86_64",
        triple: "x86_64-unknown-none",
        machines: &[
            Machine { name: "q35", emulator: X86_64, args: &["-M", "q35", "-m", "128M", "-device", DEBUG_EXIT] },
            Machine {
                name: "microvm",
                emulator: X86_64,
                args: &["-M", "microvm", "-m", "128M", "-device", DEBUG_EXIT],
            },
        ],
    },
];

/// What every machine is told: no clock but the emulator's own, no screen, no devices but those named, and an end
/// instead of a reset.
pub(crate) const COMMON_ARGS: &[&str] =
    &["-accel", "tcg", "-display", "none", "-serial", "stdio", "-monitor", "none", "-nodefaults", "-no-reboot"];

/// Targets that the validator alone is built for, besides those of the boards: 32 bits, no 64-bit atomics.
pub(crate) const NO_STD_ONLY: &[&str] = &["thumbv7em-none-eabi"];

const AARCH64: Emulator = Emulator { program: "qemu-system-aarch64", package: "qemu-system-arm" };
const X86_64: Emulator = Emulator { program: "qemu-system-x86_64", package: "qemu-system-x86" };

/// The way out of an aarch64 machine, with an exit code.
const SEMIHOSTING: &str = "enable=on,target=native";
/// The way out of an x86 machine: a value `v` written to this port ends QEMU with `(v << 1) | 1`.
const DEBUG_EXIT: &str = "isa-debug-exit,iobase=0xf4,iosize=0x04";

/// All targets without an operating system that the project is built for.
pub(crate) fn bare_triples() -> impl Iterator<Item = &'static str> {
    BOARDS.iter().map(|board| board.triple).chain(NO_STD_ONLY.iter().copied())
}

/// What rustc must be told for a target on top of its defaults.
pub(crate) fn rustflags(triple: &str) -> &'static [&'static str] {
    match triple {
        // QEMU loads the ELF where it is linked to; nobody would relocate it.
        "x86_64-unknown-none" => &["-Crelocation-model=static"],
        _ => &[],
    }
}

/// The emulators of these machines, each once.
pub(crate) fn emulators<'a>(machines: impl IntoIterator<Item = &'a Machine>) -> Vec<Emulator> {
    let mut all: Vec<Emulator> = Vec::new();
    for machine in machines {
        if !all.contains(&machine.emulator) {
            all.push(machine.emulator);
        }
    }
    all
}
