//! Which events are kept longer or shorter than the rest: kept as a setting, by camera and type.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Retention, cutoff};
use crate::domain::retention::{DAYS_MAX, RULES_MAX, Rule};
use crate::domain::{CameraId, EventTypeId, Timestamp, is_name};
use crate::service::access::{Action, Caller};
use crate::service::audit::Act;
use crate::service::catalogue::Catalogue;
use crate::service::error::{Error, Result};
use crate::store::{self, ReadTx};

/// Under this name the rules stand among the settings.
const NAME: &str = "retention.rules";

/// The rules in the database. What cannot be used is reported and left out.
pub(in crate::service) fn stored_rules(tx: &ReadTx) -> store::Result<Vec<Rule>> {
    let stored = tx.settings()?.into_iter().find(|(name, _)| name == NAME);
    let Some((_, text)) = stored else { return Ok(Vec::new()) };
    let Ok(Value::Array(rows)) = serde_json::from_str(&text) else {
        tracing::error!("the stored rules of retention cannot be read; they are left out");
        return Ok(Vec::new());
    };
    Ok(rows.iter().filter_map(rule).collect())
}

fn rule(row: &Value) -> Option<Rule> {
    Some(Rule {
        camera: row["camid"].as_u64().and_then(|id| u32::try_from(id).ok()).map(CameraId),
        event_type: row["name"].as_str().map(str::to_owned),
        days: row["days"].as_u64()?,
    })
}

/// Whether rules can be set: not too many, each about something, none about the same as another.
///
/// # Errors
/// Those of [`Retention::set_rules`] but for the caller's and the store's.
pub(super) fn check(rules: &[Rule]) -> Result<()> {
    if rules.len() > RULES_MAX {
        return Err(Error::LimitReached("at most 1000 rules"));
    }
    for (at, rule) in rules.iter().enumerate() {
        if rule.camera.is_none() && rule.event_type.is_none() {
            return Err(Error::MissingField("camid or name"));
        }
        if rule.days > DAYS_MAX {
            return Err(Error::BadParameter(format!("days: 0 to {DAYS_MAX}")));
        }
        if rule.event_type.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(Error::BadParameter("name: 1 to 128 bytes".to_owned()));
        }
        let same =
            |other: &Rule| (other.camera, &other.event_type) == (rule.camera, &rule.event_type);
        if rules[..at].iter().any(same) {
            return Err(Error::Exists("a rule for this camera and type"));
        }
    }
    Ok(())
}

impl Retention {
    /// Which events are kept longer or shorter than the rest, in the order given.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn rules(&self, caller: &Caller) -> Result<Vec<Rule>> {
        caller.may(Action::Manage)?;
        Ok(self.core.catalogue().rules.to_vec())
    }

    /// Puts other rules in their place; they count from the next pass on.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::BadParameter`], [`Error::LimitReached`], [`Error::Exists`]
    /// for two rules about the same, and the store's.
    pub async fn set_rules(&self, caller: &Caller, rules: Vec<Rule>) -> Result<Vec<Rule>> {
        caller.may(Action::Manage)?;
        check(&rules)?;
        let row = |rule: &Rule| json!({"camid": rule.camera.map(|id| id.0), "name": rule.event_type, "days": rule.days});
        let text = Value::Array(rules.iter().map(row).collect()).to_string();
        let act = Act::on("retention.change", NAME).with(format!("{} rules", rules.len()));
        self.core
            .change_as(caller, act, move |tx, next| {
                tx.put_setting(NAME, Some(&text))?;
                next.rules = rules.clone().into();
                Ok(rules)
            })
            .await
    }
}

/// From when on each event must have arrived to stay.
#[derive(Clone, Debug)]
pub(super) struct Ages {
    rest: Timestamp,
    /// By camera and type, either of which may be any.
    rules: HashMap<(Option<CameraId>, Option<EventTypeId>), Timestamp>,
}

impl Ages {
    /// By `given` rules, with `days` for the rest, 0 = for ever. `None` if nothing is ever old enough.
    pub fn new(catalogue: &Catalogue, given: &[Rule], days: u64, now: Timestamp) -> Option<Self> {
        let until = |days: u64| if days == 0 { Timestamp::MIN } else { cutoff(now, days) };
        let mut rules = HashMap::new();
        for rule in given {
            let event_type = match &rule.event_type {
                None => None,
                // A name that no event has yet.
                Some(name) => match catalogue.type_number(name) {
                    None => continue,
                    number => number,
                },
            };
            rules.insert((rule.camera, event_type), until(rule.days));
        }
        let ages = Self { rest: until(days), rules };
        (ages.latest() > Timestamp::MIN).then_some(ages)
    }

    /// What arrived before this and is of this camera and type goes: by the rule for both, else for the
    /// camera, else for the type, else as the rest.
    pub fn of(&self, camera: CameraId, event_type: EventTypeId) -> Timestamp {
        let keys =
            [(Some(camera), Some(event_type)), (Some(camera), None), (None, Some(event_type))];
        if self.rules.is_empty() {
            return self.rest;
        }
        keys.iter().find_map(|key| self.rules.get(key)).copied().unwrap_or(self.rest)
    }

    /// The same where no rule says otherwise.
    pub const fn rest(&self) -> Timestamp {
        self.rest
    }

    pub fn latest(&self) -> Timestamp {
        self.rules.values().copied().fold(self.rest, Timestamp::max)
    }

    /// Whether all events are kept equally long.
    pub fn is_plain(&self) -> bool {
        self.rules.is_empty()
    }
}
