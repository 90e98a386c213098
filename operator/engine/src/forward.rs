//! Where objects of the network lead, and where that is.

use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeSet, format};

use bund_crds::{JurisdictionName, ProviderName, destination_mapping::DestinationType};

use crate::{
    FieldPath, Location, Snapshot,
    address::Host,
    cover::{FlowDestination, FlowPlace},
    locate::{locate_called, locate_service},
};

/// Something that an object of the network says of where connections or requests go, or of how they come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forward {
    /// The field.
    pub field: FieldPath,
    /// The text at fault, as far as it tells one from another.
    pub text: Box<str>,
    /// What it says.
    pub to: Towards,
}

/// What a [`Forward`] says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Towards {
    /// To the host or address that the text is.
    Host,
    /// To the address that a load balancer was given: connections come in there, and pods that send there reach the Service.
    Given,
    /// To the URL that the text is.
    Url,
    /// By the region that the text is, of this provider; of those of the cluster where it says none.
    Region(Option<ProviderName>),
    /// To a Service.
    Service {
        /// Its namespace; absent where it is that of the object itself.
        namespace: Option<Box<str>>,
        /// Its name.
        name: Box<str>,
    },
    /// To an object of another kind. Where a mapping reads that kind, it is judged by itself.
    Object {
        /// Its group.
        group: Box<str>,
        /// Its kind.
        kind: Box<str>,
    },
    /// To a place that nobody can tell, with why.
    Untold(&'static str),
    /// Nowhere: it takes connections without TLS.
    Plain,
    /// Nowhere: it lets connections have a TLS older than 1.3.
    OldTls,
}

impl Forward {
    /// Where it leads, as far as any of `jurisdictions` is concerned. `None` where it leads nowhere.
    pub fn locate(
        &self,
        namespace: &str,
        jurisdictions: &BTreeSet<JurisdictionName>,
        snapshot: &Snapshot,
    ) -> Option<Location> {
        let text = self.text.as_ref();
        let called = |host| locate_called(&host, None, jurisdictions, snapshot);
        Some(match &self.to {
            Towards::Plain | Towards::OldTls => return None,
            Towards::Host | Towards::Given => called(Host::of(text)),
            Towards::Url => called(Host::of_url(text)),
            Towards::Region(provider) => {
                let world = snapshot.world();
                let mut tables = jurisdictions.iter().filter_map(|name| world.jurisdiction(name));
                if tables.any(|table| table.lists_region(text, provider.as_ref())) {
                    Location::Inside
                } else {
                    Location::Outside(text.to_owned())
                }
            }
            // Whoever may write Services there is judged for it there.
            Towards::Service { namespace: other, name: _ }
                if other.as_deref().is_none_or(|other| other == namespace) =>
            {
                Location::Inside
            }
            Towards::Service { namespace: other, name } => {
                locate_service(other.as_deref().unwrap_or(namespace), name, jurisdictions, snapshot)
            }
            Towards::Object { group, kind } if snapshot.world().maps(group, kind) => Location::Inside,
            Towards::Object { group, kind } => Location::Unknown(format!(
                "no DestinationMapping tells where {kind} of {group} leads; write one"
            )),
            Towards::Untold(why) => Location::Unknown((*why).to_owned()),
        })
    }

    /// Where it leads, for a transfer that may list the place.
    pub(crate) fn destination(&self) -> FlowDestination {
        let mapped = |kind, provider| FlowPlace::Mapped(kind, self.text.clone(), provider).into();
        match &self.to {
            Towards::Host | Towards::Given => mapped(DestinationType::Host, None),
            Towards::Url => mapped(DestinationType::Url, None),
            Towards::Region(provider) => mapped(DestinationType::Region, provider.clone()),
            Towards::Service { .. }
            | Towards::Object { .. }
            | Towards::Untold(_)
            | Towards::Plain
            | Towards::OldTls => FlowDestination::Untold,
        }
    }
}
