//! How a place is known, or why it is not.

use std::fmt;

use serde::{Serialize, Serializer};

use super::word::Language;

/// How a place is known, or why it is not: a clause that follows what is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// No Jurisdiction is declared.
    NoJurisdiction,
    /// Every node of the cluster is inside.
    EveryNode,
    /// Its node is inside.
    NodeInside,
    /// Its node is at that place.
    NodeThere,
    /// Nothing is known of its node.
    NodeNotKnown,
    /// It names no node, and no policy asks for one.
    NoPolicy,
    /// No pod runs yet, and every node is inside.
    NoPodEveryNode,
    /// No pod runs yet, and its pods ask for nodes inside.
    NoPodAsksInside,
    /// No pod runs yet, and its pods will be confined.
    NoPodConfined,
    /// No pod runs yet, and its pods ask for nodes elsewhere.
    NoPodAsksOutside,
    /// It says that it lies inside.
    StorageInside,
    /// It says nothing, and all of its cluster is inside.
    StorageOfCluster,
    /// It is a claim without a volume.
    Unbound,
    /// The API server keeps it, and all of the cluster is inside.
    StoreInside,
    /// The API server keeps it, and nobody said where.
    StoreUntold,
    /// It names places inside alone.
    NamesInside,
    /// It names a place that is not known to be inside.
    NamesOutside,
    /// No pod runs yet, and nothing confines its pods to these jurisdictions.
    NoPodOpen(String),
    /// Nobody can tell where its node is, for this reason.
    NodeUntold(String),
    /// In the words of the engine.
    Told(String),
}

impl How {
    /// The clause, in a language; the words of the engine as they are.
    pub fn told(&self, language: Language) -> String {
        let (english, chinese) = match self {
            Self::NoJurisdiction => ("no Jurisdiction is declared", "没有声明任何法域"),
            Self::EveryNode => ("every node of this cluster is inside", "该集群的所有节点都在境内"),
            Self::NodeInside => ("its node is inside", "其节点在境内"),
            Self::NodeThere => ("its node is there", "其节点在该处"),
            Self::NodeNotKnown => ("its node is not known", "其节点未知"),
            Self::NoPolicy => {
                ("it names no node, and no policy asks where it runs", "未指定节点，也没有策略要求其运行地点")
            }
            Self::NoPodEveryNode => (
                "no pod runs yet; every node of this cluster is inside",
                "尚无 Pod 运行；该集群的所有节点都在境内",
            ),
            Self::NoPodAsksInside => {
                ("no pod runs yet; it asks for nodes inside only", "尚无 Pod 运行；只要求境内节点")
            }
            Self::NoPodConfined => (
                "no pod runs yet; its pods are confined as they are made",
                "尚无 Pod 运行；其 Pod 创建时会被限定在境内",
            ),
            Self::NoPodAsksOutside => (
                "no pod runs yet; no node inside can satisfy what it asks for",
                "尚无 Pod 运行；没有境内节点能满足其要求",
            ),
            Self::StorageInside => ("what it says of its place is inside", "其声明的位置在境内"),
            Self::StorageOfCluster => (
                "nothing of it says otherwise than the cluster that it belongs to",
                "没有内容与其所属集群的位置相矛盾",
            ),
            Self::Unbound => (
                "it is bound to no volume yet, which will lie where its pod runs",
                "尚未绑定卷，卷将位于其 Pod 运行之处",
            ),
            Self::StoreInside => (
                "kept by the API server of this cluster, all of which is inside",
                "由该集群的 API server 保存，整个集群都在境内",
            ),
            Self::StoreUntold => (
                "kept by the API server, and nothing says where that keeps it",
                "由 API server 保存，没有内容说明保存在何处",
            ),
            Self::NamesInside => ("every place that it names is inside", "其写明的所有地点都在境内"),
            Self::NamesOutside => {
                ("it names a place that is not known to be inside", "其写明的地点不能确认在境内")
            }
            Self::NoPodOpen(inside) => {
                let told = language.pick(
                    "no pod runs yet; nothing confines its pods to ",
                    "尚无 Pod 运行；没有内容将其 Pod 限定在 ",
                );
                return format!("{told}{inside}");
            }
            Self::NodeUntold(why) => {
                let told = language.pick("the place of its node is unknown: ", "其节点位置不明：");
                return format!("{told}{why}");
            }
            Self::Told(text) => return text.clone(),
        };
        language.pick(english, chinese).to_owned()
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}

impl Serialize for How {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
