//! What makers' devices understand: the request for each kind of recipe, and whether the answer is a yes.

use super::{ANSWER_BYTES_MAX, onvif};
use crate::domain::Timestamp;
use crate::domain::recipe::{Message, Output, Undo};
use crate::service::device::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use crate::service::device::{Failure, Method, Request, Turn};

/// One thing that a device is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A request of the administrator's own, filled.
    Message(Message),
    /// Set an output, on or off.
    Output(Output, bool),
}

impl From<&Undo> for Step {
    fn from(undo: &Undo) -> Self {
        match undo {
            Undo::Message(message) => Self::Message(message.clone()),
            Undo::Output(output) => Self::Output(output.clone(), false),
        }
    }
}

/// Asks the device whose turn it is, and passes if it says that it did it.
///
/// # Errors
/// [`Failure`]; [`Failure::Denied`] if the answer is a success over HTTP and a refusal in its body.
pub(super) async fn carry_out(turn: &Turn, step: &Step, now: Timestamp) -> Result<(), Failure> {
    let (request, is_yes): (Request, fn(&str) -> bool) = match step {
        Step::Message(message) => (request(message)?, |_| true),
        Step::Output(Output::OnvifRelay { token, path }, on) => {
            return onvif::set_relay(turn, token, path, *on, now).await;
        }
        Step::Output(Output::AxisVirtualInput { port }, on) => axis_virtual_input(*port, *on),
        Step::Output(Output::AxisOutput { port }, on) => axis_output(*port, *on),
        Step::Output(Output::HikvisionOutput { output }, on) => hikvision_output(*output, *on),
        Step::Output(Output::DahuaOutput { output }, on) => dahua_output(*output, *on),
    };
    let answer = turn.ask(&request).await?;
    if is_yes(&String::from_utf8_lossy(&answer.body)) { Ok(()) } else { Err(Failure::Denied) }
}

/// A maker's request, and how its answer is read.
type Asking = (Request, fn(&str) -> bool);

fn axis_virtual_input(port: u16, on: bool) -> Asking {
    let verb = if on { "activate" } else { "deactivate" };
    let target = format!("/axis-cgi/virtualinput/{verb}.cgi?schemaversion=1&port={port}");
    // `StateChanged` is false where the input was so already: it is as it was asked to be.
    (Request::get(target, ANSWER_BYTES_MAX), |body| body.contains("StateChanged"))
}

fn axis_output(port: u16, on: bool) -> Asking {
    // `N:/` sets the port active, `N:\` inactive.
    let slash = if on { "%2F" } else { "%5C" };
    let target = format!("/axis-cgi/io/port.cgi?action={port}%3A{slash}");
    (Request::get(target, ANSWER_BYTES_MAX), |body| !body.contains("Error"))
}

fn hikvision_output(output: u16, on: bool) -> Asking {
    let state = if on { "high" } else { "low" };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <IOPortData version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\">\
         <outputState>{state}</outputState></IOPortData>"
    );
    let target = format!("/ISAPI/System/IO/outputs/{output}/trigger");
    let kind = "application/xml";
    let request = Request::with_body(Method::PUT, target, kind, body, ANSWER_BYTES_MAX);
    // 1 is OK; some firmwares answer with an empty body.
    (request, |body| onvif::element(body, "statusCode").is_none_or(|code| code == "1"))
}

fn dahua_output(output: u16, on: bool) -> Asking {
    // 1 = forced on, 0 = by the device's own rules again. The device counts from 0.
    let (at, mode) = (output.saturating_sub(1), u8::from(on));
    let target = format!("/cgi-bin/configManager.cgi?action=setConfig&AlarmOut[{at}].Mode={mode}");
    (Request::get(target, ANSWER_BYTES_MAX), |body| body.trim().eq_ignore_ascii_case("ok"))
}

fn request(message: &Message) -> Result<Request, Failure> {
    // All of it was checked when the recipe was set; values are escaped.
    let mut headers = HeaderMap::new();
    for (name, value) in &message.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Failure::BadAnswer)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Failure::BadAnswer)?;
        headers.append(name, value);
    }
    if !message.body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
        let value = HeaderValue::from_static(message.body_type.content_type());
        headers.insert(CONTENT_TYPE, value);
    }
    Ok(Request {
        method: Method::from_bytes(message.method.as_bytes()).map_err(|_| Failure::BadAnswer)?,
        target: message.target.clone(),
        headers,
        body: message.body.clone().into_bytes(),
        answer_bytes_max: ANSWER_BYTES_MAX,
    })
}
