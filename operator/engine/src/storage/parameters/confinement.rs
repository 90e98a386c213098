//! Which parameters put data somewhere.
//!
//! A place is refused under any key that looks like one, but trusted only under a key that the driver itself reads: most
//! drivers ignore what they do not know, so `myZone` would confine nothing.

use super::encryption::{
    Text::{self, AnyCase, Exact},
    is_driver,
};

/// Whether a parameter says where the driver puts data: with no such parameter it puts it where it likes.
pub(crate) fn says_where<'p>(driver: &str, mut parameters: impl Iterator<Item = (&'p str, &'p str)>) -> bool {
    let known = DRIVERS.iter().find(|(names, _)| names.iter().any(|name| is_driver(driver, name)));
    let keys = known.map_or(&[] as &[Text], |(_, keys)| keys);
    parameters.any(|(said, value)| !value.trim().is_empty() && keys.iter().any(|key| key.is(said)))
}

const DRIVERS: [(&[&str], &[Text]); 12] = [
    (&["diskplugin.csi.alibabacloud.com"], &[Exact("zoneId"), Exact("zoneid")]),
    (&["nasplugin.csi.alibabacloud.com"], &[Exact("server")]),
    (&["ossplugin.csi.alibabacloud.com"], &[AnyCase("url")]),
    (&["com.tencent.cloud.csi.cbs"], &[AnyCase("zone"), AnyCase("diskZone")]),
    (&["com.tencent.cloud.csi.cfs"], &[Exact("zone"), Exact("host")]),
    (&["com.tencent.cloud.csi.cosfs", "tos.csi.volcengine.com"], &[Exact("url")]),
    (&["evs.csi.huaweicloud.com", "cinder.csi.openstack.org"], &[Exact("availability")]),
    (&["ebs.csi.volcengine.com"], &[Exact("zone")]),
    (&["disk.csi.azure.com"], &[AnyCase("location")]),
    (&["file.csi.azure.com"], &[AnyCase("location"), AnyCase("server")]),
    (&["nfs.csi.k8s.io"], &[Exact("server")]),
    (&["smb.csi.k8s.io"], &[Exact("source")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keys_that_a_driver_reads_say_where() {
        for (driver, parameter, expected) in [
            ("diskplugin.csi.alibabacloud.com", ("zoneId", "cn-hangzhou-h"), true),
            ("diskplugin.csi.alibabacloud.com", ("zoneid", "cn-hangzhou-h"), true),
            ("diskplugin.csi.alibabacloud.com", ("ZoneId", "cn-hangzhou-h"), false),
            ("diskplugin.csi.alibabacloud.com", ("myZone", "cn-hangzhou-h"), false),
            ("diskplugin.csi.alibabacloud.com", ("zoneId", " "), false),
            ("com.tencent.cloud.csi.cbs", ("DISKZONE", "ap-guangzhou-3"), true),
            ("disk.csi.azure.com", ("Location", "chinaeast2"), true),
            ("nfs.csi.k8s.io", ("server", "nfs.example.cn"), true),
            ("ebs.csi.aws.com", ("zone", "cn-north-1a"), false),
            ("any.example", ("zone", "cn-hangzhou-h"), false),
        ] {
            assert_eq!(says_where(driver, [parameter].into_iter()), expected, "{driver} {parameter:?}");
        }
    }
}
