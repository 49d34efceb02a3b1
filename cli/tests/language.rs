//! The parser accepts what the model accepts, and writes back what it read.

use lockdep_cli::parse::parse;

/// What the line says, in a trace where lock `a` and class `A` are known.
fn line(line: &str) -> Result<String, String> {
    let text = format!("trace t\nlock a A\n{line}\n");
    match parse(&text) {
        Ok(traces) => Ok(traces[0].to_string().lines().nth(2).unwrap_or_default().to_string()),
        Err(wrong) => Err(wrong.to_string()),
    }
}

#[test]
fn every_statement_is_read_and_written_back() {
    for statement in [
        "class B",
        "class B wait=sleep",
        "class B wait=free:sleep",
        "lock b B",
        "task T",
        "acquire a",
        "acquire a rread try sub=7 nest=n nocheck",
        "acquire a read",
        "release a",
        "downgrade a",
        "free a",
        "irq-off",
        "irq-on",
        "bh-off",
        "bh-on",
        "hardirq-enter",
        "hardirq-exit",
        "softirq-enter",
        "softirq-exit",
        "reclaim-enter",
        "reclaim-exit",
        "alloc",
        "might-sleep",
        "task-exit",
        "user-return",
        "expect ok",
        "expect unbalanced",
        "expect sleep-atomic @12",
    ] {
        assert_eq!(line(statement).as_deref(), Ok(statement));
    }
}

#[test]
fn several_ways_of_writing_are_one() {
    for (written, read) in [
        ("  acquire\ta\u{a0}try # comment", "acquire a try"),
        ("acquire a nocheck try read sub=0", "acquire a read try nocheck"),
        ("acquire a read rread sub=2 sub=1 nest=x nest=y", "acquire a rread sub=1 nest=y"),
        ("class B wait=none:spin", "class B wait=spin"),
        ("expect circular @007", "expect circular @7"),
        ("task-exit\r", "task-exit"),
        ("acquire\x1ca", "acquire a"),
    ] {
        assert_eq!(line(written).as_deref(), Ok(read), "{written:?}");
    }
    assert_eq!(parse("trace t\racquire a\r\nexpect ok").unwrap()[0].statements.len(), 1, "any end of a line");
}

#[test]
fn what_the_model_refuses_is_refused() {
    for wrong in [
        "acquire",
        "acquire a b",
        "acquire a sub=8",
        "acquire a sub=",
        "acquire a sub=+1",
        "acquire a sub=01",
        "acquire a nest=",
        "acquire a Read",
        "acquire a try try try try try try try try try",
        "release",
        "release a a",
        "irq-on now",
        "class",
        "class B wait=fast",
        "class B wait=spin:",
        "class B spin",
        "class A",
        "lock a B",
        "lock b",
        "lock b B B",
        "task",
        "trace",
        "expect",
        "expect maybe",
        "expect ok @1",
        "expect circular @",
        "expect circular 3",
        "expect circular @3 @4",
        "expect circular @-1",
        "expect rcu",
        "expect undefined",
        "ACQUIRE a",
    ] {
        let refused = line(wrong).expect_err(wrong);
        assert!(refused.starts_with("3: ") && refused.contains("; expected "), "{wrong}: {refused}");
    }
}

#[test]
fn what_is_declared_late_is_refused_and_what_is_not_used_may_be() {
    for (text, line) in [
        ("trace t\nacquire a\nlock a A", 3),
        ("trace t\nacquire a nest=n\nclass n", 3),
        ("trace t\nlock a A\nclass A", 3),
        ("trace t\nclass A\nclass A", 3),
        ("trace t\nexpect ok\nexpect ok", 3),
    ] {
        assert_eq!(parse(text).map_err(|wrong| wrong.line), Err(line), "{text}");
    }
    for text in ["trace t\nrelease a\nlock a A", "trace t\nlock a A\ntrace u\nlock a B", "trace t\ntrace t", "", "# x"]
    {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn the_number_of_an_event_is_one_that_an_event_can_have() {
    let event =
        |at: &str| parse(&format!("trace t\nexpect circular {at}")).map(|traces| traces[0].expect.unwrap().event);
    assert_eq!(event("@18446744073709551615"), Ok(Some(u64::MAX)));
    for (at, says) in [
        ("@18446744073709551616", "beyond the last event"),
        ("@99999999999999999999", "beyond the last event"),
        ("@0", "counted from 1"),
        ("@", "no event"),
        ("@-1", "no event"),
        ("@+1", "no event"),
    ] {
        let wrong = event(at).expect_err(at);
        assert!(wrong.line == 2 && wrong.wrong.contains(at) && wrong.wrong.contains(says), "{wrong}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_start_alone() {
    let traces = parse("\u{feff}trace t\nacquire a\nexpect ok\n").unwrap();
    assert_eq!((traces[0].name.as_str(), traces[0].line), ("t", 1));
    assert!(parse("trace t\n\u{feff}acquire a\n").is_err());
    assert!(parse("\u{feff}\u{feff}trace t\n").is_err());
}
