//! How a query is answered: which counters add up to its total, and what its entries must pass.

use std::collections::HashSet;

use crate::domain::{EventId, FileState};
use crate::store::error::Result;
use crate::store::key::{PICTURE_READY, Series};
use crate::store::read::{ReadTx, StoredEvent};

use super::{NEAR_IDS, Query, Selection};

/// A kind of counter row: tag, camera and type, each 0 for "all".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub tag: u32,
    pub camera: u32,
    pub event_type: u16,
}

/// Membership of a selection.
enum Members {
    All,
    Cameras(HashSet<u32>),
    Types(HashSet<u16>),
    Series(HashSet<(u32, u16)>),
}

impl Members {
    /// Without the number 0, which no camera or type has: in counter rows it means "all".
    fn of(selection: &Selection) -> Self {
        match selection {
            Selection::All => Self::All,
            Selection::Cameras(list) => {
                Self::Cameras(list.iter().map(|c| c.0).filter(|c| *c != 0).collect())
            }
            Selection::Types(list) => {
                Self::Types(list.iter().map(|t| t.0).filter(|t| *t != 0).collect())
            }
            Selection::Series(list) => {
                let pairs = list.iter().map(|(camera, t)| (camera.0, t.0));
                Self::Series(pairs.filter(|(camera, t)| *camera != 0 && *t != 0).collect())
            }
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::All => false,
            Self::Cameras(set) => set.is_empty(),
            Self::Types(set) => set.is_empty(),
            Self::Series(set) => set.is_empty(),
        }
    }
}

/// A query with its numbers looked up.
pub(super) struct Plan<'q> {
    pub query: &'q Query,
    members: Members,
    /// Numbers of `tags_any`, those that exist.
    pub tags_any: Vec<u32>,
    /// Numbers of `tags_none`, those that exist.
    pub tags_none: Vec<u32>,
    /// Whether an entry must have a picture too, which is not what is walked.
    pub with_picture: bool,
    /// Counters whose sum is the number of matches before `minus`, if [`Self::counted`].
    pub plus: Vec<Pattern>,
    /// Counters to take off.
    pub minus: Vec<Pattern>,
}

impl<'q> Plan<'q> {
    /// The plan, or `None` if nothing can match.
    pub fn new(tx: &ReadTx, query: &'q Query) -> Result<Option<Self>> {
        let numbers = |tags: &[String]| -> Result<Vec<u32>> {
            let mut numbers = Vec::new();
            for tag in tags {
                numbers.extend(tx.tag_number(tag)?);
            }
            numbers.sort_unstable();
            numbers.dedup();
            Ok(numbers)
        };
        let mut tags_any = numbers(&query.tags_any)?;
        let mut tags_none = numbers(&query.tags_none)?;
        for (tag, _) in &query.tag_values {
            if tx.tag_number(tag)?.is_none() {
                return Ok(None);
            }
        }
        let no_tag_left = tags_any.is_empty() && !query.tags_any.is_empty();
        let members = Members::of(&query.selection);
        if no_tag_left || members.is_empty() || query.start > query.end {
            return Ok(None);
        }
        // A picture is found as a tag is: alone it is what is walked, beside other tags it is asked for.
        let with_picture = query.has_thumb == Some(true) && !tags_any.is_empty();
        match query.has_thumb {
            Some(true) if !with_picture => tags_any.push(PICTURE_READY),
            Some(false) => tags_none.push(PICTURE_READY),
            _ => {}
        }
        let (plus, minus) = (Vec::new(), Vec::new());
        let mut plan = Self { query, members, tags_any, tags_none, with_picture, plus, minus };
        if plan.counted() {
            plan.plus = plan.patterns(tx, plan.tags_any.first().copied().unwrap_or(0))?;
            if let Some(tag) = plan.tags_none.first() {
                plan.minus = plan.patterns(tx, *tag)?;
            }
        }
        Ok(Some(plan))
    }

    /// Whether counters give the exact total (`before_id` apart).
    pub fn counted(&self) -> bool {
        self.tags_any.len() + self.tags_none.len() <= 1
            && !self.with_picture
            && !self.needs_row()
            && self.query.after_id.is_none()
            && self.query.ids.is_empty()
    }

    /// Whether an entry's row must be read to decide.
    pub fn needs_row(&self) -> bool {
        !self.query.tag_values.is_empty()
    }

    /// Whether the selection takes everything.
    pub fn selects_all(&self) -> bool {
        matches!(self.members, Members::All)
    }

    /// Whether the selection takes this camera and type.
    pub fn selects(&self, series: Series) -> bool {
        match &self.members {
            Members::All => true,
            Members::Cameras(set) => set.contains(&series.camera),
            Members::Types(set) => set.contains(&series.event_type),
            Members::Series(set) => set.contains(&(series.camera, series.event_type)),
        }
    }

    /// Whether the id bounds take this id.
    pub fn accepts_id(&self, id: u64) -> bool {
        self.query.before_id.is_none_or(|before| id <= before.0)
            && self.query.after_id.is_none_or(|after| id > after.0)
    }

    /// Whether `before_id` leaves nothing out, so that counters tell where rows are.
    pub fn takes_ids_to(&self, newest: EventId) -> bool {
        self.query.before_id.is_none_or(|before| before >= newest)
    }

    /// Whether `before_id` leaves out few ids at most, so that counters less those rows are cheapest.
    pub fn takes_ids_near(&self, newest: EventId) -> bool {
        let last = self.query.before_id.unwrap_or(newest);
        newest.0.saturating_sub(last.0) <= NEAR_IDS
    }

    /// Whether the row passes what indexes cannot tell.
    pub fn accepts_row(&self, event: &StoredEvent) -> bool {
        if self.query.tag_values.is_empty() {
            return true;
        }
        let pairs = event.meta.pairs();
        self.query.tag_values.iter().all(|wanted| pairs.contains(wanted))
    }

    /// Whether the row passes everything.
    pub fn accepts(&self, event: &StoredEvent) -> bool {
        self.accepts_id(event.id.0)
            && (self.query.ids.is_empty() || self.query.ids.contains(&event.id))
            && self.accepts_apart_from_ids(event)
    }

    /// Whether the row passes everything but the bounds of its id.
    pub fn accepts_apart_from_ids(&self, event: &StoredEvent) -> bool {
        let series = Series { camera: event.camera.0, event_type: event.event_type.0 };
        if !(self.query.start..=self.query.end).contains(&event.order_time) || !self.selects(series)
        {
            return false;
        }
        let has_thumb = event.attached.picture == FileState::Ready;
        if self.query.has_thumb.is_some_and(|wanted| wanted != has_thumb) {
            return false;
        }
        let (any, none) = (&self.query.tags_any, &self.query.tags_none);
        if any.is_empty() && none.is_empty() {
            return self.accepts_row(event);
        }
        let pairs = event.meta.pairs();
        let has = |tag: &String| pairs.iter().any(|(t, _)| t == tag);
        (any.is_empty() || any.iter().any(has)) && !none.iter().any(has) && self.accepts_row(event)
    }

    /// The camera and type pairs to merge, each with events; everything if the selection is all.
    pub fn series(&self, tx: &ReadTx) -> Result<Vec<(u32, u16)>> {
        if let Members::Cameras(cameras) = &self.members
            && cameras.len() < 64
        {
            let mut all = Vec::new();
            for camera in cameras {
                all.extend(tx.types_of(*camera)?.into_iter().map(|t| (*camera, t)));
            }
            return Ok(all);
        }
        let mut all = tx.all_series()?;
        all.retain(|(camera, event_type)| {
            self.selects(Series { camera: *camera, event_type: *event_type })
        });
        Ok(all)
    }

    /// Counter rows that add up to the selection's events that have `tag` (0: all of them).
    fn patterns(&self, tx: &ReadTx, tag: u32) -> Result<Vec<Pattern>> {
        let one = |camera, event_type| Pattern { tag, camera, event_type };
        Ok(match &self.members {
            Members::All => vec![one(0, 0)],
            Members::Types(set) => set.iter().map(|t| one(0, *t)).collect(),
            Members::Cameras(set) if tag == 0 => set.iter().map(|c| one(*c, 0)).collect(),
            Members::Cameras(_) => {
                self.series(tx)?.into_iter().map(|(camera, t)| one(camera, t)).collect()
            }
            Members::Series(set) => set.iter().map(|(camera, t)| one(*camera, *t)).collect(),
        })
    }
}
