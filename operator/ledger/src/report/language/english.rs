//! The report in English.

use super::Words;

pub(super) const WORDS: Words = Words {
    begin: "<!doctype html>\n<html lang=\"en\">\n",
    title: "Ledger report",
    times: "All times are Beijing time (UTC+8).",
    summary: "Entries: {}, recorded from {} to {}. Cross-border transfers: {}.",
    empty: "No entry lies in the range that was asked for.",
    contents: "Contents",
    none: "None.",
    more: "{} more are in entries.jsonl.",

    check: "How to check this without us",
    check_lead: "This page is made from the files beside it, and proves nothing by itself. What proves is the Merkle tree over the \
        entries and the signed checkpoints of its state (C2SP tlog-tiles, tlog-checkpoint and signed-note; hashes of RFC 6962). \
        In the folder of this page:",
    check_sums: "no file is damaged",
    check_ours: "every hash, tile, proof, signature and rule, and that this page says what the entries say",
    check_trust: "the same, with the keys and an older checkpoint that you did not get together with this folder: only they show that \
        nobody wrote the whole history anew",
    check_theirs: "one shard, by a tool that others wrote (transparency-dev/tessera). Look for “Successfully fsck'd log”: \
        its exit code does not tell",
    check_limits: "Whoever holds both the store and the signing key can rewrite what no checkpoint kept elsewhere shows. So compare the \
        checkpoints below with those that you kept, and keep them. What was never recorded is not here: compare with the audit \
        log of the cluster.",

    attention: "What to look at first",
    attention_none: "Nothing was lost, no key changed, no shard was dropped, and no decision was refused.",
    attention_part: "This is a part of the ledger: of shard {}, {} of {} entries are here. The others are there as hashes only.",
    attention_loss: "Entries were lost before shard {}. {} entries were left. Reason given: {}",
    attention_keys: "The keys that sign were changed in shard {}.",
    attention_dropped: "Shard {} was deleted after the time for which it had to be kept.",
    attention_refused: "Decisions of people that did not count: {}. The transfers below say why.",
    attention_undecided: "Transfer {} took effect, and no approval of it is among these entries.",

    ledger: "The ledger",
    shard: "Shard {}",
    shard_began: "Began",
    shard_size: "Entries",
    shard_given: "Of these here",
    shard_root: "Root hash",
    shard_keys: "Keys at its beginning",
    shard_checkpoint: "Signed checkpoint",
    shard_signers: "Keys that signed it",
    shard_parent: "Continues",

    transfers: "Cross-border transfers",
    transfers_lead: "Each transfer as the record tells it. Its exact text, with recipient, purpose and destinations, is bound by its digest, \
        and is kept as a document where one names its uid.",
    transfer: "Transfer",
    exporter: "Exporter",
    state: "At the end of this record",
    state_open: "in effect",
    state_suspended: "suspended",
    state_ended: "ended",
    state_never: "never in effect",
    in_effect: "In effect",
    never_in_effect: "never",
    to_end: "end of this record",
    until: "Ends by itself",
    persons: "Persons declared",
    persons_of: "{} ordinary, {} sensitive, {} under 14",
    classes: "Data classes",
    supersedes: "Supersedes",
    uid: "uid",
    digest: "Digest of its text (SHA-256)",
    elsewhere: "Documents and notes about it",
    when: "When",
    what: "What",
    who: "Who",
    why: "Why",
    entry: "Entry",
    nobody: "nobody was stamped",

    weakened: "Protection that was weakened",
    weakened_lead: "Policies that protect less than before, classes that were taken away, broken glass.",
    object: "Object",

    enforcement: "Enforcement",
    enforcement_lead: "What was found and done because of a policy, for each object, policy and reason.",
    policy: "Policy",
    reason: "Reason",
    count: "Times",

    documents: "Documents",
    documents_lead: "Kept beside the ledger by their hash. A document may be deleted later; its hash stays.",
    document: "Document",
    about: "About",
    size: "Size",
    size_of: "{} bytes",
    notes: "Incidents and evidence",
    note: "Note",

    appendix: "Appendix: every entry",
    appendix_lead: "In the order of the ledger. The exact bytes are in entries.jsonl.",
    appendix_rest: "Only the first {} entries are listed here; the other {} are in entries.jsonl.",
    by: "Recorded by",
    keys_are: "keys: {}",
    goes_on: "goes on in {}",
    lost_after: "{} entries were left: {}",
};
