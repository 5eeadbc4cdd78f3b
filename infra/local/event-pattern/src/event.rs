//! An event as its leaves: path, value, and the array elements each stands in.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use serde_json::Value;

/// The dotted path of `name` under `parent`. A dot inside a name counts as a step.
pub(crate) fn child(parent: Option<&str>, name: &str) -> String {
    parent.map_or_else(|| name.to_owned(), |parent| format!("{parent}.{name}"))
}

/// Whether `path` is `prefix` or lies below it.
fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// An element of an array, or the event itself: where a leaf stands. Scalars of an array stand
/// where the array stands, so that each of them may match alone.
pub(crate) type Scope = usize;

/// The scope of what stands in no array.
pub(crate) const ROOT: Scope = 0;

#[derive(Debug)]
struct Element {
    parent: Scope,
    /// The path of the array.
    array: Arc<str>,
}

/// A leaf at some path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf<'e> {
    pub(crate) value: &'e Value,
    pub(crate) scope: Scope,
}

/// The leaves of an event at the paths that a pattern looks at.
#[derive(Debug, Default)]
pub(crate) struct Fields<'e> {
    leaves: BTreeMap<Arc<str>, Vec<Leaf<'e>>>,
    /// The elements; scope `n` is `elements[n - 1]`.
    elements: Vec<Element>,
}

impl<'e> Fields<'e> {
    /// Walks `event` as far as `paths` reach. A stack of its own keeps deep events off the
    /// thread's.
    pub(crate) fn collect(event: &'e Value, paths: &BTreeSet<Arc<str>>) -> Self {
        let mut fields = Self::default();
        let mut open: Vec<(Option<Arc<str>>, &Value, Scope)> = vec![(None, event, ROOT)];
        while let Some((path, value, scope)) = open.pop() {
            match (value, path) {
                (Value::Object(members), path) => {
                    for (name, value) in members {
                        let path = child(path.as_deref(), name);
                        if is_wanted(&path, paths) {
                            open.push((Some(path.into()), value, scope));
                        }
                    }
                }
                (Value::Array(elements), Some(path)) => {
                    for element in elements {
                        let is_leaf = !element.is_object() && !element.is_array();
                        let scope = if is_leaf { scope } else { fields.enter(scope, &path) };
                        open.push((Some(Arc::clone(&path)), element, scope));
                    }
                }
                (value, Some(path)) => {
                    fields.leaves.entry(path).or_default().push(Leaf { value, scope });
                }
                (_, None) => {}
            }
        }
        fields
    }

    fn enter(&mut self, parent: Scope, array: &Arc<str>) -> Scope {
        self.elements.push(Element { parent, array: Arc::clone(array) });
        self.elements.len()
    }

    /// Every leaf at `path`.
    pub(crate) fn at(&self, path: &str) -> &[Leaf<'e>] {
        self.leaves.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// `scope` and all that it lies in, up to the root.
    pub(crate) fn outwards(&self, scope: Scope) -> impl Iterator<Item = Scope> {
        std::iter::successors(Some(scope), |scope| self.element(*scope).map(|it| it.parent))
    }

    /// The nearest scope around `scope` whose array `path` passes through as well: elements of
    /// other arrays say nothing about what may stand at `path`.
    pub(crate) fn seen_from(&self, path: &str, scope: Scope) -> Scope {
        let passes = |scope: &Scope| match self.element(*scope) {
            Some(element) => is_within(path, &element.array),
            None => true,
        };
        self.outwards(scope).find(passes).unwrap_or(ROOT)
    }

    fn element(&self, scope: Scope) -> Option<&Element> {
        scope.checked_sub(1).and_then(|index| self.elements.get(index))
    }
}

fn is_wanted(path: &str, paths: &BTreeSet<Arc<str>>) -> bool {
    let below = format!("{path}.");
    let mut after = paths.range::<str, _>((Bound::Included(&*below), Bound::Unbounded));
    paths.contains(path) || after.next().is_some_and(|it| it.starts_with(&below))
}
