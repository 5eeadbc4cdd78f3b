//! The SDK's HTTP connector, answered in process.

use std::sync::Arc;

use aws_types::SdkConfig;
use local_core::{InProcess, Service};

/// What any client of the SDK for a JSON protocol needs to reach `service` without a socket:
/// `Client::new(&sdk_config(service))`. It tries once, so that a test sees every failure.
pub fn sdk_config(service: Arc<dyn Service>) -> SdkConfig {
    local_core::sdk_config(InProcess::to(service))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};
    use local_sqs::{QueueSpec, Sqs};

    use super::*;
    use crate::stack::ENDPOINT;

    #[tokio::test]
    async fn a_client_reads_the_answers_and_errors_of_a_service_in_process() {
        let sqs = Sqs::new(ENDPOINT);
        sqs.create_queue(QueueSpec::named("mail")).unwrap();
        let client = Client::new(&sdk_config(Arc::new(sqs.clone())));
        let url = sqs.queue_url("mail");
        client.send_message().queue_url(&url).message_body("hello").send().await.unwrap();
        assert_eq!(sqs.peek("mail").unwrap()[0].body, "hello");

        let nowhere = client.get_queue_url().queue_name("post").send().await.unwrap_err();
        let code = nowhere.code().unwrap_or_default().to_owned();
        assert!(code.ends_with("QueueDoesNotExist"), "{code}");
    }
}
