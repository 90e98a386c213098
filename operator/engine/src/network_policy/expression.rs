//! Selectors in the language of Calico, as far as they are conditions that all hold: `a == "b" && has(c)`. Whatever else the
//! language has is not read.

use alloc::{boxed::Box, collections::BTreeSet};

use super::{Expression, Selector, cluster::NAME_OF_NAMESPACE};

/// Reads a selector; an empty one selects everything. `None` where it cannot be read.
pub(super) fn read(text: &str) -> Option<Selector> {
    let mut expressions = BTreeSet::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (expression, left) = condition(rest)?;
        expressions.extend(expression);
        rest = left.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix("&&").map(str::trim_start).filter(|rest| !rest.is_empty())?;
        }
    }
    Some(Selector::Of(expressions))
}

/// One condition, if it is one on labels, and what follows it.
fn condition(text: &str) -> Option<(Option<Expression>, &str)> {
    if let Some(rest) = text.strip_prefix("all()") {
        return Some((None, rest));
    }
    if let Some(rest) = text.strip_prefix("global()") {
        // What lies in no namespace.
        return Some((Some(Expression::In(NAME_OF_NAMESPACE.into(), BTreeSet::new())), rest));
    }
    if let Some(rest) = text.strip_prefix("has(") {
        return has(rest).map(|(key, rest)| (Some(Expression::Exists(key)), rest));
    }
    if let Some(rest) = text.strip_prefix('!') {
        let (key, rest) = has(rest.trim_start().strip_prefix("has(")?)?;
        return Some((Some(Expression::DoesNotExist(key)), rest));
    }
    let (key, rest) = key(text)?;
    let rest = rest.trim_start();
    let (expression, rest) = if let Some(rest) = rest.strip_prefix("==") {
        let (value, rest) = value(rest)?;
        (Expression::In(key, BTreeSet::from([value])), rest)
    } else if let Some(rest) = rest.strip_prefix("!=") {
        let (value, rest) = value(rest)?;
        (Expression::NotIn(key, BTreeSet::from([value])), rest)
    } else if let Some(rest) = rest.strip_prefix("in") {
        let (values, rest) = values(rest)?;
        (Expression::In(key, values), rest)
    } else {
        let (values, rest) = values(rest.strip_prefix("not")?.trim_start().strip_prefix("in")?)?;
        (Expression::NotIn(key, values), rest)
    };
    Some((Some(expression), rest))
}

/// What `has(` asks for, and what follows the bracket.
fn has(text: &str) -> Option<(Box<str>, &str)> {
    let (key, rest) = key(text.trim_start())?;
    Some((key, rest.trim_start().strip_prefix(')')?))
}

fn key(text: &str) -> Option<(Box<str>, &str)> {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let end = text.find(|c| !is_of_key(c)).unwrap_or(text.len());
    let (key, rest) = text.split_at_checked(end).filter(|(key, _)| !key.is_empty())?;
    Some((key.into(), rest))
}

fn value(text: &str) -> Option<(Box<str>, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = text.strip_prefix(quote)?.split_once(quote)?;
    Some((value.into(), rest))
}

fn values(text: &str) -> Option<(BTreeSet<Box<str>>, &str)> {
    let mut rest = text.trim_start().strip_prefix('{')?;
    let mut values = BTreeSet::new();
    loop {
        let (value, left) = value(rest)?;
        values.insert(value);
        rest = left.trim_start();
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((values, rest));
        }
        rest = rest.strip_prefix(',')?;
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    #[test]
    fn conditions_that_all_hold_are_read_and_nothing_else() {
        for (written, read) in [
            ("", "{}"),
            (" all() ", "{}"),
            ("a == 'b'", "a=b"),
            ("a=='b'&&c/d.e != \"f\"", "a=b,c/d.e notin (f)"),
            ("a in {'b', \"c\"} && b not in { 'd' }", "a in (b,c),b notin (d)"),
            ("has(a) && ! has( b )", "a,!b"),
            ("global()", "kubernetes.io/metadata.name in ()"),
        ] {
            assert_eq!(super::read(written).map(|selector| selector.to_string()).as_deref(), Some(read));
        }
        for written in [
            "a == 'b' || c == 'd'",
            "(a == 'b')",
            "!(a == 'b')",
            "!a == 'b'",
            "a == b",
            "a = 'b'",
            "a == 'b' &&",
            "a == 'b' c == 'd'",
            "a == 'b",
            "a in {}",
            "a in {'b' 'c'}",
            "a contains 'b'",
            "a starts with 'b'",
            "has(a",
            "all",
            "== 'b'",
        ] {
            assert_eq!(super::read(written), None, "{written}");
        }
    }
}
