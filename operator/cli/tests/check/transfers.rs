//! Transfers among the manifests: what the law asks of them is told, and what proves nothing there.

use crate::folder::{Folder, SHOP};

const TRANSFER: &str = "apiVersion: bund.dev/v1alpha1
kind: CrossBorderTransfer
metadata: {name: crm, namespace: shop}
spec:
  exporter: 91350100M000100Y43
  requestedBy: zhang.san
  recipient: {name: Example GmbH, country: DE, contact: privacy@example.com, kind: Organisation}
  purpose: customer care
  method: storage abroad
  dataClasses: [personal-information]
  dataTypes: [name]
  persons: {ordinary: 1000, sensitive: 0, under14: 0}
  sources: [{kind: Deployment, name: crm}]
  destinations: [{provider: aws, region: eu-central-1}]
  mechanism:
    exemption: {ground: BelowThreshold, evidence: counted}
  validity: {from: \"2026-05-22T16:00:00Z\", until: \"2099-05-21T16:00:00Z\"}
";

const DECISION: &str = "apiVersion: bund.dev/v1alpha1
kind: TransferApproval
metadata: {name: crm, namespace: shop}
spec:
  transfer: {name: crm, uid: u-1, digest: 9dea388df0cf1b77b94e176edc51c6647742d70ec04dbf46e935b2616f73a112}
  dataClasses: [personal-information]
  decision: Approved
";

const EVENT: &str = "apiVersion: bund.dev/v1alpha1
kind: LedgerEvent
metadata: {name: u-1.0}
spec: {event: Activated, observedAt: \"2026-05-22T16:00:10Z\", why: it was approved}
";

#[test]
fn what_a_transfer_lacks_is_a_warning_with_the_line_of_its_field() {
    let folder = Folder::of(&[("crm.yaml", TRANSFER), ("shop.yaml", SHOP)]);
    folder
        .check(&["."])
        .exits(0)
        .says("warning ./crm.yaml:4:1: TransferIncomplete: CrossBorderTransfer shop/crm lacks spec.impactAssessment.document: ")
        .says("warning ./crm.yaml:15:3: TransferRoute: CrossBorderTransfer shop/crm goes by a route that nobody can tell: no Exporter 91350100m000100y43 can be read")
        .says("2 objects: 0 refused, 1 with warnings, 1 clean");
    folder.check(&[".", "--fail-on", "warn"]).exits(1);
}

#[test]
fn what_is_forbidden_fails() {
    let harmful = TRANSFER.replace(
        "  validity",
        "  impactAssessment:
    document: {reference: DOC-1, date: 2026-05-01}
    keepUntil: 2099-05-01
    harms: [NationalSecurity]
  validity",
    );
    for (output, says) in [
        ("text", "refused ./crm.yaml:20:13: "),
        ("github", "::error file=crm.yaml,"),
        ("sarif", "\"ruleId\": \"TransferForbidden\""),
        ("junit", "<failure message=\"TransferForbidden: "),
        ("json", "\"reason\": \"TransferForbidden\""),
    ] {
        Folder::of(&[("crm.yaml", &harmful)])
            .check(&[".", "-o", output])
            .exits(1)
            .says(says)
            .says("PIPL Art. 42");
    }
}

#[test]
fn one_that_the_api_server_would_refuse_is_unreadable() {
    Folder::of(&[("crm.yaml", &TRANSFER.replace("2099-05-21", "2001-05-21"))])
        .check(&["."])
        .exits(2)
        .says("crm.yaml:17:44: CrossBorderTransfer crm is not valid: spec.validity.until: must be after");
}

#[test]
fn decisions_and_events_are_no_manifests() {
    Folder::of(&[("decision.yaml", DECISION)])
        .check(&["."])
        .exits(0)
        .says("warning ./decision.yaml:1:1: DecisionInManifest: TransferApproval shop/crm")
        .says("kubectl bund approve");
    Folder::of(&[("event.yaml", EVENT)])
        .check(&["."])
        .exits(1)
        .says("refused ./event.yaml:1:1: RecordInManifest: LedgerEvent u-1.0");
    let broken = DECISION.replace("decision: Approved", "decision: Revoked");
    Folder::of(&[("decision.yaml", &broken)])
        .check(&["."])
        .exits(2)
        .says("TransferApproval crm is not valid: spec.reason:");
}
