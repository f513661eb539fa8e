// docs/contract.md against the contract's ABI and the gas table: neither has what the other lacks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = process.env.GALEN_SOURCE_ROOT ?? process.cwd();
const { abi } = JSON.parse(readFileSync(process.env.GALEN_DATAHUB_JSON, 'utf8'));
const text = readFileSync(join(root, 'docs/contract.md'), 'utf8');
const gas = readFileSync(join(root, 'docs/gas.md'), 'utf8');

const signature = ({ name, inputs }) => `${name}(${inputs.map((input) => input.name).join(', ')})`;
const signatures = (type) => abi.filter((item) => item.type === type).map(signature).sort();
const spans = (part) => [...part.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
const section = (title) => {
  const found = new RegExp(`^## ${title}\n(.*?)(?=^## |$(?![^]))`, 'ms').exec(text);
  assert.ok(found, `docs/contract.md has a section ${title}`);
  return found[1];
};
/** Signatures in the first column of a section's tables, each once. */
function documented(title) {
  const rows = section(title).split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => spans(row.split(' | ')[0])).sort();
}

for (const [type, title] of [['function', 'Functions'], ['event', 'Events'], ['error', 'Errors']]) {
  test(`every ${type} of the ABI is in the tables, with its arguments, and nothing else`, () => {
    assert.deepEqual(documented(title), signatures(type));
  });
}

test('no name of a call or event elsewhere that the ABI lacks', () => {
  const names = new Set(abi.map((item) => item.name));
  const events = new Set(abi.filter((item) => item.type === 'event').map((item) => item.name));
  const calls = spans(text).flatMap((code) => [...code.matchAll(/^(\w+)\(/g)].map(([, name]) => name));
  assert.ok(calls.length > 100);
  for (const name of calls) assert.ok(names.has(name), `${name} is in the ABI`);
  const emits = section('Functions').split('\n').filter((line) => /^\| .*\|.*\|.*\|.*\|/.test(line))
    .flatMap((row) => spans(row.split(' | ').at(-1)));
  assert.ok(emits.length > 30);
  for (const name of emits) assert.ok(events.has(name), `${name} is an event`);
});

test('what a function costs is a row of the gas table, within 5 %', () => {
  const measured = gas.split('\n').map((line) => /^\| (\S+?)(?:\(\d+\))?,? .*?\| ([\d,]+) \|/.exec(line)
    ?? /^\| (\w+) \| ([\d,]+) \|/.exec(line)).filter(Boolean)
    .map(([, name, figure]) => ({ name, figure: Number(figure.replaceAll(',', '')) }));
  const priced = new Set();
  let name;
  for (const row of section('Functions').split('\n').filter((line) => line.startsWith('| '))) {
    const cells = row.split(' | ');
    name = /`(\w+)\(/.exec(cells[0])?.[1] ?? name;
    const said = cells.length === 5 && /^[\d.]+/.exec(cells[3])?.[0];
    if (!said) continue;
    priced.add(name);
    const title = name === 'finalizeWithBodyHashes' ? 'finalize' : name;
    const near = measured.some((known) =>
      (known.name === title || known.name.startsWith(`${title}(`))
      && Math.abs(known.figure / 1000 - Number(said)) <= known.figure / 20_000);
    assert.ok(near, `${name}: no row of docs/gas.md says about ${said},000`);
  }
  const priceless = abi.filter((item) => item.type === 'function' && item.stateMutability !== 'view')
    .map((item) => item.name).filter((item) => !priced.has(item));
  assert.deepEqual(priceless, []);
});

test('every finding of the static analysis that is answered is in the last section, and no other', () => {
  const answers = JSON.parse(readFileSync(join(root, 'contracts/analysis/answers.json'), 'utf8'));
  const rules = ['solhint', 'solc', 'slither', 'halmos'].flatMap((tool) =>
    answers[tool].map(({ rule }) => rule));
  const table = section('Static analysis').split('| finding | answer |')[1].split('\n')
    .filter((line) => /^\| [a-z]/.test(line)).flatMap((line) => line.split('|')[1].trim().split(', '));
  assert.deepEqual(table.sort(), [...new Set(rules)].sort());
});
