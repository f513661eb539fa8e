// `make analyze`: runs every static analyser and holds what they find against answers.json. Fails on a
// finding that is not answered, and on an answer to a finding that no longer occurs.
// Usage: analyze.mjs [TOOL…]   all of them unless named
import fs from 'node:fs';
import { tools } from './tools.mjs';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !tools[name]);
if (unknown.length) {
  console.error(`usage: analyze.mjs [${Object.keys(tools).join('] [')}]`);
  process.exit(2);
}
const answers = JSON.parse(fs.readFileSync(new URL('answers.json', import.meta.url), 'utf8'));

// rule and place, with how often
const key = (rule, at) => `${rule} at ${at}`;

/** Prints what is not in step and returns how much that is. */
function compare(name, findings) {
  const left = new Map();
  for (const { rule, at, why } of answers[name] ?? []) {
    if (!why || !Object.keys(at).length) throw new Error(`answers.json: ${name} ${rule} has no reason or place`);
    for (const [place, times] of Object.entries(at)) left.set(key(rule, place), times);
  }
  let wrong = 0;
  for (const { rule, at, text } of findings) {
    const times = left.get(key(rule, at)) ?? 0;
    if (times > 0) {
      left.set(key(rule, at), times - 1);
    } else {
      wrong += 1;
      console.log(`  not answered: ${key(rule, at)}\n    ${text.trim().replace(/\s*\n\s*/g, '\n    ')}`);
    }
  }
  for (const [place, times] of left) {
    if (times === 0) continue;
    wrong += 1;
    console.log(`  answered ${times} times too often, it no longer occurs: ${place}`);
  }
  return wrong;
}

let failed = 0;
const missing = [];
for (const [name, run] of Object.entries(tools)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const began = Date.now();
  const { absent, findings, did } = run();
  if (absent) {
    missing.push(name);
    console.log(`${name}: NOT RUN: ${absent}`);
    continue;
  }
  const wrong = compare(name, findings);
  failed += wrong;
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(`${name}: ${did}; ${findings.length} findings, ${wrong} to see to (${seconds} s)`);
}
const ran = (wanted.length || Object.keys(tools).length) - missing.length;
console.log(`analyze: ${ran} tools ran, ${failed} findings to see to`
  + `${missing.length ? `; NOT RUN: ${missing.join(', ')}` : ''}`);
process.exit(failed ? 1 : 0);
