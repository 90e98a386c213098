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
pub mod cross_border_transfer;
pub mod data_class;
pub mod destination_mapping;
pub mod egress;
pub mod enforcement;
pub mod exporter;
pub mod floor_parameters;
pub mod jurisdiction;
pub mod labels;
pub mod ledger;
pub mod ledger_event;
pub mod manifest;
pub mod problem;
pub mod residency_policy;
pub mod running;
pub mod selector;
pub mod transfer_approval;
mod unseen;
pub mod vocabulary;

pub use break_glass::{BreakGlass, BreakGlassSpec, BreakGlassStatus};
pub use cluster_location::{ClusterLocation, ClusterLocationSpec, ClusterLocationStatus, Span};
pub use cross_border_transfer::{
    CrossBorderTransfer, CrossBorderTransferSpec, CrossBorderTransferStatus, Persons, RecipientKind,
};
pub use data_class::{DataClass, DataClassSpec, DataClassStatus};
pub use destination_mapping::{DestinationMapping, DestinationMappingSpec, DestinationMappingStatus};
pub use egress::{ClusterDns, Egress, Escape, NetworkPort, Protocol, TransferEnd};
pub use enforcement::{Aspect, Enforcement, Mode};
pub use exporter::{Exporter, ExporterSpec, ExporterStatus};
pub use floor_parameters::{FloorParameters, FloorParametersSpec};
pub use jurisdiction::{Jurisdiction, JurisdictionSpec, JurisdictionStatus};
pub use ledger::{Ledger, LedgerSpec, LedgerStatus};
pub use ledger_event::{EventType, LedgerEvent, LedgerEventSpec};
pub use problem::{Check, Problem};
pub use residency_policy::{
    ApprovalRule, PlacementStrategy, ResidencyPolicy, ResidencyPolicySpec, ResidencyPolicyStatus, Right,
    TrustedSubject,
};
pub use running::{Eviction, NodeResponse, Response, Responses, Running};
pub use selector::LabelSelector;
pub use transfer_approval::{Approver, TransferApproval, TransferApprovalSpec, TransferDecision};
pub use unseen::is_unseen;
pub use vocabulary::{
    Cidr, ClassName, CountryCode, CreditCode, Date, Digest, FieldQuery, HostName, HostPattern, HostSuffix,
    JurisdictionName, LabelKey, Moment, NamespaceName, PolicyName, ProviderName, QueryStep, RegionId, Uid,
};

/// The API group of every kind of Bund.
pub const GROUP: &str = "bund.dev";
/// The one version that is served.
pub const VERSION: &str = "v1alpha1";
