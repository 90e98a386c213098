//! Architecture Invariant (one set): what the API server refuses by schema or CEL, [`Check`] and the types refuse too,
//! with the same sentence. Every bound and rule of the generated schemas is broken once.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

use std::collections::BTreeSet;

use bund_crds::{
    BreakGlassSpec, Check, ClusterLocationSpec, CrossBorderTransferSpec, DataClassSpec,
    DestinationMappingSpec, ExporterSpec, JurisdictionSpec, LedgerEventSpec, LedgerSpec, ResidencyPolicySpec,
    TransferApprovalSpec,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

mod samples;

use samples::{name_of, samples};

/// What is said about an object, if it is refused.
fn refusal(kind: &str, name: &str, spec: &Value) -> Option<String> {
    match kind {
        "BreakGlass" => refusal_of::<BreakGlassSpec>(name, spec),
        "ClusterLocation" => refusal_of::<ClusterLocationSpec>(name, spec),
        "CrossBorderTransfer" => refusal_of::<CrossBorderTransferSpec>(name, spec),
        "DataClass" => refusal_of::<DataClassSpec>(name, spec),
        "DestinationMapping" => refusal_of::<DestinationMappingSpec>(name, spec),
        "Exporter" => refusal_of::<ExporterSpec>(name, spec),
        "Jurisdiction" => refusal_of::<JurisdictionSpec>(name, spec),
        "Ledger" => refusal_of::<LedgerSpec>(name, spec),
        "LedgerEvent" => refusal_of::<LedgerEventSpec>(name, spec),
        "ResidencyPolicy" => refusal_of::<ResidencyPolicySpec>(name, spec),
        "TransferApproval" => refusal_of::<TransferApprovalSpec>(name, spec),
        kind => panic!("{kind} is not checked"),
    }
}

fn refusal_of<S: DeserializeOwned + Check>(name: &str, spec: &Value) -> Option<String> {
    match S::deserialize(spec) {
        Err(error) => Some(error.to_string()),
        Ok(spec) => spec.check(name).err().map(|problem| problem.to_string()),
    }
}

/// The kinds that people write. `FloorParameters` are written by us and read by the API server alone.
fn kinds() -> Vec<(String, Value)> {
    bund_crds::manifest::definitions()
        .into_iter()
        .filter(|definition| definition.spec.names.kind != "FloorParameters")
        .map(|definition| {
            let kind = definition.spec.names.kind.clone();
            let value = serde_json::to_value(&definition).unwrap();
            (kind, value["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone())
        })
        .collect()
}

/// A spec with one thing wrong.
struct Broken {
    what: String,
    /// What the refusal must say, where it is ours to word.
    says: Option<String>,
    spec: Value,
}

/// Walks the schema along a sample and breaks each bound once.
struct Breaker<'s> {
    sample: &'s Value,
    broken: Vec<Broken>,
    visited: BTreeSet<String>,
    unvisited: BTreeSet<String>,
}

impl<'s> Breaker<'s> {
    fn of(sample: &'s Value) -> Self {
        Self { sample, broken: Vec::new(), visited: BTreeSet::new(), unvisited: BTreeSet::new() }
    }

    fn walk(&mut self, schema: &Value, pointer: &str) {
        let Some(here) = self.sample.pointer(pointer).cloned() else {
            self.unvisited.insert(pointer.to_owned());
            return;
        };
        self.visited.insert(pointer.to_owned());
        self.break_text(schema, pointer, &here);
        self.break_number(schema, pointer);
        self.break_list(schema, pointer, &here);
        self.break_object(schema, pointer, &here);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.walk(property, &format!("{pointer}/{name}"));
        }
        if schema.get("items").is_some() {
            self.walk(&schema["items"], &format!("{pointer}/0"));
        }
        if let (Some(values), Some(members)) = (schema.get("additionalProperties"), here.as_object()) {
            for key in members.keys() {
                self.walk(values, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")));
            }
        }
    }

    fn put(&mut self, pointer: &str, what: &str, says: Option<String>, value: Value) {
        let mut spec = self.sample.clone();
        *spec.pointer_mut(pointer).unwrap() = value;
        self.broken.push(Broken { what: format!("{pointer}: {what}"), says, spec });
    }

    fn break_text(&mut self, schema: &Value, pointer: &str, here: &Value) {
        if let Some(most) = schema["maxLength"].as_u64() {
            let long = format!("{}{}", here.as_str().unwrap(), "a".repeat(usize::try_from(most).unwrap()));
            self.put(pointer, "longer than maxLength", None, json!(long));
        }
        if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
            self.put(pointer, "shorter than minLength", None, json!(""));
        }
        if schema.get("pattern").is_some() {
            self.put(pointer, "against pattern", None, json!("-Ä b-"));
        }
        if schema.get("enum").is_some() {
            self.put(pointer, "none of enum", None, json!("Nonsense"));
        }
    }

    fn break_number(&mut self, schema: &Value, pointer: &str) {
        for (bound, beyond) in [("minimum", -1.0), ("maximum", 1.0)] {
            if let Some(limit) = schema[bound].as_f64() {
                let value: Value = serde_json::from_str(&format!("{:.0}", limit + beyond)).unwrap();
                self.put(pointer, bound, None, value);
            }
        }
    }

    fn break_list(&mut self, schema: &Value, pointer: &str, here: &Value) {
        let Some(list) = here.as_array() else { return };
        let first = list.first().unwrap_or_else(|| panic!("the sample has no entry at {pointer}"));
        if let Some(most) = schema["maxItems"].as_u64() {
            let many = vec![first.clone(); usize::try_from(most).unwrap() + 1];
            self.put(pointer, "more than maxItems", Some(format!("at most {most} are")), json!(many));
        }
        if let Some(least) = schema["minItems"].as_u64() {
            self.put(pointer, "fewer than minItems", Some(format!("at least {least} must")), json!([]));
        }
        match schema["x-kubernetes-list-type"].as_str() {
            Some("set" | "map") => {
                self.put(pointer, "an entry twice", Some("listed twice".into()), json!([first, first]));
            }
            Some(other) => panic!("{pointer}: list type {other} is not checked"),
            None => {}
        }
    }

    fn break_object(&mut self, schema: &Value, pointer: &str, here: &Value) {
        let Some(members) = here.as_object() else { return };
        if let Some(most) = schema["maxProperties"].as_u64() {
            let many: Value = (0..=most).map(|n| (format!("label-{n}"), json!("x"))).collect();
            self.put(pointer, "more than maxProperties", Some(format!("at most {most} are")), many);
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let mut without = members.clone();
            without.remove(required.as_str().unwrap());
            self.put(pointer, &format!("without {required}"), None, json!(without));
        }
        if schema.get("properties").is_some() {
            let mut more = members.clone();
            more.insert("unknownField".into(), json!(1));
            self.put(pointer, "an unknown field", None, json!(more));
        }
    }
}

#[test]
fn a_valid_object_of_every_kind_is_accepted() {
    for (kind, _) in kinds() {
        for sample in samples(&kind) {
            assert_eq!(refusal(&kind, name_of(&kind), &sample), None, "{kind}");
        }
    }
}

#[test]
fn every_bound_of_every_schema_is_checked_without_an_api_server() {
    for (kind, schema) in kinds() {
        let (mut visited, mut unvisited) = (BTreeSet::new(), BTreeSet::new());
        for sample in samples(&kind) {
            let mut breaker = Breaker::of(&sample);
            breaker.walk(&schema["properties"]["spec"], "");
            // A Ledger says its name and nothing else.
            let least = if kind == "Ledger" { 4 } else { 11 };
            assert!(breaker.broken.len() >= least, "{kind}: only {} bounds", breaker.broken.len());
            visited.extend(breaker.visited);
            unvisited.extend(breaker.unvisited);
            for Broken { what, says, spec } in breaker.broken {
                let refusal = refusal(&kind, name_of(&kind), &spec);
                let refusal = refusal.unwrap_or_else(|| panic!("{kind} is accepted with {what}"));
                assert!(says.is_none_or(|says| refusal.contains(&says)), "{kind} {what}: {refusal}");
            }
        }
        // Modes that a sample leaves out are of the same type as those that it names.
        unvisited.retain(|field: &String| {
            !visited.contains(field) && !field.starts_with("/overrides/0/enforcement/")
        });
        assert_eq!(unvisited, BTreeSet::new(), "no sample of {kind} has these fields");
    }
}

/// Kind, name, a part of the sentence, and the spec.
type Breach = (&'static str, &'static str, &'static str, Value);

/// The first sample of a kind with one field written otherwise.
fn with(kind: &str, pointer: &str, value: Value) -> Value {
    let mut spec = samples(kind).remove(0);
    *spec.pointer_mut(pointer).unwrap() = value;
    spec
}

/// What breaks each CEL rule, by the sentence that the API server says.
fn against_rules() -> Vec<Breach> {
    let selector = json!({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]});
    let requirement = |operator: &str, values: Value| json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": operator, "values": values}]});
    let everything = "this selector would match almost every object";
    let values = "In and NotIn need values";
    let object_selector = "/selectors/0/objectSelector";
    let nothing = json!({"target": samples("DestinationMapping")[0]["target"]});
    vec![
        ("ClusterLocation", "beijing", "name this object `cluster`", samples("ClusterLocation").remove(0)),
        (
            "ClusterLocation",
            "cluster",
            "network",
            with("ClusterLocation", "/networks", json!(["10.20.3.4/16"])),
        ),
        ("DataClass", "a.b", "the name becomes the label", samples("DataClass").remove(0)),
        (
            "DataClass",
            "cluster",
            "write sensitivity: Sensitive",
            with("DataClass", "/sensitivity", json!("Ordinary")),
        ),
        ("DataClass", "cluster", everything, with("DataClass", object_selector, json!({}))),
        (
            "DataClass",
            "cluster",
            everything,
            with("DataClass", "/selectors/0/namespaceSelector", selector.clone()),
        ),
        ("DataClass", "cluster", values, with("DataClass", object_selector, requirement("In", json!([])))),
        ("DataClass", "cluster", values, with("DataClass", object_selector, requirement("NotIn", json!([])))),
        (
            "DataClass",
            "cluster",
            values,
            with("DataClass", object_selector, requirement("Exists", json!(["x"]))),
        ),
        ("DestinationMapping", "cluster", "a mapping says nothing", nothing),
        (
            "DestinationMapping",
            "cluster",
            "kinds of bund.dev are judged by their own rules",
            with("DestinationMapping", "/target/group", json!("bund.dev")),
        ),
        (
            "DestinationMapping",
            "cluster",
            "a field query",
            with("DestinationMapping", "/templates/0/query", json!("$..a")),
        ),
        ("Jurisdiction", "a.b", "name the jurisdiction with at most 63", samples("Jurisdiction").remove(0)),
        (
            "Jurisdiction",
            "cluster",
            "kubelets may write this label",
            with("Jurisdiction", "/trustedNodeLabel", json!("topology.kubernetes.io/region")),
        ),
        ("Jurisdiction", "cluster", "country code", with("Jurisdiction", "/countryCodes", json!(["XX"]))),
        ("Jurisdiction", "cluster", "network", with("Jurisdiction", "/networks", json!(["10.20.3.4/16"]))),
        (
            "ResidencyPolicy",
            "cluster",
            "network",
            with("ResidencyPolicy", "/egress/networks/0/network", json!("10.20.3.4/16")),
        ),
        ("ResidencyPolicy", "cluster", everything, with("ResidencyPolicy", "/namespaceSelector", selector)),
    ]
}

/// The same of the kinds that declare, decide and record transfers.
fn against_rules_of_transfers() -> Vec<Breach> {
    let wrong_code = json!("91350100M000100Y44");
    let mut unexplained = with("TransferApproval", "/decision", json!("Rejected"));
    unexplained.as_object_mut().unwrap().remove("reason");
    vec![
        (
            "CrossBorderTransfer",
            "t",
            "country code",
            with("CrossBorderTransfer", "/recipient/country", json!("XX")),
        ),
        (
            "CrossBorderTransfer",
            "t",
            "network",
            with(
                "CrossBorderTransfer",
                "/destinations/0",
                json!({"network": "10.20.3.4/16", "ports": [{"port": 443, "protocol": "TCP"}]}),
            ),
        ),
        (
            "CrossBorderTransfer",
            "t",
            "check character",
            with("CrossBorderTransfer", "/exporter", wrong_code.clone()),
        ),
        (
            "CrossBorderTransfer",
            "t",
            "validity.until must be after",
            with("CrossBorderTransfer", "/validity/until", json!("2026-01-01T00:00:00Z")),
        ),
        (
            "CrossBorderTransfer",
            "t",
            "write one place: a region",
            with(
                "CrossBorderTransfer",
                "/destinations",
                json!([{"host": "a.b", "region": "r", "provider": "p"}]),
            ),
        ),
        (
            "CrossBorderTransfer",
            "t",
            "write one place: a region",
            with("CrossBorderTransfer", "/destinations", json!([{}])),
        ),
        (
            "CrossBorderTransfer",
            "t",
            "write exactly one of",
            with("CrossBorderTransfer", "/mechanism", json!({})),
        ),
        ("Exporter", "shop", "name the Exporter by its credit code", samples("Exporter").remove(0)),
        (
            "Exporter",
            name_of("Exporter"),
            "check character",
            with("Exporter", "/creditCode", wrong_code.clone()),
        ),
        ("Ledger", "prod", "a cluster has one ledger", samples("Ledger").remove(0)),
        ("LedgerEvent", "e", "check character", with("LedgerEvent", "/transfer/exporter", wrong_code)),
        ("TransferApproval", "a", "say why in spec.reason", unexplained),
    ]
}

#[test]
fn every_rule_of_the_api_server_is_checked_with_the_same_sentence() {
    let mut broken: BTreeSet<(String, String)> = BTreeSet::new();
    for (kind, name, says, spec) in against_rules().into_iter().chain(against_rules_of_transfers()) {
        let refusal =
            refusal(kind, name, &spec).unwrap_or_else(|| panic!("{kind} is accepted against: {says}"));
        assert!(refusal.contains(says), "{kind}: {refusal}");
        for (of_kind, schema) in kinds() {
            let sentences = sentences(&schema).into_iter().filter(|_| of_kind == kind);
            broken.extend(sentences.filter(|s| s.contains(says)).map(|s| (kind.to_owned(), s)));
        }
    }
    let all: BTreeSet<_> = kinds()
        .iter()
        .flat_map(|(kind, schema)| sentences(schema).into_iter().map(|s| (kind.clone(), s)))
        // A selector's rules are the same wherever it stands.
        .filter(|(kind, sentence)| kind != "ResidencyPolicy" || !sentence.starts_with("In and NotIn"))
        .collect();
    assert_eq!(broken, all, "a CEL rule that nothing breaks here");
}

/// The sentence of every CEL rule in a schema, without those that compare with the object as it was: of an object
/// alone there is nothing to break.
fn sentences(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "x-kubernetes-validations" {
                    let of_one = |rule: &&Value| !rule["rule"].as_str().unwrap().contains("oldSelf");
                    let rules = member.as_array().into_iter().flatten().filter(of_one);
                    found.extend(rules.map(|rule| rule["message"].as_str().unwrap().to_owned()));
                }
                found.extend(sentences(member));
            }
        }
        Value::Array(elements) => found.extend(elements.iter().flat_map(sentences)),
        _ => {}
    }
    found
}
