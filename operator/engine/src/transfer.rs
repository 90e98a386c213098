//! Cross-border transfers: what the law asks of one, who decides on it, and whether it is in effect.
//!
//! Everything here is a function of what is known and of the time. A transfer is in effect when the law's conditions are
//! met ([`assess`]), the right people have approved its exact text ([`tally`]), and the record says that it was opened and
//! nothing since then closed it ([`standing`]). Opening waits for the record; closing never does.

mod assess;
mod case;
mod chain;
mod decisions;
mod digest;
mod due;
mod memory;
mod over;
mod recorded;
mod standing;
mod turn;

pub use assess::{
    Assessment, Count, Deadline, ELSEWHERE_DAYS, Missing, Prohibition, Route, Totals, assess, beijing, totals,
};
pub use case::Judges;
pub use decisions::{NO_CREDENTIAL, Refusal, Tally, judge_decision, needs_right, tally};
pub use digest::{digest, text_to_approve};
pub use due::{Absent, Due, due, revocation};
pub use memory::Memory;
pub use standing::{End, Standing, State, standing, standing_on_record};
pub use turn::{Turn, is_end};
