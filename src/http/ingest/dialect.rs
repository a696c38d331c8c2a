//! Whose words a delivery is in: by its address, else by what it looks like.

use roxmltree::Document;
use serde_json::Value;

use super::own::{self, Pairs};
use super::parts::{self, Part};
use super::said::{MESSAGES_MAX, Said, VALUE_BYTES_MAX};
use super::{
    axis, frigate, hikvision, itsapi, lilin, milesight, onvif, picture, reolink, unifi, uniview,
    viewtron, vigi, xml,
};

/// Most commas of a JSON text: what each may cost is some dozen bytes.
const JSON_COMMAS_MAX: usize = 100_000;
/// What some senders put before their text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whose words they can be, as an address says it: `/i/{token}/{dialect}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum Dialect {
    /// Our own form.
    Event,
    /// Hikvision and its many brands: XML or JSON, with pictures as further parts.
    Hikvision,
    /// `Notify` of WS-BaseNotification.
    Onvif,
    /// Viewtron, TVT and the brands made by them: XML.
    Viewtron,
    /// `UniFi` Protect's Alarm Manager.
    Unifi,
    /// Reolink's webhook.
    Reolink,
    /// TP-Link VIGI.
    Vigi,
    /// Uniview's LAPI.
    Uniview,
    /// Dahua's ITSAPI: plates.
    Dahua,
    /// LILIN's template.
    Lilin,
    /// Axis: what its event bridge and its `WebSocket` say; and our own form.
    Axis,
    /// Frigate's `events`.
    Frigate,
    /// Milesight: all in the query.
    Milesight,
}

/// A reader, of a message and of what local times mean. `None` if the message is in other words, nothing inside if
/// there is nothing to store.
type Read<T> = fn(&T, &str) -> Option<Vec<Said>>;

/// What a reader is made for.
enum Reads {
    Xml(fn(&Document<'_>, &str) -> Option<Vec<Said>>),
    Json(Read<Value>),
    /// The pairs of a query and a form.
    Query(Read<[(String, String)]>),
}

/// Every reader, in the order in which they are asked. What none of them takes may be our own form.
const READERS: &[(Dialect, Reads)] = &[
    (Dialect::Hikvision, Reads::Xml(hikvision::xml)),
    (Dialect::Onvif, Reads::Xml(onvif::read)),
    (Dialect::Viewtron, Reads::Xml(viewtron::read)),
    (Dialect::Hikvision, Reads::Json(hikvision::json)),
    (Dialect::Unifi, Reads::Json(unifi::read)),
    (Dialect::Reolink, Reads::Json(reolink::read)),
    (Dialect::Vigi, Reads::Json(vigi::read)),
    (Dialect::Uniview, Reads::Json(uniview::read)),
    (Dialect::Dahua, Reads::Json(itsapi::read)),
    (Dialect::Lilin, Reads::Json(lilin::read)),
    (Dialect::Axis, Reads::Json(axis::read)),
    (Dialect::Frigate, Reads::Json(frigate::read)),
    (Dialect::Milesight, Reads::Query(milesight::read)),
];

impl Dialect {
    /// Every name of an address, and what it stands for.
    const NAMES: &[(&str, Self)] = &[
        ("event", Self::Event),
        ("hikvision", Self::Hikvision),
        ("onvif", Self::Onvif),
        ("viewtron", Self::Viewtron),
        ("unifi", Self::Unifi),
        ("reolink", Self::Reolink),
        ("vigi", Self::Vigi),
        ("uniview", Self::Uniview),
        ("dahua", Self::Dahua),
        ("lilin", Self::Lilin),
        ("axis", Self::Axis),
        ("frigate", Self::Frigate),
        ("milesight", Self::Milesight),
    ];

    /// The dialect that an address names.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, dialect)| *dialect)
    }

    /// Whether its senders may also be told to use our own form.
    const fn is_own(self) -> bool {
        matches!(self, Self::Event | Self::Axis)
    }
}

/// Reads a delivery: every message in it, in order. The body's first byte decides what it is; its Content-Type is
/// often wrong. `only` is the dialect that its address names, `zone` what local times mean. `None` if it is not
/// understood, nothing inside if there is nothing to store.
pub(super) fn read(
    only: Option<Dialect>,
    query: &str,
    content_type: Option<&str>,
    body: &[u8],
    zone: &str,
) -> Option<Vec<Said>> {
    let reader = Reader { only, fields: own::pairs(query.as_bytes()), zone };
    let body = bare(body);
    let mut said = match parts::read(content_type, body) {
        Some(parts) => reader.form(&parts)?,
        None => reader.message(body)?,
    };
    if said.len() > MESSAGES_MAX {
        tracing::warn!(messages = said.len(), "a delivery says too much; the rest was left out");
        said.truncate(MESSAGES_MAX);
    }
    Some(said)
}

/// The text without what stands before it. What stands behind it may belong to a picture.
fn bare(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_ascii_start()
}

struct Reader<'a> {
    only: Option<Dialect>,
    /// What the query says.
    fields: Pairs,
    zone: &'a str,
}

impl Reader<'_> {
    /// One message.
    fn message(&self, body: &[u8]) -> Option<Vec<Said>> {
        match body.first() {
            Some(b'<') => self.xml(&String::from_utf8_lossy(body)),
            Some(b'{') => self.json(&String::from_utf8_lossy(body)),
            Some(_) if picture::is_one(body) => self.pairs(Vec::new(), Some(body)),
            None => self.pairs(Vec::new(), None),
            Some(b'[') => None,
            Some(_) if body.contains(&b'=') && body.is_ascii() => {
                self.pairs(own::pairs(body.trim_ascii_end()), None)
            }
            Some(_) => None,
        }
    }

    /// The readers that are asked.
    fn readers(&self) -> impl Iterator<Item = &'static Reads> {
        let only = self.only;
        let asked = move |dialect: Dialect| only.is_none_or(|only| only == dialect);
        READERS.iter().filter(move |(dialect, _)| asked(*dialect)).map(|(_, reads)| reads)
    }

    fn xml(&self, text: &str) -> Option<Vec<Said>> {
        let read = |document: &Document<'_>| {
            self.readers().find_map(|reads| match reads {
                Reads::Xml(read) => read(document, self.zone),
                _ => None,
            })
        };
        Some(bounded(xml::with(text, read)??))
    }

    fn json(&self, text: &str) -> Option<Vec<Said>> {
        crate::http::json::check_depth(text.as_bytes()).ok()?;
        if text.bytes().filter(|b| *b == b',').count() > JSON_COMMAS_MAX {
            return None;
        }
        let value: Value = serde_json::from_str(text).ok()?;
        let read = self.readers().find_map(|reads| match reads {
            Reads::Json(read) => read(&value, self.zone),
            _ => None,
        });
        if let Some(said) = read {
            return Some(bounded(said));
        }
        if !self.takes_own() {
            return None;
        }
        let message = own::json(self.fields.clone(), &value, self.zone)?;
        Some(vec![Said { message, picture: None }])
    }

    /// What query and form say, with the picture that came.
    fn pairs(&self, form: Pairs, picture: Option<&[u8]>) -> Option<Vec<Said>> {
        let mut fields = self.fields.clone();
        fields.extend(form);
        let read = self.readers().find_map(|reads| match reads {
            Reads::Query(read) => read(&fields, self.zone),
            _ => None,
        });
        let mut said = match read {
            Some(said) => bounded(said),
            None if self.takes_own() => {
                vec![Said { message: own::read(fields, self.zone)?, picture: None }]
            }
            None => return None,
        };
        give(&mut said, picture);
        Some(said)
    }

    fn takes_own(&self) -> bool {
        self.only.is_none_or(Dialect::is_own)
    }

    /// A body of several parts: messages, each with the pictures behind it; or fields, and pictures.
    fn form(&self, parts: &[Part<'_>]) -> Option<Vec<Said>> {
        let mut said: Option<Vec<Said>> = None;
        let mut last = 0; // where what the last message says begins
        let (mut scene, mut fields) = (None::<&[u8]>, Pairs::new());
        for part in parts {
            let text = bare(part.content);
            if matches!(text.first(), Some(b'<' | b'{')) {
                let Some(more) = self.message(text) else { continue };
                let said = said.get_or_insert_default();
                if !said.is_empty() {
                    give(&mut said[last..], scene.take());
                }
                last = said.len();
                said.extend(more);
            } else if picture::is_one(text) {
                // Of several the largest is the scene; the others are cut out of it.
                scene = scene.filter(|scene| scene.len() >= text.len()).or(Some(text));
            } else if let Some(name) = part.name
                && text.len() <= VALUE_BYTES_MAX
                && let Ok(value) = std::str::from_utf8(text.trim_ascii_end())
            {
                fields.push((name.to_owned(), value.to_owned()));
            }
        }
        match said {
            Some(mut said) => {
                give(&mut said[last..], scene);
                Some(said)
            }
            None if scene.is_some() || !fields.is_empty() => self.pairs(fields, scene),
            None => None,
        }
    }
}

/// A make's words, within bounds.
fn bounded(said: Vec<Said>) -> Vec<Said> {
    said.into_iter().map(Said::bounded).collect()
}

/// Gives a picture to the first that has none.
fn give(said: &mut [Said], picture: Option<&[u8]>) {
    if let Some(picture) = picture
        && let Some(said) = said.iter_mut().find(|said| said.picture.is_none())
    {
        said.picture = Some(picture.to_vec());
    }
}

#[cfg(test)]
mod tests;
