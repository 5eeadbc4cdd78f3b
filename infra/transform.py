"""Turns the SAM template into the CloudFormation template that a deployment would create.

    transform.py TEMPLATE OUTPUT [PARAMETER=VALUE …]

A value given for a parameter becomes its default, for tools that look at one deployment at a time.
cfn-lint sees far more in the result than in the SAM template: references to nothing, values that
a resource refuses, a queue that hides a message for less than its function's timeout.
Runs without an AWS account.
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.parser.parser import Parser
from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# Where `sam package` would have put the code and nested applications. The transformation asks for a
# place, not for the file.
PACKAGED_CODE = "s3://packaged/code.zip"
PACKAGED_TEMPLATE = "https://s3.us-east-1.amazonaws.com/packaged/application.yaml"
STATE_MACHINE = "AWS::Serverless::StateMachine"

# Only a name: the translator writes region-dependent ARNs with pseudo parameters.
REGION = "us-east-1"


def packaged(template, folder):
    """Puts the code of every function and every nested application where a deployment expects it, and
    the definition of every state machine into the template, where cfn-lint reads it."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = PACKAGED_CODE
        elif resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = PACKAGED_TEMPLATE
        elif resource["Type"] == STATE_MACHINE:
            definition = folder / properties.pop("DefinitionUri")
            properties["Definition"] = json.loads(definition.read_text(encoding="utf-8"))
    return template


def given(template, values):
    """Gives parameters values."""
    for value in values:
        name, _, value = value.partition("=")
        if name not in template["Parameters"]:
            sys.exit(f"{name} is no parameter of the template")
        template["Parameters"][name]["Default"] = value
    return template


def defaults(template):
    """The parameters' own values, which the translator needs where it must decide something."""
    parameters = template.get("Parameters", {}).items()
    return {name: given["Default"] for name, given in parameters if "Default" in given}


def main(source, destination, *values):
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    source = Path(source)
    template = packaged(yaml_parse(source.read_text(encoding="utf-8")), source.parent)
    template = given(template, values)
    try:
        translated = Translator({}, Parser()).translate(template, defaults(template))
    except InvalidDocumentException as error:
        causes = "\n".join(f"  {cause.message}" for cause in error.causes)
        sys.exit(f"{source}: SAM refuses the template:\n{causes}")
    Path(destination).write_text(json.dumps(translated, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: transform.py TEMPLATE OUTPUT [PARAMETER=VALUE …]")
    main(*sys.argv[1:])
