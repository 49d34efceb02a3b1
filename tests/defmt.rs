//! A report as a frame of `defmt`: what a machine sends that has no room for text. Texts of `defmt` itself are numbers in a
//! frame, and strings of ours are bytes, so these can be looked for without a decoder.

use lockdep::host::{self, Host};
use lockdep::spin::Mutex;
use lockdep::{Kind, Message, hooks};
use std::sync::Mutex as Bare;

lockdep::port!(Host);

/// All frames that were written.
static FRAMES: Bare<Vec<u8>> = Bare::new(Vec::new());

#[defmt::global_logger]
struct Logger;

// SAFETY: this test has one thread, so one frame is written at a time.
unsafe impl defmt::Logger for Logger {
    fn acquire() {}
    unsafe fn flush() {}
    unsafe fn release() {}
    unsafe fn write(bytes: &[u8]) {
        FRAMES.lock().expect("one thread").extend_from_slice(bytes);
    }
}

defmt::timestamp!("{=u8}", 0);

#[defmt::panic_handler]
fn panic() -> ! {
    core::panic!("defmt panics")
}

fn log(message: Message<'_>) {
    if let Message::Report(report) = message {
        defmt::error!("{}", report);
    }
}

#[test]
fn a_report_is_a_frame_with_kind_classes_and_places() {
    host::set_handler(log);
    let (disk, cache) = (Mutex::named("disk", ()), Mutex::named("cache", ()));
    drop((disk.lock(), cache.lock()));
    assert!(FRAMES.lock().expect("one thread").is_empty(), "nothing was found");
    let guard = cache.lock();
    drop(disk.lock());
    let line = line!() - 1;
    drop(guard);
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let frames = FRAMES.lock().expect("one thread");
    let has = |wanted: &[u8]| frames.windows(wanted.len()).any(|bytes| bytes == wanted);
    for wanted in ["circular", "disk", "cache", "defmt.rs"] {
        assert!(has(wanted.as_bytes()), "`{wanted}` is not in {frames:?}");
    }
    assert!(has(&line.to_le_bytes()), "line {line} is not in {frames:?}");
}
