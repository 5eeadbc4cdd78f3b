//! The operations on queues as such.

use std::collections::BTreeMap;

use local_core::AwsError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    attributes,
    request::{self, nonempty, object, queue_name, required},
};
use crate::{error, spec::QueueSpec, sqs::Sqs, store::name_exists};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default, rename = "tags")]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: Option<String>,
}

/// The request of every operation that takes nothing but its queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    queue_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    queue_url: Option<String>,
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    queue_url: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagQueue {
    queue_url: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagQueue {
    queue_url: Option<String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

const TAGS_MAX: usize = 50;

impl Sqs {
    /// A queue that exists is compared only in the attributes that the request names.
    pub(super) fn on_create_queue(&self, request: CreateQueue) -> Result<Value, AwsError> {
        let name = required(request.queue_name, "QueueName")?;
        let now = self.now();
        let mut store = self.store();
        if let Some(existing) = store.queues.get(&name) {
            let mut wanted = existing.spec.clone();
            attributes::set_all(&mut wanted, &request.attributes)?;
            if wanted != existing.spec {
                return Err(name_exists(&name));
            }
        } else {
            let mut spec = QueueSpec::named(&name);
            attributes::set_all(&mut spec, &request.attributes)?;
            spec.check()?;
            store.check_redrive(&spec)?;
            store.create(spec, now)?;
            store.queue(&name, now)?.tags = request.tags;
        }
        Ok(json!({"QueueUrl": self.queue_url(&name)}))
    }

    pub(super) fn on_delete_queue(&self, request: OfQueue) -> Result<Value, AwsError> {
        self.delete_queue(&queue_name(request.queue_url)?)?;
        Ok(json!({}))
    }

    pub(super) fn on_get_queue_url(&self, request: GetQueueUrl) -> Result<Value, AwsError> {
        let name = required(request.queue_name, "QueueName")?;
        self.depth(&name)?;
        Ok(json!({"QueueUrl": self.queue_url(&name)}))
    }

    pub(super) fn on_list_queues(&self, request: List) -> Result<Value, AwsError> {
        let prefix = request.queue_name_prefix.clone().unwrap_or_default();
        let mut names = self.queue_names();
        names.retain(|name| name.starts_with(&prefix));
        let (urls, token) = self.page_of_urls(names, &request)?;
        Ok(object([("QueueUrls", nonempty(urls)), ("NextToken", token)]))
    }

    pub(super) fn on_list_sources(&self, request: List) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url.clone())?;
        self.depth(&name)?;
        let (urls, token) = self.page_of_urls(self.dead_letter_sources(&name), &request)?;
        // This one operation spells its list in lower case, and always has it.
        Ok(object([("queueUrls", Some(Value::Array(urls))), ("NextToken", token)]))
    }

    pub(super) fn on_get_queue_attributes(
        &self,
        request: GetQueueAttributes,
    ) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let now = self.now();
        let mut store = self.store();
        let attributes = attributes::get(store.queue(&name, now)?, &request.attribute_names)?;
        let attributes = (!attributes.is_empty()).then(|| json!(attributes));
        Ok(object([("Attributes", attributes)]))
    }

    pub(super) fn on_set_queue_attributes(
        &self,
        request: SetQueueAttributes,
    ) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        if request.attributes.is_empty() {
            return Err(error::missing("Attributes"));
        }
        let now = self.now();
        let mut store = self.store();
        let mut spec = store.queue(&name, now)?.spec.clone();
        let fifo = spec.fifo;
        if !fifo && request.attributes.contains_key("FifoQueue") {
            return Err(attributes::unknown("FifoQueue"));
        }
        attributes::set_all(&mut spec, &request.attributes)?;
        if spec.fifo != fifo {
            let message = "The attribute FifoQueue cannot be changed.";
            return Err(error::sqs("InvalidAttributeValue", message));
        }
        spec.check()?;
        if request.attributes.contains_key("RedrivePolicy") {
            store.check_redrive(&spec)?;
        }
        let queue = store.queue(&name, now)?;
        queue.spec = spec;
        queue.modified_ms = now.wall_ms;
        Ok(json!({}))
    }

    pub(super) fn on_purge_queue(&self, request: OfQueue) -> Result<Value, AwsError> {
        self.purge(&queue_name(request.queue_url)?)?;
        Ok(json!({}))
    }

    pub(super) fn on_tag_queue(&self, request: TagQueue) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let now = self.now();
        let mut store = self.store();
        let queue = store.queue(&name, now)?;
        let mut tags = queue.tags.clone();
        tags.extend(request.tags);
        if tags.len() > TAGS_MAX {
            let message = format!("Too many tags added for queue {name}: at most {TAGS_MAX}.");
            return Err(error::sqs("InvalidParameterValue", message));
        }
        queue.tags = tags;
        Ok(json!({}))
    }

    pub(super) fn on_untag_queue(&self, request: UntagQueue) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let now = self.now();
        self.store().queue(&name, now)?.tags.retain(|key, _| !request.tag_keys.contains(key));
        Ok(json!({}))
    }

    pub(super) fn on_list_queue_tags(&self, request: OfQueue) -> Result<Value, AwsError> {
        let name = queue_name(request.queue_url)?;
        let now = self.now();
        let tags = self.store().queue(&name, now)?.tags.clone();
        Ok(object([("Tags", (!tags.is_empty()).then(|| json!(tags)))]))
    }

    fn page_of_urls(
        &self,
        names: Vec<String>,
        request: &List,
    ) -> Result<(Vec<Value>, Option<Value>), AwsError> {
        let (names, token) =
            request::page(names, request.max_results, request.next_token.as_deref())?;
        let urls = names.iter().map(|name| json!(self.queue_url(name))).collect();
        Ok((urls, token.map(Value::from)))
    }
}
