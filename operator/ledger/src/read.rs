//! Reading a log that is not believed: what is in a store, and what is in an export.

mod bundle;
mod files;

pub use bundle::{Bundle, InvalidBundle};
pub use files::{Files, Folder, InMemory};

pub(crate) use bundle::WIDTH;
