//! Country codes.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::InvalidName;

/// The officially assigned two-letter codes of ISO 3166-1, in order.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN \
MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY \
QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR \
TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// An officially assigned two-letter code of ISO 3166-1, in capitals. `HK`, `MO` and `TW` have codes
/// of their own: a jurisdiction with `CN` does not hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Its two letters.
    pub fn letters(self) -> [u8; 2] {
        self.0
    }
}

impl FromStr for CountryCode {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        match value.as_bytes() {
            &[a, b] if ASSIGNED.split(' ').any(|code| code == value) => Ok(Self([a, b])),
            _ => Err(InvalidName {
                value: value.to_owned(),
                expected: "a country code of ISO 3166-1; write two capitals such as `CN` or `HK`".to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for CountryCode {
    type Error = InvalidName;

    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

impl From<CountryCode> for String {
    fn from(value: CountryCode) -> Self {
        value.to_string()
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl JsonSchema for CountryCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CountryCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let list = ASSIGNED.split(' ').map(|code| format!("'{code}'")).collect::<Vec<_>>().join(",");
        json_schema!({
            "type": "string",
            "minLength": 2,
            "maxLength": 2,
            "x-kubernetes-validations": [{
                "rule": format!("self in [{list}]"),
                "message": "no such country code in ISO 3166-1; write two capitals such as CN or HK"
            }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_assigned_codes_in_capitals_are_countries() {
        assert_eq!("CN".parse::<CountryCode>().map(|code| code.to_string()), Ok("CN".to_owned()));
        for bad in ["cn", "XX", "CHN", "", "C ", "UK"] {
            assert!(bad.parse::<CountryCode>().is_err(), "{bad}");
        }
        assert_eq!(ASSIGNED.split(' ').count(), 249);
    }
}
