//! `Cargo.toml` asks nothing of a kernel that it does not use.

const MANIFEST: &str = include_str!("../Cargo.toml");

/// The old resolver, which a kernel of edition 2018 has, merges the features that are asked for by what is for other targets:
/// `log` with `std`, say, in a kernel that has `log` itself. What is optional it leaves out.
#[test]
fn what_is_for_another_target_is_optional() {
    let mut lines = MANIFEST.lines();
    let mut seen = 0;
    while let Some(line) = lines.next() {
        if line.starts_with("[target.") {
            for dependency in lines.by_ref().take_while(|line| !line.is_empty()) {
                seen += 1;
                assert!(
                    dependency.contains("optional = true"),
                    "`{dependency}` is in every kernel's lock file and features"
                );
            }
        }
    }
    assert_eq!(seen, 1, "loom was looked at");
}
