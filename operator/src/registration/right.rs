//! Rights that are verbs of their own, as the API server's authorizer is asked for them in CEL. (pure)
//!
//! A right counts where somebody chose to give it: not by a wildcard, and never to a machine.

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
