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
