//! The three ways to name a queue: by name, URL and ARN.

use local_core::{ACCOUNT, AwsError, REGION};

use crate::error;

/// The ARN of the queue `name`.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The name of the queue that `arn` stands for.
///
/// # Errors
/// `InvalidParameterValue` if it is not the ARN of a queue of this account and region: correct it.
pub fn queue_name_of_arn(arn: &str) -> Result<&str, AwsError> {
    let expected = format!("an ARN of the form {} is expected.", queue_arn("<name>"));
    arn.strip_prefix(&queue_arn(""))
        .filter(|name| !name.is_empty() && !name.contains(':'))
        .ok_or_else(|| error::invalid("ARN", arn, &expected))
}

/// The name of the queue that `url` stands for, which may be the bare name. The host does not
/// matter: one endpoint has several names.
///
/// # Errors
/// `InvalidAddress` if it is not the URL of a queue of this account: correct it.
pub fn queue_name_of_url(url: &str) -> Result<&str, AwsError> {
    if !url.is_empty() && !url.contains([':', '/']) {
        return Ok(url);
    }
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let owned = path.and_then(|(_, path)| path.split_once('/'));
    match owned {
        Some((ACCOUNT, name)) if !name.is_empty() && !name.contains('/') => Ok(name),
        Some(_) | None => {
            let message = format!("The address {url} is not valid for this endpoint.");
            Err(error::sqs("InvalidAddress", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{queue_arn, queue_name_of_arn, queue_name_of_url};

    #[test]
    fn a_name_comes_back_from_its_arn_and_its_url() {
        assert_eq!(queue_name_of_arn(&queue_arn("orders.fifo")), Ok("orders.fifo"));
        let url = "http://[::1]:9000/000000000000/orders";
        assert_eq!(queue_name_of_url(url), Ok("orders"));
        assert_eq!(queue_name_of_url("orders.fifo"), Ok("orders.fifo"));
    }

    #[test]
    fn what_is_no_address_of_a_queue_here_is_refused() {
        for url in [
            "",
            "host:orders",
            "http://host/orders",
            "http://host/123/orders",
            "http://host/000000000000/",
        ] {
            assert_eq!(queue_name_of_url(url).unwrap_err().short_code(), "InvalidAddress");
        }
        for arn in [
            "orders",
            "arn:aws:sqs:us-east-1:000000000000:",
            "arn:aws:sns:us-east-1:000000000000:t",
        ] {
            assert_eq!(queue_name_of_arn(arn).unwrap_err().short_code(), "InvalidParameterValue");
        }
    }
}
