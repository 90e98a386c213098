//! Every case of `policies/cases` that can pass an API server, put to one.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use bund::cases::{self, Entrance};
use bund_e2e::{entrance::sittings, repository};
use libtest_mimic::Trial;

use crate::{bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Result<Vec<Trial>> {
    let all = cases::load(&repository::root().join("policies/cases"))?;
    for case in &all {
        if let Some(why) = case.barred(Entrance::Apiserver) {
            println!("SKIPPED cases::{} at the API server: {why}", case.name);
        }
    }
    let sittings = Arc::new(sittings(all));
    let mut trials = Vec::new();
    for (index, sitting) in sittings.iter().enumerate() {
        for (number, case) in sitting.cases.iter().enumerate() {
            let sittings = Arc::clone(&sittings);
            trials.push(trial(bed, "cases", &case.name, async move |bed| {
                let sitting = sittings.get(index).context("the sitting")?;
                let stage = bed.stage().await?;
                let open = bed.sitting.lock().map_err(|_| anyhow!("an earlier test panicked"))?.take();
                let operator = match open {
                    Some((current, operator)) if current == index => operator,
                    other => {
                        drop(other);
                        stage.open(bed.judged().await?, sitting).await?
                    }
                };
                let case = sitting.cases.get(number).context("the case")?;
                let answer = stage.ask(bed.judged().await?, case).await;
                *bed.sitting.lock().map_err(|_| anyhow!("an earlier test panicked"))? =
                    Some((index, operator));
                answer
            }));
        }
    }
    Ok(trials)
}
