// Writes points.json: the uncompressed points that the contract wants beside the compressed objects of
// tests/vectors/cpy06-g1.json. points: X_G, X_R, R as in EIP-2537; x: X = X_G + X_R; outside: a point on
// the curve that is not in the subgroup, with its compressed form; ys: for each of `signatures` the y
// coordinates of its five points, 48 bytes each; q, u: the generators Q and U; a: A of the first of
// `members`.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
// noble comes with ethers
const { bls12_381: bls } = createRequire(import.meta.url)('@noble/curves/bls12-381');

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const vectors = JSON.parse(fs.readFileSync(here('../../tests/vectors/cpy06-g1.json')));
const hex = (value, bytes) => value.toString(16).padStart(2 * bytes, '0');
const g1 = (compressed) => bls.G1.ProjectivePoint.fromHex(compressed).toAffine();

const key = vectors.setup.group_key;
const slice = (object, from, length) => object.slice(2 * from, 2 * (from + length));
const shares = [slice(key, 98, 48), slice(key, 362, 48)].map(g1);
const r = bls.G2.ProjectivePoint.fromHex(slice(key, 2, 96)).toAffine();
const coordinates = [...shares.flatMap(({ x, y }) => [x, y]), r.x.c0, r.x.c1, r.y.c0, r.y.c1];

const sum = bls.G1.ProjectivePoint.fromAffine(shares[0])
  .add(bls.G1.ProjectivePoint.fromAffine(shares[1])).toAffine();

function findOutside() {
  const field = bls.fields.Fp;
  for (let x = 1n; ; x++) {
    try {
      const y = field.sqrt(field.add(field.pow(x, 3n), 4n));
      const point = bls.G1.ProjectivePoint.fromAffine({ x, y });
      if (!point.isTorsionFree()) return point;
    } catch {
      continue; // no such x on the curve
    }
  }
}
const outside = findOutside().toAffine();
const outsideSign = 2n * outside.y > bls.fields.Fp.ORDER ? 0xa0n : 0x80n;

const ys = vectors.signatures.map(({ signature }) =>
  `0x${[0, 1, 2, 3, 4].map((i) => hex(g1(slice(signature, 2 + 48 * i, 48)).y, 48)).join('')}`);
const whole = ({ x, y }) => `0x${hex(x, 64)}${hex(y, 64)}`;
fs.writeFileSync(here('points.json'), `${JSON.stringify({
  points: `0x${coordinates.map((c) => hex(c, 64)).join('')}`,
  x: whole(sum),
  q: whole(g1(vectors.generators.Q)),
  u: whole(g1(vectors.generators.U)),
  a: whole(g1(slice(vectors.members[0].membership, 2, 48))),
  outside: whole(outside),
  outsideCompressed: `0x${hex(outside.x | (outsideSign << 376n), 48)}`,
  ys,
}, null, 2)}\n`);
