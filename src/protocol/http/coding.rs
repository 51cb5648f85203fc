// SPDX-License-Identifier: GPL-2.0-only

//! Content codings and their negotiation (RFC 9110 sections 8.4.1 and 12.5.3).

use super::{
    field::elements,
    weight::Weight, //
};

/// A content coding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// No coding.
    Identity,
    /// RFC 9110 section 8.4.1.3.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// All codings, in the server's order of preference, which decides between equal weights: the
    /// coding that typically makes a text smallest comes first.
    pub const ALL: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];

    /// Returns the name in `Content-Encoding`.
    pub const fn name(self) -> &'static [u8] {
        match self {
            Coding::Identity => b"identity",
            Coding::Gzip => b"gzip",
            Coding::Zstd => b"zstd",
            Coding::Brotli => b"br",
        }
    }

    /// Parses a name. Names are case-insensitive; `x-gzip` is an old name of gzip.
    fn parse(name: &[u8]) -> Option<Coding> {
        if name.eq_ignore_ascii_case(b"x-gzip") {
            return Some(Coding::Gzip);
        }
        Coding::ALL
            .into_iter()
            .find(|coding| name.eq_ignore_ascii_case(coding.name()))
    }

    const fn bit(self) -> u8 {
        match self {
            Coding::Identity => 1,
            Coding::Gzip => 2,
            Coding::Zstd => 4,
            Coding::Brotli => 8,
        }
    }
}

/// A set of codings, in which a resource is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Codings(u8);

impl Codings {
    /// Only the identity.
    pub const IDENTITY: Codings = Codings(Coding::Identity.bit());

    /// Adds a coding.
    #[must_use]
    pub const fn with(self, coding: Coding) -> Codings {
        Codings(self.0 | coding.bit())
    }

    /// Returns whether `coding` is one of them.
    #[inline]
    pub const fn contains(self, coding: Coding) -> bool {
        self.0 & coding.bit() != 0
    }

    /// Returns one of them.
    pub(super) fn any(self) -> Option<Coding> {
        Coding::ALL
            .into_iter()
            .find(|coding| self.contains(*coding))
    }

    /// Returns whether there are others than the identity, so that `Accept-Encoding` matters and
    /// every response needs `Vary: Accept-Encoding`.
    #[inline]
    pub const fn vary(self) -> bool {
        self.0 & !Self::IDENTITY.0 != 0
    }
}

/// The weights that a client gives to codings.
#[derive(Clone, Copy, Default)]
struct Preferences {
    listed: [Option<Weight>; Coding::ALL.len()],
    /// Weight of `*`.
    others: Option<Weight>,
}

impl Preferences {
    /// Adds an element of `Accept-Encoding`; the first one for a coding counts.
    fn add(&mut self, element: &[u8]) {
        let (name, weight) = Weight::split(element);
        // An element with a malformed weight is ignored.
        let Some(weight) = weight else { return };
        if name == b"*" {
            self.others = self.others.or(Some(weight));
        } else if let Some(listed) =
            Coding::parse(name).and_then(|coding| self.listed.get_mut(coding as usize))
        {
            *listed = listed.or(Some(weight));
        }
    }

    /// Returns the weight of a coding. The identity is acceptable unless it is excluded, but has
    /// the least weight if the client does not mention it.
    fn of(&self, coding: Coding) -> Weight {
        let unlisted = if coding == Coding::Identity {
            Weight::LEAST
        } else {
            Weight::NONE
        };
        self.listed
            .get(coding as usize)
            .copied()
            .flatten()
            .or(self.others)
            .unwrap_or(unlisted)
    }
}

/// Chooses one of the `available` codings by the lines of `Accept-Encoding`. Returns [`None`] if
/// none is acceptable (406).
///
/// Without such a field every coding is acceptable; the identity is the one that every client
/// understands, and the only one that is chosen then.
///
/// # Examples
///
/// ```
/// use protocol::http::{choose_coding, Coding, Codings};
///
/// let stored = Codings::IDENTITY.with(Coding::Gzip);
/// let choose = |value: &'static [u8]| choose_coding([value].into_iter(), stored);
/// assert_eq!(choose(b"gzip, br"), Some(Coding::Gzip));
/// assert_eq!(choose(b"br"), Some(Coding::Identity));
/// assert_eq!(choose(b"br, *;q=0"), None);
/// ```
pub fn choose<'b>(
    lines: impl Iterator<Item = &'b [u8]> + Clone,
    available: Codings,
) -> Option<Coding> {
    // Without a weight nothing is excluded, and a single coding leaves no choice.
    if available == Codings::IDENTITY && !lines.clone().any(|line| line.contains(&b';')) {
        return Some(Coding::Identity);
    }
    let mut preferences = Preferences::default();
    let mut is_present = false;
    for line in lines {
        is_present = true;
        elements(line).for_each(|element| preferences.add(element));
    }
    if !is_present && available.contains(Coding::Identity) {
        return Some(Coding::Identity);
    }
    let mut best = None;
    for coding in Coding::ALL
        .into_iter()
        .filter(|coding| available.contains(*coding))
    {
        let weight = preferences.of(coding);
        if weight > best.map_or(Weight::NONE, |(best, _)| best) {
            best = Some((weight, coding));
        }
    }
    best.map(|(_, coding)| coding)
}

#[cfg(test)]
mod tests;
