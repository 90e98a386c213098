//! Whether a store does what a log rests on.

use bytes::Bytes;
use futures::future::try_join_all;
use rand_core::{OsRng, RngCore as _};

use super::{Created, Store, StoreError};

/// Why a store cannot hold a log.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It did not do what it was asked.
    #[error("the store did not pass its test")]
    Failed(#[from] StoreError),
    /// It creates what is there already.
    #[error(
        "{0} overwrites objects that were to be created only where there is none (If-None-Match): two writers would fork \
         the log; use a store that keeps this promise"
    )]
    Overwrites(String),
    /// It does not give back what it was given.
    #[error("{0} does not give back what was written to it")]
    Forgets(String),
}

/// As many as create the same object at once.
const RACERS: u8 = 8;

/// Makes a store ready, and tries on two objects of its own whether the store creates once, gives back what was written, and
/// deletes.
pub async fn probe(store: &dyn Store) -> Result<(), Unfit> {
    store.prepare().await?;
    let [path, race] = [(); 2].map(|()| format!(".probe/{:016x}", OsRng.next_u64()));
    let outcome = match try_on(store, &path).await {
        Ok(()) => race_for(store, &race).await,
        failed => failed,
    };
    let cleared = store.delete(&[path, race]).await;
    outcome?;
    Ok(cleared?)
}

/// A store that looks first and writes then keeps its promise to those who come one after the other, and breaks it here.
async fn race_for(store: &dyn Store, path: &str) -> Result<(), Unfit> {
    let racing = (0..RACERS).map(async |racer| {
        let bytes = Bytes::from(vec![racer]);
        store.create(path, bytes.clone()).await.map(|created| (created, bytes))
    });
    let ended = try_join_all(racing).await?;
    let winners: Vec<_> = ended.into_iter().filter(|(created, _)| *created == Created::Now).collect();
    let there = store.get(path).await?;
    // None wins where each of them was told that another is about to.
    let fair = match winners.as_slice() {
        [] => true,
        [(_, bytes)] => there.as_ref() == Some(bytes),
        _ => false,
    };
    if fair { Ok(()) } else { Err(Unfit::Overwrites(store.place())) }
}

async fn try_on(store: &dyn Store, path: &str) -> Result<(), Unfit> {
    let (first, second) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
    let created = [store.create(path, first.clone()).await?, store.create(path, second).await?];
    if created != [Created::Now, Created::Before] {
        return Err(Unfit::Overwrites(store.place()));
    }
    if store.get(path).await? != Some(first) {
        return Err(Unfit::Overwrites(store.place()));
    }
    let third = Bytes::from_static(b"third");
    store.put(path, third.clone()).await?;
    if store.get(path).await? != Some(third) || !store.list(".probe").await?.iter().any(|found| found == path)
    {
        return Err(Unfit::Forgets(store.place()));
    }
    Ok(())
}
