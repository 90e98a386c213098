//! `/metrics`, over plain HTTP. (client)

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

/// What the text format of OpenMetrics is called.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers `/metrics` on `address` for ever.
///
/// Fails where the address cannot be listened on, or the server ends.
pub async fn serve(address: SocketAddr, registry: Registry) -> std::io::Result<()> {
    let registry = Arc::new(registry);
    let router = Router::new().route("/metrics", get(move || async move { text(&registry) }));
    axum::serve(TcpListener::bind(address).await?, router).await
}

fn text(registry: &Registry) -> Response {
    let mut text = String::new();
    match encode(&mut text, registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
