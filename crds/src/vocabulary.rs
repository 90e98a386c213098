//! Newtypes for every name that crosses a boundary. Parsing and schema come from one declaration, so
//! that what the API server accepts and what we can hold are the same set.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

mod country;
mod credit_code;
mod field_query;
mod host_pattern;
mod time;

pub use country::CountryCode;
pub use credit_code::CreditCode;
pub use field_query::{FieldQuery, QueryStep};
pub use time::{Date, Moment};

/// A value that is not of the form its type asks for. The message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct InvalidName {
    /// What was written.
    pub value: String,
    /// What would have been right, with the remedy.
    pub expected: String,
}

/// Declares a string newtype: its rule, its length and its schema.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, max: $max:literal, pattern: $pattern:literal, check: $check:expr, expected: $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Longest accepted value, in bytes.
            pub const MAX_LENGTH: usize = $max;

            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(value: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                if value.len() <= Self::MAX_LENGTH && check(value) {
                    Ok(Self(value.into()))
                } else {
                    Err(InvalidName { value: value.to_owned(), expected: $expected.to_owned() })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(value: String) -> Result<Self, InvalidName> {
                value.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "minLength": 1, "maxLength": $max, "pattern": $pattern })
            }
        }
    };
}

name_type!(
    /// Name of a [`DataClass`](crate::DataClass). At most 63 characters, so that it fits the name
    /// part of the label `data-class.bund.dev/<class>`.
    ClassName,
    max: 63,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    check: is_dns_label,
    expected: "a data class name: lower-case letters, digits and `-`, at most 63 characters, such as `personal-information`"
);

name_type!(
    /// Name of a [`Jurisdiction`](crate::Jurisdiction), such as `cn-mainland`.
    JurisdictionName,
    max: 63,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    check: is_dns_label,
    expected: "a jurisdiction name: lower-case letters, digits and `-`, at most 63 characters, such as `cn-mainland`"
);

name_type!(
    /// Name of a [`ResidencyPolicy`](crate::ResidencyPolicy).
    PolicyName,
    max: 253,
    pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    check: is_dns_subdomain,
    expected: "an object name: lower-case letters, digits, `-` and `.`, at most 253 characters"
);

name_type!(
    /// Name of a Namespace.
    NamespaceName,
    max: 63,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    check: is_dns_label,
    expected: "a namespace name: lower-case letters, digits and `-`, at most 63 characters"
);

name_type!(
    /// Name of a cloud provider, or of an operator of data centres, in the tables of a
    /// [`Jurisdiction`](crate::Jurisdiction): `alibaba`, `tencent`, `own-data-centres`.
    ProviderName,
    max: 63,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    check: is_dns_label,
    expected: "a provider name: lower-case letters, digits and `-`, at most 63 characters, such as `alibaba`"
);

name_type!(
    /// A region id or a node-label code exactly as the provider writes it. Compared byte for byte:
    /// `CN-Hangzhou` is not `cn-hangzhou`.
    RegionId,
    max: 63,
    pattern: "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    check: is_label_value,
    expected: "a region id as the provider writes it, such as `cn-hangzhou`: letters, digits, `-`, `_`, `.`, at most 63 characters"
);

name_type!(
    /// Key of a Kubernetes label, with its optional prefix.
    LabelKey,
    max: 317,
    pattern: r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
    check: is_label_key,
    expected: "a label key such as `topology.kubernetes.io/region`"
);

name_type!(
    /// A DNS suffix on label boundaries: `amazonaws.com.cn` covers `s3.cn-north-1.amazonaws.com.cn`
    /// and never `notamazonaws.com.cn`. Lower case, at least two labels, no leading or trailing dot.
    HostSuffix,
    max: 253,
    pattern: r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
    check: is_host_suffix,
    expected: "a host suffix of at least two labels in lower case, without a leading dot, such as `amazonaws.com.cn`"
);

name_type!(
    /// The names of hosts that a provider builds alike: `*.oss-{region}.aliyuncs.com`. A `*` stands for letters, digits
    /// and dashes in one label, one at least; `{region}` for a region of the provider. The last two labels have neither.
    HostPattern,
    max: 253,
    pattern: r"^((([a-z0-9-]+|[a-z0-9-]*\*[a-z0-9-]*)(\{region\}[a-z0-9-]*)?|\{region\}[a-z0-9-]*)\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?\.[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    check: host_pattern::is_host_pattern,
    expected: "the name of a host in lower case, with at most one `*` and after it one `{region}` in each label but the last two, such as `*.oss-{region}.aliyuncs.com`"
);

name_type!(
    /// The whole name of a host in lower case, of at least two labels, without a port and a trailing dot.
    HostName,
    max: 253,
    pattern: r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
    check: is_host_suffix,
    expected: "the whole name of a host in lower case, without a port, such as `api.partner.example`"
);

name_type!(
    /// The uid of an object, as the API server gave it.
    Uid,
    max: 64,
    pattern: "^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$",
    check: is_uid,
    expected: "a uid, as `metadata.uid` has it"
);

name_type!(
    /// A SHA-256, in hexadecimal.
    Digest,
    max: 64,
    pattern: "^[0-9a-f]{64}$",
    check: is_digest,
    expected: "a SHA-256 in 64 hexadecimal digits"
);

/// A network in CIDR form without host bits, IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr(ipnet::IpNet);

impl Cidr {
    /// The network.
    pub fn network(&self) -> ipnet::IpNet {
        self.0
    }
}

impl FromStr for Cidr {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        let invalid = |expected: String| InvalidName { value: value.to_owned(), expected };
        let form = || invalid("a network; write it as `10.20.0.0/16` or `fd00:20::/48`".to_owned());
        // `ipnet` reads 010.0.0.0 as 10.0.0.0, others as 8.0.0.0, and the API server refuses it.
        let address = value.split('/').next().unwrap_or_default();
        address.parse::<IpAddr>().map_err(|_| form())?;
        let network: ipnet::IpNet = value.parse().map_err(|_| form())?;
        if network.trunc() == network {
            Ok(Self(network))
        } else {
            Err(invalid(format!("a network, it has host bits; write `{}`", network.trunc())))
        }
    }
}

impl TryFrom<String> for Cidr {
    type Error = InvalidName;

    fn try_from(value: String) -> Result<Self, InvalidName> {
        value.parse()
    }
}

impl From<Cidr> for String {
    fn from(value: Cidr) -> Self {
        value.0.to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Cidr {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 4,
            "maxLength": 43,
            "x-kubernetes-validations": [
                {
                    "rule": "isCIDR(self)",
                    "message": "not a network; write it as 10.20.0.0/16 or fd00:20::/48"
                },
                {
                    "rule": "!isCIDR(self) || cidr(self).masked() == cidr(self)",
                    "message": "has host bits; write the network address, such as 10.20.0.0/16 for 10.20.3.4/16"
                }
            ]
        })
    }
}

fn is_dns_label(value: &str) -> bool {
    let bytes = value.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_dns_subdomain(value: &str) -> bool {
    value.split('.').all(is_dns_label)
}

fn is_host_suffix(value: &str) -> bool {
    value.contains('.') && is_dns_subdomain(value)
}

fn is_uid(value: &str) -> bool {
    is_label_value(value) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_digest(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_label_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_label_key(value: &str) -> bool {
    let (prefix, name) = match value.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, value),
    };
    prefix.is_none_or(|prefix| prefix.len() <= 253 && is_dns_subdomain(prefix))
        && name.len() <= 63
        && is_label_value(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_accept_what_their_sentence_says_and_nothing_else() {
        assert!("personal-information".parse::<ClassName>().is_ok());
        for bad in ["", "Personal", "-a", "a-", "a.b", &"a".repeat(64)] {
            assert!(bad.parse::<ClassName>().is_err(), "{bad}");
        }
        assert!("CN-Hangzhou".parse::<RegionId>().is_ok(), "kept as written, compared exactly later");
        assert!("cn hangzhou".parse::<RegionId>().is_err());
        assert!("topology.kubernetes.io/region".parse::<LabelKey>().is_ok());
        assert!("a/b/c".parse::<LabelKey>().is_err());
        assert!("cn".parse::<HostSuffix>().is_err(), "one label would cover a whole country's names");
        assert!(".example.cn".parse::<HostSuffix>().is_err());
    }

    #[test]
    fn a_network_with_host_bits_is_refused_with_the_network_to_write() {
        let error = "10.20.3.4/16".parse::<Cidr>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`10.20.3.4/16` is not a network, it has host bits; write `10.20.0.0/16`"
        );
        assert!("010.20.0.0/16".parse::<Cidr>().is_err(), "some readers take it for 8.20.0.0/16");
        assert_eq!("fd00:20::/48".parse::<Cidr>().unwrap().to_string(), "fd00:20::/48");
    }
}
