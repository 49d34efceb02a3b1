//! Findings of traces, what their reports advise, and the traces that follow the advice. A trace is one line here, its
//! statements parted by `;`; when it is run they are lines, of which the first is `trace`: the first statement is at `t:2`.

use lockdep::Kind;

pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) finding: &'static str,
    /// Each way, in the words of the report, and a trace that follows it: nothing is found.
    pub(crate) ways: &'static [(&'static str, &'static str)],
    /// Other words that the report must contain.
    pub(crate) says: &'static [&'static str],
}

pub(crate) const CASES: &[Case] = &[
    Case {
        kind: Kind::Recursive,
        finding: "class I wait=sleep; lock i1 I; lock i2 I; acquire i1; acquire i2",
        ways: &[
            (
                "release the `I` taken at t:5 before t:6",
                "class I wait=sleep; lock i1 I; lock i2 I; acquire i1; release i1; acquire i2",
            ),
            (
                "if the two are always taken in one order, say so at t:6: with a subclass, or with the lock that is held \
                 around both as nest lock",
                "class I wait=sleep; lock i1 I; lock i2 I; acquire i1; acquire i2 sub=1; release i2; release i1; \
                 acquire list; acquire i1; acquire i2 nest=list",
            ),
            (
                "if the two are unlike, give them keys of their own, where they are constructed",
                "class I wait=sleep; class J wait=sleep; lock i1 I; lock i2 J; acquire i1; acquire i2",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::Recursive,
        finding: "acquire list read; acquire map; acquire list read",
        ways: &[
            ("do not take `list` again at t:4: hand down the guard of t:2", "acquire list read; acquire map"),
            (
                "release the `list` taken at t:2 before t:4",
                "acquire list read; acquire map; release map; release list; acquire list read",
            ),
        ],
        says: &[],
    },
    // Two locks in two orders: either side can change, in two ways.
    Case {
        kind: Kind::Circular,
        finding: "task r; acquire a; acquire b; release b; release a; task w; acquire b; acquire a",
        ways: &[
            (
                "take `a` before `b`: move it from t:9 above t:8",
                "task r; acquire a; acquire b; release b; release a; task w; acquire a; acquire b",
            ),
            (
                "release `b`, taken at t:8, before t:9",
                "task r; acquire a; acquire b; release b; release a; task w; acquire b; release b; acquire a",
            ),
            (
                "on the other side, take `b` before `a`: move it from t:4 above t:3",
                "task r; acquire b; acquire a; release a; release b; task w; acquire b; acquire a",
            ),
            (
                "on the other side, release `a`, taken at t:3, before `b` is taken at t:4",
                "task r; acquire a; release a; acquire b; release b; task w; acquire b; acquire a",
            ),
        ],
        says: &[],
    },
    // D52: the nearest hold closes a longer cycle; to release it leaves the one over `zone`.
    Case {
        kind: Kind::Circular,
        finding: "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                  acquire zone; release zone; release port; irq-on; task offline; irq-off; acquire zone; \
                  acquire console; acquire port",
        ways: &[
            (
                "take `port` before `zone`: move it from t:16 above t:14",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                 acquire zone; release zone; release port; irq-on; task offline; irq-off; acquire port; acquire zone; \
                 acquire console",
            ),
            (
                "release `zone` before `console` is taken at t:15, which is held at t:16 too",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                 acquire zone; release zone; release port; irq-on; task offline; irq-off; acquire zone; release zone; \
                 acquire console; acquire port",
            ),
            (
                "on the other side, take `zone` before `port`: move it from t:8 above t:7",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire zone; \
                 acquire port; release port; release zone; irq-on; task offline; irq-off; acquire zone; \
                 acquire console; acquire port",
            ),
            (
                "on the other side, release `port`, taken at t:7, before `zone` is taken at t:8",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                 release port; acquire zone; release zone; irq-on; task offline; irq-off; acquire zone; \
                 acquire console; acquire port",
            ),
        ],
        says: &["but task is already holding lock:\n0000000000000002 (zone)"],
    },
    // D52b: what the report of D52 advised of old, followed: the cycle over `zone` is found as what it is.
    Case {
        kind: Kind::Circular,
        finding: "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                  acquire zone; release zone; release port; irq-on; task offline; irq-off; acquire zone; \
                  acquire console; release console; acquire port",
        ways: &[
            (
                "take `port` before `zone`: move it from t:17 above t:14",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                 acquire zone; release zone; release port; irq-on; task offline; irq-off; acquire port; acquire zone; \
                 acquire console; release console",
            ),
            (
                "release `zone`, taken at t:14, before t:17",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                 acquire zone; release zone; release port; irq-on; task offline; irq-off; acquire zone; \
                 acquire console; release console; release zone; acquire port",
            ),
            (
                "on the other side, take `zone` before `port`: move it from t:8 above t:7",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire zone; \
                 acquire port; release port; release zone; irq-on; task offline; irq-off; acquire zone; \
                 acquire console; release console; acquire port",
            ),
            (
                "on the other side, release `port`, taken at t:7, before `zone` is taken at t:8",
                "class zone wait=spin; class port wait=spin; class console wait=spin; task tty; irq-off; acquire port; \
                 release port; acquire zone; release zone; irq-on; task offline; irq-off; acquire zone; \
                 acquire console; release console; acquire port",
            ),
        ],
        says: &[],
    },
    // D15: the ring's lock is held while a work is flushed that takes it.
    Case {
        kind: Kind::Circular,
        finding: "task register; acquire uring_lock; acquire rsrc_put_work; release rsrc_put_work; release uring_lock; \
                  task kworker; acquire rsrc_put_work; acquire uring_lock",
        ways: &[
            (
                "take `uring_lock` before `rsrc_put_work`: move it from t:9 above t:8",
                "task register; acquire uring_lock; acquire rsrc_put_work; release rsrc_put_work; release uring_lock; \
                 task kworker; acquire uring_lock; acquire rsrc_put_work",
            ),
            (
                "release `rsrc_put_work`, taken at t:8, before t:9",
                "task register; acquire uring_lock; acquire rsrc_put_work; release rsrc_put_work; release uring_lock; \
                 task kworker; acquire rsrc_put_work; release rsrc_put_work; acquire uring_lock",
            ),
            (
                "on the other side, take `rsrc_put_work` before `uring_lock`: move it from t:4 above t:3",
                "task register; acquire rsrc_put_work; acquire uring_lock; release uring_lock; release rsrc_put_work; \
                 task kworker; acquire rsrc_put_work; acquire uring_lock",
            ),
            (
                "on the other side, release `uring_lock`, taken at t:3, before `rsrc_put_work` is taken at t:4",
                "task register; acquire uring_lock; release uring_lock; acquire rsrc_put_work; release rsrc_put_work; \
                 acquire uring_lock; release uring_lock; task kworker; acquire rsrc_put_work; acquire uring_lock",
            ),
        ],
        says: &[],
    },
    // Over five dependencies, any of which can change.
    Case {
        kind: Kind::Circular,
        finding: "acquire a; acquire b; release b; release a; acquire b; acquire c; release c; release b; acquire c; \
                  acquire d; release d; release c; acquire d; acquire e; release e; release d; acquire e; acquire a",
        ways: &[
            (
                "take `a` before `e`: move it from t:19 above t:18",
                "acquire a; acquire b; release b; release a; acquire b; acquire c; release c; release b; acquire c; \
                 acquire d; release d; release c; acquire d; acquire e; release e; release d; acquire a; acquire e",
            ),
            (
                "release `e`, taken at t:18, before t:19",
                "acquire a; acquire b; release b; release a; acquire b; acquire c; release c; release b; acquire c; \
                 acquire d; release d; release c; acquire d; acquire e; release e; release d; acquire e; release e; \
                 acquire a",
            ),
            (
                "on the other side, release `d`, taken at t:14, before `e` is taken at t:15",
                "acquire a; acquire b; release b; release a; acquire b; acquire c; release c; release b; acquire c; \
                 acquire d; release d; release c; acquire d; release d; acquire e; release e; acquire e; acquire a",
            ),
            (
                "on the other side, release `c`, taken at t:10, before `d` is taken at t:11",
                "acquire a; acquire b; release b; release a; acquire b; acquire c; release c; release b; acquire c; \
                 release c; acquire d; release d; acquire d; acquire e; release e; release d; acquire e; acquire a",
            ),
            (
                "on the other side, release `b`, taken at t:6, before `c` is taken at t:7",
                "acquire a; acquire b; release b; release a; acquire b; release b; acquire c; release c; acquire c; \
                 acquire d; release d; release c; acquire d; acquire e; release e; release d; acquire e; acquire a",
            ),
            (
                "the same at another dependency of the chain above",
                "acquire a; release a; acquire b; release b; acquire b; acquire c; release c; release b; acquire c; \
                 acquire d; release d; release c; acquire d; acquire e; release e; release d; acquire e; acquire a",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::Inconsistent,
        finding: "task d; acquire rx; release rx; hardirq-enter; acquire rx",
        ways: &[
            (
                "hold `rx` with interrupts disabled at t:3, and wherever else it is held with them enabled",
                "task d; irq-off; acquire rx; release rx; irq-on; hardirq-enter; acquire rx",
            ),
            ("do not take `rx` in the interrupt, as at t:6", "task d; acquire rx; release rx; hardirq-enter"),
        ],
        says: &[],
    },
    Case {
        kind: Kind::Inconsistent,
        finding: "task d; softirq-enter; acquire rx; release rx; softirq-exit; acquire rx",
        ways: &[
            (
                "take `rx` with softirqs disabled at t:7, and wherever else it is held with them enabled",
                "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx",
            ),
            ("do not take `rx` in the softirq, as at t:4", "task d; softirq-enter; softirq-exit; acquire rx"),
        ],
        says: &["so far `rx` was never taken in a hard interrupt: to disable softirqs is enough for it"],
    },
    Case {
        kind: Kind::Inconsistent,
        finding: "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx; bh-on",
        ways: &[
            (
                "release `rx` before softirqs are enabled at t:9",
                "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx; release rx; bh-on",
            ),
            (
                "do not take `rx` in the softirq, as at t:4",
                "task d; softirq-enter; softirq-exit; bh-off; acquire rx; bh-on",
            ),
        ],
        says: &[],
    },
    // The other order of events: the line at which it is held so is one that enabled interrupts.
    Case {
        kind: Kind::Inconsistent,
        finding: "task d; irq-off; acquire rx; irq-on; release rx; hardirq-enter; acquire rx",
        ways: &[
            (
                "hold `rx` with interrupts disabled at t:5, and wherever else it is held with them enabled",
                "task d; irq-off; acquire rx; release rx; irq-on; hardirq-enter; acquire rx",
            ),
            (
                "do not take `rx` in the interrupt, as at t:8",
                "task d; irq-off; acquire rx; irq-on; release rx; hardirq-enter",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::Inconsistent,
        finding: "task fs; acquire cache; alloc; release cache; reclaim-enter; acquire cache",
        ways: &[
            (
                "do not allocate with `cache` held, as at t:4: allocate before it is taken",
                "task fs; alloc; acquire cache; release cache; reclaim-enter; acquire cache",
            ),
            (
                "do not take `cache` in reclaim, as at t:7",
                "task fs; acquire cache; alloc; release cache; reclaim-enter",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::IrqOrder,
        finding: "task d; hardirq-enter; acquire rx; release rx; hardirq-exit; acquire log; release log; irq-off; \
                  acquire rx; acquire log",
        ways: &[
            (
                "hold `log` with interrupts disabled at t:7, and wherever else it is held with them enabled",
                "task d; hardirq-enter; acquire rx; release rx; hardirq-exit; irq-off; acquire log; release log; \
                 acquire rx; acquire log",
            ),
            (
                "release `rx`, taken at t:10, before `log` is taken at t:11",
                "task d; hardirq-enter; acquire rx; release rx; hardirq-exit; acquire log; release log; irq-off; \
                 acquire rx; release rx; acquire log",
            ),
            (
                "do not take `rx` in the interrupt, as at t:4",
                "task d; hardirq-enter; hardirq-exit; acquire log; release log; irq-off; acquire rx; acquire log",
            ),
        ],
        says: &[
            "so far `log` itself was never taken in a hard interrupt",
            "so far `rx` itself was never held with hard interrupts enabled",
        ],
    },
    Case {
        kind: Kind::IrqInversion,
        finding: "task d; irq-off; acquire rx; acquire log; release log; release rx; irq-on; acquire log; release log; \
                  hardirq-enter; acquire rx",
        ways: &[
            (
                "hold `log` with interrupts disabled at t:9, and wherever else it is held with them enabled",
                "task d; irq-off; acquire rx; acquire log; release log; release rx; acquire log; release log; irq-on; \
                 hardirq-enter; acquire rx",
            ),
            (
                "release `rx`, taken at t:4, before `log` is taken at t:5",
                "task d; irq-off; acquire rx; release rx; acquire log; release log; irq-on; acquire log; release log; \
                 hardirq-enter; acquire rx",
            ),
            (
                "do not take `rx` in the interrupt, as at t:12",
                "task d; irq-off; acquire rx; acquire log; release log; release rx; irq-on; acquire log; release log; \
                 hardirq-enter",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::IrqInversion,
        finding: "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx; acquire ring; \
                  release ring; release rx; acquire ring; acquire log; release log; release ring; bh-on; acquire log",
        ways: &[
            (
                "take `log` with softirqs disabled at t:17, and wherever else it is held with them enabled",
                "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx; acquire ring; \
                 release ring; release rx; acquire ring; acquire log; release log; release ring; acquire log",
            ),
            (
                "release `rx`, taken at t:8, before `ring` is taken at t:9",
                "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx; release rx; \
                 acquire ring; release ring; acquire ring; acquire log; release log; release ring; bh-on; acquire log",
            ),
            (
                "release `ring`, taken at t:12, before `log` is taken at t:13",
                "task d; softirq-enter; acquire rx; release rx; softirq-exit; bh-off; acquire rx; acquire ring; \
                 release ring; release rx; acquire ring; release ring; acquire log; release log; bh-on; acquire log",
            ),
            (
                "do not take `rx` in the softirq, as at t:4",
                "task d; softirq-enter; softirq-exit; bh-off; acquire rx; acquire ring; release ring; release rx; \
                 acquire ring; acquire log; release log; release ring; bh-on; acquire log",
            ),
        ],
        says: &["so far `rx` was never taken in a hard interrupt: to disable softirqs is enough for it"],
    },
    Case {
        kind: Kind::Unbalanced,
        finding: "task T; acquire a; release a; release a",
        ways: &[
            (
                "do not release `a` at t:5, on the path where it was not taken, or was released already",
                "task T; acquire a; release a",
            ),
            (
                "if another task took it, announce that with `hand_over` where it is given away",
                "task T; acquire a; release a", // no trace hands over: `events.rs` does
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::Unbalanced,
        finding: "task T; acquire a; hardirq-enter; acquire b; release a",
        ways: &[(
            "release `a` in the context that took it, at t:3, not in this interrupt",
            "task T; irq-off; acquire a; hardirq-enter; acquire b; release b; hardirq-exit; release a",
        )],
        says: &[],
    },
    Case {
        kind: Kind::WaitContext,
        finding: "class s wait=spin; class m wait=sleep; acquire s; acquire m",
        ways: &[
            (
                "take `m` before `s`: move it from t:5 above t:4",
                "class s wait=spin; class m wait=sleep; acquire m; acquire s",
            ),
            (
                "make the inner lock `m` one that spins, if what it protects is short",
                "class s wait=spin; class m wait=spin; acquire s; acquire m",
            ),
            (
                "make the outer lock `s` one that sleeps, if nothing takes it that may not",
                "class s wait=sleep; class m wait=sleep; acquire s; acquire m",
            ),
            (
                "release `s`, taken at t:4, before t:5",
                "class s wait=spin; class m wait=sleep; acquire s; release s; acquire m",
            ),
        ],
        says: &["`m` may sleep (wait type 4), but only spinning (2) is allowed here because `s` is held"],
    },
    // Two locks bar it: to take it before the nearest is not enough.
    Case {
        kind: Kind::WaitContext,
        finding: "class s wait=spin; class t wait=spin; class m wait=sleep; acquire s; acquire t; acquire m",
        ways: &[
            (
                "take `m` before `s`: move it from t:7 above t:5",
                "class s wait=spin; class t wait=spin; class m wait=sleep; acquire m; acquire s; acquire t",
            ),
            (
                "make the inner lock `m` one that spins, if what it protects is short",
                "class s wait=spin; class t wait=spin; class m wait=spin; acquire s; acquire t; acquire m",
            ),
            (
                "release `s`, taken at t:5, and `t`, taken at t:6, before t:7",
                "class s wait=spin; class t wait=spin; class m wait=sleep; acquire s; acquire t; release t; release s; \
                 acquire m",
            ),
        ],
        says: &[],
    },
    // D46: what bars it is no lock.
    Case {
        kind: Kind::WaitContext,
        finding: "class preempt_off wait=free:spin; class pid_queue wait=config; acquire preempt_off rread; \
                  acquire pid_queue",
        ways: &[
            (
                "make `pid_queue` a lock that spins (it is taken at t:5)",
                "class preempt_off wait=free:spin; class pid_queue wait=spin; acquire preempt_off rread; \
                 acquire pid_queue",
            ),
            (
                "take `pid_queue` before `preempt_off`: move it from t:5 above t:4",
                "class preempt_off wait=free:spin; class pid_queue wait=config; acquire pid_queue; \
                 acquire preempt_off rread",
            ),
            (
                "leave `preempt_off`, entered at t:4, before t:5",
                "class preempt_off wait=free:spin; class pid_queue wait=config; acquire preempt_off rread; \
                 release preempt_off; acquire pid_queue",
            ),
        ],
        says: &[],
    },
    // D47: a raw lock around what allocates, and another lock that sleeps around both.
    Case {
        kind: Kind::WaitContext,
        finding: "class pending wait=spin; class slab_cpu wait=config; class btree wait=sleep; acquire btree; \
                  acquire pending; acquire slab_cpu",
        ways: &[
            (
                "take `slab_cpu` before `pending`: move it from t:7 above t:6",
                "class pending wait=spin; class slab_cpu wait=config; class btree wait=sleep; acquire btree; \
                 acquire slab_cpu; acquire pending",
            ),
            (
                "make the inner lock `slab_cpu` one that spins, if what it protects is short",
                "class pending wait=spin; class slab_cpu wait=spin; class btree wait=sleep; acquire btree; \
                 acquire pending; acquire slab_cpu",
            ),
            (
                "make the outer lock `pending` one that sleeps, if nothing takes it that may not",
                "class pending wait=sleep; class slab_cpu wait=config; class btree wait=sleep; acquire btree; \
                 acquire pending; acquire slab_cpu",
            ),
            (
                "release `pending`, taken at t:6, before t:7",
                "class pending wait=spin; class slab_cpu wait=config; class btree wait=sleep; acquire btree; \
                 acquire pending; release pending; acquire slab_cpu",
            ),
        ],
        says: &[],
    },
    // D48: a driver cannot change the lock of the core that calls it; it can make its own spin.
    Case {
        kind: Kind::WaitContext,
        finding: "class dev wait=sleep; class irq_desc wait=spin; class pl061 wait=config; acquire dev; \
                  acquire irq_desc; acquire pl061",
        ways: &[
            (
                "take `pl061` before `irq_desc`: move it from t:7 above t:6",
                "class dev wait=sleep; class irq_desc wait=spin; class pl061 wait=config; acquire dev; acquire pl061; \
                 acquire irq_desc",
            ),
            (
                "make the inner lock `pl061` one that spins, if what it protects is short",
                "class dev wait=sleep; class irq_desc wait=spin; class pl061 wait=spin; acquire dev; \
                 acquire irq_desc; acquire pl061",
            ),
            (
                "make the outer lock `irq_desc` one that sleeps, if nothing takes it that may not",
                "class dev wait=sleep; class irq_desc wait=config; class pl061 wait=config; acquire dev; \
                 acquire irq_desc; acquire pl061",
            ),
            (
                "release `irq_desc`, taken at t:6, before t:7",
                "class dev wait=sleep; class irq_desc wait=spin; class pl061 wait=config; acquire dev; \
                 acquire irq_desc; release irq_desc; acquire pl061",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::WaitContext,
        finding: "class m wait=config; task T; hardirq-enter; acquire m",
        ways: &[
            ("make `m` a lock that spins", "class m wait=spin; task T; hardirq-enter; acquire m"),
            (
                "leave what needs `m` to a task: it is taken at t:5, in an interrupt",
                "class m wait=config; task T; hardirq-enter; hardirq-exit; task worker; acquire m",
            ),
        ],
        says: &[
            "`m` spins here and may sleep in another configuration (wait type 3), but only spinning (2) is allowed \
                 here because this is an interrupt",
        ],
    },
    Case {
        kind: Kind::NestNotHeld,
        finding: "lock a1 A; acquire other; acquire a1 nest=list",
        ways: &[
            (
                "take `list` before `A` at t:4, and hold it until `A` is released",
                "lock a1 A; acquire other; acquire list; acquire a1 nest=list; release a1; release list",
            ),
            (
                "take `A` without a nest lock at t:4, if it is the only one of its class there",
                "lock a1 A; acquire other; acquire a1",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::NestNotHeld,
        finding: "acquire list; acquire node nest=list; release list",
        ways: &[(
            "release `node` before `list` is released at t:4",
            "acquire list; acquire node nest=list; release node; release list",
        )],
        says: &["it was taken again, since a lock below it, taken at t:2, was released at: t:4"],
    },
    Case {
        kind: Kind::HeldFreed,
        finding: "acquire p; acquire c; free p",
        ways: &[(
            "release `p`, taken at t:2, before its memory is freed at t:4",
            "acquire p; acquire c; release c; release p; free p",
        )],
        says: &[],
    },
    Case {
        kind: Kind::HeldAtExit,
        finding: "task w; acquire a; task-exit",
        ways: &[
            ("release `a` on every path from t:3 to t:4", "task w; acquire a; release a; task-exit"),
            (
                "if another task releases it, announce that with `hand_over` before t:4",
                "task w; acquire a; release a; task-exit", // no trace hands over: `events.rs` does
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::HeldAtExit,
        finding: "task w; hardirq-enter; acquire b; hardirq-exit",
        ways: &[(
            "release `b` before the handler returns, on every path from t:4 to t:5: a guard is dropped before `leave`",
            "task w; hardirq-enter; acquire b; release b; hardirq-exit",
        )],
        says: &[],
    },
    Case {
        kind: Kind::HeldToUser,
        finding: "task s; acquire a; user-return",
        ways: &[("release `a` on every path from t:3 to t:4", "task s; acquire a; release a; user-return")],
        says: &[],
    },
    Case {
        kind: Kind::SleepAtomic,
        finding: "class s wait=spin; acquire s; might-sleep",
        ways: &[
            ("release `s`, taken at t:3, before t:4", "class s wait=spin; acquire s; release s; might-sleep"),
            (
                "do what sleeps at t:4 before the lock is taken, or leave it to a task",
                "class s wait=spin; might-sleep; acquire s",
            ),
        ],
        says: &[],
    },
    // D36: interrupts are off because the lock is held. To enable them alone leaves a finding, and the lock held so.
    Case {
        kind: Kind::SleepAtomic,
        finding: "class s wait=spin; task app; irq-off; acquire s; might-sleep",
        ways: &[
            (
                "release `s`, taken at t:5, and enable interrupts, disabled at t:4, before t:6",
                "class s wait=spin; task app; irq-off; acquire s; release s; irq-on; might-sleep",
            ),
            (
                "do what sleeps at t:6 before the lock is taken, or leave it to a task",
                "class s wait=spin; task app; might-sleep; irq-off; acquire s",
            ),
        ],
        says: &["`s` is held, which spins, and hard interrupts are disabled"],
    },
    // D36b: the first advice of old, followed.
    Case {
        kind: Kind::SleepAtomic,
        finding: "class s wait=spin; task app; irq-off; acquire s; irq-on; might-sleep",
        ways: &[
            (
                "release `s`, taken at t:5, before t:7",
                "class s wait=spin; task app; irq-off; acquire s; release s; irq-on; might-sleep",
            ),
            (
                "do what sleeps at t:7 before the lock is taken, or leave it to a task",
                "class s wait=spin; task app; might-sleep; irq-off; acquire s; irq-on",
            ),
        ],
        says: &[],
    },
    // Everything that bars it is named: two locks and two flags.
    Case {
        kind: Kind::SleepAtomic,
        finding: "class s wait=spin; class t wait=spin; bh-off; acquire s; irq-off; acquire t; might-sleep",
        ways: &[
            (
                "release `s`, taken at t:5, and release `t`, taken at t:7, and enable interrupts, disabled at t:6, and \
                 enable softirqs, disabled at t:4, before t:8",
                "class s wait=spin; class t wait=spin; bh-off; acquire s; irq-off; acquire t; release t; irq-on; \
                 release s; bh-on; might-sleep",
            ),
            (
                "do what sleeps at t:8 before the lock is taken, or leave it to a task",
                "class s wait=spin; class t wait=spin; might-sleep; bh-off; acquire s; irq-off; acquire t",
            ),
        ],
        says: &[],
    },
    Case {
        kind: Kind::SleepAtomic,
        finding: "acquire a; irq-off; might-sleep",
        ways: &[("enable interrupts, disabled at t:3, before t:4", "acquire a; irq-off; irq-on; might-sleep")],
        says: &[],
    },
    Case {
        kind: Kind::SleepAtomic,
        finding: "bh-off; might-sleep",
        ways: &[("enable softirqs, disabled at t:2, before t:3", "bh-off; bh-on; might-sleep")],
        says: &[],
    },
    Case {
        kind: Kind::SleepAtomic,
        finding: "task T; softirq-enter; might-sleep",
        ways: &[(
            "leave what sleeps at t:4 to a task",
            "task T; softirq-enter; softirq-exit; task worker; might-sleep",
        )],
        says: &[],
    },
];
