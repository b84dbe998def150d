//! The mutator of the targets that read JSON.
//!
//! Half of the mutations edit whole keys, values and members, so that the rest of the document stays valid. The others
//! are libFuzzer's own, of any bytes.

use std::ops::Range;

use libfuzzer_sys::fuzzer_mutate;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// A target that takes bytes, with the mutator of JSON.
#[macro_export]
macro_rules! json_target {
    ($target:path) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $target(bytes));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::json::mutate(data, size, max_size, seed)
        });
    };
}

/// Edits the first `size` bytes of `data`. Returns their new number, of at most `max_size`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = StdRng::seed_from_u64(seed.into());
    match edit(&data[..size], max_size, &mut random) {
        Some(edited) if edited.len() <= max_size && random.random_bool(0.5) => {
            data[..edited.len()].copy_from_slice(&edited);
            edited.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
}

/// Values that replace others.
const VALUES: [&str; 10] = ["null", "true", "0", "-1", "1.5", "18446744073709551616", "\"\"", "\"A\"", "[]", "{}"];

/// Returns a copy of a document with one edit, or `None` if nothing in it is JSON.
fn edit(document: &[u8], max_size: usize, random: &mut StdRng) -> Option<Vec<u8>> {
    let (values, members) = parts(document);
    let (value, member) = (values.choose(random)?, members.choose(random)?);
    let replace = |part: Range<usize>, by: &[u8]| [&document[..part.start], by, &document[part.end..]].concat();
    Some(match random.random_range(0..6) {
        0 => {
            let is_first = document.get(member.end) == Some(&b',');
            let is_last = !is_first && document[..member.start].ends_with(b",");
            replace(member.start - usize::from(is_last)..member.end + usize::from(is_first), b"")
        }
        1 => replace(member.end..member.end, &[b",", &document[member.clone()]].concat()),
        2 => replace(member.clone(), &document[members.choose(random)?.clone()]),
        3 => replace(value.clone(), &document[values.choose(random)?.clone()]),
        4 => replace(value.clone(), VALUES.choose(random)?.as_bytes()),
        _ => {
            let is_string = value.len() > 1 && document[value.start] == b'"';
            let inside = if is_string { value.start + 1..value.end - 1 } else { value.clone() };
            let mut bytes = document[inside.clone()].to_vec();
            bytes.resize((max_size + inside.len()).saturating_sub(document.len()).max(inside.len() + 1), 0);
            let max_size = bytes.len();
            let size = fuzzer_mutate(&mut bytes, inside.len(), max_size);
            replace(inside, &bytes[..size])
        }
    })
}

/// Returns where the keys and values of a document are, and where its members and elements are. A document that is not
/// valid has some too.
fn parts(text: &[u8]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut values, mut members) = (Vec::new(), Vec::new());
    let (mut open, mut key, mut at) = (Vec::new(), None, 0);
    while let Some(byte) = text.get(at) {
        let mut start = at;
        at += 1;
        match byte {
            b'{' | b'[' => {
                open.push((start, key.take()));
                continue;
            }
            b'}' | b']' => {
                let Some(opened) = open.pop() else { continue };
                (start, key) = opened;
            }
            b'"' => {
                while text.get(at).is_some_and(|byte| *byte != b'"') {
                    at += 1 + usize::from(text[at] == b'\\');
                }
                at = text.len().min(at + 1);
            }
            b':' | b',' | b' ' | b'\n' | b'\r' | b'\t' => continue,
            _ => at += text[at..].iter().take_while(|byte| !b"{}[]\":, \n\r\t".contains(byte)).count(),
        }
        values.push(start..at);
        if text.get(at) == Some(&b':') {
            key = Some(start);
        } else {
            members.push(key.take().unwrap_or(start)..at);
        }
    }
    (values, members)
}
