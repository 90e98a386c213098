//! Rights that are verbs of their own, as the API server's authorizer is asked for them in CEL. (pure)
//!
//! A right counts where somebody chose to give it: not by a wildcard, and never to a machine.

use bund_crds::ClassName;
use serde_json::json;

use super::{Strictest, Trusted};

/// How many classes a right is asked for one by one: the API server lets a policy ask its authorizer no more than 28
/// times. For more classes the right on all of them is needed.
pub(super) const CLASSES: usize = 12;

/// A verb that nobody grants: whoever has it has every verb by wildcard, and was not chosen.
pub(crate) const NOBODY_GRANTS: &str = "hold-by-wildcard";

/// The requester is no service account.
pub(super) const IS_PERSON: &str = "!request.userInfo.username.startsWith('system:serviceaccount:')";

/// A virtual resource of our group on which a right is a verb.
#[derive(Clone, Copy)]
pub(super) struct Resource<'r> {
    pub(super) plural: &'r str,
    /// A CEL expression for the one object; `None`: all of them.
    pub(super) name: Option<&'r str>,
}

impl Resource<'_> {
    /// The requester has this verb.
    pub(super) fn may(self, verb: &str) -> String {
        let Resource { plural, name } = self;
        let named = name.map(|name| format!(".name({name})")).unwrap_or_default();
        let group = bund_crds::GROUP;
        format!("authorizer.group('{group}').resource('{plural}'){named}.check('{verb}').allowed()")
    }

    /// The requester has whatever they have here by a wildcard.
    pub(super) fn held_by_wildcard(self) -> String {
        self.may(NOBODY_GRANTS)
    }

    /// The requester was given this verb.
    pub(super) fn was_given(self, verb: &str) -> String {
        format!("{} && !{}", self.may(verb), self.held_by_wildcard())
    }
}

/// The classes with which policies trust the requester: the variable `trustedWith`.
pub(super) fn trusted_with(trusted: &Trusted) -> String {
    format!("dyn({})[?request.userInfo.username].orValue([])", json!(trusted))
}

/// The requester has a right on every class that the strictest policies keep. One expression per class, because an
/// expression may ask the authorizer twice; they read the variable `trustedWith`.
pub(super) fn on_every_class(verb: &str, strictest: Option<&Strictest>) -> Vec<String> {
    let Some(strictest) = strictest else { return vec!["true".to_owned()] };
    if strictest.classes.len() > CLASSES {
        let all = Resource { plural: "dataclasses", name: None };
        return vec![format!("{IS_PERSON} && {}", all.was_given(verb))];
    }
    strictest.classes.iter().map(|class| on_class(verb, class)).collect()
}

fn on_class(verb: &str, class: &ClassName) -> String {
    let name = format!("'{class}'");
    let resource = Resource { plural: "dataclasses", name: Some(&name) };
    format!(
        "{name} in variables.trustedWith ? {} : {IS_PERSON} && {}",
        resource.may(verb),
        resource.was_given(verb)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_asked_for_by_its_verb_and_by_one_that_nobody_grants() {
        let class = Resource { plural: "dataclasses", name: Some("variables.class") };
        assert_eq!(
            class.was_given("declassify"),
            "authorizer.group('bund.dev').resource('dataclasses').name(variables.class).check('declassify').allowed() && \
             !authorizer.group('bund.dev').resource('dataclasses').name(variables.class).check('hold-by-wildcard').allowed()"
        );
    }
}
