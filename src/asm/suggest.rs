//! What was probably meant.

use super::mnemonic::Mnemonic;

/// The mnemonic that is most like this one, if one is like it at all.
pub(super) fn nearest(mnemonic: &str) -> Option<&'static str> {
    let known = Mnemonic::all().map(|own| (own.name, own.name));
    most_like(&mnemonic.to_lowercase(), known)
}

/// What has the name that is most like this one, if one is like it at all.
pub(super) fn most_like<'n, T>(text: &str, names: impl Iterator<Item = (&'n str, T)>) -> Option<T> {
    // Comparing takes quadratic time, and no mnemonic is this long.
    const MOST_BYTES: usize = 64;
    // Of 1: `psuh`, `ad`, `multiply` and `poop` are above it, `sub` and `dup` below.
    const ENOUGH: f64 = 0.75;
    if text.len() > MOST_BYTES {
        return None;
    }
    names
        .filter(|(name, _)| name.len() <= MOST_BYTES)
        .map(|(name, own)| (strsim::jaro_winkler(text, name), name, own))
        .filter(|(likeness, ..)| *likeness > ENOUGH)
        .max_by(|(one, a, _), (other, b, _)| one.total_cmp(other).then(b.cmp(a)))
        .map(|(_, _, own)| own)
}
