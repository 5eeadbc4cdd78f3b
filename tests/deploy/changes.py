"""What ministack lacks of what the templates have: left out here, never in the templates."""

import json

MISSING_TYPES = {
    "AWS::Events::Archive": "it has no such type; no replay is tried",
    "AWS::Events::EventBusPolicy": "it has no such type; nobody but the account puts events",
}
METRIC_MATH = "it has no alarms on metric math"
# What is otherwise and no resource of a template.
ELSEWHERE = [
    ("template.yaml", "SchemaRegistryStack", "parameter", "SchemaRegistry=false: it has no registries of schemas"),
    ("any", "orders", "request", "by Lambda's Invoke with the payload of API Gateway: customers would need an issuer of tokens"),
    ("any", "a redrive", "request", "by hand where StartMessageMoveTask is answered InvalidAction"),
]


def refers_to(value, names):
    """Whether an expression names one of the resources."""
    if isinstance(value, dict):
        if value.get("Ref") in names:
            return True
        target = value.get("Fn::GetAtt")
        if target and (target[0] if isinstance(target, list) else target.split(".")[0]) in names:
            return True
        return any(refers_to(it, names) for it in value.values())
    return isinstance(value, list) and any(refers_to(it, names) for it in value)


def adapted(name, template, table):
    """The template without what is missing; adds a row for each change to `table`."""
    gone = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in MISSING_TYPES:
            gone[logical_id] = MISSING_TYPES[resource["Type"]]
        elif resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            gone[logical_id] = METRIC_MATH
    for logical_id, reason in gone.items():
        table.append((name, logical_id, template["Resources"].pop(logical_id)["Type"], reason))
    for output, value in list(template.get("Outputs", {}).items()):
        if refers_to(value, gone):
            table.append((name, output, "output", "it names what is left out"))
            del template["Outputs"][output]
    left = [it for it, resource in template["Resources"].items() if refers_to(resource, gone)]
    assert not left, f"{name}: {left} refer to what is left out: {json.dumps(gone)}"
    return template
