//! Our own certificate authority and the serving certificate, shared by all replicas through one Secret.
//!
//! ```text
//! Secret --read (client)--> Material --plan (pure)--> Step --issue--> Material --write, if nobody was faster (client)-->
//! Secret --watch--> Material --> resolver (next handshake) and registration (caBundle)
//! ```
//!
//! Only the controllers make certificates, and only where nobody else does ([`Custody`]); webhooks read.
//!
//! A new authority is put into the bundle one leaf before it signs anything, and the old one stays in the bundle
//! until every leaf that it signed has expired: at no moment does an API server meet a certificate that the bundle
//! it holds does not cover.

pub mod issue;
mod material;
mod plan;
mod resolver;
mod store;

pub use issue::issue;
pub use material::{Authority, Leaf, Material, Serving, Unusable};
pub use plan::{Step, plan};
pub use resolver::Resolver;
pub use store::{Custody, Error, Store};
