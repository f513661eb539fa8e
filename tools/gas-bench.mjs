// What gas-table.mjs measures with: one hospital, one buyer, both managers, and requests brought to each
// state. Numbers look random and are the same in every run.
import fs from 'node:fs';
import path from 'node:path';
import {
  AbiCoder, Wallet, concat, getAddress, keccak256, sha256, toBeHex, toUtf8Bytes,
} from 'ethers';
import { root } from './forge-binaries.mjs';

const readJson = (...at) => JSON.parse(fs.readFileSync(path.join(root, ...at), 'utf8'));
export const vectors = readJson('tests', 'vectors', 'cpy06-g1.json');
export const { points, ys } = readJson('contracts', 'test', 'points.json');
const coder = AbiCoder.defaultAbiCoder();

export const word = (label, i = 0) => keccak256(Buffer.from(`${label}/${i}`));
export const account = (label, i) => getAddress(`0x${word(label, i).slice(-40)}`);
export const signature = (i) => `0x${vectors.signatures[i % vectors.signatures.length].signature}`;
export const range = (n) => [...Array(n).keys()];
export const DAY = 86_400;
export const ESCROW = 10n ** 18n;
export const BOND = ESCROW / 10n;

const DOMAIN_TYPES = {
  ShareConsent: [
    { name: 'requestId', type: 'uint256' }, { name: 'releaseRoot', type: 'bytes32' },
    { name: 'bundleDigest', type: 'bytes32' }, { name: 'payout', type: 'address' },
    { name: 'minPayout', type: 'uint256' },
  ],
  RegistryHead: [
    { name: 'keyVersion', type: 'uint32' }, { name: 'size', type: 'uint64' },
    { name: 'head', type: 'bytes32' },
  ],
  Profile: [
    { name: 'owner', type: 'address' }, { name: 'profileCid', type: 'bytes32' },
    { name: 'nonce', type: 'uint64' }, { name: 'expiry', type: 'uint64' },
  ],
};

/** One hospital, one buyer, both managers, and what they do, measured; the rows of the table. */
export class Bench {
  constructor(hub, accounts) {
    this.hub = hub;
    [this.gm, this.rm, this.hospital, this.buyer, this.patient, this.relay] = accounts;
    this.rmWallet = new Wallet(word('revocation manager'));
    this.rows = [];
  }

  row(title, gas, { per = 1, target } = {}) {
    this.rows.push({ title, gas, per, each: Math.ceil(gas / per), target });
  }

  /** Calls and writes a row; per: how many things the call is for; target: most gas for each. */
  async measure(title, from, name, args, { value, per, target } = {}) {
    this.row(title, await this.hub.call(from, name, args, value), { per, target });
  }

  signTyped(wallet, primary, value) {
    const verifyingContract = this.hub.address;
    const domain = { name: 'Galen', version: '1', chainId: 31337, verifyingContract };
    return wallet.signTypedData(domain, { [primary]: DOMAIN_TYPES[primary] }, value);
  }

  /** What a doctor signs: bound to chain, contract and owner. */
  message(label, merkleRoot, owner) {
    return sha256(concat([toUtf8Bytes(label), toBeHex(31337, 32), this.hub.address, merkleRoot,
      owner]));
  }

  /** Entries of a request; change(entry, i) alters one before its release key consents. */
  async entries(id, label, n, payout = (i) => account(`payout ${label}`, i), change = () => {}) {
    const roots = range(n).map((i) => word(`release ${label}`, i)).sort();
    return Promise.all(roots.map(async (releaseRoot, i) => {
      const wallet = new Wallet(word(`release key ${label}`, i));
      const entry = {
        releaseRoot, releaseAddr: wallet.address, payout: payout(i),
        bundleDigest: word(`bundle ${label}`, i), minPayout: ESCROW / 1000n, keyVersion: 1,
        sig: signature(i), ys: ys[i % ys.length],
      };
      change(entry, i);
      entry.consent ??= await this.signTyped(wallet, 'ShareConsent', { ...entry, requestId: id });
      return entry;
    }));
  }

  /** A request brought to Replied; returns its id. */
  async replied(minRecords, maxRecords) {
    const terms = [minRecords, maxRecords, 3 * DAY, 14 * DAY, 7 * DAY, 14 * DAY];
    await this.hub.call(this.buyer, 'requestWithTerms', [word('template'), terms], ESCROW);
    const [id] = await this.hub.read('requestCount');
    await this.hub.call(this.hospital, 'reply', [id, word('offer')], BOND);
    return id;
  }

  /** A request brought to Delivered in one part; returns id, entries and the gas of deliver. */
  async delivered(label, n, payout, change) {
    const id = await this.replied(Math.min(n, 20), Math.max(n, 20));
    const entries = await this.entries(id, label, n, payout, change);
    const args = [id, word('manifest'), entries, true];
    const gas = await this.hub.call(this.hospital, 'deliver', args);
    return { id, entries, gas };
  }
}

export const bodyHash = (entry) => keccak256(coder.encode(
  ['bytes32', 'address', 'bytes32', 'uint256', 'uint32', 'bytes32', 'bytes32', 'bytes32'],
  [entry.releaseRoot, entry.releaseAddr, entry.bundleDigest, entry.minPayout, entry.keyVersion,
    keccak256(entry.sig), keccak256(entry.ys), keccak256(entry.consent)],
));

/** OpenZeppelin's StandardMerkleTree without sorting, of one part that begins at index 0. */
export function partTree(id, entries) {
  const tag = keccak256(Buffer.from('galen/entry/1'));
  const n = entries.length;
  const tree = Array(2 * n - 1);
  entries.forEach((entry, i) => {
    tree[2 * n - 2 - i] = keccak256(keccak256(coder.encode(
      ['bytes32', 'uint256', 'uint256', 'address', 'bytes32'],
      [tag, id, i, entry.payout, bodyHash(entry)],
    )));
  });
  const join = (a, b) => keccak256(a < b ? a + b.slice(2) : b + a.slice(2));
  for (let i = n - 2; i >= 0; i--) tree[i] = join(tree[2 * i + 1], tree[2 * i + 2]);
  return (index) => {
    const proof = [];
    for (let node = 2 * n - 2 - index; node > 0; node = (node - 1) >> 1) {
      proof.push(tree[((node + 1) ^ 1) - 1]);
    }
    return proof;
  };
}
