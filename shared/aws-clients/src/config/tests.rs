use super::*;

const LAMBDA: [(&str, &str); 4] = [
    (REGION, "eu-central-1"),
    (ACCESS_KEY_ID, "AKID"),
    (SECRET_ACCESS_KEY, "hush"),
    (SESSION_TOKEN, "token"),
];

fn read(more: &[(&str, &str)]) -> Result<AwsEnv, EnvError> {
    let variables: BTreeMap<&str, &str> = LAMBDA.iter().chain(more).copied().collect();
    AwsEnv::read(|variable| variables.get(variable).map(ToString::to_string))
}

#[test]
fn what_lambda_sets_is_enough() {
    let env = read(&[]).unwrap();
    assert_eq!(env.region, "eu-central-1");
    assert_eq!(env.credentials.access_key_id(), "AKID");
    assert_eq!(env.credentials.session_token(), Some("token"));
    assert_eq!((env.endpoint_url, env.ca_bundle), (None, None));
}

#[test]
fn a_missing_or_empty_variable_is_named() {
    for variable in [REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY] {
        let error = read(&[(variable, "")]).unwrap_err();
        assert_eq!(error.to_string(), format!("{variable} is not set"));
    }
    assert_eq!(read(&[(SESSION_TOKEN, "")]).unwrap().credentials.session_token(), None);
}

#[test]
fn every_service_may_have_an_endpoint_of_its_own() {
    for service in Service::ALL {
        let variable = service.endpoint_variable();
        let env = read(&[(variable, "http://[::1]:9000/x")]).unwrap();
        env.check_endpoints().unwrap();
        assert_eq!(env.endpoint_urls[&service], "http://[::1]:9000/x");
    }
}

#[test]
fn an_endpoint_that_is_no_url_is_named() {
    for variable in [ENDPOINT_URL, "AWS_ENDPOINT_URL_SQS"] {
        for value in ["localhost:9000", "/sqs", "ftp://localhost", "http://", "http://a b"] {
            let error = read(&[(variable, value)]).unwrap().check_endpoints().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{variable} is {value:?}")));
        }
    }
}

#[test]
fn secrets_are_never_shown() {
    let shown = format!("{:?}", read(&[]).unwrap());
    assert!(shown.contains("AKID"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("token\""), "{shown}");
}

type IsOn = fn(&AwsEnv) -> bool;

#[test]
fn switches_are_read_as_the_sdks_read_them() {
    let switches: [(&str, IsOn); 2] =
        [(USE_FIPS, |env| env.use_fips), (USE_DUAL_STACK, |env| env.use_dual_stack)];
    for (variable, is_on) in switches {
        for (value, on) in [("true", true), ("TRUE", true), ("False", false), ("", false)] {
            assert_eq!(is_on(&read(&[(variable, value)]).unwrap()), on, "{value}");
        }
        for neither in ["1", "yes", "on"] {
            let error = read(&[(variable, neither)]).unwrap_err().to_string();
            assert_eq!(error, format!("{variable} is {neither:?}: set it to true or false"));
        }
    }
}

#[test]
fn an_endpoint_of_ones_own_is_none_of_awss_special_ones() {
    for variable in [USE_FIPS, USE_DUAL_STACK] {
        for endpoint in [ENDPOINT_URL, "AWS_ENDPOINT_URL_SFN"] {
            let both = [(variable, "true"), (endpoint, "http://127.0.0.1:1")];
            let error = read(&both).unwrap().check_endpoints().unwrap_err().to_string();
            assert!(error.contains(variable) && error.contains(endpoint), "{error}");
        }
        read(&[(variable, "true")]).unwrap().check_endpoints().unwrap();
    }
}

#[test]
fn configured_endpoints_can_be_ignored() {
    let endpoints = [(ENDPOINT_URL, "http://[::1]:1"), ("AWS_ENDPOINT_URL_SQS", "http://[::1]:2")];
    let ignoring = |value| {
        let env = read(&[&endpoints[..], &[(IGNORE_ENDPOINT_URLS, value)]].concat()).unwrap();
        env.endpoint_url.is_none() && env.endpoint_urls.is_empty()
    };
    assert!(ignoring("true") && !ignoring("false"));
    assert!(read(&[(IGNORE_ENDPOINT_URLS, "maybe")]).is_err());
}

#[test]
fn a_proxy_is_taken_from_the_environment_or_refused_without_its_password() {
    assert_eq!(read(&[("NO_PROXY", "*")]).unwrap().proxy, Proxy::None);
    for variable in PROXIES {
        for url in ["http://proxy:3128", "https://me:hush@proxy.example.com", "proxy:3128"] {
            let env = read(&[(variable, url)]).unwrap();
            assert_eq!(env.proxy, Proxy::Environment, "{url}");
            assert!(!format!("{env:?}").contains("hush"));
        }
        for bad in ["socks5://me:hush@proxy:1", "http://", "a hush b", "/hush"] {
            let error = read(&[(variable, bad)]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("{variable} is not")), "{error}");
            assert!(!format!("{error:?}").contains("hush"));
        }
    }
}
