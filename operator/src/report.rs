//! What is wrong now, told where people look: policy reports beside the owners, and events on them.
//!
//! ```text
//! Audited --result, compose (pure)--> Wanted --plan (pure)--> writes --write (client)--> API server --watch--> Stored
//! stored reports --recall (client)--> since when findings are known --> audit
//! Audited --event/plan (pure)--> events --event (client)--> API server
//! ```
//!
//! A second pass over the same facts plans nothing: what is wanted is compared with what a watch shows, by digest. Reports
//! are for people and for what draws dashboards. They are no evidence: whoever may write them can change them for the
//! moment until they are put right.

mod api;
mod compose;
mod event;
mod name;
mod plan;
mod recall;
mod result;
mod run;
mod served;
mod stored;
mod sweep;
#[cfg(test)]
mod testing;
mod text;
mod wanted;
mod write;

pub use api::ReportApi;
pub use event::Teller;
pub use recall::{Recalled, recall};
pub use run::Reporter;
pub use wanted::Overflow;
pub use write::Written;

/// The label by which our reports are known among others', and its value.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "bund");

/// The selector of our reports.
fn ours() -> String {
    format!("{}={}", MANAGED_BY.0, MANAGED_BY.1)
}
