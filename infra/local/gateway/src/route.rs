//! Which route answers a request: the most specific one, as API Gateway picks it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>.

use std::collections::BTreeMap;

use axum::http::Method;

use crate::{Access, RouteSpec};

/// The path of the route that takes what no other route does.
const DEFAULT: &str = "$default";

/// Why a route cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The path neither starts with `/` nor is `$default`.
    #[error("route {0:?}: a path starts with '/', or is $default")]
    NotAbsolute(String),
    /// A `{name+}` stands before the end.
    #[error("route {0:?}: a greedy variable stands at the end of its path")]
    GreedyInside(String),
    /// Two routes have the same key.
    #[error("route {0:?} is declared twice; keep one")]
    Duplicate(String),
}

/// One segment of a path; the order is the order of preference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Variable(String),
    Greedy(String),
}

impl Segment {
    fn parse(text: &str) -> Self {
        let variable = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match variable.map(|name| (name, name.strip_suffix('+'))) {
            None => Self::Literal(text.to_owned()),
            Some((_, Some(name))) => Self::Greedy(name.to_owned()),
            Some((name, None)) => Self::Variable(name.to_owned()),
        }
    }

    fn preference(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Variable(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

/// A route that is ready to be matched.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) key: String,
    pub(crate) function: String,
    pub(crate) access: Access,
    pub(crate) scopes: Vec<String>,
    /// `None` is `ANY`.
    method: Option<String>,
    /// `None` is `$default`.
    segments: Option<Vec<Segment>>,
}

impl Route {
    fn parse(spec: RouteSpec) -> Result<Self, RouteError> {
        let RouteSpec { method, path, function, access, scopes } = spec;
        if path == DEFAULT {
            let key = DEFAULT.to_owned();
            return Ok(Self { key, function, access, scopes, method: None, segments: None });
        }
        let method = method.to_ascii_uppercase();
        let key = format!("{method} {path}");
        let Some(rest) = path.strip_prefix('/') else { return Err(RouteError::NotAbsolute(key)) };
        let segments: Vec<_> = rest.split('/').map(Segment::parse).collect();
        let greedy_at = segments.iter().position(|it| matches!(it, Segment::Greedy(_)));
        if greedy_at.is_some_and(|at| at + 1 < segments.len()) {
            return Err(RouteError::GreedyInside(key));
        }
        let method = (method != "ANY").then_some(method);
        Ok(Self { key, function, access, scopes, method, segments: Some(segments) })
    }

    /// Smaller is tried first: whole matches before greedy ones before `$default`, then
    /// literals before variables from the left, then the exact method before `ANY`.
    fn rank(&self) -> (u8, Vec<u8>, bool) {
        let Some(segments) = &self.segments else { return (2, Vec::new(), true) };
        let greedy = matches!(segments.last(), Some(Segment::Greedy(_)));
        let preferences = segments.iter().map(Segment::preference).collect();
        (u8::from(greedy), preferences, self.method.is_none())
    }

    /// The path variables, if `path` (decoded) is one of this route's.
    fn captures(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut captured = BTreeMap::new();
        let Some(segments) = &self.segments else { return Some(captured) };
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in segments {
            let remaining = rest?;
            if let Segment::Greedy(name) = segment {
                captured.insert(name.clone(), remaining.to_owned());
                return (!remaining.is_empty()).then_some(captured);
            }
            let (head, tail) = match remaining.split_once('/') {
                Some((head, tail)) => (head, Some(tail)),
                None => (remaining, None),
            };
            match segment {
                Segment::Literal(text) if text == head => {}
                Segment::Variable(name) if !head.is_empty() => {
                    captured.insert(name.clone(), head.to_owned());
                }
                Segment::Literal(_) | Segment::Variable(_) | Segment::Greedy(_) => return None,
            }
            rest = tail;
        }
        rest.is_none().then_some(captured)
    }
}

/// Every route of an API, most specific first.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    pub(crate) fn parse(specs: Vec<RouteSpec>) -> Result<Self, RouteError> {
        let mut routes = specs.into_iter().map(Route::parse).collect::<Result<Vec<_>, _>>()?;
        routes.sort_by(|left, right| {
            left.rank().cmp(&right.rank()).then_with(|| left.key.cmp(&right.key))
        });
        match routes.windows(2).find(|pair| pair[0].key == pair[1].key) {
            Some(pair) => Err(RouteError::Duplicate(pair[0].key.clone())),
            None => Ok(Self(routes)),
        }
    }

    /// The route for a request, with its path variables.
    pub(crate) fn find(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<(&Route, BTreeMap<String, String>)> {
        self.0
            .iter()
            .filter(|route| route.method.as_deref().is_none_or(|it| it == method.as_str()))
            .find_map(|route| Some((route, route.captures(path)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(key: &str) -> RouteSpec {
        let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
        RouteSpec {
            method: method.to_owned(),
            path: path.to_owned(),
            function: "f".to_owned(),
            access: Access::Anyone,
            scopes: Vec::new(),
        }
    }

    fn routes(keys: &[&str]) -> Result<Routes, RouteError> {
        Routes::parse(keys.iter().map(|key| spec(key)).collect())
    }

    #[track_caller]
    fn found(routes: &Routes, request: &str) -> Option<String> {
        let (method, path) = request.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        routes.find(&method, path).map(|(route, captured)| {
            captured
                .iter()
                .fold(route.key.clone(), |key, (name, value)| format!("{key} {name}={value}"))
        })
    }

    #[test]
    fn the_most_specific_route_wins_as_in_the_developer_guide() {
        let routes = routes(&[
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "GET /pets/dog/1",
        ])
        .unwrap();
        let at = |request| found(&routes, request).unwrap();
        assert_eq!(at("GET /pets/dog/1"), "GET /pets/dog/1");
        assert_eq!(at("GET /pets/dog/2"), "GET /pets/dog/{id} id=2");
        assert_eq!(at("GET /pets/cat/1"), "GET /pets/{proxy+} proxy=cat/1");
        assert_eq!(at("POST /test/5"), "ANY /{proxy+} proxy=test/5");
        assert_eq!(at("GET /"), "$default");
    }

    #[test]
    fn an_exact_method_beats_any_on_the_same_path() {
        let routes = routes(&["ANY /orders", "POST /orders"]).unwrap();
        assert_eq!(found(&routes, "POST /orders").unwrap(), "POST /orders");
        assert_eq!(found(&routes, "PUT /orders").unwrap(), "ANY /orders");
    }

    #[test]
    fn a_variable_takes_one_segment_that_is_not_empty() {
        let routes = routes(&["GET /orders/{id}", "GET /orders/{id}/events"]).unwrap();
        assert_eq!(found(&routes, "GET /orders/a/events").unwrap(), "GET /orders/{id}/events id=a");
        assert_eq!(found(&routes, "GET /orders/"), None);
        assert_eq!(found(&routes, "GET /orders/a/b"), None);
        assert_eq!(found(&routes, "GET /orders/a/"), None);
        assert_eq!(found(&routes, "POST /orders/a"), None);
    }

    #[test]
    fn what_cannot_be_a_route_is_refused_by_name() {
        let refused = |keys: &[&str]| routes(keys).unwrap_err().to_string();
        assert!(refused(&["GET orders"]).contains("GET orders"));
        assert!(refused(&["GET /{proxy+}/x"]).contains("greedy"));
        assert!(refused(&["GET /a", "get /a"]).contains("declared twice"));
    }
}
