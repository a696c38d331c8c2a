//! Errors as answers: the one place that gives a failure its status, code and text.

use std::fmt::Write as _;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::service;
use crate::service::device::Failure;

/// Seconds after which a busy server may be asked again.
const OVERLOADED_RETRY_S: u64 = 1;
/// Seconds after which a full disk may have room again (operations.md 1.7).
const STORAGE_FULL_RETRY_S: u64 = 30;

/// What a request came to: a service's error, or one of HTTP's own.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// What a service refused, or what failed inside.
    #[error(transparent)]
    Service(#[from] service::Error),
    /// The body is not JSON; the text says where.
    #[error("the body is not valid JSON: {0}")]
    BadJson(String),
    /// The body arrived damaged: bad chunking, or its end is missing.
    #[error("the body is not complete or wrongly framed")]
    BadBody,
    /// JSON nested deeper than [`super::json::JSON_DEPTH_MAX`].
    #[error("the JSON is nested too deep, at most {max} levels")]
    JsonTooDeep {
        /// Deepest nesting that is taken.
        max: usize,
    },
    /// The body is larger than this path takes.
    #[error("the body has more than {max} bytes")]
    BodyTooLarge {
        /// Most bytes this path takes.
        max: usize,
    },
    /// More events in one body than this path takes.
    #[error("the body has more than {max} events")]
    TooManyItems {
        /// Most events that are taken at once.
        max: usize,
    },
    /// A `Content-Encoding` other than `identity`.
    #[error("Content-Encoding is not accepted; send the body as it is")]
    EncodingNotSupported,
    /// A body with a cookie session that is not `application/json`.
    #[error("Content-Type must be application/json")]
    ContentType,
    /// A request with a cookie that another page may have sent (operations.md 5.6).
    #[error("a change with a session cookie needs an Origin header that names this server")]
    Csrf,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    Timeout,
    /// Request line and headers together are too large, or too many.
    #[error("the request line and headers are too large")]
    HeadersTooLarge,
    /// No such path.
    #[error("there is nothing at this path")]
    NotFound,
    /// The path exists, the method does not.
    #[error("this path does not have this method")]
    MethodNotAllowed {
        /// Value of `Allow`.
        allow: HeaderValue,
    },
    /// A defect; the log has the cause.
    #[error("the server failed")]
    Internal,
}

/// Stable names of errors, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it, and `ApiError` says when")]
pub enum Code {
    InvalidAuth,
    AccessDeny,
    OutOfScope,
    CameraNotFound,
    CameraDisabled,
    EventNotFound,
    EventHeld,
    EventTypeNotFound,
    NotFound,
    MethodNotAllowed,
    UnknownEventType,
    MissingField,
    BadParameter,
    BadJson,
    BadBody,
    JsonTooDeep,
    BodyTooLarge,
    EncodingNotSupported,
    ContentType,
    Timeout,
    HeadersTooLarge,
    AlreadyExists,
    Exists,
    WrongLogin,
    WrongPassword,
    TooManyAttempts,
    PasswordRefused,
    PictureRefused,
    BadSignature,
    LastAdmin,
    WrongCode,
    CodeVoid,
    Csrf,
    SettingFixed,
    BuiltIn,
    MetaLimit,
    LimitReached,
    IdempotencyMismatch,
    NotTriggerable,
    CameraOffline,
    CameraRefused,
    CameraTimeout,
    CameraNotSetUp,
    ConfirmationRequired,
    RateLimited,
    Overloaded,
    BackupRunning,
    StorageFull,
    StorageFailed,
    Internal,
}

/// Body of every answer that is not a success.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Stable code, for programs.
    pub error_type: Code,
    /// What is wrong, for people; the wording may change.
    pub error_detail: String,
    /// The HTTP status once more.
    #[schema(example = 400)]
    pub status: u16,
    /// Further members of this code: `reason` of a refused password or picture and of a
    /// device that failed, `tries_left` of a wrong code, `key` of
    /// a setting.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: Map<String, Value>,
}

impl ApiError {
    /// The whole mapping. No `_` arm: a new service error does not compile until it is placed here.
    pub fn parts(&self) -> (StatusCode, Code) {
        use service::Error;
        match self {
            Self::Service(error) => match error {
                Error::InvalidAuth => (StatusCode::UNAUTHORIZED, Code::InvalidAuth),
                Error::AccessDenied(_) => (StatusCode::FORBIDDEN, Code::AccessDeny),
                Error::OutOfScope(_) => (StatusCode::FORBIDDEN, Code::OutOfScope),
                Error::CameraNotFound(_) => (StatusCode::NOT_FOUND, Code::CameraNotFound),
                Error::CameraDisabled(_) => (StatusCode::FORBIDDEN, Code::CameraDisabled),
                Error::EventNotFound(_) => (StatusCode::NOT_FOUND, Code::EventNotFound),
                Error::EventHeld(_) => (StatusCode::CONFLICT, Code::EventHeld),
                Error::EventTypeNotFound(_) => (StatusCode::NOT_FOUND, Code::EventTypeNotFound),
                Error::NotFound(_) => (StatusCode::NOT_FOUND, Code::NotFound),
                Error::UnknownEventType(_) => (StatusCode::BAD_REQUEST, Code::UnknownEventType),
                Error::MissingField(_) => (StatusCode::BAD_REQUEST, Code::MissingField),
                Error::BadParameter(_) | Error::BadSetting { .. } => {
                    (StatusCode::BAD_REQUEST, Code::BadParameter)
                }
                Error::SettingFixed { .. } => (StatusCode::CONFLICT, Code::SettingFixed),
                Error::Exists(_) => (StatusCode::BAD_REQUEST, Code::AlreadyExists),
                Error::UserExists => (StatusCode::CONFLICT, Code::Exists),
                Error::WrongLogin => (StatusCode::UNAUTHORIZED, Code::WrongLogin),
                Error::WrongPassword => (StatusCode::FORBIDDEN, Code::WrongPassword),
                Error::TooManyAttempts { .. } => {
                    (StatusCode::TOO_MANY_REQUESTS, Code::TooManyAttempts)
                }
                Error::PasswordRefused(_) => (StatusCode::BAD_REQUEST, Code::PasswordRefused),
                Error::PictureRefused(_) => (StatusCode::BAD_REQUEST, Code::PictureRefused),
                Error::FilemetaRefused(_) => (StatusCode::BAD_REQUEST, Code::BadJson),
                Error::BadSignature => (StatusCode::FORBIDDEN, Code::BadSignature),
                Error::LastAdmin => (StatusCode::CONFLICT, Code::LastAdmin),
                Error::WrongCode { .. } => (StatusCode::FORBIDDEN, Code::WrongCode),
                Error::CodeVoid => (StatusCode::GONE, Code::CodeVoid),
                Error::BuiltIn => (StatusCode::BAD_REQUEST, Code::BuiltIn),
                Error::MetaLimit(_) => (StatusCode::BAD_REQUEST, Code::MetaLimit),
                Error::LimitReached(_) => (StatusCode::BAD_REQUEST, Code::LimitReached),
                Error::IdempotencyMismatch => {
                    (StatusCode::UNPROCESSABLE_ENTITY, Code::IdempotencyMismatch)
                }
                Error::NotTriggerable => (StatusCode::BAD_REQUEST, Code::NotTriggerable),
                Error::ConfirmationRequired => (StatusCode::CONFLICT, Code::ConfirmationRequired),
                Error::CameraOffline => (StatusCode::CONFLICT, Code::CameraOffline),
                Error::CameraRefused(_) => (StatusCode::BAD_GATEWAY, Code::CameraRefused),
                Error::CameraTimeout => (StatusCode::GATEWAY_TIMEOUT, Code::CameraTimeout),
                Error::DeviceFailed(failure) => device(failure),
                Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, Code::RateLimited),
                Error::Overloaded(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded),
                Error::BackupRunning => (StatusCode::CONFLICT, Code::BackupRunning),
                Error::StorageFull | Error::NoRoom { .. } => {
                    (StatusCode::INSUFFICIENT_STORAGE, Code::StorageFull)
                }
                Error::StorageFailed(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::StorageFailed),
            },
            Self::BadJson(_) => (StatusCode::BAD_REQUEST, Code::BadJson),
            Self::BadBody => (StatusCode::BAD_REQUEST, Code::BadBody),
            Self::JsonTooDeep { .. } => (StatusCode::BAD_REQUEST, Code::JsonTooDeep),
            Self::BodyTooLarge { .. } | Self::TooManyItems { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge)
            }
            Self::EncodingNotSupported => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::EncodingNotSupported)
            }
            Self::Csrf => (StatusCode::FORBIDDEN, Code::Csrf),
            Self::ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ContentType),
            Self::Timeout => (StatusCode::REQUEST_TIMEOUT, Code::Timeout),
            Self::HeadersTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, Code::HeadersTooLarge)
            }
            Self::NotFound => (StatusCode::NOT_FOUND, Code::NotFound),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed)
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
        }
    }

    /// The body of the answer; bulk items carry the same words.
    ///
    /// Nothing from inside stands in it: the text of a storage failure is always the same.
    pub fn body(&self) -> ErrorBody {
        let (status, error_type) = self.parts();
        ErrorBody {
            error_type,
            error_detail: self.to_string(),
            status: status.as_u16(),
            more: self.more(),
        }
    }

    /// Members beside the three that every error has.
    fn more(&self) -> Map<String, Value> {
        use service::Error;
        let (name, value): (_, Value) = match self {
            Self::Service(Error::WrongCode { tries_left }) => ("tries_left", (*tries_left).into()),
            Self::Service(Error::PasswordRefused(refusal)) => ("reason", refusal.word().into()),
            Self::Service(Error::PictureRefused(refusal)) => ("reason", refusal.word().into()),
            Self::Service(Error::DeviceFailed(failure)) => ("reason", failure.word().into()),
            Self::Service(Error::BadSetting { key, .. }) => ("key", key.as_str().into()),
            Self::Service(Error::SettingFixed { key }) => ("key", (*key).into()),
            _ => return Map::new(),
        };
        Map::from_iter([(name.to_owned(), value)])
    }

    /// Seconds for `Retry-After`, where waiting helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Service(service::Error::RateLimited { retry_after_s }) => Some(*retry_after_s),
            Self::Service(service::Error::TooManyAttempts { retry_after_s }) => {
                Some(*retry_after_s)
            }
            Self::Service(
                service::Error::Overloaded(_) | service::Error::DeviceFailed(Failure::Busy),
            ) => Some(OVERLOADED_RETRY_S),
            Self::Service(service::Error::StorageFull) => Some(STORAGE_FULL_RETRY_S),
            _ => None,
        }
    }

    /// The word under which a refused event is counted for its camera; `None` for what is not the
    /// sender's fault.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Service(error) => error.refusal(),
            Self::BadJson(_) => Some("bad_json"),
            Self::JsonTooDeep { .. } => Some("json_too_deep"),
            Self::BodyTooLarge { .. } => Some("body_too_large"),
            Self::EncodingNotSupported => Some("encoding_not_supported"),
            _ => None,
        }
    }

    /// Whether the connection ends with the answer: what follows on it cannot be trusted.
    fn closes(&self) -> bool {
        matches!(self, Self::HeadersTooLarge | Self::Timeout | Self::BadBody)
    }

    /// Logs what must not be answered. Called once for each error, where it becomes an answer.
    ///
    /// Bulk items that carry [`Self::body`] call it too.
    pub fn log(&self) {
        if let Self::Service(error @ service::Error::StorageFailed(_)) = self {
            tracing::error!(error.cause = %causes(error), "storage failed");
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_s() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Self::MethodNotAllowed { allow } = self {
            response.insert_header((header::ALLOW, allow.clone()));
        }
        if self.closes() {
            response.force_close();
        }
        response.json(self.body())
    }
}

/// What a device's failure is: somebody has to set it up, it is not there, it was too slow, or it said no.
const fn device(failure: &Failure) -> (StatusCode, Code) {
    match failure {
        Failure::NoAddress | Failure::AddressRefused | Failure::PasswordUnreadable => {
            (StatusCode::CONFLICT, Code::CameraNotSetUp)
        }
        Failure::Unresolved | Failure::Unreachable(_) => {
            (StatusCode::CONFLICT, Code::CameraOffline)
        }
        Failure::Timeout => (StatusCode::GATEWAY_TIMEOUT, Code::CameraTimeout),
        Failure::Busy => (StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded),
        Failure::LoginRefused
        | Failure::LoginUnsupported
        | Failure::Redirected
        | Failure::TooLong
        | Failure::BadAnswer
        | Failure::Status(_)
        | Failure::Denied => (StatusCode::BAD_GATEWAY, Code::CameraRefused),
    }
}

/// The chain of causes below `error`, outermost first.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let between = if text.is_empty() { "" } else { ": " };
        let _ = write!(text, "{between}{cause}"); // writing to a String does not fail
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;
    use crate::domain::CameraId;
    use crate::service::Error;

    #[actix_web::test]
    async fn an_answer_has_code_text_and_status() {
        for (error, status, code, retry) in [
            (ApiError::NotFound, 404, "not_found", None),
            (ApiError::JsonTooDeep { max: 64 }, 400, "json_too_deep", None),
            (ApiError::BodyTooLarge { max: 5 }, 413, "body_too_large", None),
            (Error::AccessDenied("reading").into(), 403, "access_deny", None),
            (Error::Exists("the type").into(), 400, "already_exists", None),
            (Error::RateLimited { retry_after_s: 7 }.into(), 429, "rate_limited", Some("7")),
            (Error::Overloaded("x").into(), 503, "overloaded", Some("1")),
            (Error::StorageFull.into(), 507, "storage_full", Some("30")),
        ] {
            let response = error.error_response();
            assert_eq!(response.status().as_u16(), status, "{code}");
            let sent = response.headers().get("retry-after").map(|v| v.to_str().unwrap());
            assert_eq!(sent, retry, "{code}");
            let body = to_bytes(response.into_body()).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["errorType"], code);
            assert_eq!(body["status"], status);
            assert_eq!(body["errorDetail"], error.to_string());
        }
    }

    #[test]
    fn the_log_has_every_cause() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Layer(&'static str, #[source] Option<Box<Layer>>);

        let error = Layer("storage failed", Some(Box::new(Layer("journal", None))));
        let error = Layer("top", Some(Box::new(error)));
        assert_eq!(causes(&error), "storage failed: journal");
    }

    #[test]
    fn a_foreign_camera_reads_like_a_missing_one() {
        let body = ApiError::from(Error::OutOfScope(CameraId(7))).body();
        assert_eq!(body.error_detail, "camera 7 is outside the scope of the credential");
        assert_eq!(ApiError::from(Error::CameraNotFound(CameraId(7))).parts().0, 404);
    }
}
