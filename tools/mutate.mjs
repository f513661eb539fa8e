// Changes DataHub's sources in one place at a time, by generic operators over solc's syntax tree, and
// runs the Forge tests on each such mutant: every one must make some test fail. One that does not
// compile does not count; one that cannot differ from the original is named, with the reason, in
// mutants-equivalent.mjs. Ends with 1 when a mutant survives.
// Usage: mutate.mjs WORKDIR [HOW MANY | all] [PATTERN]
// Without a number it takes 60, evenly over all operators and by GALEN_FUZZ_SEED, which is printed.
// PATTERN: only mutants whose description has it.
import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { root } from './forge-binaries.mjs';
import {
  readSources, runForge, seed, span, syntaxTrees, walk, writeArtifacts,
} from './contract-sources.mjs';
import { EQUIVALENT } from './mutants-equivalent.mjs';

const JOBS = 2;
const TIMEOUT_MS = 300_000;
const VERIFIER = /SignatureVerifier|Bls12381/;

const BINARY = {
  '<': ['<=', '>='], '<=': ['<', '>'], '>': ['>=', '<='], '>=': ['>', '<'], '==': ['!='], '!=': ['=='],
  '+': ['-'], '-': ['+'], '*': ['/'], '/': ['*'], '%': ['/'], '&&': ['||'], '||': ['&&'],
  '&': ['|'], '|': ['&'], '^': ['&'], '<<': ['>>'], '>>': ['<<'],
};
const ASSIGNMENT = { '+=': '-=', '-=': '+=', '|=': '=', '&=': '=' };
const ASSEMBLY = {
  add: 'sub', sub: 'add', mul: 'add', and: 'or', or: 'and', eq: 'lt', lt: 'gt', gt: 'lt', shl: 'shr', shr: 'shl',
};

// ---------------------------------------------------------------- operators

/** All mutants of one file: { file, operator, start, end, to }, positions in bytes. */
function mutantsOf(file, text, tree, declared) {
  const bytes = Buffer.from(text);
  const mutants = [];
  const cut = ({ start, end }) => bytes.subarray(start, end).toString();
  const put = (operator, { start, end }, ...to) => {
    for (const each of to) mutants.push({ file, operator, start, end, to: each });
  };
  // a token of this text somewhere from here on
  const token = (what, from) => {
    const start = bytes.indexOf(what, from);
    return { start, end: start + what.length };
  };
  const withSemicolon = (node) => {
    const { start, end } = span(node);
    return { start, end: bytes[end] === 0x3b ? end + 1 : end };
  };
  const nextOf = (list, item) => list[(list.indexOf(item) + 1) % list.length];
  const typeOf = (node) => node.typeDescriptions?.typeString;

  const rules = {
    BinaryOperation(node) {
      const at = token(node.operator, span(node.leftExpression).end);
      put('operator', at, ...BINARY[node.operator] ?? []);
    },
    UnaryOperation(node) {
      const { start, end } = span(node);
      const size = node.operator.length;
      const at = node.prefix ? { start, end: start + size } : { start: end - size, end };
      if (node.operator === '++') put('operator', at, '--');
      if (['!', '~'].includes(node.operator)) put('operator', at, '');
    },
    Assignment(node) {
      const to = ASSIGNMENT[node.operator];
      if (to) put('operator', token(node.operator, span(node.leftHandSide).end), to);
    },
    IfStatement(node) {
      put('condition', span(node.condition), 'true', 'false');
    },
    Conditional(node) {
      const [yes, no] = [node.trueExpression, node.falseExpression].map(span);
      put('branches', { start: yes.start, end: no.end }, `${cut(no)} : ${cut(yes)}`);
    },
    Literal(node) {
      const at = span(node);
      if (node.kind === 'bool') put('literal', at, node.value === 'true' ? 'false' : 'true');
      if (node.kind === 'number') {
        const digits = cut(at).match(/^[0-9a-fA-Fx_]+/)[0];
        const value = BigInt(digits.replaceAll('_', ''));
        const near = value === 0n ? [1n] : [value + 1n, value - 1n];
        put('literal', { start: at.start, end: at.start + digits.length }, ...near.map(String));
      }
      if (node.kind === 'string') put('literal', { start: at.end - 1, end: at.end - 1 }, '!');
      if (node.kind === 'hexString') {
        const last = { start: at.end - 2, end: at.end - 1 };
        put('literal', last, (parseInt(cut(last), 16) ^ 1).toString(16));
      }
    },
    MemberAccess(node) {
      const { end } = span(node);
      const at = { start: end - Buffer.byteLength(node.memberName), end };
      const found = declared.members.get(node.referencedDeclaration);
      if (found) put('member', at, ...new Set([nextOf(found, node.memberName)]));
    },
    Identifier(node) {
      const found = declared.constants.get(node.referencedDeclaration);
      if (!found) return;
      const others = [...new Set(found)].filter((name) => text.includes(name));
      if (others.length > 1) put('constant', span(node), nextOf(others, node.name));
    },
    ModifierInvocation(node) {
      if (node.kind === 'modifierInvocation') put('modifier', span(node), '');
    },
    FunctionCall(node) {
      const list = node.arguments;
      for (let i = 1; i < list.length; i++) {
        const [a, b] = [list[i - 1], list[i]];
        if (typeOf(a) !== typeOf(b) || cut(span(a)) === cut(span(b))) continue;
        const between = cut({ start: span(a).end, end: span(b).start });
        put('arguments', { start: span(a).start, end: span(b).end },
          `${cut(span(b))}${between}${cut(span(a))}`);
      }
    },
    ExpressionStatement: (node) => put('deletion', withSemicolon(node), '{}'),
    EmitStatement: (node) => put('deletion', withSemicolon(node), '{}'),
    Continue: (node) => put('deletion', withSemicolon(node), '{}'),
    Return(node) {
      put('deletion', withSemicolon(node), '{}');
      if (node.expression && typeOf(node.expression) === 'bool') {
        put('negation', span(node.expression), `!(${cut(span(node.expression))})`);
      }
    },
    RevertStatement(node, ancestors) {
      // as an if's only statement it goes with the condition
      const parent = ancestors.at(-1);
      const alone = parent.nodeType === 'IfStatement'
        || (ancestors.at(-2)?.nodeType === 'IfStatement' && parent.statements?.length === 1);
      if (!alone) put('deletion', withSemicolon(node), '{}');
    },
    VariableDeclarationStatement(node) {
      const isZero = node.initialValue?.value === '0'; // as without it
      if (node.initialValue && node.declarations.length === 1 && !isZero) {
        const { end } = span(node.declarations[0]);
        put('deletion', { start: end, end: span(node.initialValue).end }, '');
      }
    },
    YulFunctionCall(node) {
      const to = ASSEMBLY[node.functionName.name];
      if (to) put('assembly', span(node.functionName), to);
      if (node.functionName.name === 'iszero') put('assembly', span(node), cut(span(node.arguments[0])));
    },
    YulLiteral(node) {
      if (node.kind !== 'number') return;
      const value = BigInt(node.value);
      const near = value ? [value + 1n, value - 1n] : [1n];
      // gas has headroom
      put('assembly', span(node), ...(value < 1000n ? near : [value / 10n]).map(String));
    },
    YulIf: (node) => put('assembly', span(node.condition), '1', '0'),
    YulAssignment: (node) => put('assembly', span(node), ''),
    YulExpressionStatement: (node) => put('assembly', span(node), ''),
  };
  walk(tree, (node, ancestors) => {
    // what a documentation or an import says is no code
    if (ancestors.some(({ nodeType }) => /Documentation|Directive/.test(nodeType))) return;
    rules[node.nodeType]?.(node, ancestors);
  });
  return mutants.map((mutant) => describe(mutant, bytes));
}

/** Adds line and description; both must hold still when the file changes elsewhere. */
function describe(mutant, bytes) {
  const { start, end, to, file, operator } = mutant;
  const before = bytes.subarray(0, start).toString().split('\n');
  const from = bytes.subarray(start, end).toString().replace(/\s+/g, ' ');
  const column = before.at(-1).trimStart().length;
  const whole = bytes.toString().split('\n')[before.length - 1].trim();
  return {
    ...mutant,
    line: before.length,
    name: `${file}: ${whole} [${operator} at ${column}: ${from} -> ${to.replace(/\s+/g, ' ')}]`,
  };
}

/** What a member or constant may be taken for: others of its type in the same enum or struct, or anywhere. */
function declarations(trees) {
  const members = new Map();
  const byType = new Map();
  for (const tree of trees.values()) {
    walk(tree, (node) => {
      if (node.nodeType === 'EnumDefinition') {
        for (const { id } of node.members) members.set(id, node.members.map(({ name }) => name));
      } else if (node.nodeType === 'StructDefinition') {
        for (const one of node.members) {
          const type = one.typeDescriptions.typeString;
          const same = node.members.filter((other) => other.typeDescriptions.typeString === type);
          if (same.length > 1) members.set(one.id, same.map(({ name }) => name));
        }
      } else if (node.nodeType === 'VariableDeclaration' && node.constant) {
        const type = node.typeDescriptions.typeString;
        byType.set(type, [...byType.get(type) ?? [], node]);
      }
    });
  }
  const constants = new Map();
  for (const list of byType.values()) {
    for (const { id } of list) constants.set(id, list.map(({ name }) => name));
  }
  return { members, constants };
}

// ---------------------------------------------------------------- choosing

const rank = (name) => createHash('sha256').update(seed).update(name).digest('hex');

/** n of them, in turn from every operator, within each in the seed's order. */
function choose(mutants, n) {
  const kinds = new Map();
  for (const mutant of mutants) {
    kinds.set(mutant.operator, [...kinds.get(mutant.operator) ?? [], mutant]);
  }
  const lists = [...kinds.values()].map((list) =>
    list.sort((a, b) => (rank(a.name) < rank(b.name) ? -1 : 1)));
  const order = [];
  for (let i = 0; order.length < mutants.length; i++) {
    for (const list of lists) if (list[i]) order.push(list[i]);
  }
  return order.slice(0, n);
}

// ---------------------------------------------------------------- running

const [workdir, wanted = '60', pattern = ''] = process.argv.slice(2);
if (!workdir || !/^(\d+|all)$/.test(wanted)) {
  console.error('usage: mutate.mjs WORKDIR [HOW MANY | all] [PATTERN]');
  process.exit(2);
}
const work = path.resolve(workdir);
console.log(`GALEN_FUZZ_SEED=${seed}`);
const sources = readSources();
const trees = syntaxTrees(sources);
const declared = declarations(trees);
const every = [...sources].flatMap(([file, text]) => mutantsOf(file, text, trees.get(file), declared));
const times = (wanted) => every.filter(({ name }) => name === wanted).length;
const stale = Object.keys(EQUIVALENT).filter((name) => times(name) !== 1);
for (const name of stale) console.error(`${times(name) ? 'several mutants are' : 'no such mutant any more'}: ${name}`);

/** The slow tests of the verifier alone see nothing of the rest. */
const testsOf = (mutants) =>
  (mutants.some(({ file }) => VERIFIER.test(file)) ? [] : ['--no-match-contract', 'Verifier']);

// whose tests stand in for those that a file has none of its own
const TESTED_BY = {
  Bls12381: 'SignatureVerifier', Entries: 'Outcomes', EntryTree: 'Requests', Money: 'Outcomes', Scratch: 'Records',
};

/** The file's own tests, which most mutants fail, then all. */
function roundsOf(mutant) {
  const name = path.basename(mutant.file, '.sol');
  const own = `${TESTED_BY[name] ?? name}.t.sol`;
  const first = fs.existsSync(path.join(root, 'contracts', 'test', own));
  return [...first ? [['--match-path', `*/${own}`]] : [], testsOf([mutant])];
}

async function verdictOf(mutant, folder) {
  const bytes = Buffer.from(sources.get(mutant.file));
  const changed = Buffer.concat(
    [bytes.subarray(0, mutant.start), Buffer.from(mutant.to), bytes.subarray(mutant.end)]);
  try {
    writeArtifacts(new Map(sources).set(mutant.file, changed.toString()), folder);
  } catch {
    return { verdict: 'does not compile' };
  }
  for (const args of roundsOf(mutant)) {
    const { failed } = await runForge(folder, { args: ['--fail-fast', ...args], timeoutMs: TIMEOUT_MS });
    if (failed.length) return { verdict: 'killed', by: failed[0] };
  }
  return { verdict: 'SURVIVED' };
}

const candidates = every.filter(({ name }) => name.includes(pattern) && !(name in EQUIVALENT));
const most = wanted === 'all' ? candidates.length : Number(wanted);
const queue = choose(candidates, candidates.length);
writeArtifacts(sources, path.join(work, 'original'));
const original = await runForge(path.join(work, 'original'), { args: testsOf(queue.slice(0, most)) });
if (original.failed.length || !original.passed) {
  console.error('without any change:', original);
  process.exit(1);
}

const counts = { 'does not compile': 0, killed: 0, SURVIVED: 0 };
let left = most; // to be judged
await Promise.all([...Array(JOBS).keys()].map(async (job) => {
  while (queue.length && left > 0) {
    const mutant = queue.shift();
    left -= 1;
    const { verdict, by } = await verdictOf(mutant, path.join(work, `job-${job}`));
    if (verdict === 'does not compile') left += 1;
    counts[verdict] += 1;
    const why = by ? ` (${by.slice(0, 100)})` : '';
    console.log(`${verdict}: ${mutant.name.replace(':', `:${mutant.line}:`)}${why}`);
  }
}));
fs.rmSync(work, { recursive: true, force: true });
console.log(`${every.length} mutants known, ${Object.keys(EQUIVALENT).length} of them equivalent; ` +
  `${counts.killed} killed, ${counts.SURVIVED} survived, ${counts['does not compile']} did not compile`);
process.exit(counts.SURVIVED || stale.length || !counts.killed ? 1 : 0);
