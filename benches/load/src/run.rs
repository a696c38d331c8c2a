//! One run: connections that ask, and what that took.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde::Serialize;
use tokio::task::LocalSet;

use crate::client::{Answer, Client};
use crate::request::Maker;

/// Failures after which a connection gives up.
const FAILURES_MAX: u64 = 1_000;

/// How much and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub connections: usize,
    /// Time that is measured.
    pub duration: Duration,
    /// Time before it, which is not.
    pub warmup: Duration,
    /// Requests a second by a clock that does not wait for answers; `None`: as fast as answers come.
    pub rate: Option<f64>,
    /// At most so many requests.
    pub requests: Option<u64>,
    /// Number of the first request.
    pub first: u64,
}

/// What came of it. Times in milliseconds.
#[derive(Debug, Serialize)]
pub struct Report {
    pub connections: usize,
    pub seconds: f64,
    pub requests: u64,
    pub failed: u64,
    pub requests_per_s: f64,
    pub events_per_s: f64,
    pub mean_ms: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
    /// Mean size of a body.
    pub body_bytes: u64,
    /// What the last list said its total was.
    pub total: Option<u64>,
    /// The first failure.
    pub failure: Option<String>,
}

#[derive(Default)]
struct Seen {
    latencies_ns: Vec<u64>,
    events: u64,
    failed: u64,
    bytes: u64,
    total: Option<u64>,
    failure: Option<String>,
    last_end: Option<Instant>,
}

/// Runs `plan`.
pub async fn run(maker: Maker, plan: Plan) -> anyhow::Result<Report> {
    let maker = Rc::new(maker);
    let seen = Rc::new(RefCell::new(Seen::default()));
    let next = Rc::new(Cell::new(plan.first));
    let mut clients = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        let mut client = Client::new(&maker.host);
        client.connect().await?;
        clients.push(client);
    }
    let began = Instant::now();
    let measured = began + plan.warmup;
    let until = measured + plan.duration;
    let local = LocalSet::new();
    for client in clients {
        let sender = Sender {
            client,
            maker: Rc::clone(&maker),
            seen: Rc::clone(&seen),
            next: Rc::clone(&next),
            plan,
            began,
            measured,
            until,
        };
        local.spawn_local(sender.run());
    }
    local.await;
    let mut seen = seen.take();
    let end = seen.last_end.unwrap_or(until).max(measured);
    report(&mut seen, plan.connections, end - measured)
}

struct Sender {
    client: Client,
    maker: Rc<Maker>,
    seen: Rc<RefCell<Seen>>,
    next: Rc<Cell<u64>>,
    plan: Plan,
    began: Instant,
    measured: Instant,
    until: Instant,
}

impl Sender {
    async fn run(mut self) {
        let mut request = Vec::new();
        loop {
            let number = self.next.get();
            let sent_before = number - self.plan.first;
            if self.plan.requests.is_some_and(|most| sent_before >= most) {
                return;
            }
            self.next.set(number + 1);
            // In an open loop an answer's time counts from when it should have been asked for: a server
            // that stalls is not spared the requests that wait behind the stall.
            let began = match self.plan.rate {
                None => None,
                Some(rate) => {
                    let due = self.began + Duration::from_secs_f64(sent_before as f64 / rate);
                    if due >= self.until {
                        return;
                    }
                    tokio::time::sleep_until(due.into()).await;
                    Some(due)
                }
            };
            let made = self.maker.make(number, &mut request);
            let began = began.unwrap_or_else(Instant::now);
            if began >= self.until {
                return;
            }
            let answer = self.client.send(&request).await;
            let ended = Instant::now();
            if began < self.measured {
                continue;
            }
            if self.note(answer, began, ended, made.events) {
                continue;
            }
            if self.seen.borrow().failed > FAILURES_MAX {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Notes an answer; whether it was a good one.
    fn note(
        &self,
        answer: anyhow::Result<Answer>,
        began: Instant,
        ended: Instant,
        events: u64,
    ) -> bool {
        let (mut seen, body) = (self.seen.borrow_mut(), self.client.body());
        let failure = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                seen.latencies_ns.push((ended - began).as_nanos() as u64);
                seen.events += events;
                seen.bytes += body.len() as u64;
                seen.last_end = Some(ended);
                if events == 0 {
                    seen.total = total(body).or(seen.total);
                }
                return true;
            }
            Ok(answer) => {
                let text: String = String::from_utf8_lossy(body).chars().take(300).collect();
                format!("{}: {text}", answer.status)
            }
            Err(error) => format!("{error:#}"),
        };
        seen.failed += 1;
        seen.failure.get_or_insert(failure);
        false
    }
}

/// The total that a list names.
fn total(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) =
        text.split_once("\"total_count\":").or_else(|| text.split_once("\"totalItems\":"))?;
    let digits = rest.trim_start();
    digits[..digits.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

fn report(seen: &mut Seen, connections: usize, took: Duration) -> anyhow::Result<Report> {
    let latencies = &mut seen.latencies_ns;
    latencies.sort_unstable();
    let requests = latencies.len() as u64;
    if requests == 0 {
        bail!("no request succeeded: {}", seen.failure.as_deref().unwrap_or("none was sent"));
    }
    let ms = |ns: u64| ns as f64 / 1e6;
    // The smallest latency that so many thousandths of all did not exceed.
    let quantile = |thousandths: u64| {
        let rank = (requests * thousandths).div_ceil(1_000).max(1);
        ms(latencies[rank as usize - 1])
    };
    let seconds = took.as_secs_f64();
    Ok(Report {
        connections,
        seconds,
        requests,
        failed: seen.failed,
        requests_per_s: requests as f64 / seconds,
        events_per_s: seen.events as f64 / seconds,
        mean_ms: ms(latencies.iter().sum::<u64>()) / requests as f64,
        p50_ms: quantile(500),
        p90_ms: quantile(900),
        p99_ms: quantile(990),
        p999_ms: quantile(999),
        max_ms: quantile(1_000),
        body_bytes: seen.bytes / requests,
        total: seen.total,
        failure: seen.failure.take(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_exact() {
        let mut seen = Seen {
            latencies_ns: (1..=1_000).rev().map(|n| n * 1_000_000).collect(),
            ..Seen::default()
        };
        let report = report(&mut seen, 1, Duration::from_secs(1)).unwrap();
        let ms = [report.p50_ms, report.p90_ms, report.p99_ms, report.p999_ms, report.max_ms];
        assert_eq!(ms.map(|ms| ms as u64), [500, 900, 990, 999, 1_000]);
    }

    #[test]
    fn totals_are_found_in_either_answer() {
        assert_eq!(total(br#"{"meta":{"total_count": 12,"limit":1}}"#), Some(12));
        assert_eq!(total(br#"{"items":[],"totalItems":7,"totalPages":1}"#), Some(7));
        assert_eq!(total(b"{}"), None);
    }
}
