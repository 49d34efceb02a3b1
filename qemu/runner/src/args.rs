//! The verbs and their options, read from the command line, and the usage text that names them all.
//!
//! An option of another verb, a word that is not known or a value that does not fit is an error with its name in it:
//! nothing is guessed, nothing ignored.

use crate::boards::{BOARDS, Board, Machine};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt as _;
use std::ffi::OsString;
use std::time::Duration;

/// What the person asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Verb {
    Help,
    Setup,
    Boot(BootOptions),
    /// Counts what validation costs; `bless` makes the figures the baseline of the compiler at hand.
    Bench {
        bless: bool,
    },
    Test,
    /// The pages of the crate and the book.
    Docs,
    Clippy,
    Size,
    /// `lockdep replay` with these arguments.
    Replay(Vec<OsString>),
}

/// What `boot` is to boot, and how.
#[derive(Debug, PartialEq)]
pub(crate) struct BootOptions {
    /// Only this board.
    pub(crate) board: Option<&'static Board>,
    /// Only this machine.
    pub(crate) machine: Option<&'static Machine>,
    /// Only with this many CPUs.
    pub(crate) smp: Option<usize>,
    /// Only this live scenario, without the self-tests.
    pub(crate) scenario: Option<&'static str>,
    /// For how long the soak runs.
    pub(crate) minutes: Option<u64>,
    /// Accept the reports as the golden ones.
    pub(crate) bless: bool,
    /// With lock statistics, which the kernel prints at its end.
    pub(crate) stat: bool,
    /// Without the validator: a trial must pass as well.
    pub(crate) off: bool,
    /// Show all output of every run.
    pub(crate) verbose: bool,
    /// Do not show the first run either. No option: `test` boots more than once.
    pub(crate) quiet: bool,
    /// How long a run may take.
    pub(crate) timeout: Duration,
}

impl Default for BootOptions {
    fn default() -> Self {
        Self {
            board: None,
            machine: None,
            smp: None,
            scenario: None,
            minutes: None,
            stat: false,
            off: false,
            bless: false,
            verbose: false,
            quiet: false,
            timeout: Duration::from_secs(60),
        }
    }
}

/// The text for a person who asks for help or mistypes.
pub(crate) fn usage() -> String {
    let boards: Vec<_> = BOARDS.iter().map(|board| board.name).collect();
    let machines: Vec<_> = BOARDS.iter().flat_map(|board| board.machines).map(|machine| machine.name).collect();
    format!(
        "\
Usage: cargo xtask VERB [OPTIONS]

  setup     finds out what is missing to build for the boards and to run them, says so and installs it
  boot      builds the kernel, boots it in QEMU, and judges what it says
              --board NAME      only this board: {boards}
              --machine NAME    only this machine of QEMU: {machines}
              --smp N           only with this many CPUs (without: with 1 and with 2)
              --scenario NAME   only this: {scenarios}
              --minutes N       for how long the soak runs (1)
              --bless           accepts the reports as they are: writes tests/golden/boot/
              --off             without the validator: for a trial
              --stat            with lock statistics, which the kernel prints at its end
              --verbose         shows every line of every run
              --timeout SECONDS how long a run may take (60)
  bench     counts what validation costs, in instructions; compares with benches/musts.txt, and with
            benches/baseline/COMPILER.txt if there is one for the compiler at hand
              --bless           makes the figures that baseline
  replay FILE…
            runs traces through the validator: `lockdep replay`, with its options
  size      prints what the validator takes in memory, for the host and for each target, and compares with the budget
  docs      builds the pages of the crate as docs.rs does, and the book by mdbook; checks all links
  clippy    all lints of all crates, for the host and for the boards, warnings denied
  test      everything: format, lints, MSRV, no_std builds, docs, packages, host tests, all boots, the bench
  help      this text

Environment:
  LOCKDEP_TOOLCHAIN=rustup|debian   builds for the boards this way, whatever else is there
",
        boards = boards.join(", "),
        machines = machines.join(", "),
        scenarios = scenarios().join(", "),
    )
}

/// What may be asked for by name: the live scenarios, the incidents, the trials, and all of the latter two.
fn scenarios() -> Vec<&'static str> {
    let trials = lockdep_proto::TRIALS.iter().chain([&lockdep_proto::ALL_TRIALS]);
    lockdep_proto::SCENARIOS.iter().chain(&lockdep_proto::INCIDENTS).chain(trials).copied().collect()
}

/// Reads the arguments, of which the first is the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Verb, lexopt::Error> {
    let mut parser = lexopt::Parser::from_iter(arguments);
    let verb = match parser.next()? {
        None => return Err("no verb".into()),
        Some(Long("help") | Short('h')) => Verb::Help,
        Some(Value(verb)) => match verb.to_str() {
            Some("help") => Verb::Help,
            Some("setup") => Verb::Setup,
            Some("boot") => return parse_boot(&mut parser),
            Some("bench") => return parse_bench(&mut parser),
            Some("test") => Verb::Test,
            Some("docs") => Verb::Docs,
            Some("clippy") => Verb::Clippy,
            Some("size") => Verb::Size,
            Some("replay") => return Ok(Verb::Replay(parser.raw_args()?.collect())),
            _ => return Err(format!("no such verb: {}", verb.display()).into()),
        },
        Some(other) => return Err(other.unexpected()),
    };
    match parser.next()? {
        None => Ok(verb),
        Some(Long("help") | Short('h')) => Ok(Verb::Help),
        Some(other) => Err(other.unexpected()),
    }
}

/// Reads the options of `boot`.
fn parse_boot(parser: &mut lexopt::Parser) -> Result<Verb, lexopt::Error> {
    let mut options = BootOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Verb::Help),
            Long("bless") => options.bless = true,
            Long("stat") => options.stat = true,
            Long("off") => options.off = true,
            Long("verbose") | Short('v') => options.verbose = true,
            Long("smp") => {
                let smp = parser.value()?.parse()?;
                if !(1..=4).contains(&smp) {
                    return Err(format!("--smp {smp}: the boards run with 1 to 4 CPUs").into());
                }
                options.smp = Some(smp);
            }
            Long("minutes") => options.minutes = Some(parser.value()?.parse()?),
            Long("timeout") => options.timeout = Duration::from_secs(parser.value()?.parse()?),
            Long("board") => {
                let boards = BOARDS.iter().map(|board| (board.name, board));
                options.board = Some(one_of("--board", &parser.value()?.string()?, boards)?);
            }
            Long("machine") => {
                let machines = BOARDS.iter().flat_map(|board| board.machines);
                let machines = machines.map(|machine| (machine.name, machine));
                options.machine = Some(one_of("--machine", &parser.value()?.string()?, machines)?);
            }
            Long("scenario") => {
                let scenarios = scenarios().into_iter().map(|name| (name, name));
                options.scenario = Some(one_of("--scenario", &parser.value()?.string()?, scenarios)?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if let (Some(board), Some(machine)) = (options.board, options.machine)
        && !board.machines.contains(machine)
    {
        return Err(format!("the board {} does not run on the machine {}", board.name, machine.name).into());
    }
    if options.minutes.is_some() && options.scenario != Some(lockdep_proto::SOAK) {
        return Err("--minutes: only with --scenario soak".into());
    }
    let needs = |name| {
        lockdep_proto::TELLINGS.iter().filter(move |telling| telling.incident == name).map(|telling| telling.cpus)
    };
    let least = options.scenario.and_then(|name| needs(name).min());
    if let (Some(least), Some(smp)) = (least, options.smp)
        && smp < least
    {
        return Err(format!("--smp {smp}: this incident needs {least} CPUs").into());
    }
    let is_found = |name: &&str| lockdep_proto::SCENARIOS.contains(name) || lockdep_proto::INCIDENTS.contains(name);
    let is_trial = options.scenario.is_some_and(|name| !is_found(&name));
    if options.off && (options.stat || !is_trial) {
        return Err("--off: only with a trial, and without --stat".into());
    }
    Ok(Verb::Boot(options))
}

/// Reads the options of `bench`.
fn parse_bench(parser: &mut lexopt::Parser) -> Result<Verb, lexopt::Error> {
    let mut bless = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Verb::Help),
            Long("bless") => bless = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(Verb::Bench { bless })
}

/// The thing with this name, or an error that lists the names there are.
fn one_of<T>(option: &str, wanted: &str, things: impl Iterator<Item = (&'static str, T)>) -> Result<T, lexopt::Error> {
    let mut names = Vec::new();
    for (name, thing) in things {
        if name == wanted {
            return Ok(thing);
        }
        names.push(name);
    }
    Err(format!("{option} {wanted}: not one of {}", names.join(", ")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Verb, String> {
        parse(format!("xtask {line}").split_whitespace().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn each_verb_is_understood() {
        assert_eq!(parse_line("setup"), Ok(Verb::Setup));
        assert_eq!(parse_line("test"), Ok(Verb::Test));
        assert_eq!(parse_line("bench"), Ok(Verb::Bench { bless: false }));
        assert_eq!(parse_line("bench --bless"), Ok(Verb::Bench { bless: true }));
        assert_eq!(parse_line("docs"), Ok(Verb::Docs));
        assert_eq!(parse_line("clippy"), Ok(Verb::Clippy));
        assert_eq!(parse_line("size"), Ok(Verb::Size));
        assert_eq!(parse_line("boot"), Ok(Verb::Boot(BootOptions::default())));
        assert_eq!(parse_line("--help"), Ok(Verb::Help));
        assert_eq!(parse_line("boot -h"), Ok(Verb::Help));
    }

    #[test]
    fn the_options_of_boot_are_understood() {
        let line =
            "boot --board q35-x86_64 --machine=microvm --smp 2 --scenario irq --bless --stat --verbose --timeout 5";
        let Ok(Verb::Boot(options)) = parse_line(line) else { panic!("not understood") };
        assert_eq!(options.board.map(|board| board.name), Some("q35-x86_64"));
        assert_eq!(options.machine.map(|machine| machine.name), Some("microvm"));
        assert_eq!((options.smp, options.scenario), (Some(2), Some("irq")));
        assert!(options.bless && options.verbose && options.stat);
        assert_eq!(options.timeout, Duration::from_secs(5));
    }

    #[test]
    fn a_trial_may_be_asked_for_like_a_scenario() {
        for name in ["sched", "locks", "memory", "shell", "all"] {
            let Ok(Verb::Boot(options)) = parse_line(&format!("boot --scenario {name} --smp 4")) else {
                panic!("{name}")
            };
            assert_eq!((options.scenario, options.smp, options.minutes), (Some(name), Some(4), None));
        }
        let Ok(Verb::Boot(options)) = parse_line("boot --scenario soak --minutes 10") else { panic!("not understood") };
        assert_eq!((options.scenario, options.minutes, options.off), (Some("soak"), Some(10), false));
        let Ok(Verb::Boot(options)) = parse_line("boot --scenario all --off") else { panic!("not understood") };
        assert!(options.off);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("", "no verb"),
            ("bot", "bot"),
            ("setup --board q35-x86_64", "--board"),
            ("test all", "all"),
            ("boot --board pc", "virt-aarch64, q35-x86_64"),
            ("boot --scenario dinner", "abba"),
            ("boot --smp 0", "1 to 4 CPUs"),
            ("boot --smp two", "two"),
            ("boot --smp 5", "1 to 4 CPUs"),
            ("boot --scenario sched --minutes 1", "soak"),
            ("boot --scenario abba --off", "only with a trial"),
            ("boot --scenario hugetlbfs --off", "only with a trial"),
            ("boot --scenario stale-cpu --smp 1", "needs 2 CPUs"),
            ("boot --scenario sched --off --stat", "--off"),
            ("boot --smp", "--smp"),
            ("boot --board virt-aarch64 --machine microvm", "does not run on"),
            ("boot --bless=yes", "yes"),
            ("bench --accept", "--accept"),
        ] {
            let error = parse_line(line).expect_err(line);
            assert!(error.contains(named), "{line}: {error}");
        }
    }

    #[test]
    fn the_usage_names_each_verb_and_option() {
        let usage = usage();
        let verbs = ["setup", "boot", "bench", "COMPILER.txt", "size", "docs", "clippy", "test", "help"];
        for word in verbs.into_iter().chain(["--board", "--machine", "--smp", "--scenario"]) {
            assert!(usage.contains(word), "{word}");
        }
        for word in ["--bless", "--verbose", "--timeout", "LOCKDEP_TOOLCHAIN", "virt-aarch64", "microvm", "abba"] {
            assert!(usage.contains(word), "{word}");
        }
    }
}
