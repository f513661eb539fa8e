// Group signatures (CPY06-G1, docs/groupsig.md) for what the contract verifies: their message names the
// contract's address, so they cannot be taken from the vectors. The keys are the vectors' members'.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { keccak256, sha256 } from 'ethers';
import { root } from './forge-binaries.mjs';

// noble comes with ethers
const { bls12_381: bls } = createRequire(import.meta.url)('@noble/curves/bls12-381');
const { Fr } = bls.fields;
const G1 = bls.G1.ProjectivePoint;
const vectors = JSON.parse(fs.readFileSync(path.join(root, 'tests/vectors/cpy06-g1.json'), 'utf8'));
const { points } = JSON.parse(fs.readFileSync(path.join(root, 'contracts/test/points.json'), 'utf8'));

const hex = (value, bytes) => value.toString(16).padStart(2 * bytes, '0');
const Q = G1.fromHex(vectors.generators.Q);
const U = G1.fromHex(vectors.generators.U);
const fromPoints = (at) => G1.fromAffine({
  x: BigInt(`0x${points.slice(2 + 2 * at, 2 + 2 * at + 128)}`),
  y: BigInt(`0x${points.slice(2 + 2 * at + 128, 2 + 2 * at + 256)}`),
});
const X = fromPoints(0).add(fromPoints(128));
const ORDER_3 = G1.fromAffine({ x: 0n, y: 2n }); // on the curve, outside the subgroup

const times = (k, p) => (k === 0n ? G1.ZERO : p.multiplyUnsafe(k));
const sum = (...terms) => terms.map(([k, p]) => times(k, p)).reduce((a, b) => a.add(b));
const eip2537 = (p) => {
  if (p.equals(G1.ZERO)) return hex(0n, 128);
  const { x, y } = p.toAffine();
  return hex(x, 64) + hex(y, 64);
};

// 48 bytes: x under three flags, the last of which is y's half. noble's own refuses what has a fault.
const compress = (p) => {
  const { x, y } = p.toAffine();
  return hex(x | ((2n * y > bls.fields.Fp.ORDER ? 5n : 4n) << 381n), 48);
};

/** How a signature can fail, by the step at which the contract finds out; a point's sum is K1 to K4. */
export const FAULTS = { K1: 0, K2: 2, K3: 3, K4: 4, challenge: null, pairing: null };

/** Signs msg32 (0x) as the vectors' member 0: {sig, ys}; with a fault, one that is found there. */
export function sign(msg32, fault) {
  const member = vectors.members[0];
  const x = BigInt(`0x${member.x}`);
  const t = BigInt(`0x${member.t}`);
  let certificate = G1.fromHex(member.membership.slice(4, 100));
  if (fault === 'pairing') certificate = certificate.add(G1.BASE); // nobody issued this one
  const scalar = (name) => Fr.create(BigInt(keccak256(Buffer.from(`${name}/${msg32}`))));
  const [r, bt, br, bu] = ['r', 'bt', 'br', 'bu'].map(scalar);
  const u = Fr.mul(r, x);
  const s = Fr.inv(r);

  const a = times(r, certificate);
  const abar = sum([Fr.neg(t), a], [r, Q], [u, G1.BASE]);
  const e1 = times(s, U);
  const e2 = sum([x, G1.BASE], [s, X]);
  const tag = times(x, a);
  const commitments = [
    sum([Fr.neg(bt), a], [br, Q], [bu, G1.BASE]),
    times(br, e1),
    sum([br, e2], [Fr.neg(bu), G1.BASE]),
    sum([br, tag], [Fr.neg(bu), a]),
  ];
  const statement = [a, abar, e1, e2, tag];
  const seed = sha256(Buffer.from('GALEN-CPY06-G1-V1-SIGN'));
  const transcript = seed + vectors.setup.fingerprint + msg32.slice(2)
    + [...statement, ...commitments].map(eip2537).join('');
  const c = sha256(transcript).slice(2, 50);
  const response = (b, secret) => hex(Fr.add(b, Fr.mul(Fr.create(BigInt(`0x${c}`)), secret)), 32);
  if (Number.isInteger(FAULTS[fault])) statement[FAULTS[fault]] = statement[FAULTS[fault]].add(ORDER_3);
  const said = fault === 'challenge' ? hex(BigInt(`0x${c}`) ^ 1n, 24) : c;
  return {
    sig: `0x0601${statement.map(compress).join('')}${said}${response(bt, t)}`
      + `${response(br, r)}${response(bu, u)}`,
    ys: `0x${statement.map((p) => hex(p.toAffine().y, 48)).join('')}`,
  };
}
