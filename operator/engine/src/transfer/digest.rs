//! The exact text that people approve.

use alloc::{borrow::ToOwned, string::String};

use bund_crds::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::hexadecimal::hexadecimal;

/// The canonical text of a transfer (RFC 8785): apiVersion, namespace, name, uid and spec. `None` without a uid or where
/// it has no canonical form.
pub fn text_to_approve(namespace: &str, transfer: &Value) -> Option<String> {
    let uid = transfer.pointer("/metadata/uid").and_then(Value::as_str).filter(|uid| !uid.is_empty())?;
    let text = json!({
        "apiVersion": transfer.get("apiVersion")?,
        "namespace": namespace,
        "name": transfer.pointer("/metadata/name")?,
        "uid": uid.to_owned(),
        "spec": transfer.get("spec")?,
    });
    serde_json_canonicalizer::to_string(&text).ok()
}

/// The SHA-256 of [`text_to_approve`].
pub fn digest(namespace: &str, transfer: &Value) -> Option<Digest> {
    let text = text_to_approve(namespace, transfer)?;
    hexadecimal(&Sha256::digest(text.as_bytes())).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_what_is_approved_and_of_nothing_else() {
        let transfer = json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer",
            "metadata": { "name": "t", "uid": "u-1", "labels": { "a": "b" } },
            "spec": { "b": 2, "a": "ä" }, "status": { "x": 1 }
        });
        assert_eq!(
            text_to_approve("shop", &transfer).as_deref(),
            Some(
                r#"{"apiVersion":"bund.dev/v1alpha1","name":"t","namespace":"shop","spec":{"a":"ä","b":2},"uid":"u-1"}"#
            )
        );
        let same = digest("shop", &transfer);
        let mut touched = transfer.clone();
        touched["metadata"]["labels"] = Value::Null;
        touched["status"] = Value::Null;
        assert_eq!(digest("shop", &touched), same);
        for (pointer, other) in [("/metadata/uid", "u-2"), ("/metadata/name", "s"), ("/spec/a", "a")] {
            let mut changed = transfer.clone();
            *changed.pointer_mut(pointer).unwrap() = json!(other);
            assert_ne!(digest("shop", &changed), same, "{pointer}");
        }
        assert_ne!(digest("till", &transfer), same);
    }
}
