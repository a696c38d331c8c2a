// Made by `npm run types` from the OpenAPI document; not to be edited.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export type components = {
    schemas: {
        /** @description A camera's two tokens, each a base64 envelope (API contract 1.2). */
        AccessTokens: {
            /** @description The token for everything on this camera; null if there is none. */
            all?: string | null;
            /** @description The token for reading; null if there is none. */
            watch?: string | null;
        };
        /** @description A tag to set. */
        AddTag: {
            /**
             * @description Its value, empty if left out; what is not a string is stored as its JSON text.
             * @example not_handled
             */
            data?: string | null;
            /**
             * @description The tag, 1 to 128 bytes.
             * @example process
             */
            tag: string;
        };
        /** @description One alias. */
        AliasBody: {
            /**
             * @description The name.
             * @example Front door
             */
            alias_name: string;
        };
        /** @description A page of the audit trail. */
        AuditBody: {
            /** @description About all of it. */
            meta: components["schemas"]["AuditMeta"];
            /** @description Newest first. */
            objects: components["schemas"]["EntryBody"][];
        };
        /** @description About the whole trail. */
        AuditMeta: {
            /** @description Whether the trail holds together. */
            chain: components["schemas"]["ChainBody"];
            /**
             * Format: int64
             * @description How many entries match, on all pages.
             */
            total_count: number;
        };
        /** @description A backup. */
        BackupBody: {
            /**
             * Format: int64
             * @description Length of its file.
             */
            bytes: number;
            /** @description Its moment: what was acknowledged before is in it. */
            created: string;
            /**
             * Format: int64
             * @description Events in it.
             */
            events: number;
            /**
             * Format: int64
             * @description Metadata files in it.
             */
            filemeta: number;
            /**
             * @description Name of its file.
             * @example watchpost-20261123T052731Z-manual.backup
             */
            name: string;
            /** @description When the last of them happened. */
            newest?: string | null;
            /** @description When the first of them happened. */
            oldest?: string | null;
            /**
             * Format: int64
             * @description Pictures in it.
             */
            pictures: number;
            /** @description Why it was made. */
            reason: components["schemas"]["BackupReason"];
            /** @description The version that wrote it. */
            version: string;
            /**
             * @description Whether the server's own certificate authority is in it, sealed: without it a restore on another machine
             *     makes a new one, which clients must be told to trust. Null if the server had none.
             */
            with_ca?: boolean | null;
            /** @description Whether the secret key is in it, sealed: without it a restore on another machine needs new tokens. */
            with_key: boolean;
            /** @description Whether pictures and metadata files are part of it. */
            with_pictures: boolean;
        };
        /**
         * @description Why a backup was made.
         * @enum {string}
         */
        BackupReason: "manual" | "scheduled" | "pre_upgrade";
        /** @description The server's folder of backups. */
        BackupsBody: {
            failure?: components["schemas"]["FailureBody"] | null;
            /**
             * @description The folder, on the server.
             * @example /var/lib/watchpost/backups
             */
            folder: string;
            /** @description When the next one is made by itself; null where none is. */
            next?: string | null;
            /** @description Newest first. */
            objects: components["schemas"]["BackupBody"][];
            running?: components["schemas"]["RunningBody"] | null;
            /** @description Files named like backups that cannot be read as such. */
            unreadable: string[];
        };
        /**
         * @description How a body is written.
         * @enum {string}
         */
        BodyTypeBody: "json" | "xml" | "form" | "text";
        /** @description One bucket. */
        BucketBody: {
            /**
             * Format: int64
             * @description Events in it.
             */
            count: number;
            /**
             * @description Count by name or camera id; only with `group_by`.
             * @example {
             *       "motion": 3
             *     }
             */
            groups?: {
                [key: string]: number;
            };
            /**
             * @description Its start, RFC 3339 with the offset of the zone.
             * @example 2021-09-23T00:00:00+02:00
             */
            time: string;
        };
        /** @description What became of one event. */
        BulkItem: {
            /**
             * Format: int64
             * @description Its id.
             * @example 33794128
             */
            id: number;
            /**
             * Format: int32
             * @description 201, or 200 if it was stored before under the same `uid`.
             * @example 201
             */
            status: number;
        } | components["schemas"]["ErrorBody"];
        /** @description What became of each event. */
        BulkResult: {
            /** @description How many are stored, those included that were stored before under the same `uid`. */
            created: number;
            /** @description How many are not. */
            failed: number;
            /** @description One result per event, in the order sent. */
            objects: components["schemas"]["BulkItem"][];
        };
        /** @description A camera. */
        CameraBody: {
            /**
             * @description What the caller may do with it: `all` or `watch`.
             * @example [
             *       "all"
             *     ]
             */
            access: string[];
            /**
             * Format: int32
             * @description VXG's camera manager: always the camera's own number.
             */
            cmngrid: number;
            /**
             * @description When its record was made, UTC.
             * @example 2021-09-23T16:30:00
             */
            created: string;
            /** @description Whether it is in use. */
            enabled: boolean;
            /**
             * Format: int32
             * @description Its number, `camid` of its events.
             */
            id: number;
            /**
             * Format: double
             * @description Degrees north, null if not known.
             */
            latitude?: number | null;
            /**
             * Format: double
             * @description Degrees east, null if not known.
             */
            longitude?: number | null;
            /** @description Its own tags; only with `include_meta`. */
            meta?: {
                [key: string]: string;
            } | null;
            /** @description Its name. */
            name: string;
            /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
            rec_mode: string;
            /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
            status: string;
            /**
             * @description IANA name of its time zone.
             * @example Europe/Berlin
             */
            timezone: string;
            /** @description Address of its own stream, null if not known; without its password for callers that only read. */
            url?: string | null;
        };
        /** @description A camera to add, or what to change of one: members left out or null stay as they are. */
        CameraInput: {
            /** @description Whether it is in use. */
            enabled?: boolean | null;
            /**
             * Format: double
             * @description Degrees north.
             */
            latitude?: number | null;
            /**
             * Format: double
             * @description Degrees east.
             */
            longitude?: number | null;
            /** @description All its tags. */
            meta?: {
                [key: string]: string;
            } | null;
            /** @description Its name: 1 to 128 bytes. Required for a new camera. */
            name?: string | null;
            /** @description Recording mode: `on`, `off` or `by_event`. */
            rec_mode?: string | null;
            /** @description IANA name of its time zone; `UTC` if left out. */
            timezone?: string | null;
            /** @description Address of its own stream; `""` takes it away. */
            url?: string | null;
        };
        /** @description A camera's share. */
        CameraShareBody: {
            /**
             * Format: int64
             * @description What they take, about.
             */
            bytes: number;
            /**
             * Format: int32
             * @description The camera.
             */
            camid: number;
            /**
             * Format: int64
             * @description Its events.
             */
            count: number;
            /** @description Its name. */
            name: string;
            /** @description When the last one happened. */
            newest?: string | null;
            /** @description When the first one happened. */
            oldest?: string | null;
        };
        /** @description What a camera can do for an event type. */
        CapsBody: {
            /** @description The server can ask the camera to raise it. */
            can_be_triggered: boolean;
            /** @description The camera can record video when it happens. */
            can_record: boolean;
            /** @description The camera can attach a picture. */
            can_snapshot: boolean;
            /** @description The camera can raise it by the clock. */
            is_periodic: boolean;
        };
        /** @description A certificate. */
        CertificateBody: {
            /** @description SHA-256 of it, in hexadecimal bytes with colons between. */
            fingerprint_sha256: string;
            /** @description Host names and addresses that it is for. */
            names: string[];
            /**
             * @description Until when it is good.
             * @example 2027-12-22T21:14:07Z
             */
            not_after: string;
            /**
             * @description Whom it names.
             * @example O=Watchpost, CN=Watchpost server
             */
            subject: string;
        };
        /** @description Whether the trail holds together. */
        ChainBody: {
            /**
             * Format: int64
             * @description Entries that there are.
             */
            entries: number;
            /** @description Whether each of them follows the one before, and none is missing. */
            whole: boolean;
        };
        /** @description A camera as the account's list of channels shows it. */
        ChannelBody: {
            access_tokens?: components["schemas"]["AccessTokens"] | null;
            /**
             * @description When its record was made, UTC.
             * @example 2021-09-23T16:30:00
             */
            created: string;
            /**
             * Format: int32
             * @description Its number, `camid` of its events.
             */
            id: number;
            /** @description Its own tags; in lists and on one channel only with `include_meta`. */
            meta?: {
                [key: string]: string;
            } | null;
            /** @description Its name. */
            name: string;
            /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
            rec_mode: string;
            source?: components["schemas"]["SourceBody"] | null;
            /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
            status: string;
            /** @description Whether it streams: never. */
            streaming: boolean;
            /**
             * @description IANA name of its time zone.
             * @example Europe/Berlin
             */
            timezone: string;
        };
        /** @description A channel to add, or what to change of one: members left out or null stay as they are. */
        ChannelInput: {
            /** @description All its tags. */
            meta?: {
                [key: string]: string;
            } | null;
            /** @description Its name: 1 to 128 bytes. Required for a new channel. */
            name?: string | null;
            /** @description Recording mode: `on`, `off` or `by_event`. */
            rec_mode?: string | null;
            source?: components["schemas"]["SourceInput"] | null;
            /** @description IANA name of its time zone; `UTC` if left out. */
            timezone?: string | null;
        };
        /** @description A tag and its text. */
        ChannelTagBody: {
            /** @description The text; may be empty. */
            data: string;
            /**
             * @description The tag.
             * @example location
             */
            tag: string;
        };
        /** @description A tag's new text. */
        ChannelTagData: {
            /** @description The text; may be empty. Required. A value of another kind is kept as its JSON text. */
            data: string;
        };
        /** @description One part. */
        CheckBody: {
            /**
             * @description More about it, for people; the wording may change.
             * @example events are stored
             */
            detail: string;
            /**
             * @description `writes`, `disk`, `clock`, `records` (whether any was damaged), `index`, and with
             *     TLS `certificate`.
             * @example writes
             */
            name: string;
            /**
             * @description Since when, to ten seconds.
             * @example 2026-11-22T21:14:07Z
             */
            since: string;
            /** @description How it does. */
            state: components["schemas"]["CheckState"];
        };
        /**
         * @description How a part does.
         * @enum {string}
         */
        CheckState: "ok" | "warn" | "fail";
        /**
         * @description Stable names of errors, for programs.
         * @enum {string}
         */
        Code: "invalid_auth" | "access_deny" | "out_of_scope" | "camera_not_found" | "camera_disabled" | "event_not_found" | "event_held" | "event_type_not_found" | "not_found" | "method_not_allowed" | "unknown_event_type" | "missing_field" | "bad_parameter" | "bad_json" | "bad_body" | "json_too_deep" | "body_too_large" | "encoding_not_supported" | "content_type" | "timeout" | "headers_too_large" | "already_exists" | "exists" | "wrong_login" | "wrong_password" | "too_many_attempts" | "password_refused" | "picture_refused" | "bad_signature" | "last_admin" | "wrong_code" | "code_void" | "csrf" | "setting_fixed" | "built_in" | "meta_limit" | "limit_reached" | "idempotency_mismatch" | "not_triggerable" | "camera_offline" | "camera_refused" | "camera_timeout" | "camera_not_set_up" | "confirmation_required" | "rate_limited" | "overloaded" | "backup_running" | "storage_full" | "storage_failed" | "internal";
        /**
         * @description How a camera's events come.
         * @enum {string}
         */
        Connection: "agent" | "http" | "none";
        /** @description An event to store. Members that are not named here are ignored. */
        CreateEvent: {
            /**
             * Format: int64
             * @description How many milliseconds ago it happened, for senders without a clock. Either this or `time`.
             * @example 1500
             */
            age_ms?: number | null;
            /**
             * Format: int32
             * @description The camera it happened on; may be left out by a credential that names one camera.
             * @example 1
             */
            camid?: number | null;
            /**
             * @description Tags and their values; what is not a string is stored as its JSON text. At most 64 tags.
             * @example {
             *       "Person": ""
             *     }
             */
            meta?: {
                [key: string]: string;
            } | null;
            /**
             * @description Name of an event type of that camera.
             * @example motion
             */
            name: string;
            /**
             * @description Its picture, a JPEG, PNG or WebP in base64. With this body's 256 KiB it has 190 KB at most; a
             *     larger one goes as `multipart/form-data`, or by PUT to the event's `thumb/`. Not in bulk.
             */
            picture?: string | null;
            /**
             * @description When it happened, UTC unless a zone is given. Either this or `age_ms`.
             * @example 2021-09-23T16:30:00
             */
            time?: string | null;
            /**
             * @description Idempotency key, 1 to 128 printable ASCII characters: with it, the event exists once per
             *     camera.
             * @example 9f3c-17
             */
            uid?: string | null;
        };
        /** @description An event to store as a form, with a picture of up to 10 MiB and a metadata file of up to 1 MiB. */
        CreateEventForm: {
            /** @description The event as JSON, without `picture`. */
            event: components["schemas"]["CreateEvent"];
            /**
             * Format: binary
             * @description The metadata file: JSON.
             */
            filemeta?: string | null;
            /**
             * Format: binary
             * @description The picture's bytes.
             */
            picture?: string | null;
        };
        /** @description Events to store, at most 1,000. */
        CreateEvents: {
            /** @description The events; of idempotency keys only `uid` counts here. */
            objects: components["schemas"]["CreateEvent"][];
        };
        /** @description How many events are gone. */
        DeletedBody: {
            /**
             * Format: int64
             * @description How many.
             */
            deleted: number;
        };
        /** @description Deliveries that were not understood. */
        DeliveriesBody: {
            /** @description Newest first, at most five that differ. */
            objects: components["schemas"]["DeliveryBody"][];
        };
        /** @description A delivery to `/i/{token}` that was not understood, as it came. */
        DeliveryBody: {
            /**
             * @description Length of the body in bytes.
             * @example 612
             */
            bytes: number;
            /**
             * @description The `Content-Type`, at most 512 bytes; null without one.
             * @example application/xml
             */
            content_type?: string | null;
            /**
             * Format: int64
             * @description How often this came since it is kept.
             * @example 3
             */
            count: number;
            /**
             * @description The address that it came from; null if not known.
             * @example 10.20.4.31
             */
            from?: string | null;
            /**
             * @description `GET`, `POST` or `PUT`.
             * @example POST
             */
            method: string;
            /**
             * @description The address's query, at most 512 bytes.
             * @example
             */
            query: string;
            /**
             * @description When it came, UTC; the last time, if it came often.
             * @example 2026-03-01T10:00:00Z
             */
            received: string;
            /**
             * @description How the body begins, at most 4,096 bytes. What is no UTF-8 stands as `U+FFFD`.
             * @example <Alarm><Kind>17</Kind></Alarm>
             */
            text: string;
        };
        /** @description How the server speaks to a camera's device. The password is never shown. */
        DeviceBody: {
            /** @description Whether a password is kept. */
            has_password: boolean;
            /**
             * @description When it was set; null without one.
             * @example 2026-03-01T10:00:00Z
             */
            password_set?: string | null;
            /**
             * Format: int32
             * @description Its port for HTTP; null = 80.
             * @example 8080
             */
            port?: number | null;
            /**
             * @description Where it shows a picture of now; null if not set.
             * @example /cgi-bin/snapshot.cgi?channel=1
             */
            snapshot_path?: string | null;
            /**
             * @description Who the server logs in as; null if not set.
             * @example watchpost
             */
            username?: string | null;
        };
        /** @description A file system. */
        DiskBody: {
            /**
             * Format: int64
             * @description What the server may still write.
             */
            free: number;
            /**
             * Format: int64
             * @description Room below which events are refused.
             */
            reserve: number;
            /**
             * Format: int64
             * @description Its size.
             */
            total: number;
        };
        /** @description An address to load a file from. */
        DownloadBody: {
            /**
             * @description Until when the address is good, UTC.
             * @example 2021-09-24T17:00:00
             */
            expire: string;
            /** @description Absolute, needs no credential; answers the JSON as it was sent. */
            url: string;
        };
        /** @description An entry. */
        EntryBody: {
            /**
             * @description What was done.
             * @example token.create
             */
            action: string;
            /** @description More, for people. */
            detail: string;
            /**
             * @description From which address; empty for the machine itself.
             * @example 10.20.4.9
             */
            from: string;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /**
             * @description On what.
             * @example token 12
             */
            object: string;
            /**
             * @description `ok` or `failed`.
             * @example ok
             */
            result: string;
            /** @description When, RFC 3339. */
            time: string;
            /**
             * @description Who: a user's name, or a credential.
             * @example m.krause
             */
            who: string;
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_AliasBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /**
                 * @description The name.
                 * @example Front door
                 */
                alias_name: string;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_CameraBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /**
                 * @description What the caller may do with it: `all` or `watch`.
                 * @example [
                 *       "all"
                 *     ]
                 */
                access: string[];
                /**
                 * Format: int32
                 * @description VXG's camera manager: always the camera's own number.
                 */
                cmngrid: number;
                /**
                 * @description When its record was made, UTC.
                 * @example 2021-09-23T16:30:00
                 */
                created: string;
                /** @description Whether it is in use. */
                enabled: boolean;
                /**
                 * Format: int32
                 * @description Its number, `camid` of its events.
                 */
                id: number;
                /**
                 * Format: double
                 * @description Degrees north, null if not known.
                 */
                latitude?: number | null;
                /**
                 * Format: double
                 * @description Degrees east, null if not known.
                 */
                longitude?: number | null;
                /** @description Its own tags; only with `include_meta`. */
                meta?: {
                    [key: string]: string;
                } | null;
                /** @description Its name. */
                name: string;
                /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
                rec_mode: string;
                /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
                status: string;
                /**
                 * @description IANA name of its time zone.
                 * @example Europe/Berlin
                 */
                timezone: string;
                /** @description Address of its own stream, null if not known; without its password for callers that only read. */
                url?: string | null;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_ChannelBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                access_tokens?: components["schemas"]["AccessTokens"] | null;
                /**
                 * @description When its record was made, UTC.
                 * @example 2021-09-23T16:30:00
                 */
                created: string;
                /**
                 * Format: int32
                 * @description Its number, `camid` of its events.
                 */
                id: number;
                /** @description Its own tags; in lists and on one channel only with `include_meta`. */
                meta?: {
                    [key: string]: string;
                } | null;
                /** @description Its name. */
                name: string;
                /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
                rec_mode: string;
                source?: components["schemas"]["SourceBody"] | null;
                /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
                status: string;
                /** @description Whether it streams: never. */
                streaming: boolean;
                /**
                 * @description IANA name of its time zone.
                 * @example Europe/Berlin
                 */
                timezone: string;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_ChannelTagBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /** @description The text; may be empty. */
                data: string;
                /**
                 * @description The tag.
                 * @example location
                 */
                tag: string;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_EventBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /**
                 * Format: int32
                 * @description The camera it happened on.
                 * @example 1
                 */
                camid: number;
                /** @description Its metadata file, if there is one. Only with `include_filemeta_download` or `detail=detail`. */
                filemeta?: components["schemas"]["FilemetaBody"];
                /**
                 * Format: int64
                 * @description Its number: grows by one per stored event, never reused, below 2^53.
                 * @example 33794128
                 */
                id: number;
                /**
                 * @description Its tags. In lists and single events only with `include_meta`, and if there are any.
                 * @example {
                 *       "Person": ""
                 *     }
                 */
                meta?: {
                    [key: string]: string;
                };
                /**
                 * @description Name of its event type.
                 * @example motion
                 */
                name: string;
                /**
                 * @description What it is sorted and filtered by, UTC; `time` unless that is unbelievable. Only with
                 *     `detail=detail`.
                 * @example 2021-09-23T16:30:00
                 */
                order_time?: string;
                /**
                 * @description State of its picture: `none`, `expected`, `ready`, or `failed` if it did not come. Only with
                 *     `detail=detail`.
                 * @example none
                 */
                picture?: string;
                /**
                 * @description When the server took it in, UTC. Only with `detail=detail`.
                 * @example 2021-09-23T16:30:00.120000
                 */
                received_at?: string;
                /** @description Its picture, if there is one or one is on its way. */
                thumb?: components["schemas"]["ThumbBody"];
                /**
                 * @description When it happened, UTC without a zone; six fraction digits if the fraction is not zero.
                 * @example 2021-09-23T16:30:00
                 */
                time: string;
                /** @description The sender's idempotency key, if one was given. Only with `detail=detail`. */
                uid?: string;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_EventTypeBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /** @description Another name that clients may show and filter by; absent if there is none. */
                alias?: string | null;
                /** @description What the camera can do. */
                caps: components["schemas"]["CapsBody"];
                /** @description True on types made over the API, absent on others. */
                custom?: boolean | null;
                /** @description The server makes pictures for it; absent on custom types. */
                generate_images?: boolean | null;
                /**
                 * @description Its name, `name` of its events.
                 * @example motion
                 */
                name: string;
                /** @description Notifications are sent for it. */
                notify: boolean;
                /**
                 * Format: int32
                 * @description Seconds between periodic events, 0 = off; only with the cap.
                 */
                period?: number | null;
                /** @description Events that the camera itself delivers are stored. */
                receive: boolean;
                /** @description The camera records when it happens; only with the cap. */
                record?: boolean | null;
                /** @description The camera attaches a picture; only with the cap. */
                snapshot?: boolean | null;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_GroupBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /** @description Its cameras, ascending. */
                channels: number[];
                /**
                 * Format: int32
                 * @description Its number.
                 */
                id: number;
                /** @description Its name. */
                name: string;
                /** @description Its token, a base64 envelope: `Authorization: SI <token>`. */
                token: string;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_RegionBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /** @description Whether it is in use. */
                enabled: boolean;
                /**
                 * Format: int32
                 * @description Its number.
                 */
                id: number;
                /** @description Its cells, packed. */
                map: string;
                /** @description Its name. */
                name: string;
                /**
                 * Format: int32
                 * @description How easily it reports.
                 */
                sensitivity: number;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_ScopeChannelBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /**
                 * Format: int32
                 * @description Its number, `camid` of its events.
                 */
                id: number;
                /** @description Its own tags; only with `include_meta`. */
                meta?: {
                    [key: string]: string;
                } | null;
                /** @description Its name. */
                name: string;
                preview?: components["schemas"]["PreviewBody"] | null;
                /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
                rec_mode: string;
                /** @description Whether video is being recorded: never. */
                recording: boolean;
                /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
                status: string;
                /**
                 * @description IANA name of its time zone.
                 * @example Europe/Berlin
                 */
                timezone: string;
                /** @description A token of this camera with the caller's own rights, a base64 envelope; null if there is none. */
                token?: string | null;
            }[];
        };
        /** @description A list as VXG's clients expect it. */
        Envelope_TagBody: {
            /** @description Where this page stands. */
            meta: components["schemas"]["EnvelopeMeta"];
            /** @description The page. */
            objects: {
                /**
                 * @description Its value, perhaps empty.
                 * @example not_handled
                 */
                data: string;
                /**
                 * @description The tag.
                 * @example process
                 */
                tag: string;
            }[];
        };
        /** @description Where a page stands in its list. */
        EnvelopeMeta: {
            /** @description The page size really applied. */
            limit: number;
            /** @description Path and query of the next page, relative to the host; null at the end. */
            next?: string | null;
            /**
             * Format: int64
             * @description Rows before this page.
             */
            offset: number;
            /** @description Path and query of the page before; null at the start. */
            previous?: string | null;
            /**
             * Format: int64
             * @description All matches.
             */
            total_count: number;
        };
        /** @description Body of every answer that is not a success. */
        ErrorBody: {
            /** @description What is wrong, for people; the wording may change. */
            errorDetail: string;
            /** @description Stable code, for programs. */
            errorType: components["schemas"]["Code"];
            /**
             * Format: int32
             * @description The HTTP status once more.
             * @example 400
             */
            status: number;
        };
        /** @description One event. What is not always there appears where it is asked for. */
        EventBody: {
            /**
             * Format: int32
             * @description The camera it happened on.
             * @example 1
             */
            camid: number;
            /** @description Its metadata file, if there is one. Only with `include_filemeta_download` or `detail=detail`. */
            filemeta?: components["schemas"]["FilemetaBody"];
            /**
             * Format: int64
             * @description Its number: grows by one per stored event, never reused, below 2^53.
             * @example 33794128
             */
            id: number;
            /**
             * @description Its tags. In lists and single events only with `include_meta`, and if there are any.
             * @example {
             *       "Person": ""
             *     }
             */
            meta?: {
                [key: string]: string;
            };
            /**
             * @description Name of its event type.
             * @example motion
             */
            name: string;
            /**
             * @description What it is sorted and filtered by, UTC; `time` unless that is unbelievable. Only with
             *     `detail=detail`.
             * @example 2021-09-23T16:30:00
             */
            order_time?: string;
            /**
             * @description State of its picture: `none`, `expected`, `ready`, or `failed` if it did not come. Only with
             *     `detail=detail`.
             * @example none
             */
            picture?: string;
            /**
             * @description When the server took it in, UTC. Only with `detail=detail`.
             * @example 2021-09-23T16:30:00.120000
             */
            received_at?: string;
            /** @description Its picture, if there is one or one is on its way. */
            thumb?: components["schemas"]["ThumbBody"];
            /**
             * @description When it happened, UTC without a zone; six fraction digits if the fraction is not zero.
             * @example 2021-09-23T16:30:00
             */
            time: string;
            /** @description The sender's idempotency key, if one was given. Only with `detail=detail`. */
            uid?: string;
        };
        /** @description All events. */
        EventsBody: {
            /**
             * Format: int64
             * @description What one takes with its index entries, about; 0 without any.
             */
            bytes_per_event: number;
            /**
             * Format: int64
             * @description How many.
             */
            count: number;
            /** @description When the last one happened. */
            newest?: string | null;
            /** @description When the first one happened. */
            oldest?: string | null;
        };
        /** @description A named kind of event on one camera. */
        EventTypeBody: {
            /** @description Another name that clients may show and filter by; absent if there is none. */
            alias?: string | null;
            /** @description What the camera can do. */
            caps: components["schemas"]["CapsBody"];
            /** @description True on types made over the API, absent on others. */
            custom?: boolean | null;
            /** @description The server makes pictures for it; absent on custom types. */
            generate_images?: boolean | null;
            /**
             * @description Its name, `name` of its events.
             * @example motion
             */
            name: string;
            /** @description Notifications are sent for it. */
            notify: boolean;
            /**
             * Format: int32
             * @description Seconds between periodic events, 0 = off; only with the cap.
             */
            period?: number | null;
            /** @description Events that the camera itself delivers are stored. */
            receive: boolean;
            /** @description The camera records when it happens; only with the cap. */
            record?: boolean | null;
            /** @description The camera attaches a picture; only with the cap. */
            snapshot?: boolean | null;
        };
        /** @description What to change; members left out or null stay as they are, `alias` aside. */
        EventTypeChanges: {
            /**
             * @description Another name that clients may show and filter by; `""` or null takes it away.
             * @default null
             */
            alias: string | null;
            /**
             * @description The server makes pictures for it; not on custom types.
             * @default null
             */
            generate_images: boolean | null;
            /**
             * @description Notifications are sent for it.
             * @default null
             */
            notify: boolean | null;
            /**
             * Format: int32
             * @description Seconds between periodic events; without the cap left alone.
             * @default null
             */
            period: number | null;
            /**
             * @description Events that the camera itself delivers are stored.
             * @default null
             */
            receive: boolean | null;
            /**
             * @description The camera records when it happens; without the cap left alone.
             * @default null
             */
            record: boolean | null;
            /**
             * @description The camera attaches a picture; without the cap left alone.
             * @default null
             */
            snapshot: boolean | null;
        };
        /** @description A try that failed. */
        FailureBody: {
            /** @description What went wrong, for people. */
            text: string;
            /** @description When it was begun. */
            time: string;
        };
        /** @description Where an event's metadata file is. */
        FilemetaBody: {
            /** @description Only when it is there. */
            download?: components["schemas"]["DownloadBody"];
            /**
             * @description `ready`; with `detail=detail` also `expected` while it is on its way, and `failed` if it did not come.
             * @example ready
             */
            state: string;
        };
        /** @description What the data directory takes on the disk. */
        FilesBody: {
            /**
             * Format: int64
             * @description The database, but for what is free inside it.
             */
            events: number;
            /**
             * Format: int64
             * @description Of the database's file, what holds nothing now and will be used again, about.
             */
            free_inside: number;
            /**
             * Format: int64
             * @description The journal.
             */
            journal: number;
            /**
             * Format: int64
             * @description Everything else.
             */
            other: number;
            /**
             * Format: int64
             * @description Pictures and metadata files; for a while after a start, those that have been looked at.
             */
            pictures: number;
        };
        /** @description A group. */
        GroupBody: {
            /** @description Its cameras, ascending. */
            channels: number[];
            /**
             * Format: int32
             * @description Its number.
             */
            id: number;
            /** @description Its name. */
            name: string;
            /** @description Its token, a base64 envelope: `Authorization: SI <token>`. */
            token: string;
        };
        /** @description What to change of a group; members left out or null stay as they are. */
        GroupChanges: {
            /** @description All its cameras. */
            channels?: number[] | null;
            /** @description Its name: 1 to 128 bytes. */
            name?: string | null;
        };
        /** @description State of the server. */
        HealthBody: {
            /** @description The check that fails: `storage_full`, `storage_failed` or `stopping`. */
            check?: string | null;
            /**
             * @description `ok`, or `unavailable`.
             * @example ok
             */
            status: string;
        };
        /** @description Counts per time bucket. */
        HistogramBody: {
            /** @description What was counted. */
            meta: components["schemas"]["HistogramMeta"];
            /** @description Buckets in order of time. */
            objects: components["schemas"]["BucketBody"][];
        };
        /** @description What was counted. */
        HistogramMeta: {
            /**
             * @description Width of a bucket: seconds, or a word.
             * @example day
             */
            bucket: string;
            /**
             * Format: int64
             * @description All matches; the counts add up to it.
             */
            total_count: number;
            /**
             * @description Zone of the buckets.
             * @example Europe/Berlin
             */
            tz: string;
        };
        /** @description Whether an event is held. */
        HoldBody: {
            /** @description Who said so, as the audit trail names him. */
            by?: string | null;
            /** @description Whether it is held: then nothing deletes it. */
            held: boolean;
            /**
             * Format: int64
             * @description The event.
             */
            id: number;
            /**
             * @description Since when.
             * @example 2026-11-22T21:14:07Z
             */
            since?: string | null;
        };
        /** @description Held events. */
        HoldsBody: {
            /** @description By id. */
            objects: components["schemas"]["HoldBody"][];
            /**
             * Format: int64
             * @description How many events are held in all.
             * @example 3
             */
            total_count: number;
        };
        /** @description A job. */
        JobBody: {
            /**
             * Format: int64
             * @description Items done.
             * @example 1500
             */
            done: number;
            /**
             * Format: int64
             * @description Its number, within this run of the server.
             * @example 1
             */
            id: number;
            /** @description Where it stands. */
            state: components["schemas"]["JobState"];
            /**
             * Format: int64
             * @description Items that there were when it began.
             * @example 20000
             */
            total: number;
        };
        /** @description Jobs. */
        JobsBody: {
            /** @description By number. */
            objects: components["schemas"]["JobBody"][];
        };
        /**
         * @description Where a job stands. What it did stays done.
         * @enum {string}
         */
        JobState: "running" | "done" | "stopped" | "failed";
        /** @description A license key without its secret. */
        KeyBody: {
            /** @description When it was made, RFC 3339. */
            created: string;
            /**
             * Format: int32
             * @description Its number.
             * @example 1
             */
            key_id: number;
            /** @description When it was last used, RFC 3339; null if never. */
            last_used?: string | null;
            /** @description The address that it was last used from; null if never. */
            last_used_from?: string | null;
            /**
             * @description Its name.
             * @example Archive
             */
            name: string;
        };
        /** @description All license keys. */
        KeysBody: {
            /** @description By number. */
            objects: components["schemas"]["KeyBody"][];
        };
        /**
         * @description What a device understands.
         * @enum {string}
         */
        KindBody: "generic" | "axis_virtual_input" | "axis_output" | "hikvision_output" | "dahua_output" | "onvif_relay";
        /** @description A label by language. */
        Label: {
            /**
             * @description German.
             * @example Bewegung
             */
            de: string;
            /**
             * @description English.
             * @example Motion
             */
            en: string;
        };
        /** @description The newest event of a camera. */
        LastEventBody: {
            /**
             * Format: int64
             * @description Its id.
             */
            id: number;
            /**
             * @description Name of its type.
             * @example motion
             */
            name: string;
            /**
             * @description When it happened, RFC 3339.
             * @example 2026-03-01T10:00:00Z
             */
            time: string;
        };
        /** @description A line. */
        LineBody: {
            /** @description How much it matters. */
            level: components["schemas"]["LogLevel"];
            /** @description Text and fields; secrets are blanked. */
            message: string;
            /**
             * Format: int64
             * @description Its number, within this run of the server.
             */
            seq: number;
            /**
             * @description The part of the program.
             * @example watchpost::store::engine
             */
            target: string;
            /**
             * @description When it was written.
             * @example 2026-11-22T21:14:07.123456Z
             */
            time: string;
        };
        /** @description Where a camera's stream is. */
        LiveBody: {
            /** @description The address once more, if it is one of RTSP. */
            rtsp?: string | null;
            /** @description The camera's own address; without the password in it for callers that only read. */
            url: string;
        };
        /** @description Lines of the log, oldest first. */
        LogBody: {
            /**
             * Format: int64
             * @description What `after` must be to go on.
             * @example 1204
             */
            last: number;
            /** @description The lines. */
            objects: components["schemas"]["LineBody"][];
        };
        /** @description Name and password. */
        LogIn: {
            /** @description The user's name; case does not count. */
            name: string;
            /** @description The user's password. */
            password: string;
        };
        /**
         * @description How much a line matters.
         * @enum {string}
         */
        LogLevel: "error" | "warn" | "info" | "debug";
        /** @description A new license key, with its secret. */
        MadeKey: {
            /**
             * Format: int32
             * @description Its number.
             * @example 1
             */
            key_id: number;
            /** @description The key: `Authorization: LKey <license_key>`. */
            license_key: string;
            /** @description Its name. */
            name: string;
        };
        /** @description A request. `{name}`, `{time}` and `{meta.TAG}` stand for the trigger's values, escaped by where they stand. */
        MessageBody: {
            /** @description The body; none if left out. */
            body?: string;
            body_type?: components["schemas"]["BodyTypeBody"] | null;
            /** @description Headers; not those of the connection, nor of the log-in, which the server does by itself. */
            headers?: {
                [key: string]: string;
            };
            /**
             * @description `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
             * @example GET
             */
            method: string;
            /**
             * @description Path and query: the host is always the camera's address.
             * @example /cgi-bin/door?open={name}&by={meta.who}
             */
            path: string;
        };
        /** @description The first admin. */
        NewAdmin: {
            /**
             * @description The set-up code, from the log or the file `setup-code` in the data directory. Case, hyphens and
             *     blanks do not matter.
             */
            code: string;
            /** @description Name of the admin, 1 to 64 bytes. */
            name: string;
            /** @description Password of the admin, 12 to 256 characters. */
            password: string;
        };
        /** @description A tag to add. */
        NewChannelTag: {
            /** @description Its text, empty if left out. A value of another kind is kept as its JSON text. */
            data?: string | null;
            /** @description The tag: 1 to 128 bytes. Required. */
            tag: string | null;
        };
        /** @description A custom event type to add. */
        NewEventType: {
            /**
             * @description Its name: 1 to 128 bytes, no comma, no slash. Required.
             * @example door_open
             */
            name: string | null;
            /** @description Whether notifications are sent for it; false if left out. */
            notify?: boolean | null;
        };
        /** @description A group to add. */
        NewGroup: {
            /** @description What its token allows: `all`, which is meant if left out, or `watch`. */
            access?: string | null;
            /** @description Its cameras; none if left out. */
            channels?: number[] | null;
            /** @description Its name: 1 to 128 bytes. Required. */
            name: string | null;
        };
        /** @description A license key to make. */
        NewKey: {
            /** @description Its name: 1 to 128 bytes. */
            name: string;
        };
        /** @description A new password. */
        NewPassword: {
            /** @description The password so far. */
            current: string;
            /** @description The password from now on: 12 to 256 characters. */
            new: string;
        };
        /** @description A camera to add. */
        NewSiteCamera: {
            /** @description Host name or IP address. */
            address?: string | null;
            /**
             * @description Its name: 1 to 128 bytes. Required.
             * @example Gate North
             */
            name: string | null;
            /** @description With which password, at most 256 bytes. Stored sealed, and never shown again. */
            password?: string | null;
            /**
             * Format: int32
             * @description The device's port for HTTP; 80 if left out.
             */
            port?: number | null;
            /**
             * Format: int32
             * @description Seconds without an event after which it is `quiet`, at most 30 days; 0 = a day.
             */
            quiet_after_s?: number | null;
            /**
             * @description Path of a picture of now at the device, or its URL there: with it the server fetches pictures of events
             *     whose type has `snapshot` on.
             * @example /cgi-bin/snapshot.cgi?channel=1
             */
            snapshot_path?: string | null;
            /**
             * @description IANA name of its time zone; the site's if left out.
             * @example Europe/Berlin
             */
            time_zone?: string | null;
            /** @description Who the server logs in as at the device: at most 128 bytes, no colon. */
            username?: string | null;
        };
        /** @description A token to make. */
        NewToken: {
            /**
             * @description What it allows: `all`, `watch` or `ingest`. Required.
             * @example watch
             */
            access: string | null;
            /**
             * Format: int64
             * @description Seconds from now after which it ends, 1 or more; never if left out.
             */
            expires_s?: number | null;
        };
        /** @description A user to add. */
        NewUser: {
            /** @description The name: 1 to 64 bytes, no slash. No two differ only in case. */
            name: string;
            /** @description The password: 12 to 256 characters. */
            password: string;
            /** @description What the user may do. */
            role: components["schemas"]["RoleWord"];
        };
        /**
         * @description What happens if no event comes.
         * @enum {string}
         */
        NoEchoBody: "report" | "store";
        /** @description Something that everybody should know. */
        Notice: {
            /** @description What: `storage_full`, `storage_failed`, `clock_suspect`. */
            code: string;
            /** @description How bad it is: `danger` or `warn`. */
            level: string;
            /** @description Figures for its text. */
            params: Record<string, never>;
        };
        /** @description A camera as its own token sees it. */
        OwnChannelBody: {
            /**
             * Format: int32
             * @description Its number, `camid` of its events.
             */
            id: number;
            /** @description Its own tags; after GET only with `include_meta`. */
            meta?: {
                [key: string]: string;
            } | null;
            /** @description Its name. */
            name: string;
            /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
            rec_mode: string;
            /** @description Whether video is being recorded: never. */
            recording: boolean;
            /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
            status: string;
            /** @description Whether it streams: never. */
            streaming: boolean;
            /**
             * @description IANA name of its time zone.
             * @example Europe/Berlin
             */
            timezone: string;
        };
        /** @description A session of the user who asks. */
        OwnSession: {
            /** @description The address that it was begun from. */
            address: string;
            /** @description When it began, RFC 3339. */
            created: string;
            /** @description Whether it is the one that asks. */
            current: boolean;
            /**
             * Format: int64
             * @description Its number.
             */
            id: number;
            /** @description When it was last used, RFC 3339. */
            last_seen: string;
        };
        /** @description The sessions of a user. */
        OwnSessions: {
            /** @description Newest first. */
            objects: components["schemas"]["OwnSession"][];
        };
        /** @description A picture of a camera. */
        PreviewBody: {
            /** @description Its address. */
            url: string;
        };
        /** @description How one event type of one camera is triggered over HTTP. */
        RecipeBody: {
            /**
             * @description Whoever triggers it must send `"confirm": true`, and each trigger stands in the audit trail. If left
             *     out, true for outputs and relays (they may be doors or sirens), else false.
             */
            confirm?: boolean | null;
            /**
             * @description Name of the event that the camera raises then; that of the type if left out or null.
             * @example digital_input
             */
            echo_event?: string | null;
            /**
             * Format: int32
             * @description Milliseconds that the event is waited for, at most 10,000, which it is if left out.
             * @example 10000
             */
            echo_wait_ms?: number | null;
            /**
             * Format: int32
             * @description Milliseconds after which the state is set back, 100 to 3,600,000, also if the server is restarted
             *     meanwhile; 5,000 if left out. Of `generic` only with `release`.
             * @example 5000
             */
            hold_ms?: number | null;
            /** @description What the device understands. */
            kind: components["schemas"]["KindBody"];
            no_echo?: components["schemas"]["NoEchoBody"] | null;
            /**
             * Format: int32
             * @description Number of the port, input or output, 1 to 64; of all but `generic` and `onvif_relay`, where it is
             *     required.
             * @example 1
             */
            output?: number | null;
            /** @description Of `onvif_relay`: path of the device service; `/onvif/device_service` if left out. */
            path?: string | null;
            /** @description Of `onvif_relay`, where it is required: the relay's token. */
            relay?: string | null;
            release?: components["schemas"]["MessageBody"] | null;
            request?: components["schemas"]["MessageBody"] | null;
        };
        /** @description A recorded thing, as the API has it. */
        RecordingBody: {
            /** @description Its address. */
            url: string;
        };
        /** @description A list of recorded things: always empty. */
        RecordingList: {
            /** @description Where this page stands. */
            meta: components["schemas"]["RecordingMeta"];
            /** @description Nothing. */
            objects: components["schemas"]["RecordingBody"][];
        };
        /** @description Where a page stands in its list. */
        RecordingMeta: components["schemas"]["EnvelopeMeta"] & {
            /**
             * @description Until when addresses in the list would be good, UTC.
             * @example 2021-09-23T17:30:00
             */
            expire: string;
        };
        /** @description A region in which a camera looks for motion. */
        RegionBody: {
            /** @description Whether it is in use. */
            enabled: boolean;
            /**
             * Format: int32
             * @description Its number.
             */
            id: number;
            /** @description Its cells, packed. */
            map: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: int32
             * @description How easily it reports.
             */
            sensitivity: number;
        };
        /** @description What retention does. */
        RetentionBody: {
            /**
             * Format: int64
             * @description How many events were deleted since the server started.
             */
            deleted_total: number;
            /**
             * Format: int64
             * @description How many events that pass has deleted.
             */
            last_deleted: number;
            /**
             * @description When it last deleted something.
             * @example 2026-11-22T21:14:07Z
             */
            last_run?: string | null;
            /**
             * Format: int64
             * @description What may still be stored, in bytes: free on the disk and inside the database.
             */
            room: number;
            /** @description What it does now. */
            state: components["schemas"]["RetentionState"];
            /**
             * Format: int64
             * @description Bytes of the database that are in use, about.
             */
            used: number;
        };
        /** @description What some settings would delete now. */
        RetentionPreviewBody: {
            /**
             * Format: int64
             * @description Of these, those that were kept long enough.
             */
            by_age: number;
            /**
             * Format: int64
             * @description How many of the oldest have to go to make room, about.
             */
            by_room: number;
            /**
             * Format: int64
             * @description How many of the oldest have to go for the size of the database, about.
             */
            by_size: number;
            /**
             * Format: int64
             * @description How many go in all, oldest first.
             * @example 120431
             */
            count: number;
            /**
             * @description Events that arrived before this go.
             * @example 2026-08-24T21:14:07Z
             */
            cutoff: string;
            /**
             * Format: int64
             * @description Days that events are kept, 0 = for ever.
             * @example 90
             */
            days: number;
            /** @description Whether each of `by_age` was looked at. If that would take too long, the count is that of their own times. */
            exact: boolean;
            /** @description When the last of them arrived; null where that was not found. */
            newest?: string | null;
            /** @description When the first of them arrived. */
            oldest?: string | null;
        };
        /**
         * @description What retention does now.
         * @enum {string}
         */
        RetentionState: "off" | "idle" | "running" | "stopped_by_clock";
        /**
         * @description What a user may do.
         * @enum {string}
         */
        RoleWord: "admin" | "operator" | "viewer";
        /** @description How to rotate. */
        Rotation: {
            /**
             * Format: int64
             * @description Seconds for which the former secret holds too: 0, 3600, 86400 or 604800. Required.
             * @example 3600
             */
            overlap_s: number | null;
        };
        /** @description Days that some events are kept, whatever holds for the rest. One of `camid` and `name` is there at least. */
        RuleBody: {
            /**
             * Format: int32
             * @description Events of this camera; of every camera if null.
             */
            camid?: number | null;
            /**
             * Format: int64
             * @description 1 to 3650, 0 = for ever.
             */
            days: number;
            /**
             * @description Events of this type; of every type if null.
             * @example motion
             */
            name?: string | null;
        };
        /**
         * @description Which events are kept longer or shorter than the rest. Of several that fit, the one for camera and type
         *     counts, then the one for the camera, then the one for the type.
         */
        RulesBody: {
            /** @description At most 1,000. */
            objects: components["schemas"]["RuleBody"][];
        };
        /** @description The backup that is being made. */
        RunningBody: {
            /**
             * Format: int64
             * @description Items written.
             */
            done: number;
            /**
             * Format: int64
             * @description Items that there were when it began, about.
             */
            total: number;
        };
        /** @description A camera as a holder of a group token sees it. */
        ScopeChannelBody: {
            /**
             * Format: int32
             * @description Its number, `camid` of its events.
             */
            id: number;
            /** @description Its own tags; only with `include_meta`. */
            meta?: {
                [key: string]: string;
            } | null;
            /** @description Its name. */
            name: string;
            preview?: components["schemas"]["PreviewBody"] | null;
            /** @description Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded. */
            rec_mode: string;
            /** @description Whether video is being recorded: never. */
            recording: boolean;
            /** @description `active`: its agent is connected; `offline`: it is not; `inactive`: switched off. */
            status: string;
            /**
             * @description IANA name of its time zone.
             * @example Europe/Berlin
             */
            timezone: string;
            /** @description A token of this camera with the caller's own rights, a base64 envelope; null if there is none. */
            token?: string | null;
        };
        /** @description Who is logged in, and where. */
        SessionBody: {
            /** @description When the session ends if it is not used again, RFC 3339. */
            idle_until: string;
            /** @description What every page has to say. */
            notices: components["schemas"]["Notice"][];
            /** @description The site. */
            site: components["schemas"]["SessionSite"];
            /** @description The server's time, RFC 3339. */
            time: string;
            /** @description The user. */
            user: components["schemas"]["SessionUser"];
        };
        /** @description The site of a session. */
        SessionSite: {
            /**
             * @description Its name.
             * @example Hafen Nord
             */
            name: string;
            /**
             * @description IANA name of its time zone.
             * @example Europe/Berlin
             */
            time_zone: string;
        };
        /** @description The user of a session. */
        SessionUser: {
            /**
             * @description The name.
             * @example m.krause
             */
            name: string;
            /** @description What the user may do. */
            role: components["schemas"]["RoleWord"];
        };
        /** @description The value of a tag to set. */
        SetTag: {
            /**
             * @description The value, empty if left out; what is not a string is stored as its JSON text.
             * @example in_progress
             */
            data?: string | null;
        };
        /** @description A setting. */
        SettingBody: {
            /** @description The value where nobody set one. */
            default: Record<string, never>;
            /** @description The form that it is shown in. */
            form: components["schemas"]["SettingForm"];
            /**
             * @description Its key, as in the configuration file.
             * @example retention.days
             */
            key: string;
            /** @description What its value looks like. */
            kind: components["schemas"]["SettingKind"];
            /**
             * Format: int64
             * @description Largest number.
             */
            max?: number | null;
            /**
             * Format: int64
             * @description Smallest number.
             */
            min?: number | null;
            /** @description Whether a change counts from the next start on only. */
            restart: boolean;
            /** @description Who set it. What `file`, `environment` and `flag` set cannot be changed here. */
            source: components["schemas"]["SettingSource"];
            /** @description Unit of a number. */
            unit?: string | null;
            /** @description Its value: text or a number; null where an address is not set. */
            value: Record<string, never>;
        };
        /**
         * @description The form that a setting is shown in.
         * @enum {string}
         */
        SettingForm: "site" | "time_zone" | "retention" | "limits" | "addresses" | "log_in" | "backups";
        /**
         * @description What a setting's value looks like.
         * @enum {string}
         */
        SettingKind: "text" | "integer" | "bytes" | "url" | "zone";
        /** @description All settings. */
        SettingsBody: {
            /** @description One after the other, in the order of their forms. */
            objects: components["schemas"]["SettingBody"][];
        };
        /**
         * @description Who set a setting.
         * @enum {string}
         */
        SettingSource: "default" | "settings" | "file" | "flag" | "environment";
        /** @description How the set-up stands. */
        SetupBody: {
            /** @description Whether a code counts. If not, a restart makes a new one. */
            code_valid: boolean;
            /** @description Always true: afterwards there is nothing here. */
            required: boolean;
        };
        /** @description A token with its secret. */
        ShownToken: {
            /**
             * @description What it allows: `all`, `watch` or `ingest`.
             * @example ingest
             */
            access: string;
            /** @description When it ends by itself, RFC 3339; null if never. */
            expires?: string | null;
            /** @description Until when its former secret holds too; only after a rotation. */
            former_until?: string;
            /**
             * @description Where the camera may send events in its own format; only for `ingest`.
             * @example http://10.20.4.1:8080/i/wp.t3.2Rwn2uYUKoF5Fa0PR3aXjI
             */
            ingest_url?: string;
            /** @description The secret: of `all` and `watch` in VXG's envelope. */
            token: string;
            /**
             * Format: int32
             * @description Its number.
             * @example 3
             */
            token_id: number;
        };
        /** @description The site, as the page before the log-in shows it. */
        SiteBody: {
            /**
             * @description Its name.
             * @example Hafen Nord
             */
            name: string;
            /** @description Whether there is no admin yet, so that the set-up comes first. */
            setup_required: boolean;
        };
        /** @description A camera and how it does. */
        SiteCamera: {
            /**
             * @description Host name or IP address, null if not set. Only for those who may manage cameras.
             * @example 10.20.4.31
             */
            address?: string | null;
            /** @description Whether it can be asked to raise an event. */
            can_trigger: boolean;
            /**
             * @description The address that it is connected from. Only while it is, and for those who may manage cameras.
             * @example 10.20.4.31
             */
            connected_from?: string | null;
            /**
             * @description Since when it is connected; null while it is not.
             * @example 2026-03-01T10:00:00Z
             */
            connected_since?: string | null;
            /** @description How its events come. */
            connection: components["schemas"]["Connection"];
            /**
             * Format: int64
             * @description Events of the last 24 hours: the sum of `sparkline`.
             * @example 6453
             */
            count_24h: number;
            device?: components["schemas"]["DeviceBody"] | null;
            /** @description Whether it is in use. */
            enabled: boolean;
            /** @description Version of its firmware; null if not known. */
            firmware?: string | null;
            /**
             * Format: int32
             * @description Its number, `camid` of its events.
             * @example 7
             */
            id: number;
            last_event?: components["schemas"]["LastEventBody"] | null;
            /** @description Which model it is; null if not known. */
            model?: string | null;
            /**
             * @description Its name.
             * @example Gate North
             */
            name: string;
            /**
             * Format: int32
             * @description Seconds without an event after which it is `quiet`; 0 = a day.
             * @example 7200
             */
            quiet_after_s: number;
            /**
             * @description Events that were refused in the last 24 hours, by `errorType`. Forgotten when the server stops.
             * @example {
             *       "rate_limited": 3
             *     }
             */
            rejected_24h: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description How far its clock is ahead, in milliseconds (negative: behind): the median of its last events.
             *     Null under 5 events, or if they do not agree.
             * @example 200
             */
            skew_ms?: number | null;
            /** @description How many events that is by, at most 200. */
            skew_samples: number;
            /** @description Events of the last 48 half hours, oldest first. The last one ends at the next quarter of an hour. */
            sparkline: number[];
            /** @description How it does: the first that holds. */
            status: components["schemas"]["StatusBody"];
            /**
             * @description IANA name of its time zone.
             * @example Europe/Berlin
             */
            time_zone: string;
            /** @description Who made it; null if not known. */
            vendor?: string | null;
        };
        /** @description What to change of a camera: members left out stay as they are. */
        SiteCameraChanges: {
            /** @description Host name or IP address; `""` or null takes it away. */
            address?: string | null;
            /** @description Whether it is in use. Of one that is not, what its own credentials create is refused. */
            enabled?: boolean | null;
            /** @description Its name: 1 to 128 bytes. */
            name?: string | null;
            /**
             * @description With which password, at most 256 bytes; `""` or null takes it away. Stored sealed, and never shown
             *     again. A change of `address` or `port` takes it away too, unless it comes with the change.
             */
            password?: string | null;
            /**
             * Format: int32
             * @description The device's port for HTTP; 0 = 80.
             */
            port?: number | null;
            /**
             * Format: int32
             * @description Seconds without an event after which it is `quiet`, at most 30 days; 0 = a day.
             */
            quiet_after_s?: number | null;
            /** @description Path of a picture of now at the device, or its URL there; `""` or null takes it away. */
            snapshot_path?: string | null;
            /** @description IANA name of its time zone. */
            time_zone?: string | null;
            /** @description Who the server logs in as at the device: at most 128 bytes, no colon; `""` or null takes it away. */
            username?: string | null;
        };
        /** @description All cameras. */
        SiteCameras: {
            /** @description By id. */
            objects: components["schemas"]["SiteCamera"][];
        };
        /** @description A token without its secret. */
        SiteToken: {
            /**
             * @description What it allows: `all`, `watch` or `ingest`.
             * @example watch
             */
            access: string;
            /** @description When it was made, RFC 3339. */
            created: string;
            /** @description When it ends by itself, RFC 3339; null if never. */
            expires?: string | null;
            /** @description Until when its former secret holds too; null if it has none. */
            former_until?: string | null;
            /** @description The minute in which it was last used; null if never. */
            last_used?: string | null;
            /**
             * @description The address that it was last used from.
             * @example 10.20.4.31
             */
            last_used_from?: string | null;
            /**
             * Format: int32
             * @description Its number.
             * @example 3
             */
            token_id: number;
        };
        /** @description A camera's tokens. */
        SiteTokens: {
            /** @description By number. */
            objects: components["schemas"]["SiteToken"][];
        };
        /** @description An event type's name, as people read it. */
        SiteType: {
            /**
             * Format: int64
             * @description How many events there are.
             * @example 123
             */
            count: number;
            /** @description It was made over the API, on every camera that has it. */
            custom: boolean;
            /**
             * @description One of ten: `motion`, `person`, `vehicle`, `boundary`, `object`, `sound`, `access`, `alarm`,
             *     `device`, `custom`.
             * @example motion
             */
            family: string;
            /** @description What people read. */
            label: components["schemas"]["Label"];
            /**
             * @description The name, as in events.
             * @example motion
             */
            name: string;
        };
        /** @description All event types. */
        SiteTypes: {
            /** @description By name. */
            objects: components["schemas"]["SiteType"][];
        };
        /** @description Where a camera's stream is. */
        SourceBody: {
            /** @description User name for it; absent if there is none. */
            login?: string | null;
            /** @description Its address; without the password in it for callers that only read. */
            url: string;
        };
        /** @description The address of a camera's stream and the user name for it. */
        SourceInput: {
            /** @description User name for it. */
            login?: string | null;
            /** @description Taken for compatibility and not kept: the server opens no stream. */
            password?: string | null;
            /** @description Address of the stream. */
            url?: string | null;
        };
        /** @description What a backup is to be. */
        StartBackup: {
            /**
             * @description Seals the secret key into it (age format), 12 to 1,024 bytes; without one the key stays out.
             * @default null
             */
            passphrase: string | null;
            /**
             * @description Whether pictures and metadata files are part of it.
             * @default true
             */
            pictures: boolean;
        };
        /**
         * @description How a camera does: the first that holds.
         * @enum {string}
         */
        StatusBody: "disabled" | "offline" | "rejecting" | "clock" | "quiet" | "online";
        /** @description What is stored and what it takes. Sizes are in bytes. */
        StorageBody: {
            /** @description By camera, those included that were removed and still have events. */
            by_camera: components["schemas"]["CameraShareBody"][];
            /** @description By event type. */
            by_type: components["schemas"]["TypeShareBody"][];
            /**
             * Format: int64
             * @description Days of events that the disk holds at that rate; null where there is none.
             */
            days_fit?: number | null;
            /** @description The file system of the data directory. */
            disk: components["schemas"]["DiskBody"];
            /** @description All events. */
            events: components["schemas"]["EventsBody"];
            /** @description The data directory. */
            files: components["schemas"]["FilesBody"];
            /**
             * Format: int64
             * @description Events a day, of the last week by their own times; 0 with less than an hour to go by.
             */
            rate_per_day: number;
            /**
             * Format: int64
             * @description Days that events are kept, 0 = for ever.
             */
            retention_days: number;
        };
        /** @description What the server is and how its parts do. */
        SystemBody: {
            /**
             * @description Which build of it.
             * @example unpackaged
             */
            build: string;
            /** @description Its parts. */
            checks: components["schemas"]["CheckBody"][];
            /**
             * @description When it started.
             * @example 2026-11-22T21:14:07Z
             */
            started_at: string;
            /** @description How it speaks TLS. */
            tls: components["schemas"]["TlsBody"];
            /**
             * Format: int64
             * @description For how long it has been running.
             */
            uptime_s: number;
            /**
             * @description Its version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description A tag and its value. */
        TagBody: {
            /**
             * @description Its value, perhaps empty.
             * @example not_handled
             */
            data: string;
            /**
             * @description The tag.
             * @example process
             */
            tag: string;
        };
        /** @description Where an event's picture is. */
        ThumbBody: {
            /**
             * @description Until when the addresses are good, UTC.
             * @example 2021-09-24T17:00:00
             */
            expire: string;
            /** @description The picture as it was sent: absolute, needs no credential. */
            full_url: string;
            /**
             * @description `ready`, or `expected` as long as it is on its way; the addresses answer 202 then.
             * @example ready
             */
            state: string;
            /** @description The same as a JPEG of at most 320 pixels' width. */
            url: string;
        };
        /** @description How the server speaks TLS. */
        TlsBody: {
            ca?: components["schemas"]["CertificateBody"] | null;
            certificate?: components["schemas"]["CertificateBody"] | null;
            /**
             * @description Where its certificate comes from: `off` (plain HTTP), `files` or `own-ca`.
             * @example own-ca
             */
            mode: string;
        };
        /** @description What became of a trigger. */
        TriggerBody: {
            /**
             * Format: int64
             * @description The event that the camera raised; null if it confirmed without one, or the type's `receive` is
             *     off. Absent with `wait=0`.
             * @example 33794128
             */
            event_id?: number | null;
            /** @description True if the device did as it was asked by recipe, and no event came of it in time; else absent. */
            no_echo?: boolean | null;
            /**
             * @description `done`, or `sent` with `wait=0`.
             * @example done
             */
            status: string;
        };
        /** @description An event to raise. */
        TriggerRequest: {
            /** @description True: the caller means it. Needed where the type's recipe asks for it, such as for doors and sirens. */
            confirm?: boolean | null;
            /** @description Its tags. */
            meta?: {
                [key: string]: string;
            } | null;
            /**
             * @description When it happens; now if left out.
             * @example 2021-09-23T16:30:00
             */
            time?: string | null;
        };
        /** @description Settings and rules to try. What is left out or null is as it is set. */
        TryBody: {
            /**
             * Format: int64
             * @description 0 to 3650.
             */
            days?: number | null;
            /**
             * Format: int64
             * @description As the setting.
             */
            max_bytes?: number | null;
            /**
             * Format: int64
             * @description 0 to 50.
             */
            room_percent?: number | null;
            /** @description All rules there would be, at most 1,000. */
            rules?: components["schemas"]["RuleBody"][] | null;
        };
        /** @description An event type's share, on all cameras together. */
        TypeShareBody: {
            /**
             * Format: int64
             * @description What they take, about.
             */
            bytes: number;
            /**
             * Format: int64
             * @description Its events.
             */
            count: number;
            /** @description The event type. */
            name: string;
            /** @description When the last one happened. */
            newest?: string | null;
            /** @description When the first one happened. */
            oldest?: string | null;
        };
        /** @description A user. */
        UserBody: {
            /** @description When the user was made, RFC 3339. */
            created: string;
            /** @description When the user last logged in, RFC 3339; null if never. */
            last_login?: string | null;
            /**
             * @description The name.
             * @example m.krause
             */
            name: string;
            /** @description What the user may do. */
            role: components["schemas"]["RoleWord"];
            /** @description Sessions that live. */
            sessions: number;
        };
        /** @description What to change of a user; members left out stay as they are. */
        UserChanges: {
            /** @description A new password: 12 to 256 characters. */
            password?: string | null;
            role?: components["schemas"]["RoleWord"] | null;
        };
        /** @description All users. */
        UsersBody: {
            /** @description By name. */
            objects: components["schemas"]["UserBody"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
};
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
