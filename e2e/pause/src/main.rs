//! Does nothing for ever. As the first process of a container it is deaf to SIGTERM, so pods that run it want a short
//! `terminationGracePeriodSeconds`.

fn main() -> ! {
    loop {
        std::thread::park();
    }
}
