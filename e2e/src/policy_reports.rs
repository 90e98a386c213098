//! The custom resource definitions of policy reports, from the pinned modules of those who publish them. The API server
//! holds what is written to them: that is what conformance means here.

use serde_json::Value;

use crate::{go_module, shop::manifests};

/// An API of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportApi {
    /// `openreports.io`.
    OpenReports,
    /// `wgpolicyk8s.io`, from which the former came.
    PolicyReports,
}

impl ReportApi {
    /// `group/version`.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::OpenReports => "openreports.io/v1alpha1",
            Self::PolicyReports => "wgpolicyk8s.io/v1alpha2",
        }
    }

    /// The kind of a report in a namespace, and of one in none.
    pub fn kinds(self) -> [&'static str; 2] {
        match self {
            Self::OpenReports => ["Report", "ClusterReport"],
            Self::PolicyReports => ["PolicyReport", "ClusterPolicyReport"],
        }
    }

    /// The definitions of both kinds.
    pub async fn definitions(self) -> anyhow::Result<Vec<Value>> {
        let (module, folder, files) = match self {
            Self::OpenReports => (
                "github.com/openreports/reports-api",
                "config/crd",
                ["openreports.io_reports", "openreports.io_clusterreports"],
            ),
            Self::PolicyReports => (
                "sigs.k8s.io/wg-policy-prototypes",
                "policy-report/crd/v1alpha2",
                ["wgpolicyk8s.io_policyreports", "wgpolicyk8s.io_clusterpolicyreports"],
            ),
        };
        let folder = go_module::directory("policy-reports", module).await?.join(folder);
        let mut definitions = Vec::new();
        for file in files {
            definitions.extend(manifests(&folder.join(format!("{file}.yaml")))?);
        }
        Ok(definitions)
    }
}
