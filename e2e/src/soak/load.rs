//! A steady load of admissions, and what each of them must get.
//!
//! Every request is tried until it has an answer, as controllers do. Beside them runs a control: the same kind of
//! request in a namespace that is not guarded, where nobody asks us. While the control fails too, it is not us.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The namespace in which the load is judged.
pub(super) const GUARDED: &str = "soak";
/// The namespace of the control.
pub(super) const FREE: &str = "free";
/// Between two tries of one request.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one try may take: longer than the API server waits for us.
const TRY: Duration = Duration::from_secs(8);
/// Between two requests of the control.
const CONTROL: Duration = Duration::from_millis(50);
/// What waited longer is told.
const SLOW: Duration = Duration::from_secs(2);
/// Things that slipped through that are told one by one.
const TOLD: usize = 10;

/// What the load met.
#[derive(Debug, Default)]
pub struct Told {
    /// Requests that got the answer they must get.
    pub answered: usize,
    /// Tries that failed and were tried again.
    pub retried: usize,
    /// What was admitted and must not be.
    pub slipped: Vec<String>,
    /// The longest time that a request waited while the control was answered.
    pub longest: Duration,
    /// Requests that waited for long: when they were sent, for how long they waited, and of that for others.
    pub slow: Vec<String>,
    /// The longest time that a request waited at all, also because there was no API server.
    pub longest_of_all: Duration,
}

/// What a request must get.
#[derive(Clone, Copy, Debug)]
enum Asks {
    /// Classified, on a node abroad: refused.
    Abroad,
    /// Classified, without a place: confined.
    Open,
    /// Classified, at home: admitted.
    Home,
}

const ALL: [Asks; 3] = [Asks::Abroad, Asks::Open, Asks::Home];

/// A running load.
pub(super) struct Load {
    stop: watch::Sender<bool>,
    sending: JoinHandle<()>,
    control: JoinHandle<()>,
    told: Arc<Mutex<Told>>,
}

impl Load {
    /// Sends `rate` requests a second until it is stopped.
    pub(super) fn start(client: Client, rate: u32) -> Self {
        let (stop, stopped) = watch::channel(false);
        let told = Arc::<Mutex<Told>>::default();
        let outages = Arc::<Mutex<Outages>>::default();
        let control = tokio::spawn(watch_free(client.clone(), outages.clone(), stopped.clone()));
        let pods: Api<Pod> = Api::namespaced(client, GUARDED);
        let sending = tokio::spawn(send(pods, rate, told.clone(), outages, stopped));
        Self { stop, sending, control, told }
    }

    /// Lets the last requests end.
    pub(super) async fn stop(self) -> Result<Told> {
        self.stop.send_replace(true);
        self.sending.await?;
        self.control.await?;
        Ok(std::mem::take(&mut *lock(&self.told)))
    }
}

async fn send(
    pods: Api<Pod>,
    rate: u32,
    told: Arc<Mutex<Told>>,
    outages: Arc<Mutex<Outages>>,
    stopped: watch::Receiver<bool>,
) {
    let began = Instant::now();
    let mut requests = JoinSet::new();
    let interval = Duration::from_secs(1) / rate.max(1);
    for (number, asks) in (0_u32..).zip(ALL.into_iter().cycle()) {
        sleep_until(began + interval * number).await;
        if *stopped.borrow() {
            break;
        }
        while requests.try_join_next().is_some() {}
        requests.spawn(request(pods.clone(), asks, told.clone(), outages.clone(), began));
    }
    requests.join_all().await;
}

/// One request, until it has its answer.
async fn request(
    pods: Api<Pod>,
    asks: Asks,
    told: Arc<Mutex<Told>>,
    outages: Arc<Mutex<Outages>>,
    start: Instant,
) {
    let began = Instant::now();
    loop {
        let verdict = attempt(&pods, asks).await;
        let waited_for_others = lock(&outages).within(began);
        let waited = began.elapsed();
        if lock(&told).take(verdict, waited, waited_for_others) {
            if waited > SLOW {
                let sent = began.duration_since(start).as_secs_f32();
                lock(&told).slow.push(format!(
                    "{asks:?} at {sent:.1} s: {waited:.1?}, {waited_for_others:.1?} for others"
                ));
            }
            return;
        }
        sleep(PAUSE).await;
    }
}

impl Told {
    /// Whether the request is done, which waited for `waited`, and of that for others than us.
    fn take(&mut self, verdict: Verdict, waited: Duration, for_others: Duration) -> bool {
        match verdict {
            Verdict::Right => {
                self.answered += 1;
                self.longest_of_all = self.longest_of_all.max(waited);
                self.longest = self.longest.max(waited.saturating_sub(for_others));
                true
            }
            Verdict::Slipped(what) => {
                if self.slipped.len() < TOLD {
                    self.slipped.push(what);
                }
                true
            }
            Verdict::Again => {
                self.retried += 1;
                false
            }
        }
    }
}

enum Verdict {
    /// The answer that it must get.
    Right,
    /// Admitted although it must not be.
    Slipped(String),
    /// No answer.
    Again,
}

async fn attempt(pods: &Api<Pod>, asks: Asks) -> Verdict {
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let Ok(pod) = serde_json::from_value::<Pod>(pod(asks)) else { return Verdict::Again };
    match timeout(TRY, pods.create(&dry_run, &pod)).await {
        Ok(Ok(admitted)) => {
            let affinity = admitted.spec.and_then(|spec| spec.affinity);
            let confined = serde_json::to_string(&affinity).is_ok_and(|text| text.contains("cn-hangzhou"));
            match asks {
                Asks::Home => Verdict::Right,
                Asks::Open if confined => Verdict::Right,
                Asks::Open => Verdict::Slipped("a pod without a place was admitted unconfined".to_owned()),
                Asks::Abroad => Verdict::Slipped("a pod abroad was admitted".to_owned()),
            }
        }
        Ok(Err(kube::Error::Api(status)))
            if matches!(asks, Asks::Abroad) && status.message.contains("NodeOutside") =>
        {
            Verdict::Right
        }
        Ok(Err(_)) | Err(_) => Verdict::Again,
    }
}

fn pod(asks: Asks) -> Value {
    let mut spec = json!({ "containers": [{ "name": "app", "image": "app:1" }] });
    if let Some(spec) = spec.as_object_mut() {
        match asks {
            Asks::Abroad => drop(spec.insert("nodeName".to_owned(), json!("frankfurt-1"))),
            Asks::Home => drop(spec.insert("nodeName".to_owned(), json!("hangzhou-1"))),
            Asks::Open => {}
        }
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "generateName": "soak-", "labels": { "data-class.bund.dev/personal-information": "" } },
        "spec": spec
    })
}

/// When the control got no answer.
#[derive(Debug, Default)]
struct Outages(Vec<(Instant, Instant)>);

impl Outages {
    /// How much of the time since `began` the control was without an answer.
    fn within(&self, began: Instant) -> Duration {
        let after = |(from, to): &(Instant, Instant)| to.saturating_duration_since((*from).max(began));
        self.0.iter().map(after).sum()
    }
}

async fn watch_free(client: Client, outages: Arc<Mutex<Outages>>, stopped: watch::Receiver<bool>) {
    let pods: Api<Pod> = Api::namespaced(client, FREE);
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let free = json!({
        "metadata": { "generateName": "control-" }, "spec": { "containers": [{ "name": "app", "image": "app:1" }] }
    });
    let Ok(pod) = serde_json::from_value::<Pod>(free) else { return };
    // The last moment at which all was well.
    let mut well = Instant::now();
    while !*stopped.borrow() {
        let asked = Instant::now();
        let answered = matches!(timeout(TRY, pods.create(&dry_run, &pod)).await, Ok(Ok(_)));
        let now = Instant::now();
        let slow = now.duration_since(asked) > Duration::from_secs(1);
        if !answered || slow {
            lock(&outages).0.push((well, now));
            well = now;
        } else {
            well = asked;
        }
        sleep(CONTROL).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
