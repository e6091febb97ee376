//! A recorder that remembers everything in order, and does beside it what a test wants.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) unit: Option<Unit>,
    pub(super) text: String,
}

/// One number that was recorded. A gauge that is set down has a negative one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

type OnSample = Box<dyn Fn(&Sample) + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Recorded(Arc<Shared>);

#[derive(Default)]
struct Shared {
    described: Mutex<Vec<Described>>,
    samples: Mutex<Vec<Sample>>,
    on_sample: Option<OnSample>,
}

impl Recorded {
    pub(super) fn new(on_sample: impl Fn(&Sample) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            on_sample: Some(Box::new(on_sample)),
            ..Shared::default()
        }))
    }

    pub(super) fn described(&self) -> Vec<Described> {
        locked(&self.0.described).clone()
    }

    pub(super) fn samples(&self) -> Vec<Sample> {
        locked(&self.0.samples).clone()
    }

    /// The numbers of one metric, in order, and the values of its labels.
    pub(super) fn labelled(&self, name: &str) -> Vec<(String, f64)> {
        let samples = self.samples().into_iter();
        let samples = samples.filter(|sample| sample.name == name);
        let labelled = samples.map(|sample| {
            let words = sample.labels.iter().map(|(_, value)| &value[..]);
            (words.collect::<Vec<_>>().join(" "), sample.value)
        });
        labelled.collect()
    }

    /// The numbers of one metric, in order.
    pub(super) fn values(&self, name: &str) -> Vec<f64> {
        let labelled = self.labelled(name).into_iter();
        labelled.map(|(_, value)| value).collect()
    }

    fn describe(&self, kind: &'static str, name: KeyName, unit: Option<Unit>, text: SharedString) {
        locked(&self.0.described).push(Described {
            kind,
            name: name.as_str().to_owned(),
            unit,
            text: text.into_owned(),
        });
    }

    fn handle(&self, kind: &'static str, key: &Key) -> Arc<Handle> {
        Arc::new(Handle {
            recorded: self.clone(),
            kind,
            key: key.clone(),
        })
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.samples()).finish()
    }
}

impl Recorder for Recorded {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("counter", key, unit, text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("gauge", key, unit, text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe("histogram", key, unit, text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle("histogram", key))
    }
}

struct Handle {
    recorded: Recorded,
    kind: &'static str,
    key: Key,
}

impl Handle {
    fn sample(&self, value: f64) {
        let label = |label: &metrics::Label| (label.key().to_owned(), label.value().to_owned());
        let sample = Sample {
            kind: self.kind,
            name: self.key.name().to_owned(),
            labels: self.key.labels().map(label).collect(),
            value,
        };
        locked(&self.recorded.0.samples).push(sample.clone());
        if let Some(on_sample) = &self.recorded.0.on_sample {
            on_sample(&sample);
        }
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.sample(value as f64);
    }

    fn absolute(&self, _: u64) {
        unreachable!("it only counts up");
    }
}

impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.sample(value);
    }

    fn decrement(&self, value: f64) {
        self.sample(-value);
    }

    fn set(&self, _: f64) {
        unreachable!("several clients share it");
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.sample(value);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
