//! Reading the API server's audit log: what admission noted about a request is seen nowhere else.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

/// One finished request, as far as tests look at it. See `audit.k8s.io/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// The same in webhook calls and logs that belong to this request.
    #[serde(rename = "auditID")]
    pub audit_id: String,
    /// `ResponseStarted` for watches and exec, `ResponseComplete` or `Panic` for all.
    pub stage: String,
    /// With the query: `dryRun=All` is seen here.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// The verb that authorization asked about.
    pub verb: String,
    /// Who asked.
    pub user: AuditUser,
    /// What it was about, if it was about an object.
    #[serde(default)]
    pub object_ref: AuditObject,
    /// The answer.
    #[serde(default)]
    pub response_status: AuditStatus,
    /// What authorization and admission noted. A webhook's keys are prefixed with its name and `/`.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// The authenticated user of a request. Empty where nobody was authenticated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuditUser {
    /// For a service account `system:serviceaccount:<namespace>:<name>`.
    pub username: String,
}

/// The object of a request. What does not apply is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditObject {
    /// The plural.
    pub resource: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// For a create with `generateName` the name that was generated, or empty if it was refused before.
    pub name: String,
    /// Empty for the core group.
    pub api_group: String,
    /// Such as `status` or `exec`.
    pub subresource: String,
}

/// The status of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuditStatus {
    /// The HTTP status, 0 if there is none.
    pub code: u16,
}

impl AuditEvent {
    /// Whether this is the end of a request on such an object itself, not on a subresource.
    pub fn is(&self, verb: &str, resource: &str, namespace: &str, name: &str) -> bool {
        let object = &self.object_ref;
        self.stage == "ResponseComplete"
            && self.verb == verb
            && object.subresource.is_empty()
            && (object.resource.as_str(), object.namespace.as_str(), object.name.as_str())
                == (resource, namespace, name)
    }
}

/// The audit log of one control plane. Reading from different positions is independent.
#[derive(Debug, Clone)]
pub struct AuditLog {
    path: PathBuf,
}

/// A place in the log. The default is its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditPosition(u64);

impl AuditLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file, one JSON object a line.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The present end: what is read from here happened later.
    pub fn end(&self) -> anyhow::Result<AuditPosition> {
        match std::fs::metadata(&self.path) {
            Ok(metadata) => Ok(AuditPosition(metadata.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(AuditPosition(0)),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        }
    }

    /// What has been logged since `position`. The API server may log a request a moment after it answered, so
    /// who looks for one request should use [`ControlPlane::audit_event`](super::ControlPlane::audit_event).
    pub fn since(&self, position: AuditPosition) -> anyhow::Result<Vec<AuditEvent>> {
        let mut file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        };
        file.seek(SeekFrom::Start(position.0))?;
        let mut events = Vec::new();
        let mut reader = BufReader::new(file);
        let mut line = String::new();
        // A line without its end is still being written.
        while reader.read_line(&mut line)? > 0 && line.ends_with('\n') {
            events.push(serde_json::from_str(&line).with_context(|| format!("not an audit event: {line}"))?);
            line.clear();
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a-1",
        "stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?dryRun=All","verb":"create",
        "user":{"username":"app-team","uid":"u","groups":["developers"]},"sourceIPs":["127.0.0.1"],
        "objectRef":{"resource":"pods","namespace":"shop","name":"web","apiVersion":"v1"},
        "responseStatus":{"metadata":{},"code":201},"annotations":{"bund.dev/would-deny":"ResidencyUnknown"}}"#;

    fn log_with(content: &str) -> (tempfile::TempDir, AuditLog) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        std::fs::write(&path, content).unwrap();
        (directory, AuditLog::new(path))
    }

    #[test]
    fn a_log_that_does_not_exist_yet_is_empty() {
        let log = AuditLog::new("/nonexistent/audit.log".into());
        assert_eq!(log.end().unwrap(), AuditPosition::default());
        assert_eq!(log.since(AuditPosition::default()).unwrap(), []);
    }

    #[test]
    fn a_line_that_is_still_being_written_is_left_for_the_next_reader() {
        let line = EVENT.replace('\n', "");
        let (_directory, log) = log_with(&format!("{line}\n{}", line.split_at(40).0));
        let events = log.since(AuditPosition::default()).unwrap();
        assert_eq!(events.len(), 1);
        assert!(events[0].is("create", "pods", "shop", "web"));
        assert_eq!(events[0].response_status.code, 201);
        assert_eq!(events[0].annotations["bund.dev/would-deny"], "ResidencyUnknown");
    }

    #[test]
    fn reading_from_a_position_leaves_out_what_came_before() {
        let line = EVENT.replace('\n', "");
        let (_directory, log) = log_with(&format!("{line}\n"));
        let position = log.end().unwrap();
        std::fs::write(log.path(), format!("{line}\n{}\n", line.replace("\"web\"", "\"db\""))).unwrap();
        let events = log.since(position).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].object_ref.name, "db");
    }
}
