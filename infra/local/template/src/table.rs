//! Tables.

use serde_json::{Map, Value, json};

use crate::{
    error::TemplateError,
    physical::{arn, stream_arn},
    properties::Properties,
};

/// An `AWS::DynamoDB::Table`.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in DynamoDB.
    pub name: String,
    /// What `!GetAtt Table.Arn` gives.
    pub arn: String,
    /// The request of DynamoDB's `CreateTable` that makes it.
    pub create_table: Value,
    /// The attribute that holds an item's end of life (Unix seconds).
    pub ttl_attribute: Option<String>,
    /// Its stream, if it has one.
    pub stream: Option<Stream>,
}

/// The stream of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What `!GetAtt Table.StreamArn` gives.
    pub arn: String,
    /// What its records show of an item.
    pub view: StreamView,
}

/// What the records of a stream show of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamView {
    /// The key alone.
    KeysOnly,
    /// The item after the change.
    NewImage,
    /// The item before the change.
    OldImage,
    /// The item before and after the change.
    NewAndOldImages,
}

/// The stream views by the names that AWS gives them.
const VIEWS: &[(&str, StreamView)] = &[
    ("KEYS_ONLY", StreamView::KeysOnly),
    ("NEW_AND_OLD_IMAGES", StreamView::NewAndOldImages),
    ("NEW_IMAGE", StreamView::NewImage),
    ("OLD_IMAGE", StreamView::OldImage),
];

/// What CloudFormation and `CreateTable` call by the same name and mean alike.
const PASSED_ON: &[&str] = &[
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

pub(crate) fn read(
    logical_id: &str,
    name: String,
    mut properties: Properties,
) -> Result<Table, TemplateError> {
    let mut create_table = Map::new();
    create_table.insert("TableName".to_owned(), Value::String(name.clone()));
    for passed_on in PASSED_ON {
        if let Some(value) = properties.take(passed_on) {
            create_table.insert((*passed_on).to_owned(), value);
        }
    }
    let view = properties.object("StreamSpecification")?.map(stream_view).transpose()?;
    if let Some((written, _)) = view {
        // CloudFormation takes the presence for the switch.
        let specification = json!({ "StreamEnabled": true, "StreamViewType": written });
        create_table.insert("StreamSpecification".to_owned(), specification);
    }
    let table = Table {
        logical_id: logical_id.to_owned(),
        arn: arn("dynamodb", &format!("table/{name}")),
        create_table: Value::Object(create_table),
        ttl_attribute: ttl_attribute(&mut properties)?,
        stream: view.map(|(_, view)| Stream { arn: stream_arn(&name), view }),
        name,
    };
    properties.pass_over(&[
        "TableName",
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "PointInTimeRecoverySpecification",
        "ResourcePolicy",
        "SSESpecification",
        "TableClass",
        "Tags",
    ]);
    properties.done()?;
    Ok(table)
}

fn stream_view(mut properties: Properties) -> Result<(&'static str, StreamView), TemplateError> {
    let named = VIEWS.iter().map(|view| (view.0, *view)).collect::<Vec<_>>();
    let view = properties.choice("StreamViewType", &named)?;
    let view = view.ok_or_else(|| properties.place().invalid("StreamViewType is required"))?;
    properties.pass_over(&["ResourcePolicy"]);
    properties.done()?;
    Ok(view)
}

fn ttl_attribute(properties: &mut Properties) -> Result<Option<String>, TemplateError> {
    let Some(mut ttl) = properties.object("TimeToLiveSpecification")? else { return Ok(None) };
    let attribute = ttl.text("AttributeName")?;
    let enabled = ttl.flag("Enabled")?;
    ttl.done()?;
    Ok((enabled == Some(true)).then_some(attribute))
}
