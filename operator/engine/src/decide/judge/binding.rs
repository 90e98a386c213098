//! Acts that give something away: a pod its node, a namespace what lies in another.

use alloc::vec::Vec;

use super::{Judge, merge};
use crate::{
    Classification, FieldPath, Holder, Provenance, Subject,
    decide::Assumption,
    rule,
    select::{Requirement, requirements},
    subject::{ClaimInUse, Granted, PodShape},
};

impl Judge<'_> {
    /// A pod gets its node. What counts is what the pod holds, and what the binding adds to its labels.
    pub(super) fn binding(&mut self, subject: &Subject, pod: &str, node: Option<&str>) -> Classification {
        let mut classes = self.classifier.labelled(&subject.labels, &FieldPath::of("metadata.labels"));
        let mut of_pod = Classification::new();
        let known = self.snapshot.pod(self.namespace, pod);
        if let Some(known) = known {
            for shape in &known.shapes {
                let held = self.classifier.shape(shape);
                self.overwritten(subject, shape, &held);
                merge(&mut of_pod, held);
            }
            for class in of_pod.keys() {
                classes.entry(class.clone()).or_default().push(Provenance::Pod { name: pod.into() });
            }
        } else {
            let absent = Assumption::PodAbsent { namespace: self.namespace.into(), name: pod.into() };
            self.classifier.assumptions.insert(absent);
        }
        let claims = known.map(|known| known.claims_in_use(self.namespace)).unwrap_or_default();
        for requirement in requirements(&classes, self.snapshot, self.namespace) {
            let provenance = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
            if !rule::policies_conflict::judge(&requirement, provenance, &mut self.findings) {
                let findings = &mut self.findings;
                rule::binding_outside::judge(node, &requirement, provenance, self.snapshot, findings);
                // A label that the binding brings counts like the pod's own.
                let ways = of_pod.get(&requirement.class).map_or(provenance, Vec::as_slice);
                self.bound_volumes(pod, &claims, &requirement, ways);
            }
        }
        self.whole(subject, &classes);
        classes
    }

    /// The labels of a binding are written over those of its pod. What a selector matched may be lost.
    fn overwritten(&mut self, binding: &Subject, shape: &PodShape, held: &Classification) {
        let labels = shape.labels.overwritten_by(&binding.labels);
        let later = self.classifier.shape(&PodShape { labels, ..shape.clone() });
        let (snapshot, namespace) = (self.snapshot, self.namespace);
        rule::class_removed::judge(held, &later, binding, namespace, snapshot, &mut self.findings);
    }

    /// The volumes of a pod that gets its node.
    fn bound_volumes(
        &mut self,
        pod: &str,
        claims: &[ClaimInUse],
        requirement: &Requirement<'_>,
        provenance: &[Provenance],
    ) {
        let own = (self.namespace.into(), pod.into());
        let (snapshot, findings) = (self.snapshot, &mut self.findings);
        rule::volume_used_outside::judge(claims, &own, requirement, provenance, snapshot, findings);
        rule::volume_unmarked::judge(claims, requirement, provenance, snapshot, findings);
        rule::storage_outside::judge_claims(claims, requirement, provenance, snapshot, findings);
    }

    /// A namespace is let refer to carriers, and so copy them. What counts is what those hold.
    pub(super) fn grant(&mut self, granted: &[Granted]) -> Classification {
        let mut all = Classification::new();
        for Granted { field, to, kind, name } in granted {
            let prefix = name.as_deref().unwrap_or_default();
            let named = self.snapshot.carriers_named(*kind, self.namespace, prefix);
            let meant = named.filter(|(id, _)| name.as_ref().is_none_or(|name| *name == id.name));
            let mut classes = Classification::new();
            for (id, _) in meant {
                self.classifier.of_holder(&Holder::Carrier(id.clone()), field, &mut classes);
            }
            for requirement in requirements(&classes, self.snapshot, self.namespace) {
                let ways = classes.get(&requirement.class).map(Vec::as_slice).unwrap_or_default();
                let findings = &mut self.findings;
                rule::claim_outside_guarded::tell(to, field, &requirement, ways, self.snapshot, findings);
            }
            merge(&mut all, classes);
        }
        all
    }
}
