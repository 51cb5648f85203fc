// SPDX-License-Identifier: GPL-2.0-only

//! The part of a site that is looked up while requests are served.
//!
//! A request goes from its origin to a virtual host ([`origin_map`]), from its path to an entry
//! ([`virtual_host`], [`path_index`]), and from the entry to a variant and its content
//! ([`entry`], [`variant`], [`content`]). All of it is filled in while the site is loaded, and
//! nothing changes once the site is published.

pub(super) mod content;
pub(super) mod entry;
pub(super) mod error_page;
pub(super) mod fallback;
pub(super) mod fields;
pub(super) mod hand_over;
mod host_map;
pub(super) mod host_replies;
pub(super) mod metrics_page;
pub(super) mod origin_map;
pub(super) mod path_index;
pub(super) mod path_pattern;
pub(super) mod redirect;
pub(super) mod variant;
pub(super) mod virtual_host;
