//! Hosts in the environment and the arguments of a container.

use alloc::{borrow::Cow, collections::BTreeMap, string::String, vec::Vec};

use serde_json::Value;

use super::{NamedHost, Purpose, Untold, mentioned};
use crate::{FieldPath, subject::Reader};

/// Variables by which programs find a proxy, in capitals. Programs read them in any case.
const PROXIES: [&str; 12] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "GLOBAL_AGENT_HTTPS_PROXY",
    "GLOBAL_AGENT_HTTP_PROXY",
    "GRPC_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "RSYNC_PROXY",
    "SOCKS5_PROXY",
    "SOCKS_PROXY",
    "WSS_PROXY",
    "WS_PROXY",
];

/// Fields of a pod that tell its own address, or that of its node.
const OWN_ADDRESSES: [&str; 4] = ["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"];

/// The machine itself, as a host.
const OWN: &str = "localhost";

/// The hosts in `env`, `args` and `command` of a container.
pub(super) fn read(reader: &mut Reader, container: &Value, at: &FieldPath, hosts: &mut Vec<NamedHost>) {
    let mut known = BTreeMap::new();
    let env_at = at.key("env");
    for (index, variable) in reader.list(container, at, "env").iter().enumerate() {
        // Most variables name no host: their place is not written down before it is told.
        let at = || env_at.index(index);
        let name = variable.get("name").and_then(Value::as_str).unwrap_or_default();
        // An empty value is none where another source is named, and what a name meant before counts no more.
        let from = variable.get("valueFrom").is_some_and(|from| !from.is_null());
        let value = variable.get("value").and_then(Value::as_str).filter(|text| !from || !text.is_empty());
        let value = value.map(|text| expanded(text, &known));
        let own = || is_own_address(variable).then_some(Cow::Borrowed(OWN));
        let is_proxy = PROXIES.iter().any(|proxy| proxy.eq_ignore_ascii_case(name));
        let Some(text) = value.or_else(own) else {
            if is_proxy && from {
                hosts.push(untold(at().key("valueFrom"), name, Untold::Elsewhere));
            }
            known.remove(name);
            continue;
        };
        if is_proxy {
            hosts.extend(proxy(name, &text, value_at(variable, &at())));
        } else {
            mentioned(&text, &|| at().key("value"), hosts);
        }
        known.insert(name, text);
    }
    for list in ["command", "args"] {
        let list_at = at.key(list);
        let texts = reader.list(container, at, list).iter().enumerate();
        for (index, text) in texts.filter_map(|(index, value)| Some((index, value.as_str()?))) {
            mentioned(&expanded(text, &known), &|| list_at.index(index), hosts);
        }
    }
}

fn value_at(variable: &Value, at: &FieldPath) -> FieldPath {
    at.key(if variable.get("valueFrom").is_some_and(Value::is_object) { "valueFrom" } else { "value" })
}

fn is_own_address(variable: &Value) -> bool {
    let path = variable.pointer("/valueFrom/fieldRef/fieldPath").and_then(Value::as_str);
    path.is_some_and(|path| OWN_ADDRESSES.contains(&path))
}

fn proxy(name: &str, text: &str, field: FieldPath) -> Option<NamedHost> {
    let text = text.trim();
    match text {
        "" => None,
        _ if text.contains("$(") => Some(untold(field, name, Untold::Variable)),
        _ => Some(NamedHost::of(field, Purpose::Proxy, text)),
    }
}

/// A proxy of which only the variable is told.
fn untold(field: FieldPath, variable: &str, why: Untold) -> NamedHost {
    NamedHost { field, purpose: Purpose::Proxy, text: variable.into(), host: Err(why), is_whole: false }
}

/// The text with `$(NAME)` replaced, as a kubelet does it: by variables in front of it. `$$` is a dollar sign; what is not
/// known stays.
fn expanded<'t>(text: &'t str, known: &BTreeMap<&str, Cow<'_, str>>) -> Cow<'t, str> {
    if !text.contains('$') {
        return Cow::Borrowed(text);
    }
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        whole.push_str(before);
        let named = after.strip_prefix('(').and_then(|open| open.split_once(')'));
        rest = match named {
            _ if after.starts_with('$') => {
                whole.push('$');
                after.strip_prefix('$').unwrap_or_default()
            }
            Some((name, after)) if known.contains_key(name) => {
                whole.push_str(known.get(name).map(AsRef::as_ref).unwrap_or_default());
                after
            }
            Some(_) | None => {
                whole.push('$');
                after
            }
        };
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}
