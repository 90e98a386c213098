//! The shipped table of regions, against a second typing of it and against the traps that look like the mainland.
//!
//! `TABLE` was typed from the legal facts and not from the YAML: what only one of the two knows is a mistake in one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{JurisdictionSpec, RegionId};
use bund_engine::{Location, Snapshot, locate::locate, snapshot::Observed};
use serde::Deserialize;
use serde_json::{Value, json};

/// Provider, regions, and codes that its nodes carry instead, each with its region.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Every provider.
const TABLE: &[Row] = &[
    (
        "alibaba",
        "cn-hangzhou cn-shanghai cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-shenzhen cn-heyuan \
         cn-guangzhou cn-chengdu cn-nanjing cn-fuzhou cn-zhongwei cn-wuhan-lr cn-zhengzhou-jva cn-shanghai-finance-1 \
         cn-shanghai-finance-1-pub cn-shenzhen-finance-1 cn-shenzhen-finance cn-szfinance cn-hangzhou-finance cn-hzfinance \
         cn-hzjbp cn-beijing-finance-1 cn-beijing-finance-1-pub cn-beijing-finance-pop cn-north-2-gov-1 cn-beijing-gov-1 \
         cn-heyuan-acdr-1",
        &[],
    ),
    (
        "tencent",
        "ap-beijing ap-shanghai ap-guangzhou ap-nanjing ap-chengdu ap-chongqing ap-tianjin ap-qingyuan ap-shenzhen \
         ap-beijing-fsi ap-shanghai-fsi ap-shenzhen-fsi ap-guangzhou-open ap-shenzhen-sycft ap-shanghai-adc ap-jinan-ec \
         ap-hangzhou-ec ap-fuzhou-ec ap-hefei-ec ap-shijiazhuang-ec ap-wuhan-ec ap-changsha-ec ap-zhengzhou-ec ap-xian-ec \
         ap-shenyang-ec ap-xibei-ec",
        &[
            ("gz", "ap-guangzhou"),
            ("sh", "ap-shanghai"),
            ("bj", "ap-beijing"),
            ("nj", "ap-nanjing"),
            ("cd", "ap-chengdu"),
            ("cq", "ap-chongqing"),
            ("tsn", "ap-tianjin"),
            ("qy", "ap-qingyuan"),
            ("szx", "ap-shenzhen"),
            ("szjr", "ap-shenzhen-fsi"),
            ("shjr", "ap-shanghai-fsi"),
            ("bjjr", "ap-beijing-fsi"),
            ("gzopen", "ap-guangzhou-open"),
            ("szsycft", "ap-shenzhen-sycft"),
            ("jnec", "ap-jinan-ec"),
            ("hzec", "ap-hangzhou-ec"),
            ("fzec", "ap-fuzhou-ec"),
            ("hfeec", "ap-hefei-ec"),
            ("sjwec", "ap-shijiazhuang-ec"),
            ("whec", "ap-wuhan-ec"),
            ("csec", "ap-changsha-ec"),
            ("cgoec", "ap-zhengzhou-ec"),
            ("xiyec", "ap-xian-ec"),
            ("sheec", "ap-shenyang-ec"),
        ],
    ),
    (
        "huawei",
        "cn-north-1 cn-north-2 cn-north-4 cn-north-7 cn-north-9 cn-north-11 cn-north-12 cn-east-2 cn-east-3 cn-east-4 \
         cn-east-5 cn-south-1 cn-south-2 cn-south-4 cn-southwest-2 cn-southwest-3",
        &[],
    ),
    ("aws-china", "cn-north-1 cn-northwest-1", &[]),
    ("azure-china", "chinaeast chinaeast2 chinanorth chinanorth2 chinaeast3 chinanorth3", &[]),
    (
        "volcengine",
        "cn-beijing cn-beijing2 cn-shanghai cn-guangzhou cn-chengdu cn-wuhan cn-wulanchabu cn-hangzhou cn-datong cn-north-1 \
         cn-beijing-autodriving cn-beijing-selfdrive cn-shanghai-autodriving cn-north-1-dedicated cn-east-1-dedicated",
        &[],
    ),
    ("baidu", "bj bd gz su fsh fwh nj cd yq", &[]),
    ("jd", "cn-north-1 cn-east-1 cn-east-2 cn-south-1", &[]),
    (
        "kingsoft",
        "cn-beijing-6 cn-shanghai-2 cn-shanghai-3 cn-guangzhou-1 cn-central-1 cn-southwest-1 cn-northwest-1 cn-northwest-2 \
         cn-northwest-3 cn-northwest-4 cn-northwest-5 cn-north-vip1 cn-ningbo-1 cn-nanjing-1 cn-ulanqab-1 cn-qingdao-1 \
         cn-beijing-fin cn-shanghai-fin cn-north-1-gov",
        &[],
    ),
    ("ucloud", "cn-bj1 cn-bj2 cn-wlcb cn-wlcb2 cn-sh2 cn-sh cn-sh1 cn-jx cn-gd cn-gd2 cn-guiyang1", &[]),
    ("qiniu", "cn-east-1 cn-east-2 cn-north-1 cn-south-1", &[]),
    ("qingcloud", "pek3a sh1a gd2a", &[]),
    (
        // The legal facts name three and point to the list of rclone, `backend/s3/provider/ChinaMobile.yaml`.
        "china-mobile",
        "wuxi1 jinan1 ningbo1 shanghai1 zhengzhou1 hunan1 zhuzhou1 guangzhou1 dongguan1 beijing1 beijing2 beijing4 huhehaote1 \
         chengdu1 chongqing1 guiyang1 xian1 yunnan yunnan2 tianjin1 jilin1 hubei1 jiangxi1 gansu1 shanxi1 liaoning1 hebei1 \
         fujian1 guangxi1 anhui1",
        &[],
    ),
    ("gcp", "", &[]),
    ("oracle", "", &[]),
];

/// Ids that are outside at every provider, however they look.
const TRAPS: &str = "cn-hongkong cn-hongkong-2 cn-hongkong-finance-pop cn-hongkong-pop cn-taipei-1 cn-macau-pop-sdv cn-taiwan-boe \
    ap-hongkong ap-taipei ap-singapore ap-tokyo ap-seoul ap-bangkok ap-jakarta ap-mumbai ap-southeast-1 ap-southeast-2 \
    ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-8 ap-east-1 ap-east-2 ap-northeast-1 ap2a asia-east1 asia-east2 eastasia \
    eu-east-1 eu-central-1 me-east-1 us-north-1 us-east-1 hk hkg tpe sg sin kr jp th jkt usw use de ru in sao ca tw-tp tw-kh jpn-tky \
    CN-Hangzhou CN-NORTH-1 Cn-beijing GZ AP-GUANGZHOU ChinaEast2 cn cn- china cn-hangzhou-h cn-hangzhou-internal-prod-1 \
    cn-shanghai-et2-b01 cn-zhangbei-na61-b01 cn-haidian-cm12-c01 cn-edge-1 cn-fujian cn-yushanfang cn-north cn-north-3 cn-hangzhou2 \
    cn-hangzhou.example.com chinaeast4 ap-guangzhou-3 100003";

const REGION: &str = "topology.kubernetes.io/region";

fn shipped() -> Value {
    let source = bund::builtin::sources(bund::builtin::VOCABULARY).swap_remove(0);
    bund::manifest::read(&source).swap_remove(0).unwrap().value
}

/// Every region or code as a node's region label, and where that node is in a cluster of `providers`.
fn located(providers: &[&str], labels: &[&str]) -> Vec<(String, Location)> {
    let mut snapshot = Snapshot::default();
    let mut observe = |object: &Value| assert_eq!(snapshot.observe(object), Observed::Fact, "{object}");
    observe(&shipped());
    observe(&json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
        "spec": {"jurisdiction": "cn-mainland", "span": "Mixed", "providers": providers}
    }));
    for label in labels {
        observe(
            &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": label, "labels": {REGION: label}}}),
        );
    }
    let mainland = "cn-mainland".parse().unwrap();
    let nodes = snapshot.nodes();
    nodes.map(|(name, node)| (name.to_owned(), locate(node, &mainland, snapshot.world()))).collect()
}

fn inside(providers: &[&str], labels: &[&str]) -> BTreeSet<String> {
    let located = located(providers, labels).into_iter();
    located.filter(|(_, location)| location.is_inside()).map(|(label, _)| label).collect()
}

/// Everything that a node of this provider may carry on the mainland.
fn codes_of(provider: &str) -> BTreeSet<String> {
    let rows = TABLE.iter().filter(|(name, ..)| *name == provider);
    rows.flat_map(|(_, regions, codes)| regions.split_whitespace().chain(codes.iter().map(|(code, _)| *code)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_shipped_table_is_the_one_that_was_typed_a_second_time() {
    let spec = JurisdictionSpec::deserialize(&shipped()["spec"]).unwrap();
    assert_eq!(spec.country_codes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["CN"]);
    let shipped: BTreeMap<_, _> = spec
        .providers
        .iter()
        .map(|provider| {
            let regions: BTreeSet<_> = provider.regions.iter().map(RegionId::as_str).collect();
            let codes: BTreeSet<_> = provider
                .node_label_codes
                .iter()
                .map(|code| (code.code.as_str(), code.region.as_str()))
                .collect();
            (provider.name.as_str(), (regions, codes))
        })
        .collect();
    let typed: BTreeMap<_, _> = TABLE
        .iter()
        .map(|(name, regions, codes)| {
            (*name, (regions.split_whitespace().collect(), codes.iter().copied().collect()))
        })
        .collect();
    assert_eq!(shipped.keys().collect::<Vec<_>>(), typed.keys().collect::<Vec<_>>());
    for (provider, table) in &typed {
        assert_eq!(&shipped[provider], table, "{provider}");
    }
}

#[test]
fn a_node_is_inside_with_exactly_the_codes_of_its_own_provider() {
    let all: BTreeSet<String> = TABLE.iter().flat_map(|(provider, ..)| codes_of(provider)).collect();
    let labels: Vec<&str> = all.iter().map(String::as_str).chain(TRAPS.split_whitespace()).collect();
    assert!(all.len() > 150, "{}", all.len());
    for (provider, ..) in TABLE {
        assert_eq!(inside(&[provider], &labels), codes_of(provider), "{provider}");
    }
}

#[test]
fn no_trap_is_inside_whichever_providers_count() {
    let traps: Vec<&str> = TRAPS.split_whitespace().collect();
    let providers: Vec<&str> = TABLE.iter().map(|(provider, ..)| *provider).collect();
    assert_eq!(inside(&providers, &traps), BTreeSet::new());
    for (label, location) in located(&providers, &traps) {
        assert_eq!(location, Location::Outside(label.clone()), "the claim is told as it is written");
    }
}

#[test]
fn one_id_at_two_providers_is_judged_by_the_provider() {
    // Huawei calls Hong Kong what Alibaba calls Singapore; Baidu and Tencent both have a `gz`; only Huawei has `cn-north-4`.
    for (provider, label, expected) in [
        ("huawei", "ap-southeast-1", false),
        ("alibaba", "ap-southeast-1", false),
        ("tencent", "hk", false),
        ("tencent", "gz", true),
        ("baidu", "gz", true),
        ("alibaba", "gz", false),
        ("huawei", "cn-north-4", true),
        ("aws-china", "cn-north-4", false),
        ("aws-china", "cn-north-1", true),
        ("alibaba", "cn-north-1", false),
        ("volcengine", "cn-wuhan", true),
        ("alibaba", "cn-wuhan", false),
        ("gcp", "cn-north-1", false),
        ("kingsoft", "cn-taipei-1", false),
    ] {
        assert_eq!(!inside(&[provider], &[label]).is_empty(), expected, "{provider} {label}");
    }
}
