//! The caller of a request: the principal that IAM has authorized at the gateway.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;

use crate::Problem;

/// A principal whose request was signed, and which a policy allows to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamCaller {
    /// The account, and the id of the user or role: the same in each session of a role, and no
    /// personal data.
    pub principal: String,
    /// The ARN, which names the session too, and so perhaps a person.
    pub arn: String,
}

pub(crate) fn caller(event: &ApiGatewayV2httpRequest) -> Result<IamCaller, Problem> {
    let authorizer = event.request_context.authorizer.as_ref();
    let iam = authorizer.and_then(|authorizer| authorizer.iam.as_ref());
    let non_empty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let known = iam.and_then(|iam| {
        // `AROA…:session` for a role, `AIDA…` for a user.
        let user = non_empty(&iam.user_id)?;
        let id = user.split(':').next()?;
        let principal = format!("{}/{id}", non_empty(&iam.account_id)?);
        Some(IamCaller { principal, arn: non_empty(&iam.user_arn)? })
    });
    known.ok_or_else(|| Problem::forbidden("the request has no IAM identity: sign it"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Request;

    fn caller(authorizer: &Value) -> Result<IamCaller, Problem> {
        let context = json!({ "http": { "method": "GET" }, "authorizer": authorizer });
        let event = json!({ "requestContext": context });
        Request::new(&serde_json::from_value(event).unwrap()).iam_caller()
    }

    fn role(session: &str) -> Value {
        json!({ "iam": {
            "accessKey": "ASIAEXAMPLE",
            "accountId": "000000000000",
            "callerId": format!("AROAEXAMPLE:{session}"),
            "cognitoIdentity": null,
            "principalOrgId": "o-example",
            "userArn": format!("arn:aws:sts::000000000000:assumed-role/Warehouse/{session}"),
            "userId": format!("AROAEXAMPLE:{session}"),
        } })
    }

    #[test]
    fn a_role_is_the_same_caller_in_each_of_its_sessions() {
        let [one, two] = ["till-1", "till-2"].map(|session| caller(&role(session)).unwrap());
        assert_eq!(one.principal, "000000000000/AROAEXAMPLE");
        assert_eq!(one.principal, two.principal);
        assert_eq!(two.arn, "arn:aws:sts::000000000000:assumed-role/Warehouse/till-2");
    }

    #[test]
    fn a_caller_whom_iam_does_not_name_is_refused() {
        let mut unnamed = role("till-1");
        unnamed["iam"]["userId"] = Value::Null;
        let customer = json!({ "jwt": { "claims": { "sub": "user-1", "scope": "stock:write" } } });
        for authorizer in [Value::Null, json!({}), customer, json!({ "iam": {} }), unnamed] {
            assert_eq!(caller(&authorizer).unwrap_err().status(), 403, "{authorizer}");
        }
    }
}
