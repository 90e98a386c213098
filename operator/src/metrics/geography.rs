//! The databases that say where public addresses are.

use bund_engine::snapshot::{DatabaseState, Service};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDatabase {
    database: String,
}

/// How each database stands. Their names are from the configuration, so there are two at most.
#[derive(Clone, Debug, Default)]
pub(super) struct GeographyMetrics {
    usable: Family<OfDatabase, Gauge>,
    current: Family<OfDatabase, Gauge>,
    built: Family<OfDatabase, Gauge>,
    good_until: Family<OfDatabase, Gauge>,
}

impl GeographyMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "geo_database_usable",
            "1 while the database of addresses is there and not too old; while it is 0, no public address is inside by any",
            self.usable.clone(),
        );
        registry.register(
            "geo_database_current",
            "1 while what is in use is the latest file; 0 where that could not be read",
            self.current.clone(),
        );
        registry.register(
            "geo_database_build_timestamp_seconds",
            "When the database of addresses was built, in seconds since 1970",
            self.built.clone(),
        );
        registry.register(
            "geo_database_expiry_timestamp_seconds",
            "When the database of addresses becomes too old, in seconds since 1970",
            self.good_until.clone(),
        );
    }

    pub(super) fn tell(&self, states: &[DatabaseState]) {
        for DatabaseState { name, built, good_until, service } in states {
            let label = OfDatabase { database: name.to_string() };
            let usable = matches!(service, Service::InUse | Service::Kept(_));
            let current = matches!(service, Service::InUse | Service::Stale);
            self.usable.get_or_create(&label).set(usable.into());
            self.current.get_or_create(&label).set(current.into());
            for (gauge, moment) in [(&self.built, built), (&self.good_until, good_until)] {
                if let Some(moment) = moment {
                    gauge.get_or_create(&label).set(moment.as_second());
                }
            }
        }
    }
}
