//! Builds nothing. Cargo demands a build script of a package with the key `links`, by which it refuses to build two
//! versions, or two copies, of this crate into one program: see `src/symbol.rs`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
