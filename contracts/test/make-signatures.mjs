// Writes what SignatureVerifier.t.sol reads: signatures that are good and signatures that are not,
// made from tests/vectors/cpy06-g1.json, each with the step at which verification ends.
// Usage: make-signatures.mjs VECTORS.json OUTPUT.json
// The output has a list of cases a name, ABI-encoded: Case[] of {why, stage, msg32, sig, ys}.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { AbiCoder } from 'ethers';
// noble comes with ethers
const { bls12_381: bls } = createRequire(import.meta.url)('@noble/curves/bls12-381');

const [vectorsPath, output] = process.argv.slice(2);
const vectors = JSON.parse(fs.readFileSync(vectorsPath));

const { Fp, Fr } = bls.fields;
const G1 = bls.G1.ProjectivePoint;
const P = Fp.ORDER;
const FORM = 0; // then K1 … K4, whose sums check the points
const CHALLENGE = 5;
const PAIRING = 6;
const VALID = 7;
const SUM_OF_POINT = [1, 1, 2, 3, 4]; // A', Abar, E1, E2, T
const SCALARS = { zt: 266, zr: 298, zu: 330 };

const toNumber = (bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const toBytes = (number, length) =>
  Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');
const isUpper = (y) => 2n * y > P;

// ---- a signature as fields, and back; what is not said stays as it was

const xOf = (sig, i) => toNumber(sig.subarray(2 + 48 * i, 50 + 48 * i)) & ((1n << 381n) - 1n);
const flagsOf = (sig, i) => sig[2 + 48 * i] >> 5;
const yOf = (ys, i) => toNumber(ys.subarray(48 * i, 48 * i + 48));

/** The case with point i replaced; flags are those of y unless said. */
function withPoint({ sig, ys, ...rest }, i, { x, y, flags }) {
  const copy = { sig: Buffer.from(sig), ys: Buffer.from(ys), ...rest };
  const top = BigInt(flags ?? (isUpper(y) ? 5 : 4));
  toBytes(x | (top << 381n), 48).copy(copy.sig, 2 + 48 * i);
  toBytes(y, 48).copy(copy.ys, 48 * i);
  return copy;
}
const pointOf = ({ sig, ys }, i) => ({ x: xOf(sig, i), y: yOf(ys, i) });

function withBytes({ sig, ...rest }, at, bytes) {
  const copy = Buffer.from(sig);
  Buffer.from(bytes).copy(copy, at);
  return { sig: copy, ...rest };
}

/** The y of a compressed point; where there is none, one that has the right sign. */
function findY(sig, i) {
  let y;
  try {
    y = Fp.sqrt(Fp.add(Fp.pow(Fp.create(xOf(sig, i)), 3n), 4n));
  } catch {
    y = G1.BASE.toAffine().y;
  }
  return isUpper(y) === ((flagsOf(sig, i) & 1) === 1) ? y : P - y;
}
function load({ msg32, signature, why = '' }) {
  const sig = Buffer.from(signature, 'hex');
  const ys = Buffer.concat([0, 1, 2, 3, 4].map((i) => toBytes(findY(sig, i), 48)));
  return { why, msg32: Buffer.from(msg32, 'hex'), sig, ys };
}

/** Where the verifier must end, unless every point and scalar is as it should be. */
function stageOf({ sig, ys }) {
  if (sig.length !== 362 || ys.length !== 240 || sig[0] !== 6 || sig[1] !== 1) return FORM;
  const scalars = Object.values(SCALARS).map((at) => toNumber(sig.subarray(at, at + 32)));
  if (scalars.some((z) => z >= Fr.ORDER)) return FORM;
  const wrongSign = (i) => flagsOf(sig, i) !== (isUpper(yOf(ys, i)) ? 5 : 4) || yOf(ys, i) === 0n;
  if (SUM_OF_POINT.some((_, i) => wrongSign(i))) return FORM;
  const inGroup = ({ x, y }) => x < P && y < P
    && Fp.sqr(y) === Fp.add(Fp.pow(x, 3n), 4n) && G1.fromAffine({ x, y }).isTorsionFree();
  const bad = SUM_OF_POINT.findIndex((_, i) => !inGroup(pointOf({ sig, ys }, i)));
  return bad < 0 ? undefined : SUM_OF_POINT[bad];
}

const lists = {};
/** Adds a case; `stage` says where it ends when all its points and scalars are good. */
function add(list, why, theCase, stage = CHALLENGE) {
  const found = stageOf(theCase);
  (lists[list] ??= []).push({ ...theCase, why, stage: found ?? stage });
}

const good = vectors.signatures.map(load);
const first = good[0];
const NAMES = ['A\'', 'Abar', 'E1', 'E2', 'T'];

for (const theCase of [...good, ...vectors.edge_valid.map(load)]) {
  add('valid', theCase.why, theCase, VALID);
}
for (const theCase of vectors.rejected.map(load)) {
  const last = theCase.why === 'certificate never issued' ? PAIRING : CHALLENGE;
  add('rejected', theCase.why, theCase, last);
}

// ---- points

const order3 = { x: 0n, y: 2n }; // on the curve, of order 3
const addPoints = (a, b) => {
  const sum = G1.fromAffine(a).add(G1.fromAffine(b));
  return sum.toAffine();
};
for (const [i, name] of NAMES.entries()) {
  const point = pointOf(first, i);
  const set = (why, replacement) => add('points', `${name}: ${why}`, withPoint(first, i, replacement));
  const own = flagsOf(first.sig, i);
  set('negated', { x: point.x, y: P - point.y });
  set('the sign of the other', { ...point, flags: own ^ 1 });
  set('not marked as compressed', { ...point, flags: own & 3 });
  set('marked as infinite', { ...point, flags: own | 2 });
  set('O', { x: 0n, y: 0n, flags: 6 });
  set('O with the other sign', { x: 0n, y: 0n, flags: 7 });
  for (const flags of [4, 5]) set(`O, marked as finite, flags ${flags}`, { x: 0n, y: 0n, flags });
  set('not on the curve', { x: point.x + 1n, y: point.y });
  set('of order 3', order3);
  set('outside the subgroup', addPoints(point, order3));
  set('x = p', { x: P, y: point.y });
  set('the highest x', { x: (1n << 381n) - 1n, y: point.y });
  set('(p, 2), which is (0, 2)', { x: P, y: 2n });
  set('G', G1.BASE.toAffine());
  for (let j = 0; j < i; j++) {
    add('points', `${name}: swapped with ${NAMES[j]}`,
      withPoint(withPoint(first, i, pointOf(first, j)), j, point));
  }
  // x + p fits into 381 bits for small x only
  const small = good.find(({ sig }) => xOf(sig, i) + P < 1n << 381n);
  if (small) {
    const { x, y } = pointOf(small, i);
    add('points', `${name}: x + p`, withPoint(small, i, { x: x + P, y }));
  }
}
if (!lists.points.some(({ why }) => why.endsWith('x + p'))) throw new Error('no x + p among them');

// ---- y coordinates, which come apart from the signature

for (const [i, name] of NAMES.entries()) {
  const { x, y } = pointOf(first, i);
  const own = flagsOf(first.sig, i);
  const set = (why, value, flags = own) =>
    add('ys', `y of ${name}: ${why}`, withPoint(first, i, { x, y: value, flags }));
  set('p - y', P - y);
  set('0', 0n);
  set('1 more', y + 1n);
  set('(p - 1) / 2', (P - 1n) / 2n, 4);
  set('(p + 1) / 2', (P + 1n) / 2n, 5);
  for (const flags of [4, 5]) {
    set(`y + p, flags ${flags}`, y + P, flags);
    set(`p - y + p, flags ${flags}`, P - y + P, flags);
    set(`p, flags ${flags}`, P, flags);
    set(`all ones, flags ${flags}`, (1n << 384n) - 1n, flags);
  }
}
add('ys', 'of another signature', { ...first, ys: good[1].ys });
add('ys', 'all zero', { ...first, ys: Buffer.alloc(240) });
add('ys', 'turned by one', { ...first,
  ys: Buffer.concat([first.ys.subarray(48), first.ys.subarray(0, 48)]) });

// ---- everything else

for (const [name, at] of Object.entries(SCALARS)) {
  const z = toNumber(first.sig.subarray(at, at + 32));
  const set = (why, value) =>
    add('scalars', `${name} ${why}`, withBytes(first, at, toBytes(value, 32)));
  set('+ r', z + Fr.ORDER);
  set('= r', Fr.ORDER);
  set('= 2^256 - 1', (1n << 256n) - 1n);
  set('= r - 1', Fr.ORDER - 1n);
  set('= 0', 0n);
  set('= r - z', Fr.ORDER - z);
}
for (const byte of [0, 23]) {
  const changed = first.sig[242 + byte] ^ 1;
  add('scalars', `c, byte ${byte}`, withBytes(first, 242 + byte, [changed]));
}
add('scalars', 'c = 0', withBytes(first, 242, Buffer.alloc(24)));

for (const length of [0, 1, 2, 361]) {
  add('form', `sig of ${length}`, { ...first, sig: first.sig.subarray(0, length) });
}
for (const length of [0, 48, 239]) {
  add('form', `ys of ${length}`, { ...first, ys: first.ys.subarray(0, length) });
}
add('form', 'sig and a byte', { ...first, sig: Buffer.concat([first.sig, Buffer.alloc(1)]) });
add('form', 'ys and a byte', { ...first, ys: Buffer.concat([first.ys, Buffer.alloc(1)]) });
for (const header of ['0602', '0600', '0701', '0501', '0106', '0000', 'ffff']) {
  add('form', `header ${header}`, withBytes(first, 0, Buffer.from(header, 'hex')));
}
add('other', 'another message', { ...first, msg32: Buffer.alloc(32, 7) });
add('other', 'another signature\'s message', { ...first, msg32: good[1].msg32 });

// ---- one for each step, whose gas limit is varied

add('sweep', 'valid', first, VALID);
for (const i of [0, 2, 3, 4]) {
  const outside = addPoints(pointOf(first, i), order3);
  add('sweep', `${NAMES[i]} outside the subgroup`, withPoint(first, i, outside));
}
add('sweep', 'another message', { ...first, msg32: Buffer.alloc(32, 7) });
lists.sweep.push(lists.rejected.find(({ stage }) => stage === PAIRING));
lists.sweep.push(lists.form[0]);
const seen = lists.sweep.map(({ stage }) => stage).sort();
if (seen.join() !== '0,1,2,3,4,5,6,7') throw new Error(`steps covered by the sweep: ${seen}`);

const CASES = 'tuple(string why, uint256 stage, bytes32 msg32, bytes sig, bytes ys)[]';
const encoded = Object.entries(lists).map(([name, cases]) =>
  [name, AbiCoder.defaultAbiCoder().encode([CASES], [cases])]);
fs.writeFileSync(output, `${JSON.stringify(Object.fromEntries(encoded))}\n`);
