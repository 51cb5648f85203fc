// SPDX-License-Identifier: GPL-2.0-only

//! The access log: what is kept of a request, and the line that tells it.
//!
//! ```text
//! received bytes ─► RequestHead ─► LogRecord   copied without being rendered, in softirq
//!                                      │
//! /dev/khttpd-log ◄─ Display ◄─────────┘       rendered when a process reads
//! ```

mod ascii;
mod format;
mod json;
mod line;
mod lost_lines;
mod proxy;
mod record;
mod request_head;

pub use self::{
    format::LogFormat,
    line::LINE_MAX,
    lost_lines::LostLines,
    proxy::last_address,
    record::{
        Ending,
        LogRecord,
        Moment, //
    },
    request_head::RequestHead, //
};
