//! Unified social credit codes.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::InvalidName;

/// The characters of a code, in the order of their values (GB 32100-2015): no I, O, S, V and Z.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
/// What the characters before the last one are multiplied with: the powers of 3 modulo 31.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const EXPECTED: &str =
    "a unified social credit code: 18 digits and capitals, the last of which is its check character";

/// The unified social credit code of an organisation, in capitals, with a check character that is right
/// (GB 32100-2015).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreditCode(Box<str>);

impl CreditCode {
    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the [`Exporter`](crate::Exporter) that bears the code: the code in lower case.
    pub fn object_name(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for CreditCode {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let values: Option<Vec<usize>> = value.chars().map(|c| ALPHABET.find(c)).collect();
        let sound = values.is_some_and(|values| {
            let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
            values.len() == WEIGHTS.len() + 1 && values.last() == Some(&((31 - sum % 31) % 31))
        });
        if sound {
            Ok(Self(value.into()))
        } else {
            Err(InvalidName { value: value.to_owned(), expected: EXPECTED.to_owned() })
        }
    }
}

impl TryFrom<String> for CreditCode {
    type Error = InvalidName;

    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

impl From<CreditCode> for String {
    fn from(value: CreditCode) -> Self {
        value.0.into()
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for CreditCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CreditCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let value = |at: usize| format!("'{ALPHABET}'.indexOf(self.substring({at}, {}))", at + 1);
        let sum: Vec<_> =
            WEIGHTS.iter().enumerate().map(|(at, weight)| format!("{} * {weight}", value(at))).collect();
        json_schema!({
            "type": "string",
            "minLength": 18,
            "maxLength": 18,
            "pattern": format!("^[{ALPHABET}]{{18}}$"),
            "x-kubernetes-validations": [{
                "rule": format!("self.size() != 18 || (31 - ({}) % 31) % 31 == {}", sum.join(" + "), value(17)),
                "message": "the check character is wrong; write the unified social credit code as the business licence has it"
            }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_check_character() {
        assert_eq!(
            "91350100M000100Y43".parse::<CreditCode>().map(|code| code.object_name()),
            Ok("91350100m000100y43".to_owned())
        );
        for bad in ["91350100M000100Y44", "91350100m000100y43", "91350100M000100Y4", "", "91350100I000100Y43"]
        {
            assert!(bad.parse::<CreditCode>().is_err(), "{bad}");
        }
    }
}
