//! What an auditor trusts: keys of logs, keys of witnesses, and how many of those must have signed (C2SP tlog-policy).

mod cosignature;

use std::collections::{HashMap, HashSet};

use signed_note::{Note, Verifier, VerifierList};

use crate::key::{InvalidKey, VerifierKey};

pub use cosignature::WitnessKey;

/// As many lines of one kind as a policy may have.
const MOST: usize = 1024;
/// As many members as are asked at most, groups in groups included.
const DEEPEST: usize = 32;

/// What an auditor trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    parties: HashMap<Vec<u8>, Party>,
    quorum: Option<Vec<u8>>,
}

/// What a name of a policy stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Party {
    Witness(WitnessKey),
    Group { least: usize, members: Vec<Vec<u8>> },
}

/// Why a text is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {why}")]
pub struct InvalidPolicy {
    /// The line, from one; zero where it is the whole.
    pub line: usize,
    /// Why.
    pub why: String,
}

impl Policy {
    /// The policy that trusts these logs and asks for no witness.
    pub fn of_logs(logs: Vec<VerifierKey>) -> Self {
        Self { logs, parties: HashMap::new(), quorum: None }
    }

    /// Reads a policy.
    pub fn read(text: &[u8]) -> Result<Self, InvalidPolicy> {
        let mut reading = Reading::default();
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            reading.line(line).map_err(|why| InvalidPolicy { line: number, why })?;
        }
        let quorum = reading.quorum.ok_or_else(|| InvalidPolicy {
            line: 0,
            why: "it has no line `quorum`; write `quorum none` if no witness is asked for".to_owned(),
        })?;
        let quorum = Some(quorum).filter(|name| name != b"none");
        Ok(Self { logs: reading.logs, parties: reading.parties, quorum })
    }

    /// The policy as text, where it asks for no witness: how an export says with which keys it is signed.
    pub fn text_of_logs(logs: &[VerifierKey]) -> String {
        let lines = logs.iter().flat_map(|key| ["log ", key.as_str(), "\n"]);
        lines.chain(["quorum none\n"]).collect()
    }

    /// The keys of logs that are trusted.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// Whether witnesses must have signed.
    pub fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// The keys of all witnesses whose signatures can be checked.
    pub(crate) fn witnesses(&self) -> impl Iterator<Item = &WitnessKey> {
        self.parties.values().filter_map(|party| match party {
            Party::Witness(key) => Some(key),
            Party::Group { .. } => None,
        })
    }

    /// Whether as many witnesses signed a checkpoint as the policy asks for.
    pub fn is_witnessed(&self, note: &Note) -> bool {
        self.quorum.as_ref().is_none_or(|quorum| self.has_signed(quorum, note, DEEPEST))
    }

    fn has_signed(&self, name: &[u8], note: &Note, deep: usize) -> bool {
        match (self.parties.get(name), deep.checked_sub(1)) {
            (Some(Party::Witness(key)), _) => key.verifier().is_some_and(|verifier| signed(note, verifier)),
            (Some(Party::Group { least, members }), Some(deep)) => {
                members.iter().filter(|member| self.has_signed(member, note, deep)).count() >= *least
            }
            (Some(Party::Group { .. }) | None, _) => false,
        }
    }
}

/// Whether one key signed a note, as its only line of that key.
pub(crate) fn signed(note: &Note, verifier: impl Verifier + 'static) -> bool {
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok()
}

#[derive(Default)]
struct Reading {
    logs: Vec<VerifierKey>,
    parties: HashMap<Vec<u8>, Party>,
    /// Names that are a member of a group already.
    taken: HashSet<Vec<u8>>,
    quorum: Option<Vec<u8>>,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err("it has a control character".to_owned());
        }
        let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        let Some(first) = words.next() else { return Ok(()) };
        let words: Vec<&[u8]> = words.collect();
        if first.starts_with(b"#") {
            return Ok(());
        }
        if self.logs.len() + self.parties.len() >= MOST {
            return Err(format!("there are more than {MOST} lines"));
        }
        match (first, words.as_slice()) {
            (b"log", [key] | [key, _]) => self.log(key),
            (b"witness", [name, key] | [name, key, _]) => self.witness(name, key),
            (b"group", [name, least, members @ ..]) => self.group(name, least, members),
            (b"quorum", [name]) => self.quorum(name),
            _ => Err("expected `log KEY`, `witness NAME KEY`, `group NAME all|any|K NAME…` or `quorum NAME`"
                .to_owned()),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), String> {
        let key = VerifierKey::read(text(key)?).map_err(|error| error.to_string())?;
        if self.logs.iter().any(|known| known.is_same_key(&key)) {
            return Err("this log key is there already".to_owned());
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8]) -> Result<(), String> {
        let key = WitnessKey::read(text(key)?).map_err(|error: InvalidKey| error.to_string())?;
        let is_known = |party: &Party| matches!(party, Party::Witness(known) if known.is_same_key(&key));
        if self.parties.values().any(is_known) {
            return Err("this witness key is there already".to_owned());
        }
        self.define(name, Party::Witness(key))
    }

    fn group(&mut self, name: &[u8], least: &[u8], members: &[&[u8]]) -> Result<(), String> {
        let most = members.len();
        let least = match least {
            b"any" => 1,
            b"all" => most,
            number => text(number)?.parse().map_err(|_| "expected `all`, `any` or a number".to_owned())?,
        };
        if least == 0 || least > most {
            return Err(format!("{least} of {most} members cannot sign"));
        }
        for member in members {
            if !self.parties.contains_key(*member) {
                return Err(format!("`{}` is not defined before", String::from_utf8_lossy(member)));
            }
            if !self.taken.insert(member.to_vec()) {
                return Err(format!("`{}` is a member twice", String::from_utf8_lossy(member)));
            }
        }
        let members = members.iter().map(|member| member.to_vec()).collect();
        self.define(name, Party::Group { least, members })
    }

    fn define(&mut self, name: &[u8], party: Party) -> Result<(), String> {
        if name == b"none" || self.parties.insert(name.to_vec(), party).is_some() {
            return Err(format!("the name `{}` is taken", String::from_utf8_lossy(name)));
        }
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), String> {
        if name != b"none" && !self.parties.contains_key(name) {
            return Err(format!("`{}` is not defined before", String::from_utf8_lossy(name)));
        }
        match self.quorum.replace(name.to_vec()) {
            None => Ok(()),
            Some(_) => Err("there is a second line `quorum`".to_owned()),
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "this is not UTF-8".to_owned())
}
