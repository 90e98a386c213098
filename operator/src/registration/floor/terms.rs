//! Which terms of the required node affinity a node outside could satisfy: what [`bund_engine::placement`] asks, where it
//! is certain. (pure)
//!
//! Terms are ORed, requirements in a term are ANDed, values are ORed, `nodeSelector` is ANDed to every term; an empty term
//! matches no node. Whatever is not certain counts as confined.

use super::Variable;

/// Terms, requirements in one and in all of them, and values in all of those, that the floor looks at.
const TERMS: usize = 200;
const IN_ONE: usize = 20;
const REQUIREMENTS: usize = 400;
const VALUES: usize = 5_000;

/// A whole number that everybody reads alike.
const NUMBER: &str = "'^[0-9]{1,9}$'";

/// The terms as the scheduler reads them (`terms`), and of each whether it lets the pod out (`openTerms`).
pub(super) fn variables() -> Vec<Variable> {
    let required = "object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution";
    let open = format!(
        "variables.terms.map(t, t.sound && {} && !t.labels.exists(r, {}) && t.labels.all(r, {}))",
        fields_open("t.fields"),
        confines("r"),
        open("r", "t.labels")
    );
    vec![
        (
            "selector",
            "object.spec.?nodeSelector.orValue({}).map(k, {'key': dyn(k), 'operator': dyn('In'), \
             'values': dyn([object.spec.nodeSelector[k]])})"
                .to_owned(),
        ),
        ("keys", "params.spec.?keys.orValue({})".to_owned()),
        ("regions", "params.spec.?regions.orValue({})".to_owned()),
        ("required", format!("{required}.?nodeSelectorTerms.orValue([])")),
        ("isBig", big()),
        (
            "terms",
            format!(
                "{required}.hasValue() ? variables.required.map(t, {{\
                 'labels': dyn(t.?matchExpressions.orValue([]) + dyn(variables.selector)), \
                 'fields': dyn(t.?matchFields.orValue([])), \
                 'sound': dyn(size(t.?matchExpressions.orValue([])) + size(t.?matchFields.orValue([])) > 0)}}) : \
                 [{{'labels': dyn(variables.selector), 'fields': dyn([]), 'sound': dyn(true)}}]"
            ),
        ),
        ("openTerms", open),
        ("contradicts", format!("variables.terms.all(t, {})", nowhere_inside("t"))),
    ]
}

/// Whether an affinity asks for so much that the API server could not compute the answer. The floor is for what is plain;
/// the webhook judges affinities of any size.
fn big() -> String {
    let sizes = |of: &str| format!("variables.required.map(t, {of}).sum()");
    let requirements = sizes("size(t.?matchExpressions.orValue([])) + size(t.?matchFields.orValue([]))");
    let values = sizes("t.?matchExpressions.orValue([]).map(e, size(e.?values.orValue([]))).sum()");
    format!(
        "size(variables.required) > {TERMS} || {requirements} > {REQUIREMENTS} || {values} > {VALUES} || \
         variables.required.exists(t, size(t.?matchExpressions.orValue([])) > {IN_ONE})"
    )
}

/// What a label under the key of the requirement `r` says of a place: `test` of its kind holds for only those values that
/// are inside.
fn by_kind(r: &str, test: impl Fn(&str) -> String) -> String {
    let regions = "variables.regions";
    // A zone is its region with a letter, a dash and a letter, or a dash and a number behind it.
    let zone = format!(
        "((size(v) > 1 && v.substring(0, size(v) - 1) in {regions}) || \
         (v.lastIndexOf('-') > 0 && v.substring(0, v.lastIndexOf('-')) in {regions}))"
    );
    let kind = format!("variables.keys[?{r}.key].orValue('')");
    format!(
        "({kind} == 'Region' ? {} : {kind} == 'Zone' ? {} : {kind} == 'Jurisdiction' ? {} : {})",
        test(&format!("v in {regions}")),
        test(&zone),
        test("v in params.spec.jurisdictions"),
        test("false")
    )
}

/// Whether the requirement by itself keeps the pod inside.
fn confines(r: &str) -> String {
    format!(
        "{r}.operator == 'In' && {r}.key in variables.keys && {}",
        by_kind(r, |inside| format!("{r}.values.all(v, {inside})"))
    )
}

/// Whether a label that a node outside may carry meets `r` and everything else that the term asks of its key.
fn open(r: &str, all: &str) -> String {
    let same_key = format!("{all}.filter(q, q.key == {r}.key)");
    let some_value = by_kind(r, |inside| {
        format!("{r}.values.exists(v, !({inside}) && {same_key}.all(q, {}))", holds("q", "v"))
    });
    let bound = format!("{r}.values[0]");
    let is_bound = format!(
        "!({r}.operator in ['Gt', 'Lt']) || \
         ({bound}.matches({NUMBER}) && ({r}.operator == 'Gt' || int({bound}) > 0))"
    );
    // The pairs that no label can meet: absent and present, and an empty interval.
    let compatible = format!(
        "!({r}.operator == 'DoesNotExist' && q.operator in ['Exists', 'Gt', 'Lt']) && \
         !({r}.operator == 'Gt' && q.operator == 'Lt' && \
         !(q.values[0].matches({NUMBER}) && int({bound}) + 1 < int(q.values[0])))"
    );
    format!("({r}.operator == 'In' ? {some_value} : ({is_bound}) && {same_key}.all(q, {compatible}))")
}

/// Whether a label of this value meets the requirement `q`.
fn holds(q: &str, value: &str) -> String {
    let bound = format!("{q}.values[0]");
    format!(
        "({q}.operator == 'In' ? {value} in {q}.values : {q}.operator == 'NotIn' ? !({value} in {q}.values) : \
         {q}.operator == 'Exists' || ({q}.operator in ['Gt', 'Lt'] && {value}.matches({NUMBER}) && \
         {bound}.matches({NUMBER}) && \
         ({q}.operator == 'Gt' ? int({value}) > int({bound}) : int({value}) < int({bound}))))"
    )
}

/// Whether a node that is not known to be inside could have a name that these fields admit. Only `metadata.name` is a
/// field, with one value.
fn fields_open(fields: &str) -> String {
    format!(
        "{fields}.all(f, f.operator == 'NotIn' || \
         (has(params.spec.nodesInside) && !(f.values[0] in params.spec.nodesInside) && \
         {fields}.all(g, g.operator == 'In' ? g.values == f.values : g.values != f.values)))"
    )
}

/// Whether the term names a place, and none that is inside. It only chooses the words. A zone that is a number is
/// anywhere.
fn nowhere_inside(term: &str) -> String {
    let number = "(variables.keys[r.key] == 'Zone' && v.matches('^[0-9]+$'))";
    let somewhere = by_kind("r", |inside| format!("r.values.exists(v, {inside} || {number})"));
    format!("{term}.labels.exists(r, r.key in variables.keys && r.operator == 'In' && !{somewhere})")
}
