//! Which classes a store probably holds.

use bund_crds::ClassName;
use serde::Serialize;

use super::{
    Confidence,
    table::{ClassWords, Store, StoreType},
};

/// A class that a store probably holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProbableClass {
    /// The class.
    pub class: ClassName,
    /// How sure this is.
    pub confidence: Confidence,
    /// What tells it.
    pub why: String,
}

/// Something that names a store: what it is called and where that stands.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) text: String,
    pub(super) place: String,
}

/// What the names tell; where they tell nothing, what stores of this type usually hold.
pub(super) fn guess(
    names: &[Named],
    store: Option<&Store>,
    store_type: StoreType,
    words: &[ClassWords],
) -> Vec<ProbableClass> {
    let mut classes = Vec::new();
    for entry in words {
        let told = names.iter().find_map(|name| {
            let word = split(&name.text).into_iter().find(|word| entry.words.contains(word))?;
            Some(format!("`{word}` in {}", name.place))
        });
        classes.extend(told.map(|why| ProbableClass {
            class: entry.class.clone(),
            confidence: Confidence::Medium,
            why,
        }));
    }
    if classes.is_empty() {
        classes.extend(by_nature(store, store_type));
    }
    classes
}

fn by_nature(store: Option<&Store>, store_type: StoreType) -> Option<ProbableClass> {
    let of = |class: &ClassName, why: String| ProbableClass {
        class: class.clone(),
        confidence: Confidence::Low,
        why,
    };
    if let Some((class, store)) = store.and_then(|store| Some((store.holds.as_ref()?, store))) {
        return Some(of(class, format!("{} usually does", store.name)));
    }
    let what = match store_type {
        StoreType::Database => "a database",
        StoreType::Cache => "a cache",
        StoreType::Queue => "a queue",
        StoreType::ObjectStore => "an object store",
        StoreType::FileStore => "a file store",
        // Nothing is usual for these: ask who runs them.
        StoreType::SearchIndex | StoreType::Configuration | StoreType::Volumes => return None,
    };
    let class: ClassName = "personal-information".parse().ok()?;
    Some(of(&class, format!("{what} of an online service usually does; its name does not tell")))
}

/// The words of a name, in lower case: `userDB-idCard2` is `user`, `db`, `id`, `card`, and `idcard` of two neighbours.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for character in name.chars() {
        let starts = character.is_ascii_uppercase() && lower;
        if (!character.is_ascii_alphabetic() || starts) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_ascii_alphabetic() {
            word.push(character.to_ascii_lowercase());
        }
        lower = character.is_ascii_lowercase();
    }
    words.extend((!word.is_empty()).then_some(word));
    let pairs: Vec<String> = words.windows(2).map(<[String]>::concat).collect();
    words.extend(pairs);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::table;

    fn told(name: &str) -> Vec<String> {
        let names = [Named { text: name.to_owned(), place: "its name".to_owned() }];
        let classes = guess(&names, None, StoreType::Volumes, &table::words().unwrap());
        classes.into_iter().map(|probable| probable.class.to_string()).collect()
    }

    #[test]
    fn words_are_compared_whole() {
        assert_eq!(told("user-db"), ["personal-information"]);
        assert_eq!(told("idCard_store"), ["sensitive-personal-information"]);
        assert_eq!(told("id-card-store"), ["sensitive-personal-information"]);
        assert_eq!(told("orders"), ["personal-information", "financial-transactions"]);
        assert_eq!(told("minors2"), ["minors-personal-information"]);
        for name in ["superuser", "reordering", "facebook", "catalogue-db", "payload"] {
            assert_eq!(told(name), Vec::<String>::new(), "{name}");
        }
    }
}
