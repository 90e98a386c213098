//! What the manifest reader refuses, where, and in which words.

use std::sync::Arc;

use bund::manifest::{self, Source};

const ONE_KEY: &str = "remove one of the two";
const QUOTED_KEY: &str = "quote the key";
const PLAIN_KEY: &str = "use a plain string as key; quote it if it holds `{` or `[`";
const NO_TAG: &str = "remove the tag and write the value plainly";
const NULL: &str = "write the value, `null` if that is meant";
const OWN_LINE: &str = "put `---` on a line of its own, or indent the line if it is content";
const NEW_DOCUMENT: &str = "begin the next document with `---`, or remove the `...` line";
const SEPARATE: &str = "separate the values with `---`";
const ESCAPE: &str = "remove it, or write it as an escape in double quotes";
const FLATTEN: &str = "flatten the document";
const WRITE_OUT: &str = "write the value out";
const RENDER: &str = "it looks like a template; render it first (`helm template …`)";
const CORRECT: &str = "correct the syntax here or just above";

/// A named case: the text, and the place, the problem and the remedy of its one unreadable document.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn outcome(text: &str) -> Vec<String> {
    let source = Source { name: "f".to_owned(), text: text.to_owned() };
    let words = |part: Result<manifest::Document, manifest::Unreadable>| match part {
        Ok(document) => format!("read as {}", document.value),
        Err(unreadable) => unreadable.to_string(),
    };
    manifest::read(&Arc::new(source)).into_iter().map(words).collect()
}

/// Checks every case, and names all that fail.
fn check(cases: &[Case<'_>]) {
    let mut failed = String::new();
    for (name, text, place, problem, remedy) in cases {
        let (got, wanted) = (outcome(text), format!("f:{place}: {problem}; {remedy}"));
        if got != [wanted.as_str()] {
            failed.extend([format!("{name}\n     got: {got:?}\n  wanted: {wanted:?}\n")]);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn keys_that_readers_differ_on() {
    let twice = |key: &str| {
        format!("the key `{key}` is given twice: kubectl keeps the last one, the API server refuses it")
    };
    let no_string =
        |key: &str| format!("the key `{key}` is not a string, and readers differ in how they make it one");
    let no_value = "the key `b` has no value in `{…}` or `[…]`, and readers differ on what is its name";
    let complex = "a mapping or a list stands where a key is expected";
    check(&[
        ("a key given twice", "a: 1\nb: 2\na: 3\n", "3:1", &twice("a"), ONE_KEY),
        ("a key given twice, once in quotes", "a: 1\n\"a\": 2\n", "2:1", &twice("a"), ONE_KEY),
        ("a number and its text as keys", "1: a\n'1': b\n", "2:1", &twice("1"), ONE_KEY),
        ("a key given twice in braces", "a: {b: 1, b: 2}\n", "1:11", &twice("b"), ONE_KEY),
        ("a JSON key given twice", "{\"a\":1,\"a\":2}", "1:10", &twice("a"), ONE_KEY),
        ("a JSON key given twice through an escape", "{\"a\":1,\"\\u0061\":2}", "1:15", &twice("a"), ONE_KEY),
        (
            "a merge key",
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "3:3",
            "the merge key `<<` is a plain key to YAML 1.2 readers",
            "write the merged fields out",
        ),
        ("a boolean key", "true: a\n", "1:1", &no_string("true"), QUOTED_KEY),
        ("a null key", "~: a\n", "1:1", &no_string("~"), QUOTED_KEY),
        ("an absent key", ": a\n", "1:1", &no_string("~"), QUOTED_KEY),
        ("a float key", "1.5: a\n", "1:1", &no_string("1.5"), QUOTED_KEY),
        ("an octal key", "0644: a\n", "1:1", &no_string("0644"), QUOTED_KEY),
        ("a number as key that an alias repeats", "&x 1: a\nb: *x\n", "1:4", &no_string("1"), QUOTED_KEY),
        ("a hexadecimal key", "0x1: a\n", "1:1", &no_string("0x1"), QUOTED_KEY),
        (
            "a YAML 1.1 boolean as key",
            "on: push\n",
            "1:1",
            "`on` is a boolean to Kubernetes and a string to YAML 1.2 readers",
            "write `true` or `false`, or quote it",
        ),
        ("a mapping as key", "? {a: b}\n: c\n", "1:3", complex, PLAIN_KEY),
        ("a sequence as key", "[a]: c\n", "1:1", complex, PLAIN_KEY),
        ("an alias to a mapping as key", "a: &x {}\n*x : b\n", "2:1", complex, PLAIN_KEY),
        ("a key without value in braces", "a: {b:, c: d}\n", "1:6", no_value, NULL),
        ("a key without value in brackets", "a: [b:]\n", "1:6", no_value, NULL),
    ]);
}

#[test]
fn yaml_1_1_booleans_in_every_spelling() {
    for word in "y Y yes Yes YES on On ON n N no No NO off Off OFF".split(' ') {
        let problem = format!("`{word}` is a boolean to Kubernetes and a string to YAML 1.2 readers");
        check(&[(word, &format!("a: {word}\n"), "1:4", &problem, "write `true` or `false`, or quote it")]);
    }
}

#[test]
fn numbers_that_readers_differ_on() {
    let underscores = "1_000 0x_F 1_0.5 0_7 +_1 1_0_ 1_e3 9_223_372_036_854_775_808";
    let bases = "0b11 0B1 0X1F 0O7 -0x1 -0o7 0b-1 0o-7 0b+1";
    for number in format!("{underscores} {bases} -0644 +0644 08 0809 -09").split(' ') {
        let problem = format!("`{number}` is a number to Kubernetes and something else to YAML 1.2 readers");
        check(&[(
            number,
            &format!("a: {number}\n"),
            "1:4",
            &problem,
            "write it in plain decimal, or quote it",
        )]);
    }
    let remedy = "quote it, or write another number";
    for number in ".inf -.Inf +.INF .nan .NaN .NAN".split(' ') {
        let problem = format!("`{number}` is infinite or not a number, which JSON cannot hold");
        check(&[(number, &format!("a: {number}\n"), "1:4", &problem, remedy)]);
    }
    let range = |number: &str| format!("`{number}` does not fit into the 64-bit numbers of Kubernetes");
    let large = "9223372036854775808 -9223372036854775809 18446744073709551616 0xFFFFFFFFFFFFFFFF 1e999 0o7777777777777777777777";
    for number in large.split(' ') {
        check(&[(number, &format!("a: {number}\n"), "1:4", &range(number), remedy)]);
    }
    check(&[(
        "a large JSON number",
        "{\"a\":9223372036854775808}",
        "1:24",
        &range("9223372036854775808"),
        remedy,
    )]);
}

#[test]
fn text_that_moves_document_boundaries() {
    let glued = "the line starts with `---` but is not a document marker to every reader";
    let after_end = "kubectl does not read what follows a `...` line";
    let directive = "a `%` directive changes how the document is read";
    let second = "kubectl reads only the first of several JSON values here";
    check(&[
        (
            "content on a marker line",
            "--- {a: b}\n",
            "1:5",
            "the text `{a: b}` on a `---` line is refused by kubectl and read by others",
            "put the text on a line of its own",
        ),
        ("a marker with text stuck to it", "a: 1\n---b: 2\n", "2:1", glued, OWN_LINE),
        ("four dashes", "a: 1\n----\nb: 2\n", "2:1", glued, OWN_LINE),
        ("a comment stuck to a marker", "a: 1\n---# c\nb: 2\n", "2:1", glued, OWN_LINE),
        ("content after an end marker", "a: 1\n...\nb: 2\n", "3:1", after_end, NEW_DOCUMENT),
        ("content on an end marker's line", "a: 1\n... b: 2\n", "2:1", after_end, NEW_DOCUMENT),
        ("an end marker before the content", "...\na: 1\n", "2:1", after_end, NEW_DOCUMENT),
        ("a version directive", "%YAML 1.2\na: 1\n", "1:1", directive, "remove the directive"),
        ("a tag directive", "%TAG ! tag:x,2000:\na: 1\n", "1:1", directive, "remove the directive"),
        (
            "a second JSON value where kubectl reads YAML",
            "---\n{\"a\":1}\n {\"b\":2}\n",
            "3:2",
            second,
            SEPARATE,
        ),
        ("arrays in a row", "[1] [2]", "1:5", second, SEPARATE),
    ]);
}

#[test]
fn values_that_readers_differ_on() {
    let tag = |tag: &str| format!("the tag `{tag}` is not read the same way by every reader");
    let name = "the name of an anchor or alias is not read the same way by every reader";
    let plain_name = "use only letters, digits, `-` and `_` in the name, and put it before any tag";
    let tab = "a tab in the indentation";
    check(&[
        ("a binary tag", "a: !!binary eA==\n", "1:4", &tag("!!binary"), NO_TAG),
        ("a set tag", "a: !!set {b: c}\n", "1:4", &tag("!!set"), NO_TAG),
        ("an integer tag", "a: !!int '3'\n", "1:4", &tag("!!int"), NO_TAG),
        ("a local tag", "a: !foo b\n", "1:4", &tag("!foo"), NO_TAG),
        ("the non-specific tag", "a: ! 1\n", "1:4", &tag("!"), NO_TAG),
        ("a string tag on a mapping", "!!str\na: b\n", "1:1", &tag("!!str"), NO_TAG),
        ("an anchor name with a colon", "a: &b:c d\n", "1:4", name, plain_name),
        ("an alias name with a dot", "a: &b.c d\n", "1:4", name, plain_name),
        (
            "an alias in its own anchor",
            "a: &x [*x]\n",
            "1:8",
            "an alias stands inside the very value that it repeats",
            WRITE_OUT,
        ),
        (
            "an unknown alias",
            "a: *x\n",
            "1:4",
            "not valid YAML: while parsing node, found unknown anchor",
            CORRECT,
        ),
        (
            "a block scalar as document",
            "|\n  x\n",
            "2:3",
            "the whole document is one block scalar",
            "write a mapping",
        ),
        (
            "a text that starts with an indicator in brackets",
            "[?x]\n",
            "1:2",
            "`?x` starts with an indicator character in `{…}` or `[…]`",
            "quote it",
        ),
        ("a tab as indentation", "a:\n\tb\n", "2:2", tab, "indent with spaces"),
        ("a tab behind a dash", "-\ta\n", "1:3", tab, "indent with spaces"),
    ]);
}

#[test]
fn characters_that_are_no_text_or_break_lines_for_some() {
    let refused = "\0\u{1}\u{7f}\u{80}\u{85}\u{2028}\u{2029}\u{feff}\u{fffe}\u{b}\u{c}\r";
    for character in refused.chars() {
        let code = format!("U+{:04X}", u32::from(character));
        let problem = format!("the character {code} is refused or read as a line break by some readers");
        let (yaml, json) = (format!("a: 1\nb: x{character}x\n"), format!("{{\n\"b\"{character}:1}}\n"));
        check(&[(&code, &yaml, "2:5", &problem, ESCAPE), (&code, &json, "2:4", &problem, ESCAPE)]);
    }
    let problem = "the character U+00A0 is refused or read as a line break by some readers";
    check(&[("a foreign blank before JSON", "\u{a0}{\"a\":1}", "1:1", problem, ESCAPE)]);
}

#[test]
fn documents_that_would_exhaust_a_reader() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let indented: String = (0..200).map(|level| " ".repeat(level) + "a:\n").collect();
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut chain = "a0: &a0 x\n".to_owned();
    for level in 1..=200 {
        let below = level - 1;
        laughs.extend([format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 10].join(", "))]);
        chain.extend([format!("a{level}: &a{level} [*a{below}]\n")]);
    }
    let deep = "nested deeper than 100 levels";
    let many = "aliases repeat more than 32 MiB in this document";
    check(&[
        ("JSON that is too deep", &nested(101), "1:102", deep, FLATTEN),
        ("flow YAML that is too deep", &("a: ".to_owned() + &nested(100)), "1:103", deep, FLATTEN),
        ("block YAML that is too deep", &indented, "101:101", deep, FLATTEN),
        ("aliases that multiply", &laughs, "6:40", many, WRITE_OUT),
        ("aliases that nest", &chain, "101:14", deep, FLATTEN),
    ]);
    assert_eq!(outcome(&nested(100)), [format!("read as {}", nested(100))]);
    assert_eq!(outcome(&format!("a: {} # c", nested(99))), [format!("read as {{\"a\":{}}}", nested(99))]);
}

#[test]
fn templates_and_mistakes() {
    let complex = "a mapping or a list stands where a key is expected";
    check(&[
        ("a template value", "a: {{ .Values.x }}\n", "1:5", complex, RENDER),
        (
            "a template line",
            "{{- if .x }}\na: b\n{{- end }}\n",
            "1:3",
            "not valid YAML: \"-\" is only valid inside a block",
            RENDER,
        ),
        (
            "a Jinja line",
            "a: b\n{% if x %}\nc: d\n",
            "2:2",
            "not valid YAML: unexpected character: `%'",
            RENDER,
        ),
        (
            "a template in a document with a precise problem",
            "a: 1\na: '{{ x }}'\n",
            "2:1",
            "the key `a` is given twice: kubectl keeps the last one, the API server refuses it",
            ONE_KEY,
        ),
        ("a mistake in YAML", "a: [b\n", "1:4", "not valid YAML: unclosed bracket '['", CORRECT),
        ("a mistake in JSON", "{\"a\": 1, \"b\" 2}", "1:14", "not valid JSON: expected `:`", CORRECT),
    ]);
}

#[test]
fn shown_input_is_short_and_harmless_on_a_terminal() {
    let key = format!("\"\\e[31m{}\"", "k".repeat(100));
    let problem = format!(
        "the key `\\u{{1b}}[31m{}…` is given twice: kubectl keeps the last one, the API server refuses it",
        "k".repeat(55)
    );
    check(&[("a long key with an escape", &format!("{key}: 1\n{key}: 2\n"), "2:1", &problem, ONE_KEY)]);
}
