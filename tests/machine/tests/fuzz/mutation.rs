// SPDX-License-Identifier: GPL-2.0-only

//! Mutated requests.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::random::Random;
use crate::common::Result;

/// Longest input. It exceeds the limit of a head.
const INPUT_MAX: usize = 20_000;

/// Source of the inputs: the corpus and dictionary of the host's fuzzers.
pub(crate) struct Corpus {
    requests: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Corpus {
    pub(crate) fn load() -> Result<Self> {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let mut requests = Vec::new();
        for path in files(&fuzz.join("corpus/session"))? {
            let bytes = fs::read(path)?;
            // The first line tells the fuzzer how to cut the input.
            let begin = bytes.iter().position(|byte| *byte == b'\n');
            requests.push(bytes[begin.map_or(0, |at| at + 1)..].to_vec());
        }
        for path in files(&fuzz.join("corpus/head"))? {
            requests.push(fs::read(path)?);
        }
        for path in files(&fuzz.join("corpus/chunked"))? {
            let mut request =
                b"POST /hello.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    .to_vec();
            request.extend(fs::read(path)?);
            requests.push(request);
        }
        requests.extend(PLAIN.iter().map(|text| text.as_bytes().to_vec()));
        let dictionary = fs::read_to_string(fuzz.join("http.dict"))?;
        let words = dictionary.lines().filter_map(word).collect();
        Ok(Self { requests, words })
    }

    /// Returns a series of requests, most of them mutated.
    pub(crate) fn input(&self, random: &mut Random) -> Vec<u8> {
        let mut input = Vec::new();
        for _ in 0..=random.below(3) {
            let mut request = random.choose(&self.requests).clone();
            if !random.once_in(4) {
                for _ in 0..=random.below(5) {
                    self.change(random, &mut request);
                }
            }
            input.extend(request);
        }
        input.truncate(INPUT_MAX);
        input
    }

    /// Applies a random change.
    fn change(&self, random: &mut Random, bytes: &mut Vec<u8>) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(30)).min(bytes.len());
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = *random.choose(b"\0\r\n \t:,;/%\x7f\xff0G"),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let copy = bytes[at..end].to_vec();
                let most = if random.once_in(8) { 400 } else { 4 };
                let times = 1 + random.below(most);
                bytes.splice(at..at, copy.repeat(times));
            }
            4 | 5 => drop(bytes.splice(at..at, random.choose(&self.words).iter().copied())),
            6 => drop(bytes.splice(at..end, random.choose(&self.words).iter().copied())),
            7 => {
                let other = random.choose(&self.requests);
                let from = random.below(other.len() + 1);
                bytes.splice(at.., other[from..].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
}

/// Requests that are valid.
const PLAIN: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=5-70000\r\n\r\n",
    "GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9, 70000-70009, -10\r\n\r\n",
    "GET /style.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
    "GET /dir HTTP/1.1\r\nHost: a\r\n\r\nGET /empty.txt HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /range.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /old HTTP/1.0\r\n\r\n",
    "GET /status HTTP/1.1\r\nHost: a\r\n\r\n",
];

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries: std::io::Result<Vec<_>> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut files = entries?;
    // The same seed gives the same input.
    files.sort();
    Ok(files)
}

/// Parses a line of a dictionary: `"text\x0d"`.
fn word(line: &str) -> Option<Vec<u8>> {
    let mut rest = line.strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut word = Vec::new();
    while let Some(byte) = rest.next() {
        word.push(match byte {
            b'\\' => match rest.next()? {
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                escaped => escaped,
            },
            byte => byte,
        });
    }
    Some(word)
}
