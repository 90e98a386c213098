//! Traces reach a collector that speaks OTLP over gRPC, with the spans of reviews and nothing of the libraries below.

use std::net::Ipv4Addr;
use std::time::Duration;

use bund_operator::configuration::Tracing;
use bund_operator::tracing_export;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracing_subscriber::layer::SubscriberExt;

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        // The test may have ended.
        let _ = self.0.send(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_the_collector() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, mut exported) = mpsc::unbounded_channel();
    let collector = Server::builder().add_service(TraceServiceServer::new(Collector(sender)));
    let serving = tokio::spawn(collector.serve_with_incoming(TcpIncoming::from(listener)));

    let to = Tracing { otlp_endpoint: format!("http://{address}"), sample_ratio: 1.0 };
    let export = tracing_export::start(&to, "pod-1").unwrap();
    let subscriber = tracing_subscriber::registry().with(export.layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!(target: "h2::client", "of a library").in_scope(|| {});
        tracing::info_span!(target: "bund_operator::webhook", "review", outcome = "Refused").in_scope(|| {});
    });
    tokio::task::spawn_blocking(|| export.flush()).await.unwrap();

    let request = timeout(Duration::from_secs(10), exported.recv()).await.unwrap().unwrap();
    let of_resource = request.resource_spans.first().unwrap();
    let attribute = |key: &str| {
        let attributes = &of_resource.resource.as_ref().unwrap().attributes;
        attributes.iter().any(|attribute| format!("{attribute:?}").contains(key))
    };
    assert!(attribute("bund-operator") && attribute("pod-1"), "{of_resource:?}");
    let spans: Vec<_> = of_resource.scope_spans.iter().flat_map(|scope| &scope.spans).collect();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["review"]);
    assert!(format!("{:?}", spans.first().unwrap().attributes).contains("Refused"));
    serving.abort();
}
