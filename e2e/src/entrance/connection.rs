//! Cases that connect: the API server judges before it dials, so whatever the pod would answer, being dialled at all is
//! being admitted.

use anyhow::Context;
use bund::cases::AskedRequest;
use serde_json::Value;

use super::{Answer, nothing};
use crate::cluster::Cluster;

/// Asks to connect, as a client does before any protocol is switched.
pub(super) async fn ask(
    cluster: &Cluster,
    asked: &AskedRequest,
    way: &str,
    options: &Value,
) -> anyhow::Result<Answer> {
    let request = http::Request::post(path(asked, way, options)?).body(Vec::new())?;
    match cluster.client().request_text(request).await {
        Err(kube::Error::Api(status))
            if status.code == 403 || status.message.contains("admission webhook") =>
        {
            Ok(Answer::Refused(status.message.clone()))
        }
        // There is nobody to be dialled here.
        Ok(_) | Err(kube::Error::Api(_)) => Ok(Answer::Admitted(Box::new(nothing()))),
        Err(error) => Err(error).context("the API server did not judge a connection"),
    }
}

fn path(asked: &AskedRequest, way: &str, options: &Value) -> anyhow::Result<String> {
    let is_service = options.get("kind").and_then(Value::as_str) == Some("ServiceProxyOptions");
    let resource = if is_service { "services" } else { "pods" };
    let name = asked.name.as_deref().context("a connection to nothing")?;
    let namespace = asked.namespace.as_deref().context("a connection into no namespace")?;
    let how = match way {
        "exec" => "?command=sh&stdout=true",
        "attach" => "?stdout=true",
        "portforward" => "?ports=80",
        _ => "/",
    };
    Ok(format!("/api/v1/namespaces/{namespace}/{resource}/{name}/{way}{how}"))
}
