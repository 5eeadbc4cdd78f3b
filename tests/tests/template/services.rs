//! A template for each service: what each is passed, and that it stands by itself.

use std::collections::BTreeSet;

use local_template::Template;
use serde_json::Value;

use crate::document::{Document, MODES, nested, read, reference, resolved, resolved_with};

/// The applications that the root names, by the files they lie in.
fn applications(root: &Document) -> Vec<(String, &Value)> {
    let all = root.all("AWS::Serverless::Application").into_iter();
    all.map(|(_, it)| (it["Location"].as_str().unwrap().to_owned(), &it["Parameters"])).collect()
}

#[test]
fn the_root_is_short_and_names_each_service_once() {
    assert!(read("infra/template.yaml").lines().count() <= 400, "a service belongs in services/");
    let root = Document::of("infra/template.yaml");
    let mut named: Vec<_> = applications(&root).into_iter().map(|(file, _)| file).collect();
    named.sort();
    assert_eq!(named, nested());
}

/// A parameter that is not passed on would be its default in the service, whatever the root is given.
#[test]
fn a_parameter_of_the_root_is_the_same_in_each_service_and_passed_to_it() {
    let root = Document::of("infra/template.yaml");
    let of_root = root.section("Parameters");
    let mut used = BTreeSet::new();
    for (file, passed) in applications(&root) {
        let service = Document::of(&format!("infra/{file}"));
        for (name, declared) in service.section("Parameters") {
            let Some(in_root) = of_root.get(name) else { continue };
            used.insert(name.clone());
            assert_eq!(passed[name], reference(name), "{file}: {name} is not passed on");
            let (mut declared, mut in_root) = (declared.clone(), in_root.clone());
            for declaration in [&mut declared, &mut in_root] {
                declaration.as_object_mut().unwrap().remove("Description");
            }
            assert_eq!(declared, in_root, "{file}: {name} takes other values than in the root");
        }
    }
    for id in
        ["HttpApi", "HttpApiStage", "CustomerAuthorizer", "SchemaRegistryStack", "EventArchive"]
    {
        assert!(root.section("Resources").contains_key(id), "{id}");
    }
    let text = read("infra/template.yaml");
    for name in of_root.keys().filter(|name| !used.contains(*name)) {
        assert!(text.contains(&format!("!Ref {name}")), "no resource reads {name}");
    }
}

/// Figures can be left out: then nothing of the service is there, and all else is.
#[test]
fn without_figures_the_service_that_counts_them_is_left_out() {
    for mode in MODES {
        let whole = resolved(mode);
        let without = resolved_with(&[("FulfilmentMode", mode), ("Figures", "false")]);
        let of = |template: &Template| -> BTreeSet<String> {
            let functions = template.functions.iter().map(|it| it.name.clone());
            let tables = template.tables.iter().map(|it| it.name.clone());
            let queues = template.queues.iter().map(|it| it.name.clone());
            functions.chain(tables).chain(queues).collect()
        };
        let (all, left) = (of(&whole), of(&without));
        let missing: Vec<_> = all.difference(&left).map(String::as_str).collect();
        let of_figures = [
            "orderly-analytics",
            "orderly-analytics-api",
            "orderly-analytics-dlq",
            "orderly-analytics-queue",
            "orderly-order-figures",
            "orderly-product-figures",
        ];
        assert_eq!(missing, of_figures);
        assert!(left.is_subset(&all));
        let is_of_figures = |path: &str| path.contains("figures") || path.contains("board");
        assert!(!without.routes.iter().any(|it| is_of_figures(&it.path)));
        assert_eq!(whole.rules.len() - without.rules.len(), 5);
    }
}

/// What a service is deployed by alone: the names of what there is already, and nothing else that
/// only the root knows.
#[test]
fn a_service_by_itself_asks_for_names_that_the_root_puts_out_or_owns() {
    let root = Document::of("infra/template.yaml");
    for (file, passed) in applications(&root) {
        let service = Document::of(&format!("infra/{file}"));
        let declared: BTreeSet<_> = service.section("Parameters").keys().collect();
        let passed: BTreeSet<_> = passed.as_object().unwrap().keys().collect();
        assert_eq!(passed, declared, "{file}: what is passed is not what is asked for");
        assert!(declared.contains(&"SystemName".to_owned()), "{file} has no names of its own");
        let text = read(&format!("infra/{file}"));
        assert!(!text.contains("AWS::StackName"), "{file}: a nested stack has a name of its own");
        assert!(!text.contains("ImportValue"), "{file} waits for the exports of a stack");
    }
}

/// A route leads to the function of its own service, and API Gateway may take this way and no other.
#[test]
fn each_route_has_one_permission_for_its_own_method_and_path() {
    let document = Document::open();
    let permissions = document.all("AWS::Lambda::Permission");
    let routes = document.all("AWS::ApiGatewayV2::Route");
    assert_eq!(permissions.len(), routes.len());
    for (id, route) in routes {
        let (method, path) = route["RouteKey"].as_str().unwrap().split_once(' ').unwrap();
        let path: Vec<_> =
            path.split('/').map(|it| if it.starts_with('{') { "*" } else { it }).collect();
        let of_route = format!("${{HttpApi}}/*/{method}{}", path.join("/"));
        let ends = |it: &Value| it["SourceArn"]["Fn::Sub"].as_str().unwrap().ends_with(&of_route);
        let own = permissions.iter().filter(|(_, it)| ends(it)).count();
        assert_eq!(own, 1, "{id}");
    }
}

/// A service that a parameter leaves out leaves nothing behind, and the others stay as they are.
#[test]
fn a_stack_may_do_without_timelines() {
    let [with, without] = ["true", "false"].map(|it| resolved_with(&[("OrderTimeline", it)]));
    let functions = ["orderly-timeline", "orderly-timeline-api"];
    assert!(functions.iter().all(|it| with.function(it).is_some()));
    let others = with.functions.iter().map(|it| it.name.as_str());
    let others: Vec<_> = others.filter(|it| !functions.contains(it)).collect();
    let left: Vec<_> = without.functions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(left, others);
    let count = |it: &local_template::Template| {
        [it.tables.len(), it.queues.len(), it.rules.len(), it.routes.len(), it.mappings.len()]
    };
    let (with, without) = (count(&with), count(&without));
    let differ: Vec<_> = with.iter().zip(without).map(|(with, without)| with - without).collect();
    assert_eq!(differ, [1, 2, 1, 2, 1]);
}

#[test]
fn a_timeline_is_kept_for_ever_unless_a_number_of_days_is_given() {
    let days = |more: &[(&str, &str)]| {
        let template = resolved_with(more);
        let function = template.function("orderly-timeline").unwrap();
        function.environment.get("TIMELINE_RETENTION_DAYS").cloned()
    };
    assert_eq!(days(&[]), None);
    assert_eq!(days(&[("TimelineRetentionDays", "400")]).as_deref(), Some("400"));
}
