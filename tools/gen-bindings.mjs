// Generates the C bindings of a compiled contract.
// Usage: gen-bindings.mjs ARTIFACT.json PREFIX INCLUDE OUTPUT.h OUTPUT.c
//
// ARTIFACT holds {"abi", "bytecode", "deployedBytecode", "immutables"?}. For every function there is
// an encoder of its call data and, when it returns something, a decoder of that; for every event a
// struct and a decoder; tables of functions, events and errors for src/chain; the creation code
// with an encoder of the deployment, and the deployed code. INCLUDE is how the .c names the header.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { id: keccakOfText } = createRequire(path.join(root, 'package.json'))('ethers');

function fail(message) {
  process.stderr.write(`gen-bindings: ${message}\n`);
  process.exit(1);
}

const [artifactPath, prefix, include, headerPath, sourcePath] = process.argv.slice(2);
if (!sourcePath) fail('usage: gen-bindings.mjs ARTIFACT.json PREFIX INCLUDE OUTPUT.h OUTPUT.c');
const artifact = JSON.parse(fs.readFileSync(artifactPath, 'utf8'));
const PREFIX = prefix.toUpperCase();

// ---- names ------------------------------------------------------------------------------------

const keywords = new Set(`auto break case char const continue default do double else enum extern
  float for goto if inline int long register restrict return short signed sizeof static struct
  switch typedef union unsigned void volatile while bool true false`.split(/\s+/));
const locals = new Set(['out', 'info', 'args', 'selector', 'bytes']); // of the functions below

function snake(name) {
  return name.replace(/^_+|_+$/g, '').replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2').toLowerCase();
}
const memberName = (name, i) => {
  const plain = snake(name) || `value${i}`;
  return keywords.has(plain) ? `${plain}_` : plain;
};

// ---- types: each has a key, its C face, and a descriptor ------------------------------------------

const types = new Map(); // key -> type, in an order in which each stands behind its parts

function typeOf(parameter) {
  const array = /^(.*)\[(\d*)\]$/.exec(parameter.type);
  let type;
  if (array) type = arrayType(typeOf({ ...parameter, type: array[1],
    internalType: parameter.internalType?.replace(/\[\d*\]$/, '') }), array[2]);
  else if (parameter.type === 'tuple') type = tupleType(parameter);
  else type = plainType(parameter.type);
  if (!types.has(type.key)) types.set(type.key, type);
  return types.get(type.key);
}

function plainType(name) {
  const sized = /^(uint|bytes)(\d+)$/.exec(name);
  const plain = (c, kind, size, declare = (id) => `${c} ${id}`) => ({
    key: name, abi: name, declare, kind, size, hasArray: false,
    sizeOf: c === 'uint8_t' && kind === 'FIXED_BYTES' ? `${size}` : `sizeof(${c})`,
  });
  if (sized?.[1] === 'uint') {
    const bits = Number(sized[2]);
    const width = [8, 16, 32, 64].find((w) => bits <= w);
    return plain(width ? `uint${width}_t` : 'struct chain_u256', 'UINT', bits);
  }
  if (sized) return plain('uint8_t', 'FIXED_BYTES', Number(sized[2]), (id) => `uint8_t ${id}[${sized[2]}]`);
  if (name === 'address') return plain('struct chain_address', 'ADDRESS', 0);
  if (name === 'bool') return plain('bool', 'BOOL', 0);
  if (name === 'bytes' || name === 'string') return plain('struct base_view', name.toUpperCase(), 0);
  return fail(`type ${name} is not supported`);
}

function arrayType(element, count) {
  const abi = `${element.abi}[${count}]`;
  if (count) {
    return { key: `${element.key}_${count}`, abi, element, kind: 'FIXED_ARRAY', size: Number(count),
      hasArray: element.hasArray, declare: (id) => element.declare(`${id}[${count}]`),
      sizeOf: `${count} * ${element.sizeOf}` };
  }
  const key = `${element.key}_array`;
  return { key, abi, element, kind: 'ARRAY', size: 0, hasArray: true,
    declare: (id) => `struct ${prefix}_${key} ${id}`, sizeOf: 'sizeof(struct chain_abi_array)' };
}

function tupleType(parameter) {
  const named = /^struct (?:.*\.)?(\w+)$/.exec(parameter.internalType ?? '');
  if (!named) fail(`a tuple without a struct's name: ${parameter.name}`);
  return structOf(snake(named[1]), parameter.components);
}

// A tuple with a C struct; also used for arguments, results and events.
function structOf(key, parameters) {
  const fields = parameters.map((parameter, i) => {
    const name = memberName(parameter.name, i);
    const local = locals.has(name) ? `${name}_` : name;
    return { solidity: parameter.name, name, local, type: typeOf(parameter) };
  });
  return { key, abi: `(${fields.map((f) => f.type.abi)})`, kind: 'TUPLE', size: fields.length, fields,
    hasArray: fields.some((f) => f.type.hasArray), sizeOf: `sizeof(struct ${prefix}_${key})`,
    declare: (id) => `struct ${prefix}_${key} ${id}` };
}

// How a pointer to elements is declared: bytes32 needs parentheses, `const uint8_t (*items)[32]`.
const pointerTo = (type, id) =>
  `const ${/^FIXED/.test(type.kind) ? type.declare(`(*${id})`) : type.declare(`*${id}`)}`;

// ---- text -----------------------------------------------------------------------------------------

const comment = (text) => `/* ${text} */`;

// `head(a, b)tail`, over several lines when it does not fit into 100 columns.
function call(head, parts, tail) {
  const line = `${head}(${parts.join(', ')})${tail}`;
  if (line.length <= 100) return line;
  const lines = [`${head}(`];
  let current = '   ';
  for (const [i, part] of parts.entries()) {
    const piece = part + (i + 1 < parts.length ? ',' : `)${tail}`);
    if (current.length + 1 + piece.length > 100) {
      lines.push(current);
      current = '   ';
    }
    current += ` ${piece}`;
  }
  return [...lines, current].join('\n');
}

const bytesOf = (hex) => (hex.replace(/^0x/, '').match(/../g) ?? []).map((b) => `0x${b}`);
function rows(bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 16) lines.push(`    ${bytes.slice(i, i + 16).join(', ')},`);
  return lines.join('\n');
}
function structText(struct) {
  const members = struct.fields.map((f) => `    ${f.type.declare(f.name)};`);
  return `struct ${prefix}_${struct.key} {\n${members.join('\n')}\n};`;
}

function typeText(type) {
  const name = `${type.key}_type`;
  if (type.kind !== 'TUPLE') {
    const element = type.element ? `, &${type.element.key}_type` : '';
    return `static const struct chain_abi_type ${name} = {\n`
      + `    CHAIN_ABI_${type.kind}, ${type.size}, ${type.sizeOf}${element},\n};`;
  }
  return tupleText(name, type.fields, `struct ${prefix}_${type.key}`);
}
// The descriptor of a tuple; structName null when it has no fields.
function tupleText(name, fields, structName) {
  if (fields.length === 0) {
    return `static const struct chain_abi_type ${name} = {.kind = CHAIN_ABI_TUPLE};`;
  }
  const lines = fields.map((f) => {
    const offset = f.offset ?? `offsetof(${structName}, ${f.name})`;
    const line = `    {"${f.solidity}", &${f.type.key}_type, ${offset}},`;
    return line.length <= 100 ? line : line.replace(` ${offset}`, `\n     ${offset}`);
  });
  return `static const struct chain_abi_field ${name}_fields[] = {\n${lines.join('\n')}\n};\n`
    + `static const struct chain_abi_type ${name} = {\n`
    + `    .kind = CHAIN_ABI_TUPLE,\n    .size = ${fields.length},\n`
    + `    .c_size = ${structName ? `sizeof(${structName})` : fields[0].type.sizeOf},\n`
    + `    .fields = ${name}_fields,\n};`;
}

// ---- the ABI's entries ------------------------------------------------------------------------------

const entries = (kind) => artifact.abi.filter((entry) => entry.type === kind);
const signature = (entry, struct) => `${entry.name}${struct.abi}`;

// Overloads: the shortest keeps its name, the others add what they take beyond it.
function uniqueNames(list) {
  const names = new Map();
  const order = [...list].sort((a, b) => a.inputs.length - b.inputs.length);
  const first = new Map();
  for (const entry of order) {
    const plain = snake(entry.name);
    const base = first.get(plain);
    if (!base) first.set(plain, entry);
    const extra = base && entry.inputs.slice(base.inputs.length).map((p) => snake(p.name)).join('_');
    names.set(entry, base ? `${plain}_with_${extra}` : plain);
  }
  if (new Set(names.values()).size !== list.length) fail('two overloads get the same name');
  return names;
}

function readFunctions() {
  const list = entries('function');
  const names = uniqueNames(list);
  return list.map((entry) => {
    const name = names.get(entry);
    const inputs = structOf(`${name}_args`, entry.inputs);
    const outputs = structOf(`${name}_result`, entry.outputs);
    const text = signature(entry, inputs);
    return { entry, name, inputs, outputs, signature: text, selector: keccakOfText(text).slice(0, 10) };
  });
}

function readEvents() {
  const list = entries('event').filter((entry) => !entry.anonymous);
  const names = uniqueNames(list);
  return list.map((entry) => {
    const name = names.get(entry);
    const struct = structOf(`${name}_event`, entry.inputs);
    const text = signature(entry, struct);
    struct.fields.forEach((field, i) => {
      field.indexed = entry.inputs[i].indexed;
      if (field.indexed && !['UINT', 'ADDRESS', 'BOOL', 'FIXED_BYTES'].includes(field.type.kind)) {
        fail(`event ${entry.name}: an indexed ${field.type.abi} is only its hash`);
      }
    });
    return { entry, name, struct, signature: text, topic: keccakOfText(text) };
  });
}

function readErrors() {
  const list = [...entries('error'), ...(artifact.otherErrors ?? [])];
  const names = uniqueNames(list);
  return list.map((entry) => {
    const inputs = structOf(`${names.get(entry)}_error`, entry.inputs);
    const text = signature(entry, inputs);
    return { entry, name: names.get(entry), inputs, signature: text, selector: keccakOfText(text).slice(0, 10) };
  });
}

// ---- functions' C -----------------------------------------------------------------------------------

function parametersOf(fields) {
  return fields.flatMap(({ local: name, type }) => {
    switch (type.kind) {
      case 'ARRAY': return [pointerTo(type.element, name), `size_t n_${name}`];
      case 'ADDRESS': case 'TUPLE': return [`const ${type.declare(`*${name}`)}`];
      case 'FIXED_BYTES': case 'FIXED_ARRAY': return [`const ${type.declare(name)}`];
      default: return [type.declare(name)];
    }
  });
}

function encoderHead(name, inputs) {
  return call(`enum galen_err ${prefix}_encode_${name}`,
    ['struct base_buf *out', ...parametersOf(inputs.fields), 'struct galen_errinfo *info'], '');
}

function argumentsText(inputs) {
  const lines = inputs.fields.map(({ name, local, type }) => {
    switch (type.kind) {
      case 'ARRAY': return `    args.${name}.items = ${local};\n    args.${name}.len = n_${local};`;
      case 'ADDRESS': case 'TUPLE': return `    args.${name} = *${local};`;
      case 'FIXED_BYTES': case 'FIXED_ARRAY': return `    memcpy(args.${name}, ${local}, sizeof args.${name});`;
      default: return `    args.${name} = ${local};`;
    }
  });
  return inputs.fields.length ? [`    struct ${prefix}_${inputs.key} args;`, ...lines].join('\n') : '';
}

function encoderText(fn) {
  const args = argumentsText(fn.inputs);
  const value = args ? '&args' : 'NULL';
  return `${encoderHead(fn.name, fn.inputs)}\n{\n${args ? `${args}\n` : ''}`
    + `    static const uint8_t selector[4] = {${bytesOf(fn.selector).join(', ')}};\n`
    + `    return chain_abi_encode_call(out, selector, &${fn.name}_inputs, ${value}, info);\n}`;
}

// One output decodes straight into its type, several into a struct.
function decoderHead(fn) {
  const [only, second] = fn.outputs.fields;
  const target = second ? `struct ${prefix}_${fn.outputs.key} *out`
    : /^FIXED/.test(only.type.kind) ? only.type.declare('out') : only.type.declare('*out');
  return call(`enum galen_err ${prefix}_decode_${fn.name}`,
    [target, ...(fn.outputs.hasArray ? ['struct chain_mem *mem'] : []),
      'const uint8_t *data', 'size_t len', 'struct galen_errinfo *info'], '');
}
function decoderText(fn) {
  const mem = fn.outputs.hasArray ? 'mem' : 'NULL';
  return `${decoderHead(fn)}\n{\n`
    + `    return chain_abi_decode(out, ${mem}, &${fn.name}_outputs, data, len, info);\n}`;
}

function eventDecoderHead(event) {
  return call(`enum galen_err ${prefix}_decode_${event.name}_event`,
    [`struct ${prefix}_${event.struct.key} *out`, ...(event.struct.hasArray ? ['struct chain_mem *mem'] : []),
      'const struct chain_log *log', 'struct galen_errinfo *info'], '');
}
function eventDecoderText(event) {
  const mem = event.struct.hasArray ? 'mem' : 'NULL';
  return `${eventDecoderHead(event)}\n{\n`
    + `    return chain_log_decode(out, ${mem}, &${prefix}_events[${eventId(event)}], log, info);\n}`;
}
const eventId = (event) => `${PREFIX}_EVENT_${event.name.toUpperCase()}`;
const functionId = (fn) => `${PREFIX}_FUNCTION_${fn.name.toUpperCase()}`;

// ---- everything together ----------------------------------------------------------------------------

const functions = readFunctions();
const events = readEvents().filter((event) => event.struct.fields.length); // else nothing to decode
const errors = readErrors();
const deploy = structOf('deploy_args', entries('constructor')[0]?.inputs ?? []);
for (const code of [artifact.bytecode, artifact.deployedBytecode]) {
  if (!/^0x([0-9a-f]{2})+$/i.test(code)) fail('the bytecode is missing, or wants a library linked');
}

const publicTypes = [...types.values()].map((type) => {
  if (type.kind === 'TUPLE') return structText(type);
  if (type.kind !== 'ARRAY') return null;
  return `struct ${prefix}_${type.key} {\n    ${pointerTo(type.element, 'items')};\n    size_t len;\n};`;
}).filter(Boolean);
const results = functions.filter((fn) => fn.outputs.fields.length > 1);
const returning = functions.filter((fn) => fn.outputs.fields.length > 0);
const immutables = artifact.immutables ?? [];
const notice = 'Generated by tools/gen-bindings.mjs: do not edit.';
const section = (title) => `/* ---- ${title} ${'-'.repeat(Math.max(4, 86 - title.length))} */`;

const header = `/*
 * ${path.basename(headerPath)}: the contract's functions, events and errors, in C.
 * ${notice}
 *
 * <function> encoders append call data to out (what chain_call and chain_tx carry). Decoders take
 * what eth_call returned; byte strings in the result borrow from data, arrays live in mem. Event
 * decoders: NOT_FOUND when the log is another event's, PARSE when malformed; they borrow from log.
 * Errors as chain_abi_encode_call, chain_abi_decode, chain_log_decode have them.
 */
#ifndef GALEN_${PREFIX}_ABI_H
#define GALEN_${PREFIX}_ABI_H

#include "chain/chain.h"

${section('types')}

${publicTypes.join('\n')}

${section('what functions with several outputs return')}

${results.map((fn) => structText(fn.outputs)).join('\n')}

${section('events')}

${events.map((event) => `${comment(event.signature)}\n${structText(event.struct)}`).join('\n')}

${section('encoders of calls')}

${functions.map((fn) => `${comment(`${fn.signature}${fn.entry.stateMutability === 'payable' ? ' payable' : ''}`)}\nGALEN_MUST_CHECK ${encoderHead(fn.name, fn.inputs)};`).join('\n')}

/* The creation code with the constructor's arguments. */
GALEN_MUST_CHECK ${encoderHead('deploy', deploy)};

${section('decoders of results')}

${returning.map((fn) => `GALEN_MUST_CHECK ${decoderHead(fn)};`).join('\n')}

${section('decoders of events')}

${events.map((event) => `GALEN_MUST_CHECK ${eventDecoderHead(event)};`).join('\n')}

${section('tables')}

/* Places in ${prefix}_abi.functions and ${prefix}_abi.events. */
enum ${prefix}_function {
${functions.map((fn) => `    ${functionId(fn)},`).join('\n')}
    ${PREFIX}_FUNCTIONS,
};
enum ${prefix}_event {
${events.map((event) => `    ${eventId(event)},`).join('\n')}
    ${PREFIX}_EVENTS,
};
extern const struct chain_abi_function ${prefix}_functions[];
extern const struct chain_abi_event ${prefix}_events[];
extern const struct chain_abi ${prefix}_abi;

/* What the chain keeps as the contract's code; immutables are zero here. */
extern const struct chain_code ${prefix}_code;

#endif
`;

const source = `/* The bindings behind ${path.basename(headerPath)}. ${notice} */
#include <string.h>

#include "${include}"

${section('arguments')}

${[...functions.map((fn) => fn.inputs), ...errors.map((e) => e.inputs), deploy].filter((s) => s.fields.length).map(structText).join('\n')}

${section('types')}

${[...types.values()].map(typeText).join('\n')}

${section('functions')}

${functions.map((fn) => {
  const outputs = fn.outputs.fields.length === 1
    ? tupleText(`${fn.name}_outputs`, [{ ...fn.outputs.fields[0], offset: '0' }], null)
    : tupleText(`${fn.name}_outputs`, fn.outputs.fields, `struct ${prefix}_${fn.outputs.key}`);
  return `${tupleText(`${fn.name}_inputs`, fn.inputs.fields, `struct ${prefix}_${fn.inputs.key}`)}\n${outputs}`;
}).join('\n')}

const struct chain_abi_function ${prefix}_functions[] = {
${functions.map((fn) => `    {\n        "${fn.entry.name}",\n        "${fn.signature}",\n        {${bytesOf(fn.selector).join(', ')}},\n        &${fn.name}_inputs,\n        &${fn.name}_outputs,\n    },`).join('\n')}
};

${functions.map(encoderText).join('\n\n')}

${returning.map(decoderText).join('\n\n')}

${section('events')}

${events.map((event) => ['indexed', 'data'].map((half) =>
  tupleText(`${event.name}_${half}`, event.struct.fields.filter((f) => f.indexed === (half === 'indexed')),
    `struct ${prefix}_${event.struct.key}`)).join('\n')).join('\n')}

const struct chain_abi_event ${prefix}_events[] = {
${events.map((event) => {
  const topic = bytesOf(event.topic);
  return `    {\n        "${event.entry.name}",\n        "${event.signature}",\n        {${topic.slice(0, 16).join(', ')},\n         ${topic.slice(16).join(', ')}},\n        &${event.name}_indexed,\n        &${event.name}_data,\n        sizeof(struct ${prefix}_${event.struct.key}),\n    },`;
}).join('\n')}
};

${events.map(eventDecoderText).join('\n\n')}

${section('errors')}

${errors.map((error) => tupleText(`${error.name}_error_inputs`, error.inputs.fields, `struct ${prefix}_${error.inputs.key}`)).join('\n')}

static const struct chain_abi_error errors[] = {
${errors.map((error) => `    {\n        "${error.entry.name}",\n        "${error.signature}",\n        {${bytesOf(error.selector).join(', ')}},\n        &${error.name}_error_inputs,\n    },`).join('\n')}
};

const struct chain_abi ${prefix}_abi = {
    "${prefix}",
    ${prefix}_functions, ${functions.length},
    ${prefix}_events, ${events.length},
    errors, ${errors.length},
};

${section('code')}

${tupleText('deploy_inputs', deploy.fields, `struct ${prefix}_deploy_args`)}

static const uint8_t creation_code[] = {
${rows(bytesOf(artifact.bytecode))}
};

${encoderHead('deploy', deploy)}
{
${deploy.fields.length ? `${argumentsText(deploy)}\n` : ''}    BASE_BUF_AUTO bytes = {0};
    GALEN_TRY(base_buf_append(&bytes, creation_code, sizeof creation_code));
    GALEN_TRY(chain_abi_encode(&bytes, &deploy_inputs, ${deploy.fields.length ? '&args' : 'NULL'}, info));
    return base_buf_append(out, bytes.data, bytes.len);
}

static const uint8_t deployed_code[] = {
${rows(bytesOf(artifact.deployedBytecode))}
};
${immutables.length ? `static const struct chain_code_gap gaps[] = {\n${immutables.map((gap) => `    {${gap.start}, ${gap.length}},`).join('\n')}\n};\n` : ''}
const struct chain_code ${prefix}_code = {
    deployed_code, sizeof deployed_code, ${immutables.length ? `gaps, ${immutables.length}` : 'NULL, 0'},
};
`;

fs.writeFileSync(headerPath, header);
fs.writeFileSync(sourcePath, source);
