//! What a reader of a report asks it for: values, slices and views, so that how a report is stored can change.
//!
//! The fields are the crate's own: the engine writes them, the text, `defmt` and the fingerprint read them in place.

use crate::context::{Flags, Toggles};
use crate::lock::last_holder::Overheld;
use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::report::kind::Kind;
use crate::report::policy::FindingId;
use crate::report::{LockView, Path, Reacquired, Report, Step, TaskInfo, UsageConflict};

impl Report {
    /// What was found.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Assertion)
    }

    /// The id of the finding, the same from boot to boot.
    pub fn id(&self) -> FindingId {
        self.id
    }

    /// The task and CPU, or that they are unknown.
    pub fn who(&self) -> TaskInfo {
        self.who.unwrap_or(TaskInfo::UNKNOWN)
    }

    /// The flags of the context in which it happened.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Where these flags last changed.
    pub fn toggles(&self) -> Toggles {
        self.toggles
    }

    /// Where it happened. `None` if unknown, as in the drop of a guard.
    pub fn site(&self) -> Option<Site> {
        self.site
    }

    /// The lock that was being acquired, released or freed, or whose usage changed.
    pub fn lock(&self) -> Option<&LockView> {
        self.lock.as_ref()
    }

    /// The hold that it conflicts with, or where the new dependency starts.
    pub fn held_lock(&self) -> Option<&LockView> {
        self.held_lock.as_ref()
    }

    /// The conflicting usage bits.
    pub fn usage(&self) -> Option<&UsageConflict> {
        self.usage.as_ref()
    }

    /// The new one of the two bits; empty if no usage bit is new.
    pub fn new_usage(&self) -> Usage {
        self.new_usage
    }

    /// For `circular`: from the new lock to the held one. For `irq-order`: from the new lock to the unsafe class. For
    /// `irq-inversion`: between the two classes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For `irq-order`: from the class used in the state to the held lock.
    pub fn path_to_held(&self) -> &Path {
        &self.path_to_held
    }

    /// The wait-type limit that the lock exceeds.
    pub fn limit(&self) -> u8 {
        self.limit
    }

    /// The part of the limit that the context itself sets.
    pub fn context_limit(&self) -> u8 {
        self.context_limit
    }

    /// Set if the lock was not acquired now, but checked again, since a lock below it was released.
    pub fn reacquired(&self) -> Option<Reacquired> {
        self.reacquired
    }

    /// How long the lock was held, for `hold-limit`.
    pub fn overheld(&self) -> Overheld {
        self.overheld
    }

    /// What exactly was wrong, for kinds with several causes.
    pub fn note(&self) -> Option<&'static str> {
        self.note
    }

    /// An earlier finding with the same cause: one change fixes both.
    pub fn same_cause(&self) -> Option<FindingId> {
        self.same_cause
    }

    /// Returns whether the earlier finding has the full report, so that the text of this one is a single line.
    pub fn is_brief(&self) -> bool {
        self.is_brief
    }

    /// The return addresses of the running code, the innermost first, if the port provides them.
    pub fn trace(&self) -> &[usize] {
        &self.trace
    }

    /// What the task held, the oldest first.
    pub fn held(&self) -> &[LockView] {
        &self.held
    }

    /// How many holds are missing from [`held`](Report::held).
    pub fn held_cut(&self) -> usize {
        self.held_cut
    }
}

impl Path {
    /// The dependencies, each from the class where the one before ends: those that fit.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many dependencies are missing: at the beginning, or at the end if [`Path::is_cut_at_end`].
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// Returns whether those that are missing are at the end.
    pub fn is_cut_at_end(&self) -> bool {
        self.cut_at_end
    }
}
