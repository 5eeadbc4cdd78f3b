//! Least privilege, the other way round: what a function needs and its role does not allow is
//! refused in every world; here, what its role allows is used by some world, or comes out of the
//! template.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use local_iam::Permission;
use local_template::{Function, Template};
use simulation::{
    Fault, InjectedFault, Mode, Outage, Plan, Point, Profile, Run, Site, Story, World,
};

/// What each function used, by its name.
type Used = BTreeMap<String, BTreeSet<Permission>>;

/// Actions that no world can use, in one mode or in both, each with the reason.
const OUTSIDE: [(&str, &str, Option<Mode>, &str); 4] = [
    (
        "secretsmanager:GetSecretValue",
        "parameter/",
        None,
        "the template lets a secret be in either service, and on the ARN of the one the action of \
         the other allows nothing",
    ),
    (
        "ssm:GetParameter",
        "parameter/",
        None,
        "keys of providers are read when a process starts, with the clients of the providers, for \
         which others stand in here; the flows of tests/tests read them on the local stack",
    ),
    (
        "sqs:ChangeMessageVisibility",
        "orderly-order-queue",
        Some(Mode::Orchestration),
        "no rule leads to this queue: what is in it was sent before the mode was changed",
    ),
    ("sqs:SendMessage", "orderly-order-dlq", Some(Mode::Orchestration), "as above"),
];
/// So many worlds in which much fails show all that a function does then.
const FAILING_MAX: u64 = 20;
/// More often than an SDK tries, and a handler after it.
const FAILURES_MAX: usize = 12;
/// KMS is asked by the services that encrypt, as the function, and no service here encrypts.
const OF_THE_KEY: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// Streams that are away until the customer comes back: the read model has no row of the order.
const AWAY: Outage = Outage {
    tables: &["order-events"],
    from: Duration::ZERO,
    until: Duration::from_hours(1),
    republished: true,
};
const COMES_BACK_MS: u64 = 30 * 60 * 1_000;

fn template(mode: Mode, more: &[(&str, &str)]) -> Template {
    let mut parameters = vec![("FulfilmentMode", mode.as_str())];
    parameters.extend(more);
    testkit::template_with(&parameters)
}

/// Worlds in which together everything happens that a function has a permission for.
fn worlds(mode: Mode) -> Vec<Run> {
    let calm = Profile::calm().in_mode(mode);
    let play = |seed: u64, profile: &Profile, stories: &[Story]| {
        World::new(seed, Plan::Drawn(profile.clone())).play(stories)
    };
    let with_webhooks = calm.clone().with_webhooks();
    let amid_rebuild =
        calm.clone().with_rebuild(Duration::from_secs(1)).with_arrivals(Duration::from_mins(1));
    let mut short = Story::SHORT.to_vec();
    short.push(Story::NeverStocked);
    vec![
        play(1, &with_webhooks, &short),
        play(1, &with_webhooks, &[Story::Reviewed, Story::Late]),
        play(
            1,
            &with_webhooks.clone().with_rebuild(Duration::from_secs(1)),
            &[Story::Reviewed, Story::ReadAgain(COMES_BACK_MS)],
        ),
        // Some place their orders after the switch.
        play(1, &amid_rebuild, &Story::SHORT),
        play(1, &calm.clone().with_outage(AWAY), &[Story::ReadAgain(COMES_BACK_MS)]),
        retries(&calm, "analytics", Story::Happy),
        retries(&calm, "timeline", Story::Happy),
        retries(&calm, "shipping", Story::Cancelled(1_500)),
    ]
}

/// A world in which so much fails that messages are delivered again and dead-lettered.
fn failing(mode: Mode, seed: u64) -> Run {
    // Payments stay without an answer, so that webhooks find some that wait.
    let mut failing = Profile::calm().in_mode(mode).with_webhooks();
    failing.heals_after = Duration::from_mins(10);
    for (fault, rate) in
        [(Fault::Throttle, 0.6), (Fault::Poison, 0.4), (Fault::KeepErrorAfter, 0.6)]
    {
        failing = failing.with(fault, rate);
    }
    World::new(seed, Plan::Drawn(failing)).play(&Story::SHORT)
}

/// A world in which writes of this function fail one after the other until it has a message
/// delivered again.
fn retries(calm: &Profile, function: &str, story: Story) -> Run {
    let play = |injected| {
        World::new(1, Plan::Exactly(injected, calm.clone())).play(std::slice::from_ref(&story))
    };
    let process = format!("{function}#");
    let mut injected = Vec::new();
    let mut run = play(Vec::new());
    while injected.len() < FAILURES_MAX {
        let from = injected.last().map_or(0, |it: &InjectedFault| it.at + 1);
        let is_next =
            |it: &&Point| it.at >= from && it.site == Site::Write && it.what.starts_with(&process);
        let Some(next) = run.points.iter().find(is_next) else { break };
        injected.push(InjectedFault { at: next.at, fault: Fault::ErrorBefore });
        run = play(injected.clone());
        let of = run.permissions.iter().filter(|(name, _)| name.ends_with(function));
        let mut used = of.flat_map(|(_, permissions)| permissions);
        if used.any(|it| it.action == "sqs:ChangeMessageVisibility") {
            break;
        }
    }
    run
}

/// What Lambda uses of the roles, before any code of a function runs.
fn used_by_lambda(template: &Template) -> Used {
    let of = |function: &Function| {
        let requests = template.done_by_lambda(function);
        let used = requests.iter().filter_map(|it| function.role.permission_for(it)).collect();
        (function.name.clone(), used)
    };
    template.functions.iter().map(of).collect()
}

fn is_outside(permission: &Permission, mode: Mode) -> bool {
    OUTSIDE.iter().any(|(action, resource, only, _)| {
        permission.action == *action
            && permission.resource.contains(resource)
            && only.is_none_or(|only| only == mode)
    })
}

/// What is granted and not used, of the functions of the template.
fn unused(template: &Template, used: &Used, mode: Mode) -> Vec<String> {
    let of = |function: &Function| {
        let used = used.get(&function.name).cloned().unwrap_or_default();
        let granted = function.role.permissions().into_iter();
        let idle = granted.filter(move |it| !used.contains(it) && !is_outside(it, mode));
        let name = function.name.clone();
        idle.map(move |it| format!("{name}: {it}")).collect::<Vec<_>>()
    };
    template.functions.iter().flat_map(of).collect()
}

#[test]
fn every_permission_of_every_role_is_used_in_each_mode() {
    for mode in Mode::ALL {
        let template = template(mode, &[]);
        let mut used = used_by_lambda(&template);
        let take = |used: &mut Used, run: Run| {
            assert!(run.holds(), "{mode:?} {run}");
            for (function, permissions) in run.permissions {
                used.entry(function).or_default().extend(permissions);
            }
        };
        for run in worlds(mode) {
            take(&mut used, run);
        }
        // Which function fails how often is the seed's.
        for seed in 1..=FAILING_MAX {
            if unused(&template, &used, mode).is_empty() {
                break;
            }
            take(&mut used, failing(mode, seed));
        }
        assert_eq!(unused(&template, &used, mode), Vec::<String>::new(), "in {mode:?}");
        let listed = used.values().flatten().filter(|it| is_outside(it, mode));
        assert_eq!(listed.collect::<Vec<_>>(), Vec::<&Permission>::new(), "listed, and used");
    }
}

/// A wildcard among the actions allows what nothing uses, whatever uses the rest of it.
#[test]
fn no_role_has_a_wildcard_among_its_actions() {
    for mode in Mode::ALL {
        for function in template(mode, &[]).functions {
            let wide = function.role.permissions();
            let wide = wide.iter().find(|it| it.action.contains(['*', '?']));
            assert_eq!(wide, None, "{} in {mode:?}", function.name);
        }
    }
}

#[test]
fn a_key_adds_only_its_own_use_to_roles() {
    let key = "arn:aws:kms:us-east-1:000000000000:key/1";
    for mode in Mode::ALL {
        let [without, with] = [template(mode, &[]), template(mode, &[("KmsKeyArn", key)])];
        for function in &with.functions {
            let bare = &without.function(&function.name).unwrap().role;
            let names = |permissions: Vec<Permission>| -> BTreeSet<String> {
                permissions.iter().map(ToString::to_string).collect()
            };
            let (bare, keyed) = (names(bare.permissions()), names(function.role.permissions()));
            for added in keyed.difference(&bare) {
                let (action, resource) = added.split_once(" on ").unwrap();
                assert!(OF_THE_KEY.contains(&action), "{}: {added}", function.name);
                assert_eq!(resource, key, "{}: {added}", function.name);
            }
        }
    }
}

/// The check fails for what is added and not used, and for what repeats what is there.
#[test]
fn what_nothing_uses_is_found() {
    let mode = Mode::Choreography;
    let mut template = template(mode, &[]);
    let used = used_by_lambda(&template);
    let before = unused(&template, &used, mode);
    let queue = "arn:aws:sqs:us-east-1:000000000000:orderly-payment-queue";
    for action in ["sqs:PurgeQueue", "sqs:ReceiveMessage", "sqs:*"] {
        let policy = serde_json::json!({
            "Statement": { "Effect": "Allow", "Action": action, "Resource": queue }
        });
        let payment = template.functions.iter_mut().find(|it| it.name == "orderly-payment");
        let statements = local_iam::identity_policy(&policy).unwrap();
        payment.unwrap().role.statements.extend(statements);
        let after = unused(&template, &used, mode);
        assert!(after.contains(&format!("orderly-payment: {action} on {queue}")), "{after:?}");
    }
    assert_eq!(unused(&template, &used, mode).len(), before.len() + 3);
}
