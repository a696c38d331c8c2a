//! The requests of the token matrix, as a table.

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    ReadEvents,
    Create,
    Tag,
    Delete,
    ReadCamera,
    ChangeCamera,
    Manage,
    /// What is for people only.
    Govern,
}

/// Where a request names the camera or event that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Camera in the path: 404 `camera_not_found`.
    CameraPath,
    /// Event in the path: 404 `event_not_found`.
    EventPath,
    /// A single camera in the query: 403 `out_of_scope`; for the whole account an empty list.
    Query,
    /// A camera in the body: 403 `out_of_scope`.
    Body,
    /// In a list, where what is foreign is passed over.
    List,
    /// Nowhere: it is the only camera of the credential, 403 `access_deny` if there is none such.
    Own,
    /// Nowhere.
    Nowhere,
}

use Action::{ChangeCamera, Create, Delete, Govern, Manage, ReadCamera, ReadEvents, Tag};
use Named::{Body, CameraPath, EventPath, List, Nowhere, Own, Query};

/// A request with `{c}` for the camera and `{e}` for the event.
pub struct Request {
    pub method: &'static str,
    pub path: &'static str,
    pub body: &'static str,
    pub action: Action,
    pub named: Named,
    /// Status when it is allowed and the thing is there.
    pub ok: u16,
    /// Whether the site is different afterwards in a way that spoils the rest: only refusals are sent.
    pub destroys: bool,
}

const fn read(path: &'static str, action: Action, named: Named) -> Request {
    Request { method: "GET", path, body: "", action, named, ok: 200, destroys: false }
}

const fn write(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    action: Action,
    named: Named,
    ok: u16,
) -> Request {
    Request { method, path, body, action, named, ok, destroys: false }
}

const fn destroy(
    method: &'static str,
    path: &'static str,
    action: Action,
    named: Named,
) -> Request {
    Request { method, path, body: "", action, named, ok: 204, destroys: true }
}

/// Every path and method that needs a credential.
pub const REQUESTS: &[Request] = &[
    // Events.
    read("/api/v2/storage/events/?include_meta=true&limit=1000", ReadEvents, Nowhere),
    read("/api/v2/storage/events/?camid={c}&include_meta=true&detail=detail", ReadEvents, Query),
    read("/api/v2/storage/events/?camid={c}&limit=1", ReadEvents, Query),
    read("/api/v2/storage/events/?camid={c},70001&include_meta=true", ReadEvents, List),
    read("/api/v2/storage/events/?ids={e}&include_meta=true", ReadEvents, List),
    read(
        "/api/v2/storage/events/?events=shared_type,bravo_type&include_meta=true",
        ReadEvents,
        Nowhere,
    ),
    read("/api/v2/storage/events/?aliases=Bravo%20alias&include_meta=true", ReadEvents, Nowhere),
    read("/api/v2/storage/events/?meta=bravo_tag&include_meta=true", ReadEvents, Nowhere),
    read("/api/v2/storage/events/?tag=bravo_tag%3Dbravo&include_meta=true", ReadEvents, Nowhere),
    read("/api/v2/storage/events/?before_id=99999&after_id=0&include_meta=1", ReadEvents, Nowhere),
    read("/api/v2/storage/events/histogram/?bucket=day&group_by=name", ReadEvents, Nowhere),
    read("/api/v2/storage/events/histogram/?bucket=day&group_by=camid", ReadEvents, Nowhere),
    read("/api/v2/storage/events/histogram/?bucket=day&camid={c}", ReadEvents, Query),
    read("/api/v2/storage/events/histogram/?bucket=day&camid={c},70001", ReadEvents, List),
    read("/api/v2/storage/events/export/", ReadEvents, Nowhere),
    read("/api/v2/storage/events/export/?format=csv", ReadEvents, Nowhere),
    read("/api/v2/storage/events/export/?camid={c}", ReadEvents, Query),
    read("/api/v2/storage/events/export/?ids={e}", ReadEvents, List),
    read("/api/v2/storage/events/{e}/?include_meta=true", ReadEvents, EventPath),
    read("/api/v2/storage/events/{e}/meta/", ReadEvents, EventPath),
    read("/api/v2/storage/events/{e}/meta/shared_tag/", ReadEvents, EventPath),
    write(
        "POST",
        "/api/v2/storage/events/",
        r#"{"camid":{c},"name":"motion","age_ms":0}"#,
        Create,
        Body,
        201,
    ),
    write(
        "POST",
        "/api/v2/storage/events/",
        r#"{"camid":{c},"name":"motion","time":"2021-09-23T16:30:00","uid":"u"}"#,
        Create,
        Body,
        0,
    ),
    write(
        "POST",
        "/api/v2/storage/events/bulk/",
        r#"[{"camid":{c},"name":"motion","age_ms":0}]"#,
        Create,
        List,
        200,
    ),
    write("PUT", "/api/v2/storage/events/{e}/", r#"{"changed":"1"}"#, Tag, EventPath, 200),
    write(
        "POST",
        "/api/v2/storage/events/{e}/meta/",
        r#"{"tag":"changed","data":"2"}"#,
        Tag,
        EventPath,
        201,
    ),
    write(
        "PUT",
        "/api/v2/storage/events/{e}/meta/changed/",
        r#"{"data":"3"}"#,
        Tag,
        EventPath,
        200,
    ),
    write("DELETE", "/api/v2/storage/events/{e}/meta/changed/", "", Tag, EventPath, 204),
    destroy("DELETE", "/api/v2/storage/events/{e}/", Delete, EventPath),
    destroy("DELETE", "/api/v2/storage/events/?camid={c}", Delete, Query),
    destroy("DELETE", "/api/v2/storage/events/?ids={e}", Delete, List),
    // Event types.
    read("/api/v2/cameras/{c}/event_processing/events/", ReadCamera, CameraPath),
    read("/api/v2/cameras/{c}/event_processing/events/motion/", ReadCamera, CameraPath),
    write(
        "POST",
        "/api/v2/cameras/{c}/event_processing/events/",
        r#"{"name":"motion"}"#,
        ChangeCamera,
        CameraPath,
        400,
    ),
    write(
        "PUT",
        "/api/v2/cameras/{c}/event_processing/events/motion/",
        r#"{"notify":false}"#,
        ChangeCamera,
        CameraPath,
        200,
    ),
    write(
        "PUT",
        "/api/v2/cameras/{c}/event_processing/events/motion/",
        "true",
        ChangeCamera,
        CameraPath,
        200,
    ),
    write(
        "DELETE",
        "/api/v2/cameras/{c}/event_processing/events/motion/",
        "",
        ChangeCamera,
        CameraPath,
        400,
    ),
    write(
        "POST",
        "/api/v2/cameras/{c}/event_processing/events/motion/trigger/",
        "{}",
        ChangeCamera,
        CameraPath,
        400,
    ),
    read("/api/v3/aliases", ReadCamera, Nowhere),
    // Cameras and channels.
    read("/api/v2/cameras/?include_meta=true", ReadCamera, Nowhere),
    read("/api/v2/cameras/{c}/?include_meta=true", ReadCamera, CameraPath),
    read("/api/v2/cameras/{c}/motion_detection/", ReadCamera, CameraPath),
    read("/api/v2/cameras/{c}/motion_detection/regions/", ReadCamera, CameraPath),
    write("PUT", "/api/v2/cameras/{c}/", r#"{"rec_mode":"on"}"#, ChangeCamera, CameraPath, 200),
    write("POST", "/api/v2/cameras/", "{}", Manage, Nowhere, 400),
    destroy("DELETE", "/api/v2/cameras/{c}/", Manage, CameraPath),
    read("/api/v3/channels/?include_meta=true", ReadCamera, Nowhere),
    read("/api/v3/channels/{c}/?include_meta=true", ReadCamera, CameraPath),
    read("/api/v3/channels/{c}/meta/", ReadCamera, CameraPath),
    read("/api/v3/channels/{c}/meta/shared_tag/", ReadCamera, CameraPath),
    write("POST", "/api/v3/channels/", "{}", Manage, Nowhere, 400),
    write("PUT", "/api/v3/channels/{c}/", r#"{"rec_mode":"off"}"#, ChangeCamera, CameraPath, 200),
    write(
        "POST",
        "/api/v3/channels/{c}/meta/",
        r#"{"tag":"shared_tag","data":"x"}"#,
        ChangeCamera,
        CameraPath,
        400,
    ),
    write(
        "PUT",
        "/api/v3/channels/{c}/meta/shared_tag/",
        r#"{"data":"changed"}"#,
        ChangeCamera,
        CameraPath,
        200,
    ),
    write("DELETE", "/api/v3/channels/{c}/meta/no_such_tag/", "", ChangeCamera, CameraPath, 404),
    destroy("DELETE", "/api/v3/channels/{c}/", Manage, CameraPath),
    read("/api/v4/channel/?include_meta=true", ReadCamera, Own),
    read("/api/v4/live/watch", ReadCamera, Own),
    write("PUT", "/api/v4/channel/", r#"{"rec_mode":"on"}"#, ChangeCamera, Own, 200),
    read("/api/v5/channels/?include_meta=true", ReadCamera, Nowhere),
    read("/api/v5/channels/{c}/?include_meta=true", ReadCamera, CameraPath),
    // Groups.
    read("/api/v3/channel_groups/", Manage, Nowhere),
    write("POST", "/api/v3/channel_groups/", "{}", Manage, Nowhere, 400),
    write(
        "PUT",
        "/api/v3/channel_groups/4294967295/",
        r#"{"channels":[70002]}"#,
        Manage,
        Nowhere,
        404,
    ),
    write("DELETE", "/api/v3/channel_groups/4294967295/", "", Manage, Nowhere, 404),
    // Video that is not here.
    read("/api/v2/storage/clips/?camid={c}", ReadEvents, Query),
    read("/api/v2/storage/data/?camid={c}", ReadEvents, Query),
    read("/api/v2/storage/thumbnails/?camid={c}", ReadEvents, Query),
    read("/api/v2/storage/activity/?camid={c}", ReadEvents, Query),
    read("/api/v4/storage/records/?camid={c}", ReadEvents, Query),
    read("/api/v4/storage/images/", ReadEvents, Nowhere),
    read("/api/v2/storage/timeline/{c}/", ReadEvents, CameraPath),
    // The site: for people.
    read("/api/admin/v1/cameras/", Govern, Nowhere),
    read("/api/admin/v1/cameras/{c}/", Govern, CameraPath),
    read("/api/admin/v1/cameras/{c}/tokens/", Govern, CameraPath),
    read("/api/admin/v1/event-types/", Govern, Nowhere),
    write("POST", "/api/admin/v1/cameras/", "{}", Govern, Nowhere, 400),
    write("PUT", "/api/admin/v1/cameras/{c}/", r#"{"quiet_after_s":60}"#, Govern, CameraPath, 200),
    write(
        "POST",
        "/api/admin/v1/cameras/{c}/tokens/",
        r#"{"access":"watch"}"#,
        Govern,
        CameraPath,
        201,
    ),
    destroy("DELETE", "/api/admin/v1/cameras/{c}/", Govern, CameraPath),
    write("POST", "/api/admin/v1/tokens/4294967295/show/", "{}", Govern, Nowhere, 404),
    write(
        "POST",
        "/api/admin/v1/tokens/4294967295/rotate/",
        r#"{"overlap_s":0}"#,
        Govern,
        Nowhere,
        404,
    ),
    write("DELETE", "/api/admin/v1/tokens/4294967295/", "", Govern, Nowhere, 404),
    read("/api/admin/v1/%63ameras/", Govern, Nowhere),
    write(
        "GET",
        "/api/admin/v1/cameras/{c}/event-types/motion/recipe/",
        "",
        Govern,
        CameraPath,
        404,
    ),
    write(
        "PUT",
        "/api/admin/v1/cameras/{c}/event-types/motion/recipe/",
        "{}",
        Govern,
        CameraPath,
        400,
    ),
    write(
        "DELETE",
        "/api/admin/v1/cameras/{c}/event-types/motion/recipe/",
        "",
        Govern,
        CameraPath,
        404,
    ),
    read("/api/admin/v1/events/{e}/hold/", Govern, EventPath),
    write("PUT", "/api/admin/v1/events/{e}/hold/", "{}", Govern, EventPath, 200),
    write("DELETE", "/api/admin/v1/events/{e}/hold/", "", Govern, EventPath, 204),
    read("/api/admin/v1/holds/", Govern, Nowhere),
    write("POST", "/api/admin/v1/retention/preview/", r#"{"rules":[]}"#, Govern, Nowhere, 200),
    read("/api/admin/v1/retention/rules/", Govern, Nowhere),
    write("PUT", "/api/admin/v1/retention/rules/", r#"{"objects":[]}"#, Govern, Nowhere, 200),
    read("/api/admin/v1/settings/", Govern, Nowhere),
    write("PUT", "/api/admin/v1/settings/", "{}", Govern, Nowhere, 200),
    read("/api/admin/v1/backups/", Govern, Nowhere),
    write("GET", "/api/admin/v1/backups/a.backup/", "", Govern, Nowhere, 404),
    write("DELETE", "/api/admin/v1/backups/a.backup/", "", Govern, Nowhere, 404),
    // Jobs.
    read("/api/admin/v1/jobs/", Delete, Nowhere),
    write("GET", "/api/admin/v1/jobs/99/", "", Delete, Nowhere, 404),
    write("DELETE", "/api/admin/v1/jobs/99/", "", Delete, Nowhere, 404),
];
