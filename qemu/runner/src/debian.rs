//! Debian's packages: which are missing, and installing them.
//!
//! Nothing is fetched, not even the lists of packages, before something is known to be missing; and what is about to
//! be done is said before it is done. Works as root or through a `sudo` that asks no password; otherwise the error
//! names the commands for the person.

use crate::process::{ask, command, shown, succeed};
use anyhow::{Result, bail};
use std::process::Command;

/// What the way "debian" of [`crate::toolchain`] needs.
pub(crate) const RUST_PACKAGES: &[&str] =
    &["rustc-web", "cargo-web", "rust-web-src", "libstd-rust-web-dev", "rust-web-clippy", "lld"];

/// Those of these packages that are not installed. Without dpkg, all of them.
pub(crate) fn missing(packages: &[&'static str]) -> Vec<&'static str> {
    // dpkg-query fails when it knows nothing of one of them, and lists the others all the same.
    let listed = command("dpkg-query").args(["-W", "-f", "${Package} ${db:Status-Status}\n"]).args(packages).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    not_listed(&listed, packages)
}

/// Those of the packages that a list of `NAME STATUS` lines does not have as installed.
fn not_listed(listed: &str, packages: &[&'static str]) -> Vec<&'static str> {
    let installed = |package: &str| listed.lines().any(|line| line.strip_prefix(package) == Some(" installed"));
    packages.iter().copied().filter(|package| !installed(package)).collect()
}

/// Installs these packages. `purpose` is printed as the reason.
pub(crate) fn install(packages: &[&str], purpose: &str) -> Result<()> {
    let by_hand = by_hand(packages);
    if ask(command("apt-get").arg("--version")).is_none() {
        bail!("{purpose}: missing, and there is no apt-get here to install it. On Debian it would be:\n{by_hand}");
    }
    let Some(privilege) = Privilege::find() else {
        bail!("{purpose}: missing, and installing it takes root. Please run:\n{by_hand}");
    };
    println!("setup: {purpose}: missing, installing {}", packages.join(" "));
    let [mut update, mut install] = steps(privilege, packages);
    println!("setup: {}", shown(&update));
    if let Err(error) = succeed(&mut update) {
        // One source that is gone fails all; what we want may be in another, or in older lists.
        println!("setup: {error:#}; trying with the lists that are there");
    }
    println!("setup: {}", shown(&install));
    if let Err(error) = succeed(&mut install) {
        bail!("{purpose}: cannot be installed: {error:#}. Once apt-get works, run again, or by hand:\n{by_hand}");
    }
    Ok(())
}

/// The commands by which a person installs these packages: with `sudo` only where there is one, and where it is needed.
pub(crate) fn by_hand(packages: &[&str]) -> String {
    let has_sudo = ask(command("sudo").arg("--version")).is_some();
    by_hand_as(if has_sudo && !is_root() { Privilege::Sudo } else { Privilege::Root }, packages)
}

fn by_hand_as(privilege: Privilege, packages: &[&str]) -> String {
    steps(privilege, packages).map(|step| format!("    {}", shown(&step).replace("sudo -n", "sudo"))).join("\n")
}

fn is_root() -> bool {
    ask(command("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

/// How commands run as root.
#[derive(Clone, Copy)]
enum Privilege {
    Root,
    Sudo,
}

impl Privilege {
    fn find() -> Option<Self> {
        if is_root() {
            return Some(Self::Root);
        }
        ask(command("sudo").args(["-n", "true"])).map(|_| Self::Sudo)
    }

    /// Debconf must ask nothing: `sudo` drops the variable, so `env` sets it behind.
    fn apt_get(self) -> Command {
        let mut apt_get = match self {
            Self::Root => command("env"),
            Self::Sudo => {
                let mut sudo = command("sudo");
                sudo.args(["-n", "env"]);
                sudo
            }
        };
        // Another apt may be running, as after the boot of a fresh machine.
        apt_get.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]);
        apt_get
    }
}

/// First the lists, which are empty on a fresh machine, then the packages.
fn steps(privilege: Privilege, packages: &[&str]) -> [Command; 2] {
    let mut update = privilege.apt_get();
    update.args(["update", "--quiet"]);
    let mut install = privilege.apt_get();
    install.args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages);
    [update, install]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wholly_installed_counts() {
        let listed = "lld installed\nrustc-web config-files\nlld-14 installed\n";
        assert_eq!(not_listed(listed, &["rustc-web", "lld", "cargo-web"]), ["rustc-web", "cargo-web"]);
        assert_eq!(not_listed("", &["lld"]), ["lld"]);
    }

    #[test]
    fn the_person_gets_whole_commands() {
        const APT: &str = "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120";
        let update = format!("{APT} update --quiet");
        let install = format!("{APT} install --quiet --yes --no-install-recommends lld");
        assert_eq!(by_hand_as(Privilege::Root, &["lld"]), format!("    {update}\n    {install}"));
        assert_eq!(by_hand_as(Privilege::Sudo, &["lld"]), format!("    sudo {update}\n    sudo {install}"));
    }
}
