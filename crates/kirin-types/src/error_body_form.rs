//! The serde form of error bodies, written by hand: deriving it would cost this crate five more
//! dependencies and a third of its build time.

use alloc::{borrow::Cow, string::String};
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IgnoredAny},
    ser::SerializeStruct,
};

use crate::{ErrorBody, ErrorReason};

impl Serialize for ErrorBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("ErrorBody", 6)?;
        form.serialize_field("message", &self.message)?;
        form.serialize_field("code", &self.code)?;
        form.serialize_field("status_code", &self.status_code)?;
        form.serialize_field("error_code", &self.error_code)?;
        form.serialize_field("request_id", &self.request_id)?;
        form.serialize_field("text", &self.text)?;
        form.end()
    }
}

impl<'de> Deserialize<'de> for ErrorBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ErrorBodyVisitor)
    }
}

struct ErrorBodyVisitor;

impl<'de> de::Visitor<'de> for ErrorBodyVisitor {
    type Value = ErrorBody;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the fields of an error body")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<ErrorBody, A::Error> {
        let mut body = ErrorBody::default();
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "message" => body.message = map.next_value()?,
                "code" => body.code = map.next_value()?,
                "status_code" => body.status_code = map.next_value()?,
                "error_code" => body.error_code = map.next_value()?,
                "request_id" => body.request_id = map.next_value()?,
                "text" => body.text = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(body)
    }
}

/// Every reason that there is.
const REASONS: [ErrorReason; 10] = [
    ErrorReason::Authentication,
    ErrorReason::Balance,
    ErrorReason::DuplicateExternalTaskId,
    ErrorReason::InvalidRequest,
    ErrorReason::NotFound,
    ErrorReason::Other,
    ErrorReason::ParallelTaskLimit,
    ErrorReason::Permission,
    ErrorReason::RateLimit,
    ErrorReason::Unavailable,
];

impl Serialize for ErrorReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Cow::<str>::deserialize(deserializer)?;
        let reason = REASONS.into_iter().find(|reason| reason.as_str() == word);
        reason.ok_or_else(|| de::Error::custom("an unknown reason of an error"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_a_round_trip() {
        for reason in REASONS {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, alloc::format!("\"{reason}\""));
            assert_eq!(serde_json::from_str::<ErrorReason>(&json).unwrap(), reason);
        }
        // A new reason without a word fails to compile here.
        match ErrorReason::Other {
            ErrorReason::Authentication
            | ErrorReason::Balance
            | ErrorReason::DuplicateExternalTaskId
            | ErrorReason::InvalidRequest
            | ErrorReason::NotFound
            | ErrorReason::Other
            | ErrorReason::ParallelTaskLimit
            | ErrorReason::Permission
            | ErrorReason::RateLimit
            | ErrorReason::Unavailable => {}
        }
    }

    #[test]
    fn an_error_body_survives_a_round_trip() {
        let body = br#"{"status":{"code":402,"message":"no","error_code":40201},"request_id":"r"}"#;
        let body = ErrorBody {
            code: Some("x".into()),
            ..ErrorBody::decode(body)
        };
        let json = serde_json::to_string(&body).unwrap();
        assert_eq!(serde_json::from_str::<ErrorBody>(&json).unwrap(), body);
        assert!(serde_json::from_str::<ErrorBody>(r#"{"new_field":1}"#).is_ok());
    }
}
