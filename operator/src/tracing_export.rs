//! Traces by OTLP over gRPC, if the configuration asks for them. (client)

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::registry::LookupSpan;

use crate::configuration::Tracing;

/// Spans on their way to a collector, in batches, in the background. A collector that is not there costs traces,
/// nothing else.
pub struct Export(SdkTracerProvider);

/// Why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
#[error("no exporter can be built for tracing.otlpEndpoint")]
pub struct Error(#[source] opentelemetry_otlp::ExporterBuildError);

/// Exports a share of the spans of the process `identity`.
pub fn start(to: &Tracing, identity: &str) -> Result<Export, Error> {
    let exporter =
        SpanExporter::builder().with_tonic().with_endpoint(&to.otlp_endpoint).build().map_err(Error)?;
    let resource = Resource::builder()
        .with_service_name("bund-operator")
        .with_attribute(opentelemetry::KeyValue::new("service.instance.id", identity.to_owned()))
        .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(to.sample_ratio)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(resource)
        .build();
    Ok(Export(provider))
}

impl Export {
    /// What hands spans of this crate to the exporter. Spans of the libraries below, the exporter's own among
    /// them, are not traced.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let targets =
            tracing_subscriber::filter::Targets::new().with_target("bund_operator", LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("bund-operator")).with_filter(targets)
    }

    /// Sends what is left, and ends.
    pub fn flush(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(error = crate::chain(&error), "the last traces could not be sent");
        }
    }
}
