//! Our own kinds: among the manifests, given by `--policies`, and wrong.

use crate::folder::{CLUSTER, Folder, SHOP, deployment};

/// A policy that keeps a class of the company's own.
const POLICY: &str = "apiVersion: bund.dev/v1alpha1
kind: ResidencyPolicy
metadata: {name: recipes}
spec:
  dataClasses: [recipes]
  jurisdictions: [cn-mainland]
  enforcement: {placement: Deny}
";

const CLASS: &str = "apiVersion: bund.dev/v1alpha1
kind: DataClass
metadata: {name: recipes}
spec:
  category: Other
  selectors:
    - objectSelector: {matchLabels: {app: kitchen}}
";

/// A Deployment that carries no class label.
fn plain(name: &str, region: &str) -> String {
    deployment(name, region).replace("        data-class.bund.dev/personal-information: \"\"\n", "")
}

#[test]
fn kinds_of_our_own_among_the_manifests_judge_too() {
    let folder = Folder::of(&[
        ("app/kitchen.yaml", &plain("kitchen", "eu-central-1")),
        ("app/shop.yaml", SHOP),
        ("bund/policy.yaml", POLICY),
        ("bund/class.yaml", CLASS),
    ]);
    folder.check(&["app"]).exits(0);
    folder
        .check(&["app", "bund"])
        .exits(1)
        .says("Deployment shop/kitchen")
        .says("recipes (a selector of the class matches spec.template.metadata.labels)")
        .says("policy recipes");
}

#[test]
fn a_manifest_cannot_take_the_place_of_the_built_in_policy() {
    let audit = POLICY.replace("{name: recipes}", "{name: mainland-residency}").replace("Deny", "Audit");
    let folder = Folder::of(&[("web.yaml", &deployment("web", "eu-central-1")), ("policy.yaml", &audit)]);
    folder.check(&["."]).exits(1).says("policy built-in.mainland-residency");
    let own = audit.replace("built-in.mainland-residency", "built-in");
    folder.write("policy.yaml", &own.replace("[recipes]", "[personal-information]"));
    folder.check(&["."]).exits(1).says("policies built-in.mainland-residency, mainland-residency");
}

#[test]
fn policies_that_are_given_judge_instead_of_the_built_in_one() {
    let folder = Folder::of(&[
        ("web.yaml", &deployment("web", "eu-central-1")),
        ("shop.yaml", SHOP),
        ("policies/recipes.yaml", POLICY),
        ("policies/class.yaml", CLASS),
    ]);
    folder.check(&["web.yaml", "--facts", "shop.yaml"]).exits(1);
    folder.check(&["web.yaml", "--facts", "shop.yaml", "--policies", "policies"]).exits(0);
}

#[test]
fn jurisdictions_and_classes_are_built_in_and_the_shipped_starter_policy_only_audits() {
    let folder = Folder::of(&[("web.yaml", &deployment("web", "eu-central-1")), ("shop.yaml", SHOP)]);
    folder.write("starter.yaml", include_str!("../../../../policies/starter/residency.yaml"));
    let arguments = ["web.yaml", "--facts", "shop.yaml", "--policies", "starter.yaml"];
    folder.check(&arguments).exits(0).says("recorded web.yaml");
    folder.check(&[&arguments[..], &["--fail-on", "any"]].concat()).exits(1);
}

/// An own kind that cannot be read, and what is said of it.
const INVALID: &[(&str, &str, &str, &str, &str)] = &[
    (
        "an unknown field",
        POLICY,
        "jurisdictions:",
        "jurisdiction:",
        "6:3: ResidencyPolicy recipes is not valid: spec.jurisdiction: unknown field",
    ),
    (
        "a mode that does not exist",
        POLICY,
        "Deny",
        "Block",
        "7:17: ResidencyPolicy recipes is not valid: spec.enforcement.placement: unknown variant `Block`",
    ),
    (
        "no class",
        POLICY,
        "[recipes]",
        "[]",
        "5:3: ResidencyPolicy recipes is not valid: spec.dataClasses: has 0 entries; at least 1",
    ),
    (
        "a class twice",
        POLICY,
        "[recipes]",
        "[a, b, a]",
        "5:23: ResidencyPolicy recipes is not valid: spec.dataClasses[2]: `a` is listed twice",
    ),
    (
        "a selector that matches everything",
        CLASS,
        "{matchLabels: {app: kitchen}}",
        "{}",
        "7:7: DataClass recipes is not valid: spec.selectors[0].objectSelector: this selector would match almost every object",
    ),
    (
        "a selector that only excludes",
        CLASS,
        "{matchLabels: {app: kitchen}}",
        "{matchExpressions: [{key: a, operator: DoesNotExist}]}",
        "7:7: DataClass recipes is not valid: spec.selectors[0].objectSelector: this selector",
    ),
    (
        "minors without Sensitive",
        CLASS,
        "category: Other",
        "category: PersonalInformation\n  subjects: MinorsUnder14",
        "DataClass recipes is not valid: spec.sensitivity: information of minors under 14 is sensitive",
    ),
    (
        "a name that is no label",
        CLASS,
        "{name: recipes}",
        "{name: a.b}",
        "3:12: DataClass a.b is not valid: metadata.name: the name becomes the label",
    ),
    (
        "host bits",
        CLUSTER,
        "[alibaba]",
        "[alibaba], networks: [10.20.3.4/16]",
        "4:81: ClusterLocation cluster is not valid: spec.networks[0]: `10.20.3.4/16` is not a network, it has host bits; write `10.20.0.0/16`",
    ),
    ("no provider", CLUSTER, "[alibaba]", "[]", "spec.providers: has 0 entries; at least 1"),
    (
        "another name",
        CLUSTER,
        "name: cluster",
        "name: beijing",
        "3:12: ClusterLocation beijing is not valid: metadata.name: a cluster has one location; name this object `cluster`",
    ),
    (
        "no such kind",
        POLICY,
        "kind: ResidencyPolicy",
        "kind: ResidencyPolcy",
        "2:1: bund.dev has no kind `ResidencyPolcy`; write `bund.dev/v1alpha1` and one of BreakGlass, ClusterLocation",
    ),
    ("no such version", POLICY, "bund.dev/v1alpha1", "bund.dev/v1", "1:1: `bund.dev/v1` is not served"),
    (
        "no spec",
        POLICY,
        "spec:\n  dataClasses: [recipes]\n  jurisdictions: [cn-mainland]\n  enforcement: {placement: Deny}\n",
        "",
        "1:1: ResidencyPolicy recipes is not valid: spec: is missing",
    ),
];

#[test]
fn an_invalid_object_of_ours_is_reported_with_the_line_of_its_field() {
    for (what, valid, from, to, says) in INVALID {
        assert!(valid.contains(from), "{what}");
        let folder = Folder::of(&[
            ("web.yaml", &deployment("web", "cn-hangzhou")),
            ("own.yaml", &valid.replacen(from, to, 1)),
        ]);
        let says = if says.starts_with(|c: char| c.is_ascii_digit()) {
            format!("own.yaml:{says}")
        } else {
            (*says).to_owned()
        };
        folder.check(&["."]).exits(2).says(&says);
        if !what.starts_with("no such") {
            folder.check(&["web.yaml", "--facts", "own.yaml"]).exits(2).says(&says);
        }
        folder.check(&["web.yaml", "--policies", "own.yaml"]).exits(2);
    }
}

#[test]
fn no_such_country_is_reported_with_its_line() {
    let jurisdiction = "apiVersion: bund.dev/v1alpha1
kind: Jurisdiction
metadata: {name: nowhere}
spec:
  displayName: Nowhere
  countryCodes:
    - CN
    - UK
";
    Folder::of(&[("j.yaml", jurisdiction)])
        .check(&["j.yaml"])
        .exits(2)
        .says("j.yaml:8:7: Jurisdiction nowhere is not valid: spec.countryCodes[1]: `UK` is not a country code of ISO 3166-1");
}

#[test]
fn a_mapping_that_says_nothing_and_one_of_our_own_group_are_refused() {
    let mapping = "apiVersion: bund.dev/v1alpha1
kind: DestinationMapping
metadata: {name: backups}
spec:
  target: {group: velero.io, kind: BackupStorageLocation, resource: backupstoragelocations}
";
    let folder = Folder::of(&[("m.yaml", mapping)]);
    folder
        .check(&["."])
        .exits(2)
        .says("m.yaml:4:1: DestinationMapping backups is not valid: spec: a mapping says nothing");
    folder.write("m.yaml", &mapping.replace("velero.io", "bund.dev"));
    folder
        .check(&["."])
        .exits(2)
        .says("m.yaml:5:3: DestinationMapping backups is not valid: spec.target: kinds of bund.dev");
}

#[test]
fn a_label_that_kubelets_write_cannot_be_the_trusted_one() {
    let shipped = include_str!("../../../../policies/jurisdictions/cn-mainland.yaml");
    let from = "trustedNodeLabel: node-restriction.kubernetes.io/jurisdiction";
    assert!(shipped.contains(from));
    let folder =
        Folder::of(&[("j.yaml", &shipped.replace(from, "trustedNodeLabel: example.com/jurisdiction"))]);
    folder
        .check(&["."])
        .exits(2)
        .says("spec.trustedNodeLabel: kubelets may write this label on their own node");
}

#[test]
fn what_an_unreadable_object_may_concern_is_not_decided() {
    let broken = POLICY.replace("[cn-mainland]", "7");
    let folder = Folder::of(&[("web.yaml", &deployment("web", "cn-hangzhou")), ("policy.yaml", &broken)]);
    assert!(folder.reasons(&["."]).contains(&"FactUnreadable".to_owned()));
    let plain = Folder::of(&[("web.yaml", &plain("web", "eu-central-1")), ("policy.yaml", &broken)]);
    assert_eq!(plain.reasons(&["."]), Vec::<String>::new(), "what is not classified is left alone");
}
