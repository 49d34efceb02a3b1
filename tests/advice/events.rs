use lockdep::report::Kind;
pub(crate) const KINDS: &[Kind] = &[];
