//! Real parameters of each driver, from its own documentation, and spellings that try to get past.

use alloc::{string::String, vec, vec::Vec};

use proptest::prelude::{prop_assert_eq, proptest};

use super::{
    AtRest::{self, Aes256, NotSaid, Off},
    CopyElsewhere, NamedPlace,
    PlaceKind::{self, Host, Region, RegionOrZone, Url, Zone},
};

type Parameters<'p> = &'p [(&'p str, &'p str)];

fn places(parameters: Parameters<'_>) -> Vec<NamedPlace<'_>> {
    super::places(parameters.iter().copied())
}

fn place<'p>(key: &'p str, text: &'p str, kind: PlaceKind) -> NamedPlace<'p> {
    NamedPlace { key, text, kind }
}

fn at_rest(driver: &str, parameters: Parameters<'_>) -> AtRest {
    super::at_rest(driver, parameters.iter().copied())
}

fn copies<'p>(driver: &str, parameters: Parameters<'p>) -> Option<CopyElsewhere<'p>> {
    super::copies_elsewhere(driver, parameters.iter().copied())
}

const ALIBABA_DISK: Parameters<'_> = &[
    ("type", "cloud_essd,cloud_ssd,cloud_efficiency"),
    ("regionId", "cn-hangzhou"),
    ("zoneId", "cn-hangzhou-h,cn-hangzhou-i"),
    ("fstype", "ext4"),
    ("encrypted", "true"),
    ("kmsKeyId", "2a6767f0-a16c-4679-a60f-13bf00000000"),
    ("restrictToHpnZone", "never"),
];
const ALIBABA_NAS: Parameters<'_> = &[
    ("volumeAs", "subpath"),
    ("server", "a-1.cn-shenzhen.nas.aliyuncs.com:/root1/,a-2.cn-shenzhen.nas.aliyuncs.com:/root2"),
    ("mode", "755"),
    ("archiveOnDelete", "false"),
];
const TENCENT_COS: Parameters<'_> = &[
    ("url", "http://cos.ap-guangzhou.myqcloud.com"),
    ("bucket", "testbucket-1010101010"),
    ("additional_args", "-oallow_other"),
];
const AWS_EBS: Parameters<'_> = &[
    ("csi.storage.k8s.io/fstype", "xfs"),
    ("type", "io1"),
    ("iopsPerGB", "50"),
    ("encrypted", "true"),
    ("allowAutoIOPSPerGBIncrease", "true"),
];
const LONGHORN: Parameters<'_> = &[
    ("backupTargetName", "default"),
    ("dataLocality", "disabled"),
    ("encrypted", "false"),
    ("fromBackup", ""),
    ("fsType", "ext4"),
    ("nfsOptions", "soft,timeo=150,retrans=3"),
    ("nodeSelector", "storage,fast"),
    ("numberOfReplicas", "3"),
    ("replicaAutoBalance", "ignored"),
    ("replicaZoneSoftAntiAffinity", "ignored"),
    ("staleReplicaTimeout", "2880"),
    ("strictTopology", "false"),
];
const CEPH_BLOCK: Parameters<'_> = &[
    ("clusterID", "b9127830-b0cc-4e34-aa47-9d1a2e9949a8"),
    ("csi.storage.k8s.io/provisioner-secret-name", "csi-rbd-secret"),
    ("encrypted", "true"),
    ("imageFeatures", "layering"),
    ("pool", "rbd"),
    (
        "topologyConstrainedPools",
        r#"[{"poolName":"p0","domainSegments":[{"domainLabel":"region","value":"east"},{"domainLabel":"zone","value":"zone1"}]}]"#,
    ),
];

#[test]
fn places_of_the_drivers_own_examples_are_named() {
    assert_eq!(
        places(ALIBABA_DISK),
        [
            place("regionId", "cn-hangzhou", Region),
            place("zoneId", "cn-hangzhou-h", Zone),
            place("zoneId", "cn-hangzhou-i", Zone)
        ]
    );
    assert_eq!(
        places(ALIBABA_NAS),
        [
            place("server", "a-1.cn-shenzhen.nas.aliyuncs.com:/root1/", Host),
            place("server", "a-2.cn-shenzhen.nas.aliyuncs.com:/root2", Host)
        ]
    );
    assert_eq!(places(TENCENT_COS), [place("url", "http://cos.ap-guangzhou.myqcloud.com", Url)]);
    assert_eq!(
        places(CEPH_BLOCK),
        [
            place("topologyConstrainedPools", "east", RegionOrZone),
            place("topologyConstrainedPools", "zone1", RegionOrZone)
        ]
    );
    assert_eq!(places(AWS_EBS), []);
    assert_eq!(places(LONGHORN), []);
}

#[test]
fn one_parameter_of_each_driver_names_its_place() {
    for (parameter, text, kind) in [
        // Tencent CBS and CFS
        (("diskZone", "ap-guangzhou-3"), "ap-guangzhou-3", Zone),
        (("zone", "ap-guangzhou-3"), "ap-guangzhou-3", Zone),
        (("host", "10.0.0.112"), "10.0.0.112", Host),
        // Huawei EVS, OpenStack Cinder
        (("availability", "ap-southeast-1a"), "ap-southeast-1a", Zone),
        // Volcengine TOS
        (("url", "http://tos-s3-cn-beijing.ivolces.com"), "http://tos-s3-cn-beijing.ivolces.com", Url),
        // Alibaba OSS, with and without a scheme
        (("url", "oss-cn-hangzhou.aliyuncs.com"), "oss-cn-hangzhou.aliyuncs.com", Host),
        (("URL", "https://oss-cn-hangzhou.aliyuncs.com"), "https://oss-cn-hangzhou.aliyuncs.com", Url),
        // Azure disk and file
        (("location", "chinaeast2"), "chinaeast2", RegionOrZone),
        (
            ("server", "a.privatelink.file.core.chinacloudapi.cn"),
            "a.privatelink.file.core.chinacloudapi.cn",
            Host,
        ),
        // AWS EFS
        (("az", "us-east-1a"), "us-east-1a", Zone),
        (("mounttargetip", "10.0.0.1"), "10.0.0.1", Host),
        // GCP snapshots
        (("storage-locations", "asia-east2"), "asia-east2", RegionOrZone),
        // Shares
        (("source", "//smb.example.cn/share"), "smb.example.cn/share", Host),
        (("monitors", "10.0.0.1:6789"), "10.0.0.1:6789", Host),
        (("targetPortal", "[fd00::1]:3260"), "[fd00::1]:3260", Host),
    ] {
        assert_eq!(places(&[parameter]), [place(parameter.0, text, kind)], "{parameter:?}");
    }
    assert_eq!(
        places(&[("fastSnapshotRestoreAvailabilityZones", "us-east-1a, us-east-1b")]),
        [
            place("fastSnapshotRestoreAvailabilityZones", "us-east-1a", Zone),
            place("fastSnapshotRestoreAvailabilityZones", "us-east-1b", Zone)
        ]
    );
}

#[test]
fn what_drivers_write_into_a_volume_is_no_false_alarm() {
    let topology = r#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"node.csi.alibabacloud.com/disktype.cloud_essd","operator":"In","values":["available"]}]}]}"#;
    let attributes = [
        ("csi.alibabacloud.com/annotation-prefix/csi.alibabacloud.com/volume-topology", topology),
        ("csi.alibabacloud.com/label-prefix/topology.kubernetes.io/zone", "cn-hangzhou-h"),
        (
            "storage.kubernetes.io/csiProvisionerIdentity",
            "1567055848005-8081-diskplugin.csi.alibabacloud.com",
        ),
        ("enforceZoneAffinity", "true"),
        ("serverSideEncryption", "AES256"),
        ("volumeAllocation", "thin"),
    ];
    let zone = place("csi.alibabacloud.com/label-prefix/topology.kubernetes.io/zone", "cn-hangzhou-h", Zone);
    assert_eq!(places(&attributes), [zone]);
}

#[test]
fn other_spellings_name_the_same_place() {
    for ((key, value), texts) in [
        (("ZONEID", " cn-hongkong-b "), vec![("cn-hongkong-b", Zone)]),
        (("lo\u{43}aTIon", "eastasia"), vec![("eastasia", RegionOrZone)]),
        (("reg\u{130}on", "cn-hongkong"), vec![("cn-hongkong", Region)]),
        (("__zone__", "a"), vec![("a", Zone)]),
        (("zones", "cn-hangzhou-h__cn-hongkong-b"), vec![("cn-hangzhou-h", Zone), ("cn-hongkong-b", Zone)]),
        (("zones", "a;b\nc,,"), vec![("a", Zone), ("b", Zone), ("c", Zone)]),
        (("zones", r#" ["a", "b"] "#), vec![("a", Zone), ("b", Zone)]),
        (("zones", r#""a""#), vec![("a", Zone)]),
        // Not read, and so not inside.
        (("zones", "a b"), vec![("a b", Zone)]),
        (("zones", r#"{"zone":"a"}"#), vec![(r#"{"zone":"a"}"#, Zone)]),
        (("region", "cn%2Dhangzhou"), vec![("cn%2Dhangzhou", Region)]),
        (("regions", "a，b"), vec![("a，b", Region)]),
        (("zone", "http://example.com"), vec![("http://example.com", Url)]),
        (("enforceZoneAffinity", "us-east-1a"), vec![("us-east-1a", Zone)]),
        // Nothing is named.
        (("zone", ""), vec![]),
        (("zones", "[]"), vec![("[]", Zone)]),
        (("csi.storage.k8s.io/zone", "a"), vec![]),
        (("CSI.storage.k8s.io/zone", "a"), vec![("a", Zone)]),
    ] {
        let expected: Vec<_> = texts.into_iter().map(|(text, kind)| place(key, text, kind)).collect();
        assert_eq!(places(&[(key, value)]), expected, "{key}: {value}");
    }
}

#[test]
fn a_url_or_a_share_is_named_under_any_key() {
    for (value, texts) in [
        ("s3://bucket@ap-east-1/", vec![("s3://bucket@ap-east-1/", Url)]),
        (r#"{"url": "https://a.example/x", "n": 1}"#, vec![("https://a.example/x", Url)]),
        ("https://a.cn,https://b.example", vec![("https://a.cn", Url), ("https://b.example", Url)]),
        (
            "https://a.cn/https://b.example",
            vec![("https://a.cn/https://b.example", Url), ("https://b.example", Url)],
        ),
        ("https%3A%2F%2Fb.example", vec![("https%3A%2F%2Fb.example", Url)]),
        ("x=HTTPS://b.example", vec![("HTTPS://b.example", Url)]),
        ("//b.example/share", vec![("b.example/share", Host)]),
        (r"\\b.example\share", vec![(r"\\b.example\share", Host)]),
        ("/var/lib", vec![]),
        ("plain", vec![]),
    ] {
        let expected: Vec<_> = texts.into_iter().map(|(text, kind)| place("anything", text, kind)).collect();
        assert_eq!(places(&[("anything", value)]), expected, "{value}");
    }
}

#[test]
fn options_name_places_too() {
    for (key, value, texts) in [
        (
            "otherOpts",
            "-o max_stat_cache_size=0 -ourl=oss-cn-hongkong.aliyuncs.com",
            vec![("oss-cn-hongkong.aliyuncs.com", Host)],
        ),
        (
            "additional_args",
            "-ourl=http://cos.ap-hongkong.myqcloud.com",
            vec![("http://cos.ap-hongkong.myqcloud.com", Url)],
        ),
        ("mountOptions", "region ap-east-1", vec![("ap-east-1", Region)]),
        ("mountOptions", "--endpoint-url https://b.example", vec![("https://b.example", Url)]),
        ("mountOptions", "vers=4.1,addr=203.0.113.1,hard", vec![("203.0.113.1", Host)]),
        ("mountOptions", "serverino,nosharesock,vers=3.0", vec![]),
        ("mountOptions", "nolock,tcp,noresvport", vec![]),
    ] {
        let expected: Vec<_> = texts.into_iter().map(|(text, kind)| place(key, text, kind)).collect();
        assert_eq!(places(&[(key, value)]), expected, "{key}: {value}");
    }
}

#[test]
fn pools_that_cannot_be_read_are_named_whole() {
    let key = "topologyConstrainedPools";
    let yaml = "- poolName: p\n  domainSegments:\n  - region: us-east-1";
    assert_eq!(places(&[(key, yaml)]), [place(key, yaml, RegionOrZone)]);
    let escaped = r#"[{"domainSegments":[{"domainLabel":"zone","value":"cn-\u0068angzhou"}]}]"#;
    assert_eq!(places(&[(key, escaped)]), [place(key, escaped, RegionOrZone)]);
    assert_eq!(places(&[(key, "")]), []);
}

#[test]
fn encryption_is_as_each_driver_documents_it() {
    let extreme: Parameters<'_> =
        &[("volumeAs", "filesystem"), ("fileSystemType", "extreme"), ("encryptType", "1")];
    for (driver, parameters, expected) in [
        ("diskplugin.csi.alibabacloud.com", ALIBABA_DISK, Aes256),
        ("diskplugin.csi.alibabacloud.com", &[("encrypted", "YES")], Aes256),
        ("diskplugin.csi.alibabacloud.com", &[("encrypted", "false")], Off),
        ("diskplugin.csi.alibabacloud.com", &[("Encrypted", "true")], Off),
        ("diskplugin.csi.alibabacloud.com", &[("kmsKeyId", "k")], Off),
        ("diskplugin.csi.alibabacloud.com", &[], Off),
        ("nasplugin.csi.alibabacloud.com", ALIBABA_NAS, NotSaid),
        ("nasplugin.csi.alibabacloud.com", &[("volumeAs", "filesystem")], Off),
        ("nasplugin.csi.alibabacloud.com", extreme, NotSaid),
        ("ossplugin.csi.alibabacloud.com", &[("encrypted", "AES256")], Aes256),
        ("ossplugin.csi.alibabacloud.com", &[("Encrypted", "kms")], Aes256),
        ("ossplugin.csi.alibabacloud.com", &[], Off),
        ("com.tencent.cloud.csi.cbs", &[("encrypt", "ENCRYPT")], Aes256),
        ("com.tencent.cloud.csi.cbs", &[("encrypt", "encrypt")], Off),
        ("com.tencent.cloud.csi.cfs", &[("zone", "ap-guangzhou-3")], NotSaid),
        ("evs.csi.huaweicloud.com", &[("type", "SSD"), ("kmsId", "8f4e245e")], Aes256),
        ("evs.csi.huaweicloud.com", &[("kmsId", " ")], Off),
        ("evs.csi.huaweicloud.com", &[("type", "SSD")], Off),
        ("disk.csi.everest.io", &[("everest.io/crypt-key-id", "fe0757de")], Aes256),
        ("disk.csi.everest.io", &[("everest.io/disk-volume-type", "SAS")], NotSaid),
        ("ebs.csi.aws.com", AWS_EBS, Aes256),
        ("ebs.csi.aws.com", &[("ENCRYPTED", "true")], Aes256),
        ("ebs.csi.aws.com", &[("encrypted", "true"), ("Encrypted", "false")], Off),
        ("ebs.csi.aws.com", &[("kmsKeyId", "arn:aws-cn:kms:cn-north-1:1:key/k")], Off),
        ("efs.csi.aws.com", &[("provisioningMode", "efs-ap")], NotSaid),
        ("disk.csi.azure.com", &[("skuName", "StandardSSD_LRS")], Aes256),
        ("file.csi.azure.com", &[], Aes256),
        ("pd.csi.storage.gke.io", &[("type", "pd-ssd")], Aes256),
        ("ebs.csi.volcengine.com", &[("type", "ESSD_PL0")], NotSaid),
        ("csi-cdsplugin", &[("storageType", "hp1")], NotSaid),
        ("cinder.csi.openstack.org", &[("type", "ssd")], NotSaid),
        ("kubernetes.io/no-provisioner", &[], NotSaid),
        ("rbd.csi.ceph.com", CEPH_BLOCK, Aes256),
        ("rook-ceph.rbd.csi.ceph.com", &[("encrypted", "true"), ("encryptionKeySize", "512")], Aes256),
        ("rbd.csi.ceph.com", &[("encrypted", "true"), ("encryptionKeySize", "256")], NotSaid),
        ("rbd.csi.ceph.com", &[("encrypted", "true"), ("encryptionCipher", "serpent-xts-plain64")], NotSaid),
        ("rbd.csi.ceph.com", &[("encrypted", "true"), ("encryptionType", "file")], NotSaid),
        ("rbd.csi.ceph.com", &[("encrypted", "false")], Off),
        ("cephfs.csi.ceph.com", &[("encrypted", "true")], NotSaid),
        ("cephfs.csi.ceph.com", &[], Off),
        ("driver.longhorn.io", LONGHORN, Off),
        ("driver.longhorn.io", &[("encrypted", "true")], NotSaid),
        ("pxd.portworx.com", &[("repl", "3"), ("secure", "true")], Aes256),
        ("pxd.portworx.com", &[("repl", "3")], NotSaid),
        ("pxd.portworx.com", &[("secure", "false")], Off),
        ("notebs.csi.aws.com", &[("encrypted", "true")], NotSaid),
    ] {
        assert_eq!(at_rest(driver, parameters), expected, "{driver} {parameters:?}");
    }
}

#[test]
fn copies_to_unnamed_places_are_found() {
    let azure = "file.csi.azure.com";
    let longhorn = "driver.longhorn.io";
    for (driver, parameter) in [
        (azure, ("skuName", "Standard_GRS")),
        (azure, ("SKUNAME", "standard_ragrs")),
        (azure, ("s\u{212a}uName", "Standard_RAGZRS")),
        (azure, ("storageAccountType", "Standard_GZRS")),
        (longhorn, ("type", "bak")),
        (longhorn, ("recurringJobSelector", r#"[{"name":"backup", "isGroup":false}]"#)),
        (longhorn, ("recurringJobs", r#"[{"name":"b","task":"backup","cron":"0 * * * *"}]"#)),
        ("pxd.portworx.com", ("csi.openstorage.org/snapshot-type", "cloud")),
        ("any.example", ("replication-type", "cross-region")),
        ("any.example", ("replication", "Async")),
        ("any.example", ("storage.example/isReplicationEnabled", "true")),
        ("any.example", ("snapshotMode", "Geo_Redundant")),
        ("any.example", ("crossRegionBackup", "1x")),
    ] {
        let (key, text) = parameter;
        assert_eq!(copies(driver, &[parameter]), Some(CopyElsewhere { key, text }), "{driver} {parameter:?}");
    }
}

#[test]
fn copies_that_stay_are_not() {
    for (driver, parameters) in [
        ("disk.csi.azure.com", &[("skuName", "Premium_ZRS")] as Parameters<'_>),
        ("file.csi.azure.com", &[("skuName", "Standard_LRS")]),
        ("pd.csi.storage.gke.io", &[("replication-type", "regional-pd"), ("type", "pd-ssd")]),
        ("driver.longhorn.io", LONGHORN),
        ("driver.longhorn.io", &[("type", "snap"), ("recurringJobSelector", "[]")]),
        ("driver.longhorn.io", &[("recurringJobs", r#"[{"name":"s","task":"snapshot"}]"#)]),
        ("pxd.portworx.com", &[("csi.openstorage.org/snapshot-type", "local"), ("repl", "3")]),
        ("diskplugin.csi.alibabacloud.com", ALIBABA_DISK),
        ("rbd.csi.ceph.com", CEPH_BLOCK),
        ("any.example", &[("replication", "3"), ("mirror", "false"), ("type", "bak")]),
    ] {
        assert_eq!(copies(driver, parameters), None, "{driver} {parameters:?}");
    }
}

proptest! {
    /// Architecture Invariant: nothing unreadable is skipped.
    #[test]
    fn nothing_of_a_value_that_names_places_is_lost(
        key in "(zone|regionId|locations|server|url)",
        value in "([a-z0-9:/.%_,; \\n\"'\\[\\]{}=\\\\-]|，|\\PC){0,40}",
    ) {
        let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        let parameters = [(key.as_str(), value.as_str())];
        let named: String = places(&parameters).iter().map(|place| letters(place.text)).collect();
        prop_assert_eq!(named, letters(&value));
    }

    #[test]
    fn no_text_is_too_odd_to_read(key in "\\PC{0,20}", value in "\\PC{0,40}") {
        for key in [key.as_str(), "otherOpts", "topologyConstrainedPools"] {
            for place in places(&[(key, &value)]) {
                assert!(value.contains(place.text), "{place:?}");
            }
        }
    }
}
