//! The custom resource definitions, as `manifests/` holds them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::{
    BreakGlass, ClusterLocation, CrossBorderTransfer, DataClass, DestinationMapping, Exporter,
    FloorParameters, Jurisdiction, Ledger, LedgerEvent, ResidencyPolicy, TransferApproval,
};

/// Every custom resource definition, in the order of their names.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![
        BreakGlass::crd(),
        ClusterLocation::crd(),
        CrossBorderTransfer::crd(),
        DataClass::crd(),
        DestinationMapping::crd(),
        Exporter::crd(),
        FloorParameters::crd(),
        Jurisdiction::crd(),
        Ledger::crd(),
        LedgerEvent::crd(),
        ResidencyPolicy::crd(),
        TransferApproval::crd(),
    ]
}
