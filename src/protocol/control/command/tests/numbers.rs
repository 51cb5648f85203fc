// SPDX-License-Identifier: GPL-2.0-only

//! Tests of the commands that set a number.

use super::{error, parse, Command};

#[test]
fn max_head_bytes_is_8192_to_32768() {
    for bytes in [8192, 32_768] {
        let text = format!("max-head-bytes {bytes}");
        assert!(
            matches!(parse(&text), Ok(Command::MaxHeadBytes(n)) if n == bytes),
            "{text}"
        );
    }
    for text in [
        "0", "100", "8191", "32769", "16KiB", "64KiB", "16k", "-9000", "0x4000", "all",
    ] {
        let message = error(&format!("max-head-bytes {text}"));
        assert_eq!(message, format!("line 1: {text:?}: must be 8192 to 32768"));
    }
}
