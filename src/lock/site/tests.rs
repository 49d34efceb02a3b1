//! Tests which part of a path counts, and that it is the same on every machine.

use super::*;

#[test]
fn two_columns_of_one_line_are_two_sites() {
    let (a, b) = (Site::caller(), Site::caller());
    assert_ne!(a, b);
    assert_ne!(a.hash(), b.hash());
    assert!(!a.is_in_library());
}

#[test]
fn a_line_of_the_library_is_no_site() {
    let sites: [Site; 1] = [()].map(|()| Site::caller());
    assert!(!sites[0].is_in_library(), "a closure of ours is our line");
    let through = [(); 1].map(construct);
    assert!(through[0].is_in_library(), "a function handed to the library is called from there");
}

#[track_caller]
fn construct((): ()) -> Site {
    Site::caller()
}

/// The hashed part of a path.
fn hashed(file: &'static str) -> String {
    let bytes: Vec<u8> = CratePath::of(file).bytes().collect();
    String::from_utf8(bytes).expect("whole names are cut off")
}

#[test]
fn a_path_counts_from_the_directory_of_its_crate_on() {
    for (file, path) in [
        ("/home/x/.cargo/registry/src/index.crates.io-6f17d22bba15001f/name-1.2.3/src/lib.rs", "name-1.2.3/src/lib.rs"),
        ("/cargo/registry/src/github.com-1ecc6299db9ec823/name-1.2.3/lib.rs", "name-1.2.3/lib.rs"),
        ("/home/x/.cargo/git/checkouts/spin-rs-0a1b2c3d4e5f6789/5be8a2e/src/mutex.rs", "spin-rs/src/mutex.rs"),
        ("/home/x/.cargo/git/checkouts/os-0a1b2c3d4e5f6789/5be8a2e/kernel/src/a.rs", "os/kernel/src/a.rs"),
        ("/p/target/debug/build/lockdep-cli-0a1b2c3d4e5f6789/out/sites.rs", "lockdep-cli/sites.rs"),
        ("/p/target/debug/build/lockdep-cli/0a1b2c3d4e5f6789/out/sites.rs", "lockdep-cli/sites.rs"),
        ("/home/me/proj/driver/src/uart.rs", "driver/src/uart.rs"),
        ("/home/me/src/proj/driver/src/bus/uart.rs", "driver/src/bus/uart.rs"),
        ("/home/me/driver/tests/support/port/../plain.rs", "driver/tests/support/port/../plain.rs"),
        ("/home/me/driver/src/tests/uart.rs", "driver/src/tests/uart.rs"),
        ("/home/me/driver/examples/uart.rs", "driver/examples/uart.rs"),
        ("/home/me/driver/uart.rs", "driver/uart.rs"),
        ("/src/main.rs", "src/main.rs"),
        ("/main.rs", "main.rs"),
        ("/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/cell.rs", "core/src/cell.rs"),
        ("qemu/kernel/src/live.rs", "qemu/kernel/src/live.rs"),
        ("src/main.rs", "src/main.rs"),
        ("tests/support/port/../plain.rs", "tests/support/port/../plain.rs"),
        (
            "C:\\Users\\me\\.cargo\\registry\\src\\index.crates.io-6f17\\name-1.2.3\\src\\lib.rs",
            "name-1.2.3/src/lib.rs",
        ),
        ("C:\\proj\\driver\\src\\uart.rs", "driver/src/uart.rs"),
        ("kernel\\src\\live.rs", "kernel/src/live.rs"),
        ("", ""),
        ("/", ""),
    ] {
        assert_eq!(hashed(file), path, "{file}");
        let shown = CratePath::of(file).to_string();
        assert_eq!(shown.replace('\\', "/"), path, "{file}: what is shown is what is hashed");
    }
}

#[test]
fn the_library_is_known_on_every_machine() {
    for (file, is) in [
        ("/rustc/59807616/library/core/src/array/mod.rs", true),
        ("/rustc/59807616\\library\\core\\src\\array\\mod.rs", true),
        ("/home/me/.rustup/toolchains/x/lib/rustlib/src/rust/library/alloc/src/vec/mod.rs", true),
        ("C:\\rust\\lib\\rustlib\\src\\rust\\library\\std\\src\\sync\\mutex.rs", true),
        ("/home/me/rustc/src/main.rs", false),
        ("library/core/src/lib.rs", false),
    ] {
        assert_eq!(is_absolute(file.as_bytes()) && is_of_library(file.as_bytes()), is, "{file}");
    }
}

#[test]
fn the_end_of_a_path_is_whole_names_with_either_separator() {
    let path = CratePath::of("/c/git/checkouts/os-0a1b2c3d4e5f6789/5be8a2e/kernel/src/a.rs");
    for (end, is) in [
        ("os/kernel/src/a.rs", true),
        ("kernel/src/a.rs", true),
        ("src\\a.rs", true),
        ("", false),
        ("ernel/src/a.rs", false),
        ("5be8a2e/kernel/src/a.rs", false),
        ("x/os/kernel/src/a.rs", false),
    ] {
        assert_eq!(path.ends_with(end.as_bytes()), is, "{end}");
    }
}

#[test]
fn a_path_is_cut_at_compile_time() {
    const LINE: Site = Site::caller();
    const HASH: u64 = LINE.hash();
    assert_eq!(HASH, LINE.hash());
}
