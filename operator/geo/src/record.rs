//! What one record of a database says of where a network is. (pure)

use std::fmt;

use bund_engine::snapshot::{Country, Silence};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::ranges::Answer;

/// The members that count, in the forms in which databases of countries have them. `registered_country` is not one of
/// them: where a network is registered says nothing about where its machines are.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Record<'r> {
    /// A map with an `iso_code` (MaxMind, DB-IP), or the code or the name itself.
    #[serde(borrow)]
    country: Option<Place<'r>>,
    /// The code itself.
    country_code: Option<&'r str>,
    /// For whom the network is used, such as an army abroad.
    represented_country: Option<Place<'r>>,
    traits: Traits,
    is_anycast: bool,
}

/// The code of a country, or what stands in its place.
#[derive(Debug)]
struct Place<'r>(Option<&'r str>);

/// By hand: what serde makes for a choice of two forms keeps all of a value first, and a broken one may be so deep that the
/// stack does not hold it.
impl<'de: 'r, 'r> Deserialize<'de> for Place<'r> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms).map(Self)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a country: a text, or a map with `iso_code`")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(text))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut code = None;
        while let Some(key) = map.next_key::<&str>()? {
            if key == "iso_code" {
                code = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(code)
    }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Traits {
    is_anycast: bool,
    is_anonymous_proxy: bool,
    is_satellite_provider: bool,
}

impl Record<'_> {
    /// What the record says. Where it says two things, it says nothing.
    pub(crate) fn answer(&self) -> Answer {
        let Self { country, country_code, represented_country, traits, is_anycast } = self;
        let Traits { is_anycast: of_traits, is_anonymous_proxy, is_satellite_provider } = *traits;
        if *is_anycast || of_traits {
            return Answer::Silent(Silence::Anycast);
        }
        let named = country.as_ref().and_then(Place::code);
        let used_by = represented_country.as_ref().and_then(Place::code);
        let mut codes = [named, country_code.and_then(Country::of), used_by].into_iter().flatten();
        let country = if named.is_none() && country_code.is_none() { None } else { codes.next() };
        match country {
            Some(country)
                if !is_anonymous_proxy && !is_satellite_provider && codes.all(|code| code == country) =>
            {
                Answer::Country(country)
            }
            _ => Answer::Silent(Silence::NoCountry),
        }
    }
}

impl Place<'_> {
    fn code(&self) -> Option<Country> {
        self.0.and_then(Country::of)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_names_one_country_or_none() {
        let country = |code| Answer::Country(Country::of(code).unwrap());
        let none = Answer::Silent(Silence::NoCountry);
        for (record, answer) in [
            (
                json!({"country": {"iso_code": "CN", "names": {"en": "China"}}, "continent": {"code": "AS"}}),
                country("CN"),
            ),
            (json!({"country": {"iso_code": "CN"}, "registered_country": {"iso_code": "HK"}}), country("CN")),
            (json!({"registered_country": {"iso_code": "CN"}}), none),
            (json!({"country_code": "CN"}), country("CN")),
            (json!({"country": "CN"}), country("CN")),
            (json!({"country": "China", "country_code": "CN", "asn": "AS4134"}), country("CN")),
            (json!({"country": "HK", "country_code": "CN"}), none),
            (json!({"country": {"iso_code": "XK"}}), country("XK")),
            (json!({"country": {"iso_code": "cn"}}), none),
            (json!({"country": {"iso_code": "CHN"}}), none),
            (json!({"country": {}}), none),
            (json!({"country_code": ""}), none),
            (json!({}), none),
            (json!({"represented_country": {"iso_code": "CN"}}), none),
            (json!({"country": {"iso_code": "CN"}, "represented_country": {"iso_code": "US"}}), none),
            (
                json!({"country": {"iso_code": "CN"}, "represented_country": {"iso_code": "CN"}}),
                country("CN"),
            ),
            (
                json!({"country": {"iso_code": "CN"}, "traits": {"is_anycast": true}}),
                Answer::Silent(Silence::Anycast),
            ),
            (json!({"country_code": "CN", "is_anycast": true}), Answer::Silent(Silence::Anycast)),
            (json!({"country": {"iso_code": "CN"}, "traits": {"is_satellite_provider": true}}), none),
            (json!({"country": {"iso_code": "CN"}, "traits": {"is_anonymous_proxy": true}}), none),
        ] {
            let text = record.to_string();
            assert_eq!(serde_json::from_str::<Record<'_>>(&text).unwrap().answer(), answer, "{record}");
        }
    }
}
