// SPDX-License-Identifier: GPL-2.0-only

//! Checks that a stream consists of responses, whatever was sent.

/// The statuses that may occur.
const STATUSES: &[u16] = &[
    200, 206, 301, 304, 400, 404, 405, 408, 412, 413, 414, 416, 417, 421, 431, 501, 505,
];

/// Checks the bytes received on a connection and counts the responses. `whole`: the server has
/// closed after the last one.
///
/// # Errors
///
/// Describes the error in the stream.
pub(crate) fn check(mut bytes: &[u8], whole: bool) -> Result<usize, String> {
    let mut count = 0;
    while !bytes.is_empty() {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return cut(whole, count, "a head without an end");
        };
        let (head, rest) = bytes.split_at(end + 4);
        let (status, length) = check_head(head)?;
        bytes = match length {
            // The request may have been a HEAD: no content begins like a response.
            Some(_) if status == 304 || rest.is_empty() || rest.starts_with(b"HTTP/1.1 ") => rest,
            Some(length) if length > rest.len() => {
                return cut(whole, count, "a body without an end")
            }
            Some(length) => &rest[length..],
            None if status == 304 => rest,
            None => return Err(format!("{status} without Content-Length")),
        };
        count += 1;
    }
    Ok(count)
}

fn cut(whole: bool, count: usize, what: &str) -> Result<usize, String> {
    match whole {
        true => Err(what.into()),
        false => Ok(count),
    }
}

/// Returns the status, and the content length if there is one.
fn check_head(head: &[u8]) -> Result<(u16, Option<usize>), String> {
    let text = std::str::from_utf8(head).map_err(|_| format!("not UTF-8: {head:?}"))?;
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .filter(|status| STATUSES.contains(status))
        .ok_or_else(|| format!("a status line of {first:?}"))?;
    let mut length = None;
    let mut has_date = false;
    for line in lines {
        let (name, value) = line
            .split_once(": ")
            .filter(|(name, value)| is_token(name) && is_value(value))
            .ok_or_else(|| format!("a field line of {line:?}"))?;
        match name {
            "Date" => has_date = true,
            "Content-Length" if length.is_some() => return Err("two of Content-Length".into()),
            "Content-Length" => {
                length = Some(
                    value
                        .parse()
                        .map_err(|_| format!("Content-Length {value:?}"))?,
                );
            }
            "Transfer-Encoding" => return Err(format!("Transfer-Encoding {value:?}")),
            _ => (),
        }
    }
    match has_date {
        true => Ok((status, length)),
        false => Err(format!("{status} without Date")),
    }
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_value(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

#[test]
fn malformed_responses_are_found() {
    let good = "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 2\r\n\r\nab";
    let head = &good[..good.len() - 2];
    assert_eq!(check(good.as_bytes(), true), Ok(1));
    assert_eq!(check(format!("{head}{good}").as_bytes(), true), Ok(2));
    assert_eq!(check(good[..good.len() - 1].as_bytes(), false), Ok(0));
    for wrong in [
        good[..good.len() - 1].into(),
        head[..head.len() - 1].into(),
        format!("{good}c"),
        format!("a{good}"),
        good.replace("200", "500"),
        good.replace("Date: now\r\n", ""),
        good.replace("Content-Length: 2", "X: y"),
        good.replace("now", "n\x01w"),
        good.replace(
            "Content-Length: 2",
            "Content-Length: 2\r\nContent-Length: 2",
        ),
    ] {
        assert!(check(wrong.as_bytes(), true).is_err(), "{wrong:?}");
    }
}
