//! Recognising stores: by image, by an operator's kind, by variables, ports and volumes.

use bund_engine::subject::PodShape;
use serde_json::Value;

use super::{
    Confidence,
    class::split,
    image,
    table::{Store, StoreKind, StoreType},
};
use crate::inventory::{GroupKind, Owner, list, text};

/// What an object was recognised as.
#[derive(Debug)]
pub(super) struct Recognised<'t> {
    /// The product; absent where only volumes or a name show.
    pub(super) store: Option<&'t Store>,
    pub(super) store_type: StoreType,
    pub(super) confidence: Confidence,
    pub(super) evidence: Vec<String>,
}

impl Recognised<'_> {
    pub(super) fn name(&self) -> &str {
        match (self.store, self.store_type) {
            (Some(store), _) => store.name.as_str(),
            (None, StoreType::Volumes) => "something that keeps volumes",
            (None, _) => "a store, by its name",
        }
    }
}

/// Words in the name of something that keeps data, with what it then is.
const STORE_WORDS: [(&str, StoreType); 10] = [
    ("cache", StoreType::Cache),
    ("database", StoreType::Database),
    ("db", StoreType::Database),
    ("kafka", StoreType::Queue),
    ("mongo", StoreType::Database),
    ("mongodb", StoreType::Database),
    ("mq", StoreType::Queue),
    ("mysql", StoreType::Database),
    ("postgres", StoreType::Database),
    ("redis", StoreType::Cache),
];

/// The product that an operator runs for an object of its kind.
pub(super) fn by_kind<'t>(object: &Value, stores: &'t [Store]) -> Option<(Recognised<'t>, &'t StoreKind)> {
    let GroupKind { group, kind } = GroupKind::of(object);
    stores.iter().find_map(|store| {
        let known = store.kinds.iter().find(|known| known.group == group && known.kind == kind)?;
        let evidence = vec![format!("kind {kind} of {group}")];
        Some((
            Recognised {
                store: Some(store),
                store_type: store.store_type,
                confidence: Confidence::High,
                evidence,
            },
            known,
        ))
    })
}

/// The products in the pods of an owner: those whose image is known; else the likeliest of what else shows.
pub(super) fn in_pods<'t>(owner: &Owner<'_>, stores: &'t [Store]) -> Vec<Recognised<'t>> {
    let volumes: Vec<String> = owner.pods().flat_map(|(shape, spec)| volumes(shape, spec)).collect();
    let seen = stores.iter().filter_map(|store| recognise(owner, store, &volumes));
    let (sure, mut likely): (Vec<_>, Vec<_>) =
        seen.partition(|recognised| recognised.confidence == Confidence::High);
    if !sure.is_empty() {
        return sure;
    }
    // The first of equals, in the order of the table.
    likely.sort_by_key(|recognised| std::cmp::Reverse((recognised.confidence, recognised.evidence.len())));
    likely.truncate(1);
    if likely.is_empty() {
        likely.extend(nameless(owner, volumes));
    }
    likely
}

/// What keeps volumes, or is called a store, and shows no product.
fn nameless<'t>(owner: &Owner<'_>, volumes: Vec<String>) -> Option<Recognised<'t>> {
    let low = |store_type, evidence| {
        Some(Recognised { store: None, store_type, confidence: Confidence::Low, evidence })
    };
    if !volumes.is_empty() {
        return low(StoreType::Volumes, volumes);
    }
    // The last word says what it is: `user-db` is a store, `db-exporter` is not.
    let name = owner.subject.id.name.to_ascii_lowercase();
    let last = name.rsplit(|character: char| !character.is_ascii_alphabetic()).next().unwrap_or_default();
    let (word, store_type) = STORE_WORDS.into_iter().find(|(word, _)| *word == last)?;
    low(store_type, vec![format!("`{word}` at the end of its name")])
}

fn recognise<'t>(owner: &Owner<'_>, store: &'t Store, volumes: &[String]) -> Option<Recognised<'t>> {
    let containers: Vec<&Value> = owner.pods().flat_map(|(_, spec)| list(spec, "/containers")).collect();
    let mut evidence = Vec::new();
    let mut by_image = false;
    let (mut variables, mut ports) = (Vec::new(), Vec::new());
    for container in containers {
        let image = text(container, "/image");
        if store.images.iter().any(|entry| image::is_of(image, entry)) {
            by_image = true;
            evidence.push(format!("image {image}"));
        }
        let names = list(container, "/env").map(|variable| text(variable, "/name"));
        variables.extend(names.filter(|name| store.env.iter().any(|known| known == name)));
        let numbers = list(container, "/ports").filter_map(|port| port.get("containerPort")?.as_i64());
        ports.extend(numbers.filter(|port| store.ports.contains(port)));
    }
    let signs = usize::from(!variables.is_empty()) + usize::from(!ports.is_empty());
    if !by_image && signs == 0 {
        return None;
    }
    let word = split(&owner.subject.id.name)
        .into_iter()
        .find(|word| STORE_WORDS.iter().any(|(known, _)| known == word));
    evidence.extend(variables.iter().map(|name| format!("variable {name}")));
    evidence.extend(ports.iter().map(|port| format!("port {port}")));
    evidence.extend(volumes.iter().cloned());
    evidence.extend(word.iter().map(|word| format!("`{word}` in its name")));
    evidence.dedup();
    let confidence = match signs + usize::from(!volumes.is_empty()) + usize::from(word.is_some()) {
        _ if by_image => Confidence::High,
        0 | 1 => Confidence::Low,
        _ => Confidence::Medium,
    };
    Some(Recognised { store: Some(store), store_type: store.store_type, confidence, evidence })
}

/// What the pods keep: claim templates and claims.
fn volumes(shape: &PodShape, spec: &Value) -> Vec<String> {
    let templates = shape.claims.iter().map(|claim| format!("claim template at {}", claim.at));
    let claims = list(spec, "/volumes")
        .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        .filter(|name| !name.is_empty())
        .map(|name| format!("volume of claim {name}"));
    templates.chain(claims).collect()
}
