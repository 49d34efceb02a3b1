//! Commands over the serial line, and what answers them.
//!
//! | command | what it shows |
//! | --- | --- |
//! | `tasks` | each task, its state, and its CPU |
//! | `held` | what each task holds, or waits for |
//! | `stat` | the validator's state, and what the scheduler has done |
//! | `locks` `classes` `chains` `graph` | lock statistics, classes, chains, the graph as DOT (`boot --stat`) |
//! | `help` `quit` | this list; the end |
//!
//! Teaches: how to look at the locks of a task that does not run. Its context may be read as long as nobody
//! runs in it: with the run queue locked no CPU can take the task, so this CPU borrows the context, copies the text, and
//! prints it afterwards, since to print takes a lock. A task that runs is shown as running.

use crate::board::{Console as _, Cpu as _};
use crate::machine::Machine;
use crate::sched::{self, COUNTS, State};
use crate::task::{TABLE, TASKS};
use crate::text::Text;
use crate::{console, cpu, statistics};
use core::fmt::{self, Write as _};
use core::sync::atomic::Ordering;
use lockdep::hooks;
use lockdep_proto::SHELL_READY;

/// The commands, but for `quit`.
pub(crate) const COMMANDS: [&str; 8] = ["help", "tasks", "held", "stat", "locks", "classes", "chains", "graph"];
/// How many ticks to wait for a byte.
const PATIENCE: u64 = 1000;

/// Answers commands until `quit`. Returns the commands that came, a bit each; `None` if the line was silent too long.
pub(crate) fn run() -> Option<u32> {
    let mut came = 0;
    print(format_args!("{SHELL_READY}\n"));
    loop {
        let mut line = Text::<64>::new();
        read_line(&mut line)?;
        let command = line.as_str().trim();
        match COMMANDS.iter().position(|known| *known == command) {
            Some(number) => {
                came |= 1 << number;
                print(format_args!("> {command}\n"));
                answer(command);
            }
            None if command == "quit" => return Some(came),
            None if command.is_empty() => {}
            None => print(format_args!("> {command}: not one of {COMMANDS:?}, quit\n")),
        }
    }
}

fn print(text: fmt::Arguments<'_>) {
    console::print::<Machine>(text);
}

/// Reads up to the end of a line; what does not fit is dropped.
fn read_line(line: &mut Text<64>) -> Option<()> {
    let mut due = sched::ticks() + PATIENCE;
    while sched::ticks() < due {
        match Machine::read() {
            Some(b'\n' | b'\r') => return Some(()),
            Some(byte) => {
                due = sched::ticks() + PATIENCE;
                let _ = line.write_char(byte.into());
            }
            None => sched::sleep(1),
        }
    }
    None
}

/// Answers one of [`COMMANDS`].
pub(crate) fn answer(command: &str) {
    match command {
        "tasks" => for_each_task(|number, state| {
            let task = &TABLE[number];
            let (name, id, last) = (task.work().name, &task.id, task.last_cpu.load(Ordering::Relaxed));
            print(format_args!("{name}/{}: {state:?}, CPU {last}\n", id.load(Ordering::Relaxed)));
        }),
        "held" => for_each_task(|number, _| show_held(number)),
        "stat" => {
            print(format_args!("{}", hooks::state().dump()));
            print(format_args!("{COUNTS}\n"));
        }
        "help" => print(format_args!("{COMMANDS:?}, quit\n")),
        other => statistics::answer::<Machine>(other),
    }
}

/// Calls `show` for each task there is, with what it is at this moment.
fn for_each_task(mut show: impl FnMut(usize, State)) {
    for number in 0..TASKS {
        match sched::state_of(number) {
            State::Free => {}
            state => show(number, state),
        }
    }
}

/// Shows what a task holds.
fn show_held(number: usize) {
    let mut text = Text::<1024>::new();
    let task = &TABLE[number];
    let looked = sched::with_parked(number, || {
        let own = Machine::current();
        Machine::set_current(cpu::word_of_context(task.context.get()));
        hooks::for_each_held(&mut |lock| {
            let _ = writeln!(text, "  {lock}");
        });
        Machine::set_current(own);
    });
    let what = match (looked, text.as_str()) {
        (false, _) => "  it runs\n",
        (true, "") => "  nothing\n",
        (true, held) => held,
    };
    print(format_args!("{}/{}:\n{what}", task.work().name, task.id.load(Ordering::Relaxed)));
}
