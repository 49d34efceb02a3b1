//! `spm-resume`: a phone goes to sleep. `spm_go_to_sleep` turns interrupts off, takes `__spm_lock`, and logs the reason of
//! the last wake-up under `resume_reason_lock`. The power manager's interrupt takes `__spm_lock`; a suspend notifier takes
//! `resume_reason_lock` with interrupts on. No two locks are ever taken in both orders: it is the interrupt, where it hits
//! the notifier, that closes the cycle.
//!
//! Teaches: one bug, met in three orders. Whatever comes last is what is reported: the nesting (`irq-order`), the
//! interrupt, or the notifier (`irq-inversion`). Fixed, the notifier takes its lock with interrupts off.

use super::telling::{Step, Telling, is_turn};
use crate::flag;
use crate::machine::Machine;
use crate::scenario::Work;
use lockdep::Kind;
use lockdep::spin::Mutex;

static SPM: Mutex<()> = Mutex::named("__spm_lock", ());
static RESUME_REASON: Mutex<u32> = Mutex::named("resume_reason_lock", 0);

const NOTIFIER: Step = Step::Task(Work { name: "pm-notifier", body: wakeup_reason_pm_event });
const SUSPEND: Step = Step::Task(Work { name: "system_server", body: spm_go_to_sleep });

pub(super) static TELLINGS: [Telling; 4] = [
    Telling::new("spm-resume", Kind::IrqOrder, &[Step::Interrupt, NOTIFIER, SUSPEND]).interrupt(spm_irq0_handler),
    Telling::new("spm-resume-interrupt-last", Kind::IrqInversion, &[SUSPEND, NOTIFIER, Step::Interrupt])
        .interrupt(spm_irq0_handler),
    Telling::new("spm-resume-notifier-last", Kind::IrqInversion, &[Step::Interrupt, SUSPEND, NOTIFIER])
        .interrupt(spm_irq0_handler),
    Telling::silent(
        "spm-resume-fixed",
        &[
            Step::Interrupt,
            Step::Task(Work { name: "pm-notifier", body: wakeup_reason_pm_event_fixed }),
            SUSPEND,
            Step::Interrupt,
        ],
    )
    .interrupt(spm_irq0_handler),
];

fn wakeup_reason_pm_event(_: usize) {
    *RESUME_REASON.lock() = 0;
}

fn wakeup_reason_pm_event_fixed(_: usize) {
    *RESUME_REASON.lock_irqsave() = 0;
}

fn spm_irq0_handler(cpu: usize) {
    if is_turn(cpu) {
        drop(SPM.lock());
    }
}

fn spm_go_to_sleep(_: usize) {
    let were_on = flag::save::<Machine>();
    {
        let _spm = SPM.lock();
        log_wakeup_reason();
    }
    flag::restore::<Machine>(were_on);
}

fn log_wakeup_reason() {
    *RESUME_REASON.lock() += 1;
}
