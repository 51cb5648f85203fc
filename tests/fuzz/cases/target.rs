// SPDX-License-Identifier: GPL-2.0-only

//! Request targets.

use protocol::http::{encode_path, Path, PathBuffer, Scheme, Slashes, SliceWriter, TargetForm};

/// Checks a request target.
pub fn target(bytes: &[u8]) {
    let Ok(TargetForm::Path(target)) = TargetForm::parse(bytes, Scheme::Http) else {
        return;
    };
    let mut buffer = PathBuffer::new();
    let parsed = Path::parse(target.path, &mut buffer, Slashes::Keep);

    // A leading dot segment is removed, whether or not the rest is valid.
    let dotted = [b"/.", target.path].concat();
    let mut other = PathBuffer::new();
    assert_eq!(parsed, Path::parse(&dotted, &mut other, Slashes::Keep));

    let Ok(Some(path)) = parsed else { return };
    let path = path.as_bytes();
    assert_eq!(path, resolve(target.path));
    assert!(path.starts_with(b"/") && path.len() <= target.path.len());
    assert!(!path.iter().any(u8::is_ascii_control));
    let mut segments = path.split(|b| *b == b'/');
    assert!(segments.all(|segment| segment != b"." && segment != b".."));

    let mut room = vec![0; 3 * path.len()];
    let mut writer = SliceWriter::new(&mut room);
    assert_eq!(encode_path(path, &mut writer), Ok(()));
    let length = writer.length();
    let mut again = PathBuffer::new();
    let decoded = Path::parse(&room[..length], &mut again, Slashes::Keep);
    assert_eq!(decoded.map(|path| path.map(Path::as_bytes)), Ok(Some(path)));
}

/// Resolves a well-formed path step by step (RFC 3986 section 5.2.4).
fn resolve(raw: &[u8]) -> Vec<u8> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut segments = raw.split(|b| *b == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let mut name = Vec::new();
        let mut rest = segment;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte != b'%' {
                name.push(*byte);
                continue;
            }
            let digits = std::str::from_utf8(&rest[..2]).expect("digits");
            name.push(u8::from_str_radix(digits, 16).expect("digits"));
            rest = &rest[2..];
        }
        match name.as_slice() {
            b"." => {}
            b".." => drop(names.pop()),
            _ => {
                names.push(name);
                continue;
            }
        }
        if segments.peek().is_none() {
            names.push(Vec::new());
        }
    }
    [b"/".as_slice(), &names.join(&b'/')].concat()
}
