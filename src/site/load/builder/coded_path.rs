// SPDX-License-Identifier: GPL-2.0-only

//! The suffixes of files in a content coding.

use protocol::http::Coding;

/// Content codings and the suffixes of files in them.
pub(super) const CODING_SUFFIXES: [(Coding, &[u8]); 3] = [
    (Coding::Gzip, b".gz"),
    (Coding::Brotli, b".br"),
    (Coding::Zstd, b".zst"),
];

/// The suffix of images whose content is always in gzip.
const GZIP_IMAGE: &[u8] = b".svgz";

/// Returns the coding of the content of a file, which has nothing to do with variants.
pub(super) fn own_coding(path: &[u8]) -> Coding {
    if path.ends_with(GZIP_IMAGE) {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// Returns the path of which the file at `path` is a variant, if its suffix says so.
pub(super) fn stem(path: &[u8]) -> Option<&[u8]> {
    let mut stems = CODING_SUFFIXES
        .iter()
        .filter_map(|(_, suffix)| path.strip_suffix(*suffix));
    let stem = stems.next()?;
    (!stem.ends_with(b"/")).then_some(stem)
}
