// A node whose every answer is held against docs/openapi.yaml: its status, its media type, its body; and
// what a call sent, where it was taken.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import YAML from 'yaml';
import { root } from '../cli/galen.mjs';
import { serve } from './serve.mjs';

export const openapi = YAML.parse(fs.readFileSync(path.join(root, 'docs/openapi.yaml'), 'utf8'),
  { merge: true, maxAliasCount: -1 }); // our own file: each call refers to the answers that all have

// Schemas are compiled one by one, so what they refer to is named with the file's name.
(function absolute(value) {
  for (const [key, inner] of Object.entries(value))
    if (key === '$ref' && inner.startsWith('#/components/schemas/')) value[key] = `openapi${inner}`;
    else if (inner && typeof inner === 'object') absolute(inner);
})(openapi);
const ajv = addFormats(new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true }));
ajv.addKeyword('components');
ajv.addSchema({ $id: 'openapi', components: openapi.components });

function check(schema, value, what) {
  const validate = ajv.compile(schema); // once for each
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value, null, 1)}`);
}

// What a reference to anything but a schema stands for.
const find = (value) => value?.$ref?.startsWith('#/')
  ? find(value.$ref.slice(2).split('/').reduce((at, key) => at[key], openapi)) : value;

// Every operation: {method, path, pattern, operation, parameters}.
export const operations = Object.entries(openapi.paths).flatMap(([target, item]) =>
  ['get', 'post', 'put', 'delete', 'patch'].filter((method) => item[method]).map((method) => ({
    method: method.toUpperCase(), path: target, operation: item[method],
    pattern: new RegExp(`^${target.replace(/\{[^}]*\}/g, '[^/]+')}$`),
    parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(find),
  })));
// A path that stands in the file as it is, is none with a parameter: /records/relay.
export function findOperation(method, target) {
  const literal = operations.filter((one) => one.path === target);
  const fits = literal.length > 0 ? literal : operations.filter((one) => one.pattern.test(target));
  return fits.find((one) => one.method === method);
}

export class Node {
  // What was seen: "GET /api/v1/records 200".
  seen = new Set();

  static async start(home, options) {
    const node = new Node();
    node.server = await serve(home, options);
    node.url = node.server.url;
    node.token = node.server.token;
    return node;
  }

  // As serve.mjs's, the target below /api/v1 (but for /metrics and /ipfs).
  async call(method, target, options = {}) {
    const full = /^\/(metrics|ipfs)/.test(target) ? target : `/api/v1${target}`;
    const answer = await this.server.call(method, full, options);
    const [bare, query] = full.split('?');
    const one = findOperation(method, bare);
    if (one === undefined) {
      assert.ok([404, 405].includes(answer.status), `${method} ${bare} is not described: ${answer.status}`);
      check({ $ref: 'openapi#/components/schemas/Problem' }, answer.json, `${method} ${bare}`);
      return answer;
    }
    this.seen.add(`${method} ${one.path} ${answer.status}`);
    this.checkAnswer(one, answer);
    if (answer.status < 400) this.checkRequest(one, new URLSearchParams(query), options);
    return answer;
  }

  // What must work: the JSON answer.
  async ok(method, target, options) {
    const answer = await this.call(method, target, options);
    assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  stop(signal) {
    return this.server.stop(signal);
  }

  checkAnswer({ method, path: target, operation }, { status, headers, json, text }) {
    const what = `${method} ${target}: ${status}`;
    const described = find(operation.responses[status]);
    assert.ok(described, `${what} is not described: ${text}`);
    for (const [name, header] of Object.entries(described.headers ?? {})) {
      const value = headers.get(name);
      if (value !== null && header.schema.type === 'string') check(header.schema, value, `${what} ${name}`);
      else assert.ok(value !== null || !header.required, `${what} has no ${name}`);
    }
    const type = headers.get('content-type')?.split(';')[0];
    if (described.content === undefined) {
      assert.equal(text, '', what);
      return;
    }
    const content = described.content[type];
    assert.ok(content, `${what} is not described as ${type}`);
    check(content.schema, json ?? text, what);
    if (type === 'application/problem+json') assert.equal(json.status, status);
  }

  checkRequest({ method, path: target, operation, parameters }, query, { body, headers }) {
    const what = `${method} ${target}, which was taken`;
    for (const name of query.keys())
      assert.ok(parameters.some((one) => one.in === 'query' && one.name === name), `${what}: ${name}`);
    const described = find(operation.requestBody);
    if (body === undefined) {
      assert.ok(!described?.required, `${what} without a body`);
    } else if (described === undefined) {
      assert.deepEqual(typeof body === 'string' ? JSON.parse(body) : body, {}, what);
    } else {
      const type = headers?.['content-type'] ?? 'application/json';
      assert.ok(described.content[type], `${what} as ${type}`);
      const isText = typeof body !== 'string' || !type.includes('json');
      check(described.content[type].schema, isText ? body : JSON.parse(body), what);
    }
  }
}
