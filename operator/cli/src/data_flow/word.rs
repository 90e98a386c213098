//! The words of the map, in English and Chinese. What the engine and people wrote is shown as it is.

use bund_engine::transfer::{Route, State};
use clap::ValueEnum;

use super::{EvidenceKind, MechanismKind, Phase, Side};

/// The language of a map for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// 中文.
    Zh,
}

/// Something that the map says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are beside their names")]
pub enum Word {
    Title,
    Description,
    MadeAt,
    Classes,
    HeldBy,
    Where,
    FlowsTo,
    Legend,
    Uncovered,
    UncoveredNone,
    NotOnRecord,
    NotKnown,
    NotThere,
    HoldsNone,
    NoPolicy,
    Sensitive,
    Undeclared,
    NoNamespace,
    Nothing,
    Transfers,
    Holders,
    Namespace,
    Owner,
    Objects,
    Class,
    Category,
    KeptBy,
    Transfer,
    Exporter,
    Recipient,
    Destinations,
    Sources,
    Ground,
    Route,
    Mechanism,
    Evidence,
    Approvals,
    Validity,
    Persons,
    Missing,
    Forbidden,
    Limits,
    LimitsText,
    Unreadable,
    LedgerOnly,
    LegendInside,
    LegendOutside,
    LegendUnknown,
    LegendClass,
    LegendHolder,
    LegendAlarming,
    NotCounted,
    Approved,
    Rejected,
    Revoked,
    Nobody,
    Unsatisfied,
    OtherNamespaces,
}

impl Language {
    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// One of two texts.
    pub fn pick<'t>(self, english: &'t str, chinese: &'t str) -> &'t str {
        match self {
            Self::En => english,
            Self::Zh => chinese,
        }
    }

    /// A word.
    pub fn say(self, word: Word) -> &'static str {
        let (english, chinese) = both(word);
        self.pick(english, chinese)
    }

    /// Texts in a row.
    pub fn list<S: AsRef<str>>(self, texts: impl IntoIterator<Item = S>) -> String {
        let texts: Vec<_> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
        texts.join(self.pick(", ", "、"))
    }

    /// `3 Pods`.
    pub fn count(self, number: usize, kind: &str) -> String {
        match self {
            Self::En if number == 1 => format!("1 {kind}"),
            Self::En => format!("{} {}", grouped(number as u64), plural(kind)),
            // Between Chinese and Latin letters stands a space.
            Self::Zh if kind.is_ascii() => format!("{} 个 {kind}", grouped(number as u64)),
            Self::Zh => format!("{} 个{kind}", grouped(number as u64)),
        }
    }

    /// A word, and that nothing is on record of it.
    pub fn untold(self, word: Word) -> String {
        format!("{}{}{}", self.say(word), self.pick(": ", "："), self.say(Word::NotOnRecord))
    }

    /// What was left out.
    pub fn more(self, number: usize) -> String {
        let number = grouped(number as u64);
        match self {
            Self::En => format!("and {number} more"),
            Self::Zh => format!("另有 {number} 项"),
        }
    }

    /// A place.
    pub fn place(self, side: Side, name: Option<&str>) -> String {
        let side = self.side(side);
        match name {
            Some(name) => format!("{side}{}{name}", self.pick(": ", "：")),
            None => side.to_owned(),
        }
    }

    /// A side of the border.
    pub fn side(self, side: Side) -> &'static str {
        match side {
            Side::Inside => self.pick("Inside", "境内"),
            Side::Outside => self.pick("Outside", "境外"),
            Side::Unknown => self.pick("Place unknown", "位置不明"),
        }
    }

    /// Whether a transfer is in effect.
    pub fn phase(self, phase: Phase) -> &'static str {
        match phase {
            Phase::InEffect => self.pick("in effect", "生效中"),
            Phase::Pending => self.pick("pending", "待生效"),
            Phase::Ended => self.pick("ended", "已终止"),
        }
    }

    /// How a transfer stands.
    pub fn state(self, state: State) -> &'static str {
        match state {
            State::Closed => self.pick("pending: not opened", "待生效：尚未打开"),
            State::Ready => self.pick("pending: waits for the record", "待生效：等待记录"),
            State::Active => self.pick("in effect", "生效中"),
            State::Suspended => self.pick("pending: suspended", "待生效：已中止"),
            State::Expired => self.pick("ended: expired", "已终止：已到期"),
            State::Revoked => self.pick("ended: revoked", "已终止：已撤销"),
            State::Superseded => self.pick("ended: superseded", "已终止：已被取代"),
        }
    }

    /// The mechanism that a transfer declares.
    pub fn mechanism(self, mechanism: MechanismKind) -> &'static str {
        match mechanism {
            MechanismKind::SecurityAssessment => self.pick("security assessment", "安全评估"),
            MechanismKind::StandardContract => self.pick("standard contract", "标准合同"),
            MechanismKind::Certification => self.pick("certification", "个人信息保护认证"),
            MechanismKind::Exemption => self.pick("exemption", "豁免"),
        }
    }

    /// The route that the law asks for.
    pub fn route(self, route: Option<Route>) -> &'static str {
        match route {
            Some(Route::NotRequired) => self.pick("none is needed", "无需机制"),
            Some(Route::Exempt) => self.pick("exempt", "豁免"),
            Some(Route::StandardContractOrCertification) => {
                self.pick("standard contract or certification", "标准合同或认证")
            }
            Some(Route::SecurityAssessment) => self.pick("security assessment", "安全评估"),
            None => self.pick("nobody can tell", "无法判断"),
        }
    }

    /// What a document is.
    pub fn evidence(self, kind: EvidenceKind) -> &'static str {
        match kind {
            EvidenceKind::SecurityAssessment => self.pick("security assessment", "安全评估"),
            EvidenceKind::StandardContractFiling => self.pick("filing of the contract", "标准合同备案"),
            EvidenceKind::Certification => self.pick("certificate", "认证证书"),
            EvidenceKind::Exemption => self.pick("exemption", "豁免依据"),
            EvidenceKind::Notice => self.pick("notice", "告知"),
            EvidenceKind::SeparateConsent => self.pick("separate consent", "单独同意"),
            EvidenceKind::GuardianConsent => self.pick("guardians' consent", "监护人同意"),
            EvidenceKind::MinorsRules => self.pick("rules for minors", "未成年人处理规则"),
            EvidenceKind::ImpactAssessment => self.pick("impact assessment", "影响评估"),
            EvidenceKind::AuthorityApproval => self.pick("authority's approval", "主管机关批准"),
        }
    }
}

fn both(word: Word) -> (&'static str, &'static str) {
    match word {
        Word::Title => ("Data-flow map", "数据流向图"),
        Word::Description => (
            "From left to right: classes of data, what holds them, where that is, and to whom they flow on which ground. The tables of the document, or its JSON, hold every row.",
            "从左到右：数据类别、由谁持有、所在位置、流向何处及依据。完整内容见文档中的表格或 JSON。",
        ),
        Word::MadeAt => ("made at", "生成于"),
        Word::Classes => ("Data classes", "数据类别"),
        Word::HeldBy => ("Held by", "由谁持有"),
        Word::Where => ("Where", "所在位置"),
        Word::FlowsTo => ("Flows to, on which ground", "流向何处，依据为何"),
        Word::Legend => ("Legend", "图例"),
        Word::Uncovered => {
            ("Goes out, or could, and no transfer covers it", "流出或可能流出境外，且无传输涵盖")
        }
        Word::UncoveredNone => {
            ("Nothing is found to go out without a transfer.", "未发现没有传输涵盖的出境数据流。")
        }
        Word::NotOnRecord => ("not on record", "记录中没有"),
        Word::NotKnown => ("Not known", "未知"),
        Word::NotThere => ("is not there", "不存在"),
        Word::HoldsNone => ("holds none of its classes", "不持有其任何类别"),
        Word::NoPolicy => ("no policy keeps it", "没有策略要求其留在境内"),
        Word::Sensitive => ("sensitive", "敏感"),
        Word::Undeclared => ("no DataClass is known", "没有已知的 DataClass"),
        Word::NoNamespace => ("no namespace", "不属于任何命名空间"),
        Word::Nothing => ("none", "无"),
        Word::Transfers => ("Transfers", "跨境传输"),
        Word::Holders => ("What holds them, and where", "由谁持有，位于何处"),
        Word::Namespace => ("Namespace", "命名空间"),
        Word::Owner => ("Owner", "所属对象"),
        Word::Objects => ("Objects", "对象"),
        Word::Class => ("Class", "类别"),
        Word::Category => ("In law", "法律属性"),
        Word::KeptBy => ("Kept by policies", "要求其留存的策略"),
        Word::Transfer => ("Transfer", "传输"),
        Word::Exporter => ("Exporter", "数据出境方"),
        Word::Recipient => ("Recipient", "境外接收方"),
        Word::Destinations => ("To", "目的地"),
        Word::Sources => ("From", "来源"),
        Word::Ground => ("Ground", "依据"),
        Word::Route => ("the law asks for", "法律要求"),
        Word::Mechanism => ("declared", "所声明"),
        Word::Evidence => ("Evidence", "证据"),
        Word::Approvals => ("Approvals", "批准"),
        Word::Validity => ("Validity", "有效期"),
        Word::Persons => ("Persons a year", "每年人数"),
        Word::Missing => ("missing", "缺少"),
        Word::Forbidden => ("forbidden", "禁止"),
        Word::Limits => ("What this map does not know", "本图不知道的内容"),
        Word::LimitsText => (
            "It tells what Kubernetes objects and the record say. What an application sends by itself, over a connection that nobody declared, it does not see; nor what people copy by hand, nor what becomes of data at the recipient.",
            "本图只反映 Kubernetes 对象和记录中的内容。应用自行通过未声明的连接发送的数据、人工复制的数据，以及数据到达接收方之后的去向，本图都看不到。",
        ),
        Word::Unreadable => ("Cannot be read", "无法读取"),
        Word::LedgerOnly => (
            "A ledger holds what was decided and when it was in effect. What holds the data, where, and to whom it flows is not on record, and is said to be unknown. The export was not verified here: `bund ledger verify` does that.",
            "账本记录的是何时决定了什么、何时生效。由谁持有、位于何处、流向何人不在记录中，均标为未知。这里没有验证导出内容：请用 `bund ledger verify`。",
        ),
        Word::LegendInside => ("inside, where it must stay", "境内，数据须留在此处"),
        Word::LegendOutside => ("outside", "境外"),
        Word::LegendUnknown => ("unknown: counts as outside", "不明：按境外对待"),
        Word::LegendClass => ("class of data", "数据类别"),
        Word::LegendHolder => ("what holds it", "持有数据的对象"),
        Word::LegendAlarming => ("has a flow that no transfer covers", "存在无传输涵盖的流出"),
        Word::NotCounted => ("does not count", "不计入"),
        Word::Approved => ("approved", "批准"),
        Word::Rejected => ("rejected", "驳回"),
        Word::Revoked => ("revoked", "撤销"),
        Word::Nobody => ("nobody that was stamped", "未记录身份的人"),
        Word::Unsatisfied => ("not satisfied", "未满足"),
        Word::OtherNamespaces => ("other namespaces", "其他命名空间"),
    }
}

/// Kinds have English names, and the plural of those.
fn plural(kind: &str) -> String {
    if kind.ends_with('s') || kind.ends_with("ch") || kind.ends_with('x') {
        format!("{kind}es")
    } else if let Some(stem) = kind.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o'])) {
        format!("{stem}ies")
    } else {
        format!("{kind}s")
    }
}

/// `1,200,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_in_both_languages() {
        let told = [0, 1, 2, 1_200_000]
            .map(|number| (Language::En.count(number, "DaemonSet"), Language::Zh.count(number, "DaemonSet")));
        let expected = [
            ("0 DaemonSets", "0 个 DaemonSet"),
            ("1 DaemonSet", "1 个 DaemonSet"),
            ("2 DaemonSets", "2 个 DaemonSet"),
            ("1,200,000 DaemonSets", "1,200,000 个 DaemonSet"),
        ];
        assert_eq!(told, expected.map(|(en, zh)| (en.to_owned(), zh.to_owned())));
        assert_eq!(plural("StorageClass"), "StorageClasses");
        assert_eq!([plural("Policy"), plural("Gateway")], ["Policies", "Gateways"]);
    }
}
