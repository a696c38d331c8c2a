//! A named kind of event on one camera: what the camera can do for it, and what is switched on.

/// Most event types of one camera (operations.md 3).
pub const EVENT_TYPES_MAX: usize = 256;

/// The number of an event type's name, the same on every camera. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypeId(pub u16);

/// What a camera can do for an event type.
#[expect(clippy::struct_excessive_bools, reason = "the API's four facts, each on its own")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// The server can ask the camera to raise it.
    pub can_be_triggered: bool,
    /// The camera can record video when it happens.
    pub can_record: bool,
    /// The camera can attach a picture.
    pub can_snapshot: bool,
    /// The camera can raise it by the clock.
    pub is_periodic: bool,
}

/// One event type of one camera.
#[expect(clippy::struct_excessive_bools, reason = "the API's switches, each on its own")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Number of [`Self::name`].
    pub number: EventTypeId,
    /// Its name, 1..128 bytes; `name` of its events.
    pub name: String,
    /// What the camera can do.
    pub caps: Caps,
    /// Notifications are sent for it.
    pub notify: bool,
    /// Events that the camera itself delivers are stored.
    pub receive: bool,
    /// The camera records when it happens; shown only where it can.
    pub record: bool,
    /// The camera attaches a picture; shown only where it can.
    pub snapshot: bool,
    /// Seconds between periodic events, 0 = off; shown only where it can.
    pub period: u32,
    /// The server makes pictures for it; shown on built-in types.
    pub generate_images: bool,
    /// Made over the API rather than built in or declared by the camera.
    pub custom: bool,
    /// Another name that clients may show and filter by.
    pub alias: Option<String>,
}

impl EventType {
    /// A type made over the API: no caps, `receive` off.
    pub fn custom(number: EventTypeId, name: String, notify: bool) -> Self {
        Self {
            number,
            name,
            caps: Caps::default(),
            notify,
            receive: false,
            record: false,
            snapshot: false,
            period: 0,
            generate_images: false,
            custom: true,
            alias: None,
        }
    }

    /// A type that the camera itself sent or declared: no caps, `receive` on.
    pub fn declared(number: EventTypeId, name: String) -> Self {
        Self { receive: true, custom: false, ..Self::custom(number, name, true) }
    }

    /// Changes what `change` names, as far as the caps allow; the rest stays.
    ///
    /// A switch for which the camera has no cap is left alone: clients send `record` and `snapshot`
    /// together for any type (API contract 2.4).
    pub fn apply(&mut self, change: &EventTypeChange) {
        let set = |to: &mut bool, from: Option<bool>| *to = from.unwrap_or(*to);
        set(&mut self.notify, change.notify);
        set(&mut self.receive, change.receive);
        set(&mut self.generate_images, change.generate_images.filter(|_| !self.custom));
        set(&mut self.record, change.record.filter(|_| self.caps.can_record));
        set(&mut self.snapshot, change.snapshot.filter(|_| self.caps.can_snapshot));
        if let Some(period) = change.period.filter(|_| self.caps.is_periodic) {
            self.period = period;
        }
        if let Some(alias) = &change.alias {
            self.alias.clone_from(alias);
        }
    }
}

/// What to change of an event type; `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTypeChange {
    /// See [`EventType::notify`].
    pub notify: Option<bool>,
    /// See [`EventType::receive`].
    pub receive: Option<bool>,
    /// See [`EventType::record`].
    pub record: Option<bool>,
    /// See [`EventType::snapshot`].
    pub snapshot: Option<bool>,
    /// See [`EventType::period`].
    pub period: Option<u32>,
    /// See [`EventType::generate_images`].
    pub generate_images: Option<bool>,
    /// See [`EventType::alias`]; `Some(None)` takes it away.
    pub alias: Option<Option<String>>,
}
