//! ONVIF: relay outputs by SOAP, with the user name and the password's digest in the message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::ANSWER_BYTES_MAX;
use crate::domain::Timestamp;
use crate::domain::recipe::xml_text;
use crate::service::device::{Failure, Login, Method, Request, Turn};

const SOAP: &str = "application/soap+xml; charset=utf-8";
const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";

/// Sets a relay output. The message carries a `UsernameToken` if a log-in is set; a device that wants HTTP's
/// log-in instead, or as well, says so and gets it.
pub(super) async fn set_relay(
    turn: &Turn,
    token: &str,
    path: &str,
    on: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    let security = match turn.login()? {
        Some(login) => {
            // The digest counts for seconds by the device's clock, which anybody may ask for.
            let asked = turn.ask(&request(path, envelope("", GET_TIME))).await;
            let told = match asked {
                Ok(answer) => utc(&String::from_utf8_lossy(&answer.body)),
                Err(failure) if failure.may_pass() && !matches!(failure, Failure::Status(_)) => {
                    return Err(failure);
                }
                Err(_) => None,
            };
            let mut nonce = [0; 16];
            getrandom::fill(&mut nonce).map_err(|_| Failure::Busy)?;
            username_token(&login, &nonce, &told.unwrap_or(now).rfc3339())
        }
        None => String::new(),
    };
    let state = if on { "active" } else { "inactive" };
    let body = format!(
        "<SetRelayOutputState xmlns=\"{DEVICE}\"><RelayOutputToken>{}</RelayOutputToken>\
         <LogicalState>{state}</LogicalState></SetRelayOutputState>",
        xml_text(token)
    );
    let answer = turn.ask(&request(path, envelope(&security, &body))).await?;
    let is_yes = String::from_utf8_lossy(&answer.body).contains("SetRelayOutputStateResponse");
    if is_yes { Ok(()) } else { Err(Failure::Denied) }
}

const GET_TIME: &str = "<GetSystemDateAndTime xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/>";

fn request(path: &str, envelope: String) -> Request {
    Request::with_body(Method::POST, path, SOAP, envelope, ANSWER_BYTES_MAX)
}

fn envelope(security: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">\
         <s:Header>{security}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// WS-Security `UsernameToken`: the digest is base64(SHA-1(nonce ‖ created ‖ password)).
fn username_token(login: &Login, nonce: &[u8; 16], created: &str) -> String {
    let mut digest = Sha1::new();
    digest.update(nonce);
    digest.update(created.as_bytes());
    digest.update(login.password.0.as_bytes());
    let (digest, nonce) = (STANDARD.encode(digest.finalize()), STANDARD.encode(nonce));
    let name = xml_text(&login.username);
    format!(
        "<Security s:mustUnderstand=\"1\" \
         xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         <UsernameToken><Username>{name}</Username>\
         <Password Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0\
         #PasswordDigest\">{digest}</Password>\
         <Nonce EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0\
         #Base64Binary\">{nonce}</Nonce>\
         <Created xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\">\
         {created}</Created></UsernameToken></Security>"
    )
}

/// The device's time, of an answer to `GetSystemDateAndTime`.
fn utc(body: &str) -> Option<Timestamp> {
    let utc = element(body, "UTCDateTime")?;
    let number = |name| element(utc, name)?.trim().parse::<u32>().ok();
    let (date, time) = (
        (number("Year")?, number("Month")?, number("Day")?),
        (number("Hour")?, number("Minute")?, number("Second")?),
    );
    let text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        date.0, date.1, date.2, time.0, time.1, time.2
    );
    Timestamp::parse(&text).ok()
}

/// What stands in the first element of this local name, whatever its prefix; not for elements that hold
/// others of their own name.
pub(super) fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let mut at = 0;
    while let Some(open) = xml[at..].find('<').map(|found| at + found + 1) {
        let close = open + xml[open..].find('>')?;
        let tag = xml[open..close].split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        at = close + 1;
        if tag.rsplit(':').next() == Some(name) && !xml[open..close].ends_with('/') {
            let end = xml[at..].find(&format!("</{tag}"))?;
            return Some(xml[at..at + end].trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CameraPassword;

    #[test]
    fn a_devices_time_is_read_whatever_its_prefixes() {
        let body = "<?xml version=\"1.0\"?><E:Envelope><E:Body><tds:GetSystemDateAndTimeResponse>\
            <tt:LocalDateTime><tt:Time><tt:Hour>1</tt:Hour></tt:Time></tt:LocalDateTime>\
            <tt:UTCDateTime a=\"b\"><tt:Time><tt:Hour>13</tt:Hour><tt:Minute>5</tt:Minute>\
            <tt:Second>9</tt:Second></tt:Time><tt:Date><tt:Year>2026</tt:Year><tt:Month>3</tt:Month>\
            <tt:Day>1</tt:Day></tt:Date></tt:UTCDateTime></tds:GetSystemDateAndTimeResponse>";
        assert_eq!(utc(body).unwrap().rfc3339(), "2026-03-01T13:05:09Z");
        assert_eq!(utc(&body.replace("tt:", "")).unwrap().rfc3339(), "2026-03-01T13:05:09Z");
        for bad in ["", "<UTCDateTime>", "<UTCDateTime></UTCDateTime>", "<", "<a", "<UTCDateTime/>"]
        {
            assert_eq!(utc(bad), None, "{bad}");
        }
        assert_eq!(utc(&body.replace(">13<", ">99<")), None);
    }

    /// The numbers are those of the ONVIF application programmer's guide, 6.1.1.3.
    #[test]
    fn a_digest_is_as_the_guide_shows_it() {
        let nonce = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap().try_into().unwrap();
        let login =
            Login { username: "us<er".into(), password: CameraPassword("userpassword".into()) };
        let token = username_token(&login, &nonce, "2010-09-16T07:50:45Z");
        assert!(token.contains(">tuOSpGlFlIXsozq4HFNeeGeFLEI=<"), "{token}");
        assert!(token.contains("us&lt;er") && !token.contains("userpassword"), "{token}");
    }
}
