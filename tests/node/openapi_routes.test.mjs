// The table of routes (src/node/routes.c) and docs/openapi.yaml say the same, both ways.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../cli/galen.mjs';
import { openapi, operations } from './node.mjs';

const source = fs.readFileSync(path.join(root, 'src/node/routes.c'), 'utf8');
const table = /api_routes\[\] = \{(.*?)\n\};/s.exec(source)[1];
const macros = Object.fromEntries([...source.matchAll(/^#define (\w+) +(.+)$/gm)].map((m) => [m[1], m[2]]));
const expand = (text) => text.replace(/\b[A-Z]+\b/g, (word) => macros[word] ?? word);
const words = (text) => [...expand(text ?? '').matchAll(/"([^"]*)"/g)].map((m) => m[1]).join('')
  .split(' ').filter(Boolean);

const row = /\{"([A-Z]+)", "([^"]+)", ([^,]+), ([^,]+), (api_\w+)(?:,\s*([^}]+?))?\},/g;
const routes = [...table.matchAll(row)].map(([, method, pattern, flags, role, , query]) => {
  const set = expand(flags);
  return {
    name: `${method} ${/^\/(metrics|ipfs)/.test(pattern) ? '' : '/api/v1'}${pattern}`,
    access: set.includes('API_ANYONE') ? 'anyone' : set.includes('API_OPERATOR') ? 'operator' : 'identity',
    role: words(role).join(' '),
    query: [...words(query), ...(set.includes('API_DRY') ? ['dryRun'] : [])].sort(),
  };
});

const access = ({ security }) => {
  if (security === undefined) return 'identity';
  return security.some((one) => Object.keys(one).length === 0) ? 'anyone' : 'operator';
};
const described = operations.map(({ method, path: target, operation, parameters }) => ({
  name: `${method} ${target.replace(/\{[^}]*\}/g, '{}')}`,
  access: access(operation),
  role: operation['x-galen-role'] ?? '',
  query: parameters.filter((one) => one.in === 'query').map((one) => one.name).sort(),
}));

test('every row of the table is read', () => {
  assert.equal(routes.length, [...table.matchAll(/\bapi_[a-z_]+/g)].length);
  assert.ok(routes.length > 70);
});

test('no route is undescribed, nothing is described that is not there', () => {
  const byName = (a, b) => a.name.localeCompare(b.name);
  assert.deepEqual(described.toSorted(byName), routes.toSorted(byName));
});

test('the path parameters are those of the path', () => {
  for (const { path: target, parameters } of operations)
    assert.deepEqual(parameters.filter((one) => one.in === 'path').map((one) => one.name),
      [...target.matchAll(/\{([^}]*)\}/g)].map((m) => m[1]), target);
});

test('every component is used, every operation has a name of its own and a summary', () => {
  const text = JSON.stringify(openapi);
  for (const kind of ['schemas', 'parameters', 'requestBodies', 'responses'])
    for (const name of Object.keys(openapi.components[kind]))
      assert.ok(text.includes(`#/components/${kind}/${name}"`), `${kind}/${name} is not used`);
  const names = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length);
  for (const { operation } of operations) assert.ok(operation.summary.length > 5);
});
