//! Which texts are commonly hosts, and which only look so.

/// Schemes behind which no host stands: paths, names of buckets, images, identities.
const NO_HOSTS: [&str; 18] = [
    "classpath",
    "cosn",
    "docker",
    "docker-image",
    "fd",
    "file",
    "gs",
    "jar",
    "npipe",
    "obs",
    "oci",
    "oss",
    "s3",
    "s3a",
    "s3n",
    "spiffe",
    "tos",
    "unix",
];

/// Whether a host stands behind the scheme of a URL.
pub(super) fn names_a_host(scheme: &str) -> bool {
    let scheme = scheme.to_ascii_lowercase();
    !scheme.is_empty() && !NO_HOSTS.contains(&scheme.as_str())
}

/// Hosts whose URLs are names of formats and licences, which programs compare and do not ask.
const SCHEMAS: [&str; 10] = [
    "java.sun.com",
    "json-schema.org",
    "maven.apache.org",
    "schemas.microsoft.com",
    "schemas.xmlsoap.org",
    "www.apache.org",
    "www.springframework.org",
    "www.w3.org",
    "xmlns.jcp.org",
    "xmlns.oracle.com",
];

/// Whether URLs with this host name a format.
pub(super) fn is_schema(name: &str) -> bool {
    SCHEMAS.contains(&name)
}

/// Endings of files that no domain has.
const FILES: [&str; 34] = [
    "bak",
    "bin",
    "cfg",
    "class",
    "conf",
    "crt",
    "css",
    "csv",
    "env",
    "gz",
    "html",
    "ini",
    "jar",
    "jpg",
    "js",
    "json",
    "key",
    "lock",
    "log",
    "pem",
    "pid",
    "png",
    "properties",
    "sock",
    "sql",
    "svg",
    "tar",
    "tmpl",
    "toml",
    "ts",
    "txt",
    "war",
    "xml",
    "yaml",
];

/// Endings of files that are domains of countries too.
const FILES_OR_COUNTRIES: [&str; 17] =
    ["cc", "db", "go", "hs", "kt", "la", "lo", "md", "pl", "pm", "ps", "py", "rb", "rs", "sh", "so", "vm"];

/// Words that are domains of countries too: `broker.id`, `log.to`.
const WORDS: [&str; 16] =
    ["am", "as", "at", "be", "by", "do", "id", "in", "is", "it", "me", "my", "no", "or", "to", "us"];

/// Endings of hosts that are seldom anything else.
const DOMAINS: [&str; 14] = [
    "arpa", "biz", "com", "corp", "edu", "gov", "internal", "intranet", "lan", "local", "mil", "net", "org",
    "xyz",
];

/// Endings of hosts that are words too.
const DOMAINS_OR_WORDS: [&str; 13] =
    ["app", "asia", "cloud", "dev", "info", "online", "pro", "shop", "site", "store", "tech", "top", "vip"];

/// First parts of the names of packages.
const PACKAGES: [&str; 11] =
    ["android", "cn", "com", "io", "jakarta", "java", "javax", "jdk", "kotlin", "net", "org"];

/// Whether a name in front of a port is one of a host. Names without a dot are completed in the cluster.
pub(super) fn is_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, last)| !last.is_empty() && !FILES.contains(&last) && last != "yml")
}

/// Whether a name by itself is one of a host: `written` as it stands, `name` as it is read. A value by itself needs
/// less than a word in running text.
pub(super) fn is_bare_name(written: &str, name: &str, by_itself: bool) -> bool {
    let Some((_, last)) = name.rsplit_once('.') else { return false };
    let labels = name.split('.').count();
    let many = labels > 2;
    let domain = DOMAINS.contains(&last)
        || last.starts_with("xn--")
        || many && DOMAINS_OR_WORDS.contains(&last)
        || is_country(last) && (many || by_itself && !WORDS.contains(&last));
    domain && !is_package(name, last) && !is_mixed(written)
}

fn is_country(last: &str) -> bool {
    let letters = last.len() == 2 && last.bytes().all(|b| b.is_ascii_alphabetic());
    letters && !FILES.contains(&last) && !FILES_OR_COUNTRIES.contains(&last)
}

/// Names of packages begin where names of hosts end.
fn is_package(name: &str, last: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    PACKAGES.contains(&first) && !matches!(last, "com" | "cn" | "net" | "org")
}

/// Whether small and capital letters follow each other in the last label, as in names of classes and fields.
fn is_mixed(written: &str) -> bool {
    let last = written.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    last.bytes().any(|b| b.is_ascii_uppercase()) && last.bytes().any(|b| b.is_ascii_lowercase())
}

/// Whether a text with colons is an address rather than a time, a path of modules or a list.
pub(super) fn is_ipv6(text: &str) -> bool {
    let first = text.split(':').next().unwrap_or_default();
    let address = text.parse::<core::net::Ipv6Addr>().is_ok();
    address && (first.len() > 2 || text.starts_with("::ffff:"))
}
