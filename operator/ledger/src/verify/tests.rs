//! Damage of every kind is found, and what is whole is not complained of.

mod bytes;
mod fixture;
mod history;
mod live;
mod semantic;
mod shards;
mod structure;
