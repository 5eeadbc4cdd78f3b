//! A conjunction of demands, one per path, matched so that arrays stay consistent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    event::{Fields, ROOT, Scope},
    matcher::Matcher,
};

/// What must hold at every one of these paths at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alternative {
    demands: BTreeMap<Arc<str>, Arc<[Matcher]>>,
}

impl Alternative {
    /// Demands that one of `matchers` accepts what stands at `path`, in place of what was
    /// demanded there before.
    pub(crate) fn demand(&mut self, path: &Arc<str>, matchers: &Arc<[Matcher]>) {
        self.demands.insert(Arc::clone(path), Arc::clone(matchers));
    }

    /// The paths that this looks at.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.demands.keys()
    }

    /// Whether all demands hold, with values that stand in one element of each array they
    /// share.
    ///
    /// Paths come in sorted order, so those below one array follow each other. It is therefore
    /// enough to know in which element the match so far stands, and the work grows with the
    /// number of leaves, not with the product of the arrays' lengths.
    pub(crate) fn matches(&self, fields: &Fields<'_>) -> bool {
        let mut scopes = BTreeSet::from([ROOT]);
        for (path, matchers) in &self.demands {
            scopes = scopes.iter().map(|scope| fields.seen_from(path, *scope)).collect();
            scopes = step(fields, path, matchers, &scopes);
            if scopes.is_empty() {
                return false;
            }
        }
        true
    }
}

/// The scopes that a match can stand in after the demand at `path`.
fn step(
    fields: &Fields<'_>,
    path: &str,
    matchers: &[Matcher],
    scopes: &BTreeSet<Scope>,
) -> BTreeSet<Scope> {
    let leaves = fields.at(path);
    let accepted: BTreeSet<Scope> = leaves
        .iter()
        .filter(|leaf| matchers.iter().any(|matcher| matcher.accepts(leaf.value)))
        .map(|leaf| leaf.scope)
        .collect();
    let lies_in = |scope: Scope, any: &BTreeSet<Scope>| {
        fields.outwards(scope).any(|around| any.contains(&around))
    };
    // Two scopes agree where one lies in the other; the inner one is what is known then.
    let deeper = accepted.iter().copied().filter(|scope| lies_in(*scope, scopes));
    let kept = scopes.iter().copied().filter(|scope| lies_in(*scope, &accepted));
    let mut after: BTreeSet<Scope> = deeper.chain(kept).collect();
    if matchers.contains(&Matcher::Absent) {
        let standing: BTreeSet<Scope> = leaves.iter().map(|leaf| leaf.scope).collect();
        let around: BTreeSet<Scope> =
            standing.iter().flat_map(|scope| fields.outwards(*scope)).collect();
        let vacant = |scope: &Scope| !around.contains(scope) && !lies_in(*scope, &standing);
        after.extend(scopes.iter().copied().filter(vacant));
    }
    after
}
