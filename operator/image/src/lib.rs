//! Container images without a container engine.
//!
//! [`layout`] writes an OCI image layout from files, [`program`] compiles programs that need nothing of the system they
//! run on, [`sbom`] lists what they are made of, [`release`] puts the image of Bund together. The end-to-end tests write
//! small images of their own with the same parts.

pub mod layer;
pub mod layout;
pub mod program;
pub mod release;
pub mod sbom;
