//! The languages of the report, and its words in each.

use std::str::FromStr;

mod chinese;
mod codes;
mod english;

/// A language of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its name on the command line: `en` or `zh`.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The language in which a report is written, if it is one.
    pub fn of_report(html: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| html.starts_with(language.words().begin))
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &english::WORDS,
            Self::Chinese => &chinese::WORDS,
        }
    }

    /// What a code of an entry is called; the code itself, where it has no other name.
    pub(super) fn of_code(self, code: &str) -> &str {
        let known = codes::CODES.iter().find(|(known, ..)| *known == code);
        known.map_or(code, |(_, english, chinese)| match self {
            Self::English => english,
            Self::Chinese => chinese,
        })
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|language| language.code() == value);
        known.ok_or_else(|| format!("`{value}` is no language of the report: write `en` or `zh`"))
    }
}

/// The words of one language. `{}` stands for what is filled in.
pub(super) struct Words {
    /// How every report of the language begins.
    pub(super) begin: &'static str,
    pub(super) title: &'static str,
    pub(super) times: &'static str,
    pub(super) summary: &'static str,
    pub(super) empty: &'static str,
    pub(super) contents: &'static str,
    pub(super) none: &'static str,
    pub(super) more: &'static str,

    pub(super) check: &'static str,
    pub(super) check_lead: &'static str,
    pub(super) check_sums: &'static str,
    pub(super) check_ours: &'static str,
    pub(super) check_trust: &'static str,
    pub(super) check_theirs: &'static str,
    pub(super) check_limits: &'static str,

    pub(super) attention: &'static str,
    pub(super) attention_none: &'static str,
    pub(super) attention_part: &'static str,
    pub(super) attention_loss: &'static str,
    pub(super) attention_keys: &'static str,
    pub(super) attention_dropped: &'static str,
    pub(super) attention_refused: &'static str,
    pub(super) attention_undecided: &'static str,

    pub(super) ledger: &'static str,
    pub(super) shard: &'static str,
    pub(super) shard_began: &'static str,
    pub(super) shard_size: &'static str,
    pub(super) shard_given: &'static str,
    pub(super) shard_root: &'static str,
    pub(super) shard_keys: &'static str,
    pub(super) shard_checkpoint: &'static str,
    pub(super) shard_signers: &'static str,
    pub(super) shard_parent: &'static str,

    pub(super) transfers: &'static str,
    pub(super) transfers_lead: &'static str,
    pub(super) transfer: &'static str,
    pub(super) exporter: &'static str,
    pub(super) state: &'static str,
    pub(super) state_open: &'static str,
    pub(super) state_suspended: &'static str,
    pub(super) state_ended: &'static str,
    pub(super) state_never: &'static str,
    pub(super) in_effect: &'static str,
    pub(super) never_in_effect: &'static str,
    pub(super) to_end: &'static str,
    pub(super) until: &'static str,
    pub(super) persons: &'static str,
    pub(super) persons_of: &'static str,
    pub(super) classes: &'static str,
    pub(super) supersedes: &'static str,
    pub(super) uid: &'static str,
    pub(super) digest: &'static str,
    pub(super) elsewhere: &'static str,
    pub(super) when: &'static str,
    pub(super) what: &'static str,
    pub(super) who: &'static str,
    pub(super) why: &'static str,
    pub(super) entry: &'static str,
    pub(super) nobody: &'static str,

    pub(super) weakened: &'static str,
    pub(super) weakened_lead: &'static str,
    pub(super) object: &'static str,

    pub(super) enforcement: &'static str,
    pub(super) enforcement_lead: &'static str,
    pub(super) policy: &'static str,
    pub(super) reason: &'static str,
    pub(super) count: &'static str,

    pub(super) documents: &'static str,
    pub(super) documents_lead: &'static str,
    pub(super) document: &'static str,
    pub(super) about: &'static str,
    pub(super) size: &'static str,
    pub(super) size_of: &'static str,
    pub(super) notes: &'static str,
    pub(super) note: &'static str,

    pub(super) appendix: &'static str,
    pub(super) appendix_lead: &'static str,
    pub(super) appendix_rest: &'static str,
    pub(super) by: &'static str,
    pub(super) keys_are: &'static str,
    pub(super) goes_on: &'static str,
    pub(super) lost_after: &'static str,
}

/// A template with its `{}` filled in, in their order.
pub(super) fn fill(template: &str, values: &[&str]) -> String {
    let mut filled = String::new();
    let mut values = values.iter();
    let mut parts = template.split("{}");
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        filled.push_str(values.next().copied().unwrap_or_default());
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_its_language() {
        for language in Language::ALL {
            assert_eq!(Language::of_report(language.words().begin), Some(language));
            assert_eq!(language.code().parse(), Ok(language));
        }
        assert_eq!(Language::of_report("<!doctype html>"), None);
        assert!("de".parse::<Language>().is_err());
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{} of {}", &["{}", "2"]), "{} of 2");
        assert_eq!(Language::Chinese.of_code("Evicted"), "驱逐");
        assert_eq!(Language::Chinese.of_code("NotKnown"), "NotKnown");
    }
}
