// SPDX-License-Identifier: GPL-2.0-only

//! Content codings and their negotiation (RFC 9110 sections 8.4.1 and 12.5.3).

use super::{
    field::elements,
    weight::Weight, //
};

/// How the content of a representation is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 9110 section 8.4.1.3.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// Every coding, the one this server likes best first: among codings that a client likes
    /// equally well, that is the one that makes a text smallest.
    pub const ALL: [Coding; 4] = [Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity];

    /// The name in `Content-Encoding`.
    pub const fn name(self) -> &'static [u8] {
        match self {
            Coding::Identity => b"identity",
            Coding::Gzip => b"gzip",
            Coding::Zstd => b"zstd",
            Coding::Brotli => b"br",
        }
    }

    /// FieldNames are case-insensitive; `x-gzip` is an old name of gzip.
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

/// The codings in which a resource is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Codings(u8);

impl Codings {
    /// Only the identity.
    pub const IDENTITY: Codings = Codings(Coding::Identity.bit());

    /// These codings and one more.
    #[must_use]
    pub const fn with(self, coding: Coding) -> Codings {
        Codings(self.0 | coding.bit())
    }

    /// Whether `coding` is one of them.
    #[inline]
    pub const fn contain(self, coding: Coding) -> bool {
        self.0 & coding.bit() != 0
    }

    /// Whether a client has a choice, so that each reply must carry `Vary: Accept-Encoding`.
    #[inline]
    pub const fn vary(self) -> bool {
        self.0.count_ones() > 1
    }
}

/// What a client thinks of each coding.
#[derive(Clone, Copy, Default)]
struct Preferences {
    listed: [Option<Weight>; Coding::ALL.len()],
    any: Option<Weight>,
}

impl Preferences {
    fn note(&mut self, element: &[u8]) {
        let (name, quality) = Weight::split(element);
        // A member with a weight that is none can't be weighed.
        let Some(quality) = quality else { return };
        if name == b"*" {
            self.any = self.any.or(Some(quality));
        } else if let Some(slot) =
            Coding::parse(name).and_then(|coding| self.listed.get_mut(coding as usize))
        {
            *slot = slot.or(Some(quality));
        }
    }

    /// The identity is acceptable unless it was excluded, but it is liked least when nothing was
    /// said of it.
    fn of(&self, coding: Coding) -> Weight {
        let unsaid = if coding == Coding::Identity {
            Weight::LEAST
        } else {
            Weight::NONE
        };
        self.listed
            .get(coding as usize)
            .copied()
            .flatten()
            .or(self.any)
            .unwrap_or(unsaid)
    }
}

/// Chooses among `available` by the lines of `Accept-Encoding`; [`None`] when nothing is acceptable
/// (406).
///
/// Without such a field every coding is acceptable, and the identity is what everybody understands.
pub fn choose<'b>(
    lines: impl Iterator<Item = &'b [u8]> + Clone,
    available: Codings,
) -> Option<Coding> {
    // Without a weight nothing is excluded, and a resource of one coding leaves nothing to weigh.
    if available == Codings::IDENTITY && !lines.clone().any(|line| line.contains(&b';')) {
        return Some(Coding::Identity);
    }
    let mut wishes = Preferences::default();
    let mut said = false;
    for line in lines {
        said = true;
        elements(line).for_each(|element| wishes.note(element));
    }
    if !said && available.contain(Coding::Identity) {
        return Some(Coding::Identity);
    }
    let mut best = None;
    for coding in Coding::ALL
        .into_iter()
        .filter(|coding| available.contain(*coding))
    {
        let quality = wishes.of(coding);
        if quality > best.map_or(Weight::NONE, |(best, _)| best) {
            best = Some((quality, coding));
        }
    }
    best.map(|(_, coding)| coding)
}

#[cfg(test)]
mod tests {
    use super::{choose, Coding, Codings};

    const ALL: Codings = Codings::IDENTITY
        .with(Coding::Gzip)
        .with(Coding::Zstd)
        .with(Coding::Brotli);
    const GZIP: Codings = Codings::IDENTITY.with(Coding::Gzip);

    fn of(value: &str, available: Codings) -> Option<Coding> {
        choose([value.as_bytes()].into_iter(), available)
    }

    #[test]
    fn rfc9110_12_5_3_no_field_means_identity() {
        assert_eq!(choose([].into_iter(), ALL), Some(Coding::Identity));
    }

    #[test]
    fn rfc9110_12_5_3_accept_encoding() {
        for (value, all, gzip, identity) in [
            (
                "",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "gzip",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "GZip",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "x-gzip",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "gzip, deflate, br, zstd",
                Some(Coding::Brotli),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "gzip, zstd",
                Some(Coding::Zstd),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "gzip;q=1.0, br;q=0.5",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "gzip ; Q=0.001",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "gzip;q=0",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "gzip;q=0.5, identity",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "identity;q=0.5, gzip;q=0.5",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "*",
                Some(Coding::Brotli),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            (
                "br;q=0, *;q=0.1",
                Some(Coding::Zstd),
                Some(Coding::Gzip),
                Some(Coding::Identity),
            ),
            ("identity;q=0", None, None, None),
            ("*;q=0", None, None, None),
            (
                "*;q=0, identity;q=0.1",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "identity;q=0, *",
                Some(Coding::Brotli),
                Some(Coding::Gzip),
                None,
            ),
            (
                "identity;q=0, gzip",
                Some(Coding::Gzip),
                Some(Coding::Gzip),
                None,
            ),
            ("*;q=0, br", Some(Coding::Brotli), None, None),
            (
                "deflate",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "gzip;q=2",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "identity;q=x",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
            (
                "gzip;q=0, gzip",
                Some(Coding::Identity),
                Some(Coding::Identity),
                Some(Coding::Identity),
            ),
        ] {
            assert_eq!(of(value, ALL), all, "{value}");
            assert_eq!(of(value, GZIP), gzip, "{value}");
            assert_eq!(of(value, Codings::IDENTITY), identity, "{value}");
        }
    }

    #[test]
    fn rfc9110_5_3_lines_are_one_list() {
        assert_eq!(
            choose([&b"br;q=0"[..], b"*"].into_iter(), ALL),
            Some(Coding::Zstd)
        );
    }
}
