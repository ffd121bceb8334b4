//! The word on stdin that ends sending.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// True from the moment that a line came.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens on a thread of its own, so that it takes nothing from the one that is measured.
    pub(crate) fn by_stdin() -> Self {
        let stop = Self::default();
        let told = stop.clone();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_line(&mut String::new());
            told.0.store(true, Ordering::Relaxed);
        });
        stop
    }

    pub(crate) fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does something for every line of stdin, on a thread of its own.
pub(crate) fn on_each_line(act: impl Fn() + Send + 'static) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() {
                return;
            }
            act();
        }
    });
}
