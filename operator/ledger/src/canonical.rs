//! Whether JSON is written as RFC 8785 says: one spelling of each entry.

/// How deep objects and lists may lie in each other.
const DEEPEST: usize = 64;

/// Whether `json`, which was parsed before, has no space outside of strings, its keys in order, its strings with no more
/// escapes than needed, and its numbers whole. Entries hold no others.
pub(crate) fn is_canonical(json: &[u8]) -> bool {
    value(json, DEEPEST).is_some_and(<[u8]>::is_empty)
}

/// What comes after a value.
fn value(json: &[u8], deep: usize) -> Option<&[u8]> {
    let deep = deep.checked_sub(1)?;
    match json.first()? {
        b'{' => object(json, deep),
        b'[' => list(json, deep),
        b'"' => string(json).map(|(_, rest)| rest),
        b't' => json.strip_prefix(b"true"),
        b'f' => json.strip_prefix(b"false"),
        b'n' => json.strip_prefix(b"null"),
        _ => number(json),
    }
}

fn object(json: &[u8], deep: usize) -> Option<&[u8]> {
    let mut rest = json.strip_prefix(b"{")?;
    if let Some(rest) = rest.strip_prefix(b"}") {
        return Some(rest);
    }
    let mut before: Option<&[u8]> = None;
    loop {
        let (key, after) = string(rest)?;
        // Keys of entries are ASCII without escapes, so the order of their bytes is that of their UTF-16.
        if !key.is_ascii() || key.contains(&b'\\') || before.is_some_and(|before| before >= key) {
            return None;
        }
        before = Some(key);
        rest = value(after.strip_prefix(b":")?, deep)?;
        match rest.split_first()? {
            (b',', after) => rest = after,
            (b'}', after) => return Some(after),
            _ => return None,
        }
    }
}

fn list(json: &[u8], deep: usize) -> Option<&[u8]> {
    let mut rest = json.strip_prefix(b"[")?;
    if let Some(rest) = rest.strip_prefix(b"]") {
        return Some(rest);
    }
    loop {
        rest = value(rest, deep)?;
        match rest.split_first()? {
            (b',', after) => rest = after,
            (b']', after) => return Some(after),
            _ => return None,
        }
    }
}

/// What is between the quotes, and what comes after them.
fn string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = json.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        let (length, is_end) = match text.get(at)? {
            b'"' => (1, true),
            b'\\' => (escape(text.get(at + 1..)?)?, false),
            0..0x20 => return None,
            _ => (1, false),
        };
        if is_end {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        at += length;
    }
}

/// The length of an escape that has no shorter spelling, with its backslash.
fn escape(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits: &[u8; 4] = text.get(1..5)?.first_chunk()?;
            let [b'0', b'0', b'0' | b'1', last] = digits else { return None };
            let is_lower = matches!(last, b'0'..=b'9' | b'a'..=b'f');
            let has_shorter = matches!(digits, [_, _, b'0', b'8' | b'9' | b'a' | b'c' | b'd']);
            (is_lower && !has_shorter).then_some(6)
        }
        _ => None,
    }
}

/// A whole number that a double holds.
fn number(json: &[u8]) -> Option<&[u8]> {
    let digits = json.strip_prefix(b"-").unwrap_or(json);
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at_checked(length)?;
    let is_zero = digits == b"0";
    let is_signed = json.first() == Some(&b'-');
    let is_whole = !digits.is_empty() && (is_zero && !is_signed || digits.first() != Some(&b'0'));
    (is_whole && length <= 15).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn there_is_one_spelling() {
        for good in [
            "{}",
            r#"{"a":1,"b":[true,null,"x\u001f\n中\""],"c":{"aa":-5,"b":0}}"#,
            r#"["/",""]"#,
            "[999999999999999]",
        ] {
            assert!(is_canonical(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "{} ",
            " {}",
            r#"{"a": 1}"#,
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"["\u000a"]"#,
            r#"["\u001F"]"#,
            r#"["\/"]"#,
            r#"["\u0041"]"#,
            r#"["\u007f"]"#,
            "[01]",
            "[-0]",
            "[1.0]",
            "[1e3]",
            "[,]",
        ] {
            assert!(!is_canonical(bad.as_bytes()), "{bad}");
        }
        assert!(!is_canonical("[".repeat(1 << 20).as_bytes()));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let member = (0..26_u8, 0..26_u8).prop_map(|(a, b)| [a, b].map(|at| char::from(b'A' + at)));
            let member = member.prop_map(String::from_iter);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((member, inner), 0..4)
                    .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_the_spelling_of_the_library(value in json()) {
            let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
            prop_assert!(is_canonical(&canonical));
        }

        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>) {
            is_canonical(&bytes);
        }
    }
}
