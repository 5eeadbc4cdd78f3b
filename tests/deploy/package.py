"""Packages the system as `sam package` would: a zip for each function, a template for each stack.

SAM's own translator makes the CloudFormation templates; everything is put into a bucket.
"""

import io
import logging
import pathlib
import subprocess
import sys
import tempfile
import zipfile

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
sys.path.insert(0, str(INFRA))
import transform  # noqa: E402

# It has metrics of its own, which go nowhere here.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)

FUNCTION = "AWS::Serverless::Function"
APPLICATION = "AWS::Serverless::Application"


def zipped(binary):
    """The program without what only a debugger reads, as `bootstrap`, as Lambda has it."""
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, binary], check=True)
        content = pathlib.Path(stripped.name).read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as code:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        code.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=1)
    return archive.getvalue()


def read(path):
    return yaml_parse(path.read_text(encoding="utf-8"))


def nested(template, folder):
    """The files of the applications that a template nests, by their logical ids."""
    return {
        logical_id: (folder / resource["Properties"]["Location"]).resolve()
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == APPLICATION
    }


def binaries():
    """The names of the programs of all functions of all templates."""
    return sorted(
        resource["Metadata"]["BuildProperties"]["Binary"]
        for path in [INFRA / "template.yaml", *nested(read(INFRA / "template.yaml"), INFRA).values()]
        for resource in read(path)["Resources"].values()
        if resource["Type"] == FUNCTION
    )


def template(path, code, application, values):
    """A template as CloudFormation takes it: `code` and `application` say where a program and a nested
    template are, `values` are those of the parameters."""
    source = read(path)
    places = {
        logical_id: application(file) for logical_id, file in nested(source, path.parent).items()
    }
    source = transform.packaged(source, path.parent)
    for logical_id, resource in source["Resources"].items():
        if resource["Type"] == FUNCTION:
            resource["Properties"]["CodeUri"] = code(resource["Metadata"]["BuildProperties"]["Binary"])
        elif resource["Type"] == APPLICATION:
            resource["Properties"]["Location"] = places[logical_id]
    known = transform.defaults(source)
    known.update({name: value for name, value in values.items() if name in source["Parameters"]})
    return Translator({}, Parser()).translate(source, known)
