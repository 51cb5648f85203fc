// SPDX-License-Identifier: GPL-2.0-only

//! Tests of fields.

use super::{elements, FieldName, Fields};

fn fields(head: &[u8]) -> Option<Fields<'_>> {
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut request = httparse::Request::new(&mut headers);
    assert!(request.parse(head).unwrap().is_complete());
    let mut fields = Fields::new();
    fields.gather(head, request.headers)?;
    Some(fields)
}

#[test]
fn rfc9110_5_1_field_names_are_case_insensitive() {
    assert_eq!(FieldName::parse(b"hOsT"), Some(FieldName::Host));
    assert_eq!(
        FieldName::parse(b"Transfer-Encoding"),
        Some(FieldName::TransferEncoding)
    );
    assert_eq!(FieldName::parse(b"Transfer_Encoding"), None);
    assert_eq!(FieldName::parse(b"Hosts"), None);
    assert_eq!(FieldName::parse(b""), None);
}

#[test]
fn rfc9110_5_3_repeated_field_yields_all_lines() {
    let fields =
        fields(b"GET / HTTP/1.1\r\nIf-Match: \"a\"\r\nHost: x\r\nif-match:\t\"b\" \r\n\r\n")
            .unwrap();
    let lines: Vec<_> = fields.lines(FieldName::IfMatch).collect();
    assert_eq!(lines, [b"\"a\"", b"\"b\""]);
    assert_eq!(fields.once(FieldName::IfMatch), None);
    assert_eq!(fields.once(FieldName::Host), Some(&b"x"[..]));
    assert!(!fields.has(FieldName::Range));
    assert_eq!(fields.lines(FieldName::Range).count(), 0);
}

#[test]
fn rfc9112_2_2_lone_lf_ends_no_line() {
    for head in [
        "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\n",
        "GET / HTTP/1.1\n\r\n",
        "GET / HTTP/1.1\r\n\n",
    ] {
        assert!(fields(head.as_bytes()).is_none(), "{head:?}");
    }
    assert!(fields(b"GET / HTTP/1.1\r\n\r\n").is_some());
}

#[test]
fn rfc9110_5_6_1_empty_list_elements_are_skipped() {
    let list: Vec<_> = elements(b", a ,,b\t,").collect();
    assert_eq!(list, [b"a", b"b"]);
    assert_eq!(elements(b" , ").count(), 0);
}
