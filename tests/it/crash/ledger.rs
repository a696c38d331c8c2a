//! What was acknowledged, held against what the server has.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::sender::Site;
use crate::common::Answer;
use crate::raw::Raw;

const EVENTS: &str = "/api/v2/storage/events/";

/// Whether an event is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its create was acknowledged.
    There,
    /// Its delete was acknowledged.
    Gone,
    /// Its delete was sent, and not answered.
    Either,
}

/// An event that was acknowledged.
#[derive(Clone, Debug)]
pub struct Known {
    /// Tag value that no other event has.
    pub marker: String,
    pub id: u64,
    /// Values that its tag `step` may have: the acknowledged one, and one that was sent after it.
    pub steps: Vec<Option<String>>,
    pub state: State,
}

/// A create that was not answered.
#[derive(Debug)]
pub struct Open {
    pub path: &'static str,
    pub headers: String,
    pub body: String,
    pub markers: Vec<String>,
    /// Whether it may be repeated.
    pub keyed: bool,
}

/// What one sender remembers of a round.
#[derive(Debug, Default)]
pub struct Notes {
    pub known: Vec<Known>,
    pub open: Vec<Open>,
}

/// What must hold of the data directory.
#[derive(Default)]
pub struct Ledger {
    /// By marker.
    known: BTreeMap<String, Known>,
    /// Unanswered creates that were not there at the next start: they must never come.
    lost: HashSet<String>,
    /// Whose each id is or was.
    owners: HashMap<u64, String>,
    highest: u64,
    repeated: usize,
    kept_unanswered: usize,
}

/// An event of an export.
struct Row {
    id: u64,
    camera: u64,
    step: Option<String>,
}

impl Ledger {
    /// Takes a round's notes, repeats what may be repeated, and checks everything. Gives the number
    /// of events.
    pub fn settle(&mut self, site: &Site, base: &str, notes: Vec<Notes>) -> u64 {
        let mut raw = Raw::connect(base).unwrap();
        let before = self.highest;
        let mut unanswered = HashSet::new();
        for notes in notes {
            for known in notes.known {
                assert!(known.id > before, "{known:?}: ids up to {before} were given before");
                self.add(known);
            }
            for open in notes.open {
                if open.keyed {
                    self.repeat(&mut raw, &open);
                } else {
                    unanswered.extend(open.markers);
                }
            }
        }
        let rows = export(&mut raw, site);
        let mut seen = HashSet::new();
        for (marker, row) in &rows {
            assert!(seen.insert(marker), "{marker} is there twice");
            assert!(!self.lost.contains(marker), "{marker} was not there before");
            self.own(row.id, marker);
            if unanswered.remove(marker) {
                assert!(row.id > before, "{marker}: id {} is not new", row.id);
                self.kept_unanswered += 1;
                let steps = vec![row.step.clone()];
                let (marker, id) = (marker.clone(), row.id);
                self.add(Known { marker, id, steps, state: State::There });
            }
            let known = self.known.get_mut(marker);
            let known = known.unwrap_or_else(|| panic!("{marker} was never sent"));
            assert_eq!(known.id, row.id, "{marker}");
            assert_ne!(known.state, State::Gone, "{marker} was deleted");
            known.state = State::There;
            assert!(known.steps.contains(&row.step), "{known:?} has {:?}", row.step);
            known.steps = vec![row.step.clone()];
        }
        self.lost.extend(unanswered);
        for known in self.known.values_mut().filter(|known| !seen.contains(&known.marker)) {
            assert_ne!(known.state, State::There, "{known:?} was acknowledged and is missing");
            known.state = State::Gone;
        }
        totals_agree(&mut raw, site, &rows);
        self.items_agree(&mut raw, site);
        rows.len() as u64
    }

    /// Creates that were carried out and not answered.
    pub fn kept_unanswered(&self) -> usize {
        self.kept_unanswered
    }

    /// The marker of the event that has or had this id.
    pub fn owner(&self, id: u64) -> Option<&str> {
        self.owners.get(&id).map(String::as_str)
    }

    /// What happened, for people.
    pub fn summary(&self) -> String {
        let count = |state| self.known.values().filter(|known| known.state == state).count();
        format!(
            "{} events there, {} deleted, {} keyed requests repeated, {} unanswered creates kept \
             and {} not",
            count(State::There),
            count(State::Gone),
            self.repeated,
            self.kept_unanswered,
            self.lost.len()
        )
    }

    fn add(&mut self, known: Known) {
        self.own(known.id, &known.marker);
        let before = self.known.insert(known.marker.clone(), known);
        assert!(before.is_none(), "{before:?} is there twice");
    }

    fn own(&mut self, id: u64, marker: &str) {
        self.highest = self.highest.max(id);
        let owner = self.owners.entry(id).or_insert_with(|| marker.to_owned());
        assert_eq!(owner, marker, "id {id} was used again");
    }

    /// Sends an unanswered request again, twice: it must give one event, and the same one.
    fn repeat(&mut self, raw: &mut Raw, open: &Open) {
        let mut ask = || raw.request("POST", open.path, &open.headers, &open.body).unwrap();
        let (first, second) = (ask(), ask());
        assert!(matches!(first.status, 200 | 201), "{}", first.text);
        assert_eq!(second.status, 200, "{}", second.text);
        if first.status == 200 && first.json()["created"].as_u64().unwrap_or(0) == 0 {
            self.kept_unanswered += open.markers.len();
        }
        let (first, second) = (ids(&first), ids(&second));
        assert_eq!(first, second);
        assert_eq!(first.len(), open.markers.len());
        for (marker, id) in open.markers.iter().zip(first) {
            self.repeated += 1;
            let marker = marker.clone();
            self.add(Known { marker, id, steps: vec![None], state: State::There });
        }
    }

    /// Single events answer as the ledger says; a sample of both kinds.
    fn items_agree(&self, raw: &mut Raw, site: &Site) {
        for state in [State::There, State::Gone] {
            let of_state = self.known.values().filter(|known| known.state == state);
            let every = (of_state.clone().count() / 20).max(1);
            for known in of_state.step_by(every) {
                let path = format!("{EVENTS}{}/?include_meta=true", known.id);
                let answer = raw.request("GET", &path, &site.key, "").unwrap();
                if state == State::Gone {
                    assert_eq!(answer.status, 404, "{known:?}: {}", answer.text);
                } else {
                    assert_eq!(answer.ok(200)["meta"]["marker"], known.marker.as_str());
                }
            }
        }
    }
}

/// Ids in an answer to a create, single or bulk.
fn ids(answer: &Answer) -> Vec<u64> {
    let body = answer.json();
    let one = |object: &Value| object["id"].as_u64().unwrap_or_else(|| panic!("{body}"));
    match body["objects"].as_array() {
        Some(objects) => objects.iter().map(one).collect(),
        None => vec![one(&body)],
    }
}

/// Everything, by marker, in the order of the export: that of ids.
fn export(raw: &mut Raw, site: &Site) -> Vec<(String, Row)> {
    let answer = raw.request("GET", &format!("{EVENTS}export/"), &site.key, "").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut last = 0;
    let rows = answer.text.lines().map(|line| {
        let object: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| object[name].as_u64().unwrap();
        let text = |tag: &str| object["meta"][tag].as_str().map(str::to_owned);
        let row = Row { id: number("id"), camera: number("camid"), step: text("step") };
        assert!(row.id > last, "the export is in order of id");
        last = row.id;
        (text("marker").unwrap(), row)
    });
    rows.collect()
}

/// List, histogram and export count the same, in all and per camera.
fn totals_agree(raw: &mut Raw, site: &Site, rows: &[(String, Row)]) {
    let mut filters = vec![(String::new(), rows.len())];
    for (camera, _) in &site.cameras {
        let count = rows.iter().filter(|(_, row)| row.camera == *camera).count();
        filters.push((format!("&camid={camera}&events=motion"), count));
    }
    for (filter, count) in filters {
        let mut get = |path: &str| raw.request("GET", path, &site.key, "").unwrap().ok(200);
        let list = get(&format!("{EVENTS}?limit=1{filter}"));
        assert_eq!(list["meta"]["total_count"], count, "{filter}: {list}");
        let histogram = get(&format!("{EVENTS}histogram/?bucket=hour&group_by=camid{filter}"));
        assert_eq!(histogram["meta"]["total_count"], count, "{filter}");
        let buckets = histogram["objects"].as_array().unwrap();
        let sum: u64 = buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap()).sum();
        assert_eq!(sum, count as u64, "{filter}");
    }
}
