//! Milesight's event push by GET: everything stands in the query.

use super::draft::Draft;
use super::said::Said;
use crate::service::ingest::State;

/// Reads the pairs of a query. `None` if they are none of this sender's: those have `EventType` and
/// `EventAction`.
pub(super) fn read(pairs: &[(String, String)], zone: &str) -> Option<Vec<Said>> {
    let of = |name: &str| {
        let mut values = pairs.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.trim().to_owned())
    };
    let code = of("EventType").filter(|code| !code.is_empty())?;
    let state = match of("EventAction")?.to_ascii_lowercase().as_str() {
        "start" => State::Start,
        "stop" => State::Stop,
        _ => State::Pulse,
    };
    let name = match code.as_str() {
        "VideoMotion" => "motion",
        "IOAlarm" => "digital_input",
        "PIRAlarm" => "pir",
        "SoundDetect" | "RSD" => "audio",
        "VideoTampering" => "tamper",
        "LCD" => "line_crossing",
        "PID" | "Intrusion" => "intrusion",
        "PD" | "PD_VD" => "person",
        "FD" | "AD" => "face",
        "LPD" => "license_plate",
        "RegionEntrance" => "region_enter",
        "RegionExiting" => "region_exit",
        "SOD" => "object_left",
        "CC" => "counting",
        "CD" | "QD" => "crowd",
        "FireDetection" => "fire",
        "Measurement" => "temperature",
        _ => "",
    };
    let draft = match name {
        "" => Draft::other(&code, state),
        // Two detectors of one name end each on its own.
        name => Draft::new(name, state).apart_by("code", Some(&code)),
    };
    let said = draft
        .at(of("EventTime").filter(|time| !time.is_empty()), zone)
        .tag("mac", of("MACAddress"))
        .said();
    Some(vec![said])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::draft::testing::lines;
    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    #[test]
    fn a_query_is_a_condition_that_begins_or_ends() {
        let request = include_str!("../../../tests/fixtures/ingest/milesight/get_motion_start.txt");
        let (_, rest) = request.split_once('?').unwrap();
        let (query, _) = rest.split_once(" HTTP/").unwrap();
        assert_eq!(
            lines(read(&pairs(query), "Asia/Singapore")),
            Some(vec!["motion Start 2022-05-26T03:05:00Z mac=02-00-00-00-00-19".to_owned()])
        );
        for (query, expected) in [
            ("EventType=LCD&EventAction=stop", "line_crossing Stop -"),
            ("EventType=PD_VD&EventAction=start&EventTime=", "person Start -"),
            ("EventType=Smoke&EventAction=", "other Pulse - code=Smoke"),
            ("eventtype=QD&eventaction=START&EventTime=now", "crowd Start ?now"),
        ] {
            assert_eq!(
                lines(read(&pairs(query), "UTC")),
                Some(vec![expected.to_owned()]),
                "{query}"
            );
        }
        for query in
            ["", "name=motion", "EventType=LCD", "EventAction=start", "EventType=&EventAction=stop"]
        {
            assert_eq!(read(&pairs(query), "UTC"), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(code in ".{0,12}", action in ".{0,6}", time in ".{0,24}") {
            let names = ["EventType", "EventAction", "EventTime"];
            let sent = [code, action, time];
            let pairs: Vec<_> = names.map(str::to_owned).into_iter().zip(sent).collect();
            let _ = read(&pairs, "UTC");
        }
    }
}
