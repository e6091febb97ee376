//! What each schedule costs in queries, and how late it sees the end of a task, beside a query every
//! five seconds: on log-normal times to completion, with a typical time that is right, four times
//! too long, and four times too short.

use std::{fmt::Write as _, time::Duration};

use kirin_client::PollSchedule;

/// The median of the times to completion, in seconds, and their sigma.
const MEDIAN: f64 = 45.0;
const SIGMA: f64 = 0.3;

/// Queries per task, and how late the last one is, in seconds on average.
#[derive(Clone, Copy)]
struct Cost {
    queries: f64,
    lateness: f64,
}

/// Times to completion: the quantiles of the distribution, so that no chance is in them.
fn times() -> Vec<f64> {
    const COUNT: u32 = 20_000;
    (0..COUNT)
        .map(|index| MEDIAN * (SIGMA * quantile((f64::from(index) + 0.5) / f64::from(COUNT))).exp())
        .collect()
}

/// The inverse of the normal distribution, by bisection over Simpson's rule for the density.
fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if normal(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The normal distribution (Zelen and Severo 1964, 26.2.17): right to seven digits.
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let terms = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_53,
    ];
    let sum = terms.iter().fold(0.0, |sum, term| (sum + term) * t);
    let tail = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt() * sum;
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// When a schedule looks, as far as any task takes.
fn looks(schedule: &PollSchedule, end: f64) -> Vec<f64> {
    let mut looks = Vec::new();
    let mut at = Duration::ZERO;
    while at.as_secs_f64() < end {
        at += schedule.gap(at);
        looks.push(at.as_secs_f64());
    }
    looks
}

fn cost(schedule: &PollSchedule, times: &[f64]) -> Cost {
    let end = times.iter().copied().fold(0.0, f64::max);
    let looks = looks(schedule, end);
    let (mut queries, mut lateness) = (0, 0.0);
    for time in times {
        let before = looks.partition_point(|look| look < time);
        queries += before + 1;
        lateness += looks[before] - time;
    }
    let count = times.len() as f64;
    Cost {
        queries: queries as f64 / count,
        lateness: lateness / count,
    }
}

/// Fixed polling with as many queries.
fn fixed_with(queries: f64, times: &[f64]) -> Cost {
    let fixed = |gap| cost(&PollSchedule::Fixed(Duration::from_secs_f64(gap)), times);
    let (mut low, mut high) = (0.1, 100.0);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if fixed(middle).queries > queries {
            low = middle;
        } else {
            high = middle;
        }
    }
    fixed(high)
}

const NO_CAP: Duration = Duration::from_secs(3600);

fn optimum(typical: f64, cap: Duration) -> PollSchedule {
    PollSchedule::Optimum {
        typical: Duration::from_secs_f64(typical),
        cap,
    }
}

/// The table that people read, and what must hold of it.
#[test]
#[expect(clippy::print_stdout, reason = "the table is for people")]
fn optimum_checking_beats_fixed_polling_and_survives_a_wrong_guess() {
    let times = times();
    let five = cost(&PollSchedule::Fixed(Duration::from_secs(5)), &times);
    let exponential = PollSchedule::Exponential {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(10),
        factor: 2,
    };
    let mut table = String::new();
    let mut check = |name: &str, schedule: &PollSchedule, most_lateness: f64, most_queries: f64| {
        let found = cost(schedule, &times);
        let fixed = fixed_with(found.queries, &times);
        let (lateness, queries) = (
            found.lateness / fixed.lateness,
            found.queries / five.queries,
        );
        writeln!(
            table,
            "{name:34} {:5.1} queries, {:4.2} s late; as many fixed ones: {:4.2} s, ratio {lateness:.3}; \
             {queries:.2} of the queries of fixed 5 s",
            found.queries, found.lateness, fixed.lateness
        )
        .unwrap();
        assert!(lateness <= most_lateness, "{table}");
        assert!(queries <= most_queries, "{table}");
    };
    let any = f64::INFINITY;
    check(
        "fixed 5 s",
        &PollSchedule::Fixed(Duration::from_secs(5)),
        1.01,
        1.0,
    );
    check("exponential 1 s to 10 s", &exponential, any, any);
    check(
        "optimum, without a cap",
        &optimum(MEDIAN, NO_CAP),
        0.55,
        any,
    );
    check("optimum", &optimum(MEDIAN, PollSchedule::CAP), 0.65, any);
    // As if no callback ever came; with one, the query that it leads to is the only one.
    let seldom = PollSchedule::seldom(Duration::from_secs_f64(MEDIAN));
    check("seldom, without callbacks", &seldom, any, 0.25);
    let too_long = optimum(MEDIAN * 4.0, PollSchedule::CAP);
    check("optimum, guess 4 times too long", &too_long, 1.03, 2.5);
    let too_short = optimum(MEDIAN / 4.0, PollSchedule::CAP);
    check("optimum, guess 4 times too short", &too_short, 1.03, 2.5);
    println!("{table}");
}
