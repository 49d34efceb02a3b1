//! Time: nanoseconds from the time-stamp counter, and how far the APIC's timer counts in a tick.
//!
//! Both run at rates that only a measurement tells. The first CPU takes it, against channel 0 of the PIT, which counts
//! at a known rate and, unlike channel 2, on machines without a speaker port too (`microvm`). All CPUs are taken to have
//! the same rates and the same time-stamp counter, which is so in QEMU.
//!
//! The host may stop us at any time, and the counters go on meanwhile. Between the reads of one sample that would set
//! them against each other, so a sample tells how long it took, and one that took long is not used. Within a
//! measurement it does no harm, unless the PIT's 16 bits wrap unseen (55 ms): so two measurements must agree.

use core::arch::x86_64::_rdtsc;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use kernel::board::{Clock, Console as _};
use x86_64::instructions::port::Port;

use crate::{Machine, apic};

const TICKS_PER_SECOND: u64 = 100;

/// Steps a second of the PIT.
const PIT_RATE: u64 = 1_193_182;
/// For how many of them to measure: 10 ms. The counter has 16 bits.
const PIT_STEPS: u16 = 11_932;
/// How many more measurements to take, at most, until one agrees with that before it.
const MEASUREMENTS: usize = 10;
/// How many readings a sample picks from. A few microseconds each.
const READINGS: usize = 8;

/// Nanoseconds in a step of the time-stamp counter, times 2³²; 0 until it is known.
static NANOSECONDS: AtomicU64 = AtomicU64::new(0);
/// Steps of the APIC's timer in a tick.
static TIMER_PERIOD: AtomicU32 = AtomicU32::new(0);

impl Clock for Machine {
    #[inline(always)]
    fn instructions() -> u64 {
        time_stamp()
    }

    /// 0 before [`calibrate`].
    fn now() -> u64 {
        let scaled = u128::from(time_stamp()) * u128::from(NANOSECONDS.load(Ordering::Relaxed));
        (scaled >> 32) as u64
    }

    fn start_timer() {
        apic::start_timer(TIMER_PERIOD.load(Ordering::Relaxed));
    }
}

/// Waits for that many nanoseconds.
pub(crate) fn wait(nanoseconds: u64) {
    let start = Machine::now();
    while Machine::now() - start < nanoseconds {
        core::hint::spin_loop();
    }
}

/// Measures the time-stamp counter and the APIC's timer, until two measurements agree.
pub(crate) fn calibrate() {
    let mut rates = Rates::measure();
    let mut agreed = false;
    for _ in 0..MEASUREMENTS {
        let next = Rates::measure();
        agreed = next.agrees_with(&rates);
        rates = next;
        if agreed {
            break;
        }
    }
    if !agreed {
        Machine::write(b"the clock is a guess: no two measurements of it agree\n");
    }
    assert!(rates.scale != 0 && rates.period != 0, "the time-stamp counter or the APIC's timer does not advance");
    NANOSECONDS.store(rates.scale, Ordering::Relaxed);
    TIMER_PERIOD.store(rates.period, Ordering::Relaxed);
}

/// What a measurement tells.
struct Rates {
    /// As in [`NANOSECONDS`].
    scale: u64,
    /// As in [`TIMER_PERIOD`].
    period: u32,
}

impl Rates {
    fn measure() -> Rates {
        start_pit();
        apic::start_countdown();
        let start = Sample::take();
        let mut end = Sample::take();
        while start.pit.wrapping_sub(end.pit) < PIT_STEPS {
            end = Sample::take();
        }
        let steps = u64::from(start.pit.wrapping_sub(end.pit));
        let nanoseconds = steps * 1_000_000_000 / PIT_RATE;
        let timer_rate = u64::from(start.timer.saturating_sub(end.timer)) * PIT_RATE / steps;
        Rates {
            scale: (nanoseconds << 32) / (end.time_stamp - start.time_stamp).max(1),
            period: u32::try_from(timer_rate / TICKS_PER_SECOND).unwrap_or(0),
        }
    }

    /// Whether neither rate differs by more than 3 %.
    fn agrees_with(&self, other: &Rates) -> bool {
        let near = |a: u64, b: u64| a.abs_diff(b) <= a.max(b) * 3 / 100;
        near(self.scale, other.scale) && near(self.period.into(), other.period.into())
    }
}

/// The three counters at one moment. The PIT and the timer count down.
struct Sample {
    pit: u16,
    timer: u32,
    time_stamp: u64,
}

impl Sample {
    /// Reads them so soon one after another that they belong together: of several readings the quickest.
    fn take() -> Sample {
        let (mut quickest, mut best) = Sample::read();
        for _ in 1..READINGS {
            let (took, sample) = Sample::read();
            if took < quickest {
                (quickest, best) = (took, sample);
            }
        }
        best
    }

    /// One reading, and how many steps of the time-stamp counter it took.
    fn read() -> (u64, Sample) {
        let before = time_stamp();
        let (pit, timer) = (read_pit(), apic::countdown());
        let took = time_stamp() - before;
        (took, Sample { pit, timer, time_stamp: before + took / 2 })
    }
}

#[inline(always)]
fn time_stamp() -> u64 {
    // SAFETY: every processor with long mode has the instruction, and CR4 does not forbid it.
    unsafe { _rdtsc() }
}

const PIT_CHANNEL_0: u16 = 0x40;
const PIT_COMMAND: u16 = 0x43;

/// Lets channel 0 count down from its largest value. Its interrupt is masked at the 8259.
fn start_pit() {
    // SAFETY: the PIT's ports; it can do nothing but count and interrupt, which is masked.
    unsafe {
        Port::new(PIT_COMMAND).write(0x30_u8); // channel 0, both bytes, mode 0
        Port::new(PIT_CHANNEL_0).write(0xff_u8);
        Port::new(PIT_CHANNEL_0).write(0xff_u8);
    }
}

/// The current count of channel 0.
fn read_pit() -> u16 {
    let mut channel = Port::<u8>::new(PIT_CHANNEL_0);
    // SAFETY: as in `start_pit`; the command holds the count for the two reads.
    unsafe {
        Port::new(PIT_COMMAND).write(0x00_u8); // channel 0, hold
        u16::from_le_bytes([channel.read(), channel.read()])
    }
}
