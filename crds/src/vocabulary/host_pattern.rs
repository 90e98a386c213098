//! How names of hosts are built, and which names are built so.

use super::{HostPattern, is_dns_label};

/// What stands for a region of the provider in a [`HostPattern`].
const REGION: &str = "{region}";

impl HostPattern {
    /// Whether `host`, a name in lower case without the dot of the root, is built like this with a region for which
    /// `is_region` holds.
    pub fn matches(&self, host: &str, is_region: impl Fn(&str) -> bool) -> bool {
        let (mut patterns, mut labels) = (self.as_str().rsplit('.'), host.rsplit('.'));
        loop {
            match (patterns.next(), labels.next()) {
                (None, None) => return true,
                (Some(pattern), Some(label)) if matches_label(pattern, label, &is_region) => {}
                _ => return false,
            }
        }
    }
}

fn matches_label(pattern: &str, label: &str, is_region: &impl Fn(&str) -> bool) -> bool {
    let (pattern, region) = match pattern.split_once(REGION) {
        Some((before, after)) => (before, Some(after)),
        None => (pattern, None),
    };
    let (start, star) = match pattern.split_once('*') {
        Some((start, end)) => (start, Some(end)),
        None => (pattern, None),
    };
    let Some(rest) = label.strip_prefix(start) else { return false };
    match (star, region) {
        (None, None) => rest.is_empty(),
        (None, Some(after)) => rest.strip_suffix(after).is_some_and(is_region),
        (Some(end), None) => rest.strip_suffix(end).is_some_and(|any| !any.is_empty()),
        // Wherever the region begins: what stands before it is anything, and then the text between.
        (Some(between), Some(after)) => rest.strip_suffix(after).is_some_and(|rest| {
            let at = rest.char_indices().filter_map(|(at, _)| rest.split_at_checked(at));
            at.into_iter().any(|(any, region)| {
                is_region(region) && any.strip_suffix(between).is_some_and(|any| !any.is_empty())
            })
        }),
    }
}

pub(super) fn is_host_pattern(value: &str) -> bool {
    let mut labels = value.rsplit('.');
    let named = [labels.next(), labels.next()].into_iter().all(|label| label.is_some_and(is_dns_label));
    named && labels.all(is_label_pattern)
}

fn is_label_pattern(label: &str) -> bool {
    let (before, after) = label.split_once(REGION).unwrap_or((label, ""));
    let (start, end) = before.split_once('*').unwrap_or((before, ""));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty() && [start, end, after].into_iter().all(|part| part.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        pattern.matches(host, |region| matches!(region, "cn-hangzhou" | "cn-hangzhou-finance" | "bj"))
    }

    #[test]
    fn a_pattern_holds_whole_labels_and_exact_regions() {
        for (pattern, host, expected) in [
            ("oss-{region}.aliyuncs.com", "oss-cn-hangzhou.aliyuncs.com", true),
            ("oss-{region}.aliyuncs.com", "oss-cn-hangzhou-finance.aliyuncs.com", true),
            ("oss-{region}.aliyuncs.com", "oss-cn-hongkong.aliyuncs.com", false),
            ("oss-{region}.aliyuncs.com", "oss-cn-hangzhou-internal.aliyuncs.com", false),
            ("oss-{region}-internal.aliyuncs.com", "oss-cn-hangzhou-internal.aliyuncs.com", true),
            ("oss-{region}.aliyuncs.com", "oss-.aliyuncs.com", false),
            ("oss-{region}.aliyuncs.com", "b.oss-cn-hangzhou.aliyuncs.com", false),
            ("*.oss-{region}.aliyuncs.com", "b.oss-cn-hangzhou.aliyuncs.com", true),
            ("*.oss-{region}.aliyuncs.com", "oss-cn-hangzhou.aliyuncs.com", false),
            ("*.oss-{region}.aliyuncs.com", "a.b.oss-cn-hangzhou.aliyuncs.com", false),
            ("*.oss-{region}.aliyuncs.com", "b.oss-cn-hangzhou.aliyuncs.com.evil.example", false),
            ("*-{region}.cr.volces.com", "shop-cn-hangzhou.cr.volces.com", true),
            ("*-{region}.cr.volces.com", "-cn-hangzhou.cr.volces.com", false),
            ("*-{region}.cr.volces.com", "cn-hangzhou.cr.volces.com", false),
            ("*-{region}.cr.volces.com", "shop-cn-hongkong.cr.volces.com", false),
            ("ccr-*-pub.cnc.{region}.baidubce.com", "ccr-1a2b-pub.cnc.bj.baidubce.com", true),
            ("ccr-*-pub.cnc.{region}.baidubce.com", "ccr--pub.cnc.bj.baidubce.com", false),
            ("ccr-*-pub.cnc.{region}.baidubce.com", "ccr-1a2b-pub.cnc.hkg.baidubce.com", false),
            ("ccr.ccs.tencentyun.com", "ccr.ccs.tencentyun.com", true),
            ("ccr.ccs.tencentyun.com", "hkccr.ccs.tencentyun.com", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }

    #[test]
    fn a_pattern_says_at_least_the_domain_and_each_sign_once() {
        for bad in [
            "",
            "com",
            "*.com",
            "a.*.com",
            "a.{region}.com",
            "*.*",
            "a*b*.example.com",
            "{region}{region}.example.com",
            "{region}-*.example.com",
            "a..example.com",
            ".example.com",
            "a.example.com.",
            "A.example.com",
            "{zone}.example.com",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }
}
