//! The custom resource definitions, as `manifests/` holds them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::{
    BreakGlass, ClusterLocation, DataClass, DestinationMapping, FloorParameters, Jurisdiction,
    ResidencyPolicy,
};

/// Every custom resource definition, in the order of their names.
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![
        BreakGlass::crd(),
        ClusterLocation::crd(),
        DataClass::crd(),
        DestinationMapping::crd(),
        FloorParameters::crd(),
        Jurisdiction::crd(),
        ResidencyPolicy::crd(),
    ]
}
