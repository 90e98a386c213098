//! A decision in its form: on which exact text, and whether it was agreed to. (pure)

use bund_crds::{
    Approver, ClassName, Digest, TransferApproval, TransferApprovalSpec, TransferDecision,
    transfer_approval::ApprovedTransfer,
};
use bund_engine::{
    Snapshot,
    snapshot::TransferFacts,
    transfer::{self, Refusal, judge_decision, text_to_approve},
};
use kube::api::ObjectMeta;
use serde_json::Value;

use crate::report::visible_json;

/// The exact text that is decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// All of it, over several lines.
    pub shown: String,
    /// Its SHA-256.
    pub digest: Digest,
}

impl Text {
    /// The text of a transfer, as it was read. `None` for one that no API server has seen.
    pub fn of(namespace: &str, transfer: &Value) -> Option<Self> {
        let canonical = text_to_approve(namespace, transfer)?;
        let whole: Value = serde_json::from_str(&canonical).ok()?;
        let shown = serde_json::to_string_pretty(&whole).ok()?;
        Some(Self {
            shown: visible_json(&shown).into_owned(),
            digest: transfer::digest(namespace, transfer)?,
        })
    }
}

/// Whether somebody agreed to send a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They did, on the command line.
    Given,
    /// They are to be asked.
    Ask,
    /// They cannot be asked, and named no text.
    Wanting,
    /// They named another text.
    OtherText,
}

/// What a command line says of the agreement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Consent<'c> {
    /// The digest that `--digest` names.
    pub digest: Option<&'c Digest>,
    /// Whether `--yes` was given.
    pub yes: bool,
    /// Whether a person reads what is shown and can answer.
    pub terminal: bool,
}

impl Consent<'_> {
    /// Whether `decision` on `text` may be sent. What opens must name its text where no person saw it; what closes need not.
    pub fn to(self, decision: TransferDecision, text: &Text) -> Agreement {
        let closes = decision != TransferDecision::Approved;
        match self.digest {
            Some(named) if *named != text.digest => Agreement::OtherText,
            Some(_) => Agreement::Given,
            None if self.yes && (self.terminal || closes) => Agreement::Given,
            None if self.terminal => Agreement::Ask,
            None => Agreement::Wanting,
        }
    }
}

/// The decision on `text` of `transfer`. Who decides is left out, because it is stamped. `None` for a transfer that no API
/// server has seen.
pub fn approval(
    transfer: &TransferFacts,
    text: &Text,
    decision: TransferDecision,
    reason: Option<String>,
) -> Option<TransferApproval> {
    let data_classes: Vec<ClassName> = transfer.spec.data_classes.clone();
    let decided_on = ApprovedTransfer {
        name: transfer.name.to_string(),
        uid: transfer.uid.clone()?,
        digest: text.digest.clone(),
    };
    let spec = TransferApprovalSpec { transfer: decided_on, data_classes, decision, reason, approver: None };
    let metadata = ObjectMeta {
        generate_name: Some(format!("{}-", transfer.name)),
        namespace: Some(transfer.namespace.to_string()),
        ..ObjectMeta::default()
    };
    Some(TransferApproval { metadata, spec })
}

/// Why the decision would not count if `you` made it, as far as can be seen from here.
pub fn would_not_count(approval: &TransferApproval, you: &Approver, snapshot: &Snapshot) -> Option<Refusal> {
    let spec = TransferApprovalSpec { approver: Some(you.clone()), ..approval.spec.clone() };
    let namespace = approval.metadata.namespace.as_deref().unwrap_or_default();
    judge_decision(namespace, &spec, snapshot).err()
}

/// What a person calls the decision.
pub fn verb(decision: TransferDecision) -> &'static str {
    match decision {
        TransferDecision::Approved => "approve",
        TransferDecision::Rejected => "reject",
        TransferDecision::Revoked => "revoke",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn transfer() -> Value {
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
            "metadata": {"name": "crm", "namespace": "shop", "uid": "u-1", "labels": {"a": "b"}},
            "spec": {"purpose": "x\u{202e}y", "dataClasses": ["personal-information"]},
            "status": {"route": "Exempt"}
        })
    }

    #[test]
    fn all_that_is_approved_is_shown_and_nothing_hides_in_it() {
        let text = Text::of("shop", &transfer());
        let shown = r#"{
  "apiVersion": "bund.dev/v1alpha1",
  "name": "crm",
  "namespace": "shop",
  "spec": {
    "dataClasses": [
      "personal-information"
    ],
    "purpose": "x\u202ey"
  },
  "uid": "u-1"
}"#;
        let digest = transfer::digest("shop", &transfer());
        assert_eq!(text, digest.map(|digest| Text { shown: shown.to_owned(), digest }));
        let mut unseen = transfer();
        unseen["metadata"]["uid"] = Value::Null;
        assert_eq!(Text::of("shop", &unseen), None);
    }

    #[test]
    fn what_opens_names_its_text_where_nobody_saw_it() {
        let text = Text::of("shop", &transfer()).unwrap();
        let mut other = transfer();
        other["spec"]["purpose"] = json!("y");
        let other = Text::of("shop", &other).unwrap();
        let consent = |digest, yes, terminal| Consent { digest, yes, terminal };
        for (given, approve, close) in [
            (consent(None, false, false), Agreement::Wanting, Agreement::Wanting),
            (consent(None, true, false), Agreement::Wanting, Agreement::Given),
            (consent(None, false, true), Agreement::Ask, Agreement::Ask),
            (consent(None, true, true), Agreement::Given, Agreement::Given),
            (consent(Some(&text.digest), false, false), Agreement::Given, Agreement::Given),
            (consent(Some(&other.digest), true, true), Agreement::OtherText, Agreement::OtherText),
        ] {
            assert_eq!(given.to(TransferDecision::Approved, &text), approve, "{given:?}");
            for decision in [TransferDecision::Rejected, TransferDecision::Revoked] {
                assert_eq!(given.to(decision, &text), close, "{given:?}");
            }
        }
    }
}
