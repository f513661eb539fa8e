// Measures which lines and branches of DataHub's sources the Forge tests reach; ends with 1 when any is
// not. Usage: contract-coverage.mjs WORKDIR [forge test arguments]
// A copy of the sources gets probes, placed by solc's syntax tree: one before every statement and one
// for each way that a decision goes: if, loop, conditional, and both sides of && and ||. A probe is a
// call to forge's cheat code that appends to a file, so that it counts in view functions too, and
// when the transaction is reverted afterwards. Line numbers are exact, unlike with source maps of
// optimized code. Assembly counts as one statement, but for its ifs.
import fs from 'node:fs';
import path from 'node:path';
import {
  readSources, runForge, seed, span, syntaxTrees, walk, writeArtifacts,
} from './contract-sources.mjs';
import { root } from './forge-binaries.mjs';

const [workdir, ...more] = process.argv.slice(2);
if (!workdir) {
  console.error('usage: contract-coverage.mjs WORKDIR [forge test arguments]');
  process.exit(2);
}
const work = path.resolve(workdir);
const hits = path.join(work, 'hits');
const probes = []; // { file, line, what, branch }
const TAG_BYTES = 6;

function newProbe(file, line, what, branch) {
  probes.push({ file, line, what, branch });
  return String(probes.length - 1).padStart(TAG_BYTES, '0');
}

// ---------------------------------------------------------------- the probe itself

const word = (bytes) => `0x${Buffer.from(bytes).toString('hex').padEnd(64, '0')}`;

/** Assembly that calls vm.writeLine(hits, tag); tag is an assembly expression of TAG_BYTES bytes. */
function writeLine(tag, indent) {
  const name = Buffer.from(hits);
  const words = Math.ceil(name.length / 32);
  const memory = [
    [0, '0x619d897f00000000000000000000000000000000000000000000000000000000'],
    [4, 0x40],
    [36, 0x60 + 32 * words],
    [68, name.length],
    ...Array.from({ length: words }, (_, i) => [100 + 32 * i, word(name.subarray(32 * i, 32 * i + 32))]),
    [100 + 32 * words, TAG_BYTES],
    [132 + 32 * words, tag],
  ];
  const lines = memory.map(([at, value]) => `mstore(add(probe, ${at}), ${value})`);
  const vm = '0x7109709ECfa91a80626fF3989D68f67F5b1DD12D';
  return [
    'let probe := mload(0x40)', ...lines,
    `if iszero(staticcall(gas(), ${vm}, probe, ${164 + 32 * words}, 0, 0)) { invalid() }`,
  ].join(`\n${indent}`);
}

const probeLibrary = () => `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

library Probe {
    function hit(bytes32 tag) internal pure {
        _pure(_hit)(tag);
    }

    function way(bool value, bytes32 yes, bytes32 no) internal pure returns (bool) {
        hit(value ? yes : no);
        return value;
    }

    function _hit(bytes32 tag) private view {
        assembly ("memory-safe") {
            ${writeLine('tag', '            ')}
        }
    }

    function _pure(function(bytes32) internal view f)
        private
        pure
        returns (function(bytes32) internal pure g)
    {
        assembly ("memory-safe") {
            g := f
        }
    }
}
`;

// ---------------------------------------------------------------- placing probes

/** The file's text with probes. */
function instrument(file, text, tree) {
  const bytes = Buffer.from(text);
  const openers = []; // in the order of the tree, outermost first
  const closers = []; // the other way round
  const open = (at, what) => openers.push({ at, what });
  const close = (at, what) => closers.unshift({ at, what });
  const lineOf = (at) => bytes.subarray(0, at).toString().split('\n').length;
  const snippet = (node) => {
    const { start, end } = span(node);
    return bytes.subarray(start, end).toString().split('\n')[0].slice(0, 60);
  };

  function statement(node) {
    const { start } = span(node);
    const tag = newProbe(file, lineOf(start), snippet(node), false);
    open(start, `Probe.hit("${tag}"); `);
  }

  function decision(node) {
    const { start, end } = span(node);
    const [yes, no] = ['true', 'false'].map((way) =>
      newProbe(file, lineOf(start), `${snippet(node)} is ${way}`, true));
    open(start, 'Probe.way(');
    close(end, `, "${yes}", "${no}")`);
  }

  function assemblyIf(node) {
    const { start, end } = span(node.condition);
    const condition = bytes.subarray(start, end).toString();
    if (node.condition.nodeType !== 'YulIdentifier') {
      throw new Error(`${file}:${lineOf(start)}: name the condition of an if in assembly first`);
    }
    const [yes, no] = ['true', 'false'].map((way) =>
      newProbe(file, lineOf(start), `${condition} is ${way}`, true));
    open(span(node).start,
      `{ let tag := "${no}" if ${condition} { tag := "${yes}" } ${writeLine('tag', '')} }\n`);
  }

  // A body without braces gets them.
  function body(node) {
    if (!node || node.nodeType === 'Block' || node.nodeType === 'UncheckedBlock') return;
    open(span(node).start, '{ ');
    statement(node);
    let { end } = span(node);
    if (bytes[end] === 0x3b) end += 1; // the semicolon is not the statement's
    close(end, ' }');
  }

  walk(tree, (node) => {
    switch (node.nodeType) {
      case 'Block':
      case 'UncheckedBlock':
        for (const each of node.statements) {
          // the first in its block: nested blocks come by themselves
          if (!['Block', 'UncheckedBlock'].includes(each.nodeType)) each.isListed = true;
        }
        break;
      case 'IfStatement':
        node.condition.isDecision = true;
        for (const each of [node.trueBody, node.falseBody]) if (each) each.isBody = true;
        break;
      case 'ForStatement':
      case 'WhileStatement':
        if (node.condition) node.condition.isDecision = true;
        node.body.isBody = true;
        break;
      case 'Conditional':
        node.condition.isDecision = true;
        break;
      case 'BinaryOperation':
        if (['&&', '||'].includes(node.operator)) {
          node.leftExpression.isDecision = true;
          node.rightExpression.isDecision = true;
        }
        break;
      case 'YulIf':
        assemblyIf(node);
        break;
      case 'DoWhileStatement':
      case 'TryStatement':
      case 'YulForLoop':
      case 'YulSwitch':
        throw new Error(`${file}: ${node.nodeType} is not known here`);
      default:
    }
    if (node.isListed) statement(node);
    if (node.isBody) body(node);
    if (node.isDecision) decision(node);
  });

  // import after the pragma; at one place closers come first
  const pragma = tree.nodes.find((node) => node.nodeType === 'PragmaDirective');
  const up = file.includes('/') ? '..' : '.';
  openers.unshift({ at: span(pragma).end, what: `\nimport {Probe} from "${up}/Probe.sol";` });
  const order = [...closers, ...openers].map((each, i) => ({ ...each, i }))
    .sort((a, b) => a.at - b.at || a.i - b.i);
  const pieces = [];
  let from = 0;
  for (const { at, what } of order) {
    pieces.push(bytes.subarray(from, at).toString(), what);
    from = at;
  }
  return pieces.join('') + bytes.subarray(from).toString();
}

// ---------------------------------------------------------------- counting

function report(count) {
  const files = new Map();
  probes.forEach((probe, i) => {
    const lines = files.get(probe.file) ?? { lines: new Map(), ways: [] };
    files.set(probe.file, lines);
    if (probe.branch) lines.ways.push(count[i] > 0);
    else lines.lines.set(probe.line, (lines.lines.get(probe.line) ?? true) && count[i] > 0);
  });
  const share = (list) => `${list.filter(Boolean).length} of ${list.length}`;
  const row = (name, lines, ways) =>
    console.log(`${name.padEnd(32)} lines ${share(lines).padEnd(14)} branches ${share(ways)}`);
  for (const [file, { lines, ways }] of files) row(file, [...lines.values()], ways);
  const all = [...files.values()];
  row('all', all.flatMap(({ lines }) => [...lines.values()]), all.flatMap(({ ways }) => ways));
  const missed = probes.filter((_, i) => count[i] === 0);
  for (const { file, line, what } of missed) console.log(`never: contracts/${file}:${line}: ${what}`);
  return missed.length === 0;
}

console.log(`GALEN_FUZZ_SEED=${seed}`);
const sources = readSources();
const trees = syntaxTrees(sources);
const copies = new Map([...sources].map(([file, text]) => [file, instrument(file, text, trees.get(file))]));
copies.set('Probe.sol', probeLibrary());
fs.rmSync(work, { recursive: true, force: true });
for (const [file, text] of copies) {
  fs.mkdirSync(path.dirname(path.join(work, 'contracts', file)), { recursive: true });
  fs.writeFileSync(path.join(work, 'contracts', file), text);
}
writeArtifacts(copies, work);
fs.writeFileSync(hits, '');
// a probe costs gas, where these leave little
const skip = ['GasLimit', 'bitsCount'];
const { passed, failed } = await runForge(work, { skip, args: more });
for (const name of failed) console.error(`failed: ${name}`);
const count = new Array(probes.length).fill(0);
for (const line of fs.readFileSync(hits, 'utf8').split('\n')) if (line) count[Number(line)] += 1;
fs.rmSync(hits);
console.log(`${passed} tests passed, ${failed.length} failed, ${probes.length} probes, ` +
  `${count.reduce((a, b) => a + b, 0)} hits; the copy with probes is in ${path.relative(root, work)}`);
if (!report(count) || failed.length) process.exit(1);
