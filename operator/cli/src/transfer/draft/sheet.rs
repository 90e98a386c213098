//! The draft as a manifest. Lines for a person to fill in are comments, so that it is refused until they are.

use std::fmt::Write;

use super::{Flow, place::Named};
use crate::report::{visible, visible_json};

/// How a line begins that must be filled in.
const NEEDED: &str = "#>";

/// What a person must say. The mechanism is one of four.
const SAID: &str = "\
#>  exporter: <unified social credit code of who exports, as on the business licence>
#>  requestedBy: <your user name in this cluster; you cannot approve it>
#>  recipient:
#>    name: <legal name of who receives the data>
#>    country: <two letters, such as DE; Hong Kong is HK>
#>    contact: <how the persons concerned reach them>
#>    kind: Organisation
#>  purpose: <what the data is for there>
#>  method: <how it gets there and is handled, such as storage abroad, access from abroad or an interface>
#>  dataTypes:
#>    - <a kind of data, in words that the persons concerned understand>
#>  persons:
#>    ordinary: <how many persons in a calendar year, whose ordinary information leaves>
#>    sensitive: <how many, whose sensitive information leaves>
#>    under14: <how many minors under 14>
#>  validity:
#>    from: <the first moment, such as 2027-01-01T00:00:00Z>
#>    until: <the end, such as 2027-12-31T16:00:00Z>
#>  mechanism:
# One of these four. `bund check` tells which route the law asks for.
#?    standardContract:
#?      effectiveDate: <the day from which it is in effect, such as 2027-01-01>
#?      filing: {reference: <number of the filing>, filedOn: <day of the filing>}
#?    certification:
#?      {number: <number>, body: <who certified>, issuedOn: <day>, expiresOn: <day>}
#?    securityAssessment:
#?      reference: <number of the authority's notice>
#?      resultDate: <day of the result>
#?      scale: {ordinary: <persons approved in a year>, sensitive: <persons approved in a year>}
#?    exemption:
#?      ground: <such as ContractNecessity; `kubectl explain cbt.spec.mechanism.exemption` lists them>
#?      evidence: <what shows that the ground is there>
# Where personal information leaves: the assessment, the notice, and unless another legal basis holds the separate consent.
#?  impactAssessment:
#?    document: {reference: <where it is filed>, date: <day>}
#?    keepUntil: <at least three years later>
#?  notice:
#?    document: {reference: <where it is filed>, date: <day>}
#?    tells: [RecipientName, RecipientContact, Purpose, Method, DataTypes, Rights]
#?  consent:
#?    separate: {reference: <where it is filed>, date: <day>}
#?    guardian: {reference: <only with minors under 14>, date: <day>}
#?    minorsRules: {reference: <only with minors under 14>, date: <day>}
#?  retention:
#?    place: <where it is stored abroad>
#?    until: <day>
#?    afterwards: <what happens to it then>
";

/// The manifest of a draft.
pub(super) fn write(flow: &Flow<'_>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    head(&mut text, flow).unwrap_or_default();
    body(&mut text, flow).unwrap_or_default();
    text.push_str(SAID);
    text
}

fn head(text: &mut String, flow: &Flow<'_>) -> std::fmt::Result {
    writeln!(text, "# A draft by `bund transfer draft`, from what refuses {}:", visible(&flow.subject))?;
    for refusal in &flow.refusals {
        writeln!(text, "#   {}", visible(refusal))?;
    }
    text.push_str(
        "# It is no transfer until somebody fills it in: in lines that begin with `#>` write what stands in <…>, and take the\n\
         # mark away; lines that begin with `#?` are needed where they apply. Then `bund check` tells what is missing.\n",
    );
    Ok(())
}

fn body(text: &mut String, flow: &Flow<'_>) -> std::fmt::Result {
    text.push_str("apiVersion: bund.dev/v1alpha1\nkind: CrossBorderTransfer\nmetadata:\n");
    writeln!(text, "  name: {}", scalar(&format!("{}-abroad", flow.source.name)))?;
    writeln!(text, "  namespace: {}", scalar(flow.namespace))?;
    text.push_str("spec:\n  sources:\n");
    writeln!(text, "    - kind: {}", scalar(&flow.source.kind))?;
    writeln!(text, "      name: {}", scalar(&flow.source.name))?;
    text.push_str("  # Every class that it holds. One that is left out leaves it refused.\n  dataClasses:\n");
    for class in &flow.classes {
        writeln!(text, "    - {}", scalar(class))?;
    }
    text.push_str("  # The exact places. A flow to any other is refused.\n  destinations:\n");
    if flow.places.is_empty() {
        writeln!(text, "{NEEDED}    - provider: <the cloud provider, such as aws>")?;
        writeln!(text, "{NEEDED}      region: <the region to which the data goes>")?;
    }
    flow.places.iter().try_for_each(|place| destination(text, place))
}

fn destination(text: &mut String, place: &Named) -> std::fmt::Result {
    match place {
        Named::Region(provider, region) => {
            writeln!(text, "    - provider: {}", scalar(provider.as_str()))?;
            writeln!(text, "      region: {}", scalar(region.as_str()))
        }
        Named::Host(host) => writeln!(text, "    - host: {}", scalar(host.as_str())),
        Named::RegionOf(region) => {
            writeln!(text, "{NEEDED}    - provider: <whose region {} is>", visible(region))?;
            writeln!(text, "{NEEDED}      region: {}", scalar(region))
        }
        Named::WithinRegion(what) => {
            writeln!(text, "{NEEDED}    - provider: <the cloud provider of {}>", visible(what))?;
            writeln!(text, "{NEEDED}      region: <the region of {}>", visible(what))
        }
        Named::Other(other) => writeln!(text, "{NEEDED}    - host: <the host of {}>", visible(other)),
    }
}

/// A text as YAML: plain where every reader takes it for a text.
fn scalar(value: &str) -> String {
    const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];
    let plain = value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.ends_with(|last: char| last.is_ascii_alphanumeric())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        && !WORDS.contains(&value.to_ascii_lowercase().as_str());
    if plain { value.to_owned() } else { visible_json(&serde_json::json!(value).to_string()).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_could_take_for_something_else_is_quoted() {
        for (value, written) in [
            ("eu-central-1", "eu-central-1"),
            ("no", "\"no\""),
            ("1e3", "\"1e3\""),
            ("a: b", "\"a: b\""),
            ("a\nb", "\"a\\nb\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(value), written);
        }
    }
}
