//! API types of Bund (group `bund.dev`) and the vocabulary they are made of.
//!
//! Every kind is one file; its doc comments are the API reference. What one object can tell about
//! itself is validated by `OpenAPI` and CEL in the API server, with messages that say what to write
//! instead. What needs other objects is a condition.
//!
//! Architecture Invariant (generated equals types): `manifests/*.yaml` is what [`manifest::all`]
//! prints; `tests/manifests.rs` fails when they differ.

pub mod break_glass;
pub mod cluster_location;
pub mod condition;
pub mod data_class;
pub mod destination_mapping;
pub mod enforcement;
pub mod floor_parameters;
pub mod jurisdiction;
pub mod labels;
pub mod manifest;
pub mod problem;
pub mod residency_policy;
pub mod running;
pub mod selector;
pub mod vocabulary;

pub use break_glass::{BreakGlass, BreakGlassSpec, BreakGlassStatus};
pub use cluster_location::{ClusterLocation, ClusterLocationSpec, ClusterLocationStatus, Span};
pub use data_class::{DataClass, DataClassSpec, DataClassStatus};
pub use destination_mapping::{DestinationMapping, DestinationMappingSpec, DestinationMappingStatus};
pub use enforcement::{Aspect, Enforcement, Mode};
pub use floor_parameters::{FloorParameters, FloorParametersSpec};
pub use jurisdiction::{Jurisdiction, JurisdictionSpec, JurisdictionStatus};
pub use problem::{Check, Problem};
pub use residency_policy::{PlacementStrategy, ResidencyPolicy, ResidencyPolicySpec, ResidencyPolicyStatus};
pub use running::{Eviction, NodeResponse, Response, Responses, Running};
pub use selector::LabelSelector;
pub use vocabulary::{
    Cidr, ClassName, CountryCode, FieldQuery, HostSuffix, JurisdictionName, LabelKey, NamespaceName,
    PolicyName, ProviderName, QueryStep, RegionId,
};

/// The API group of every kind of Bund.
pub const GROUP: &str = "bund.dev";
/// The one version that is served.
pub const VERSION: &str = "v1alpha1";
