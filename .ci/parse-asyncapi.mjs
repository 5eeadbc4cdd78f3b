// Parses an AsyncAPI document: parse-asyncapi.mjs <folder of node_modules> <document>.
// Whatever is more than a hint fails, and so does an example that its schema refuses, which the
// parser itself does not look at.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, path] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'index.js'));
const { Parser, DiagnosticSeverity } = require('@asyncapi/parser');
const ajv = require('ajv-formats')(new (require('ajv').default)({ strict: false, validateFormats: true }));

const { document, diagnostics } = await new Parser().parse(readFileSync(path, 'utf8'), { source: path });
const findings = diagnostics
  .filter(({ severity }) => severity <= DiagnosticSeverity.Warning)
  .map(({ code, message, path: place, range }) => `${range.start.line + 1}: ${place.join('.')}: ${message} (${code})`);

const messages = document?.messages().all() ?? [];
let examples = 0;
for (const message of messages) {
  const isValid = ajv.compile(message.payload().json());
  for (const example of message.examples().all()) {
    examples += 1;
    if (!isValid(example.payload())) findings.push(`${message.id()}: ${ajv.errorsText(isValid.errors, { dataVar: example.name() })}`);
  }
}

for (const finding of findings) console.error(`${path}: ${finding}`);
if (!document || findings.length > 0) process.exit(1);
const operations = document.operations().all().length;
console.log(`${path} holds: AsyncAPI ${document.version()}, ${messages.length} messages, ${operations} operations, ${examples} examples`);
