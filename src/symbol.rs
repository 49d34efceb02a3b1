//! The names of the link-time symbols that `hooks` and `stat` call and `port!` defines.
//!
//! Invariants:
//! - A name contains the version of this crate. The argument layout belongs to one version, so the `port!` of one
//!   version must never answer the calls of another: instead the linker misses a symbol.
//! - A name contains what the linker's message should tell the reader: no crate of the program has a `port!`.
//! - The names of a build without `validate` begin with `off_`, since those functions have other signatures.
//!
//! What it does not do: keep cargo from building two versions or two copies into one program. `links` in `Cargo.toml`
//! does that; the names are for programs that are linked without cargo, and for a forgotten `port!`.

/// The name of a symbol. The version is written out, since `env!` would give the version of the crate in which `port!`
/// is expanded; the assertion below compares it.
#[doc(hidden)]
#[macro_export]
macro_rules! __symbol {
    ($function:literal) => {
        ::core::concat!("__lockdep_0_1_0_", $function, "__write_lockdep_port_macro")
    };
}

const _: () = assert!(
    is_named_after("__lockdep_", __symbol!("").as_bytes(), env!("CARGO_PKG_VERSION").as_bytes()),
    "`__symbol!` names another version than Cargo.toml: write this one there, with `_` for what is no letter or digit"
);

/// Returns whether a symbol continues after the prefix with the version and then `_`.
const fn is_named_after(prefix: &str, symbol: &[u8], version: &[u8]) -> bool {
    let (_, symbol) = symbol.split_at(prefix.len());
    let mut i = 0;
    while i < version.len() {
        let expected = if version[i].is_ascii_alphanumeric() { version[i] } else { b'_' };
        if symbol[i] != expected {
            return false;
        }
        i += 1;
    }
    symbol[i] == b'_'
}

#[cfg(test)]
mod tests {
    use super::is_named_after;

    #[test]
    fn a_symbol_of_another_version_is_told_apart() {
        let is = |symbol: &str, version: &str| is_named_after("__lockdep_", symbol.as_bytes(), version.as_bytes());
        assert!(is("__lockdep_0_1_0_acquire", "0.1.0"));
        assert!(is("__lockdep_1_0_0_rc_1_acquire", "1.0.0-rc.1"));
        for other in ["0.1.1", "0.2.0", "0.1.0-rc.1", "0.1.00"] {
            assert!(!is("__lockdep_0_1_0_acquire", other), "{other}");
        }
    }
}
