// Measures DataHub's calls as whole transactions (intrinsic gas, calldata and its EIP-7623 floor
// included) on an Anvil of its own, and writes the table docs/gas.md.
// Usage: gas-table.mjs ARTIFACT.json [--check]
// Ends with 1 when a figure is above its target, when a hardfork differs, or, with --check, when the
// committed table is not what was measured. --check writes nothing.
import fs from 'node:fs';
import path from 'node:path';
import { AbiCoder, Wallet, ZeroHash, getAddress, keccak256, toBeHex, zeroPadValue } from 'ethers';
import { Measured, TX_GAS_CAP, root, startChain } from './gas-chain.mjs';

const table = path.join(root, 'docs', 'gas.md');
const readJson = (...at) => JSON.parse(fs.readFileSync(path.join(root, ...at), 'utf8'));
const vectors = readJson('tests', 'vectors', 'cpy06-g1.json');
const { points, ys } = readJson('contracts', 'test', 'points.json');
const coder = AbiCoder.defaultAbiCoder();

// numbers that look random and are the same in every run
const word = (label, i = 0) => keccak256(Buffer.from(`${label}/${i}`));
const account = (label, i) => getAddress(`0x${word(label, i).slice(-40)}`);
const signature = (i) => `0x${vectors.signatures[i % vectors.signatures.length].signature}`;
const range = (n) => [...Array(n).keys()];
const DAY = 86_400;
const ESCROW = 10n ** 18n;
const BOND = ESCROW / 10n;

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

/** One hospital, one buyer, both managers, and what they do, measured. */
class Bench {
  constructor(hub, accounts) {
    this.hub = hub;
    [this.gm, this.rm, this.hospital, this.buyer, this.patient, this.relay] = accounts;
    this.rmWallet = new Wallet(word('revocation manager'));
    this.rows = [];
    this.payoutsMade = 0;
  }

  row(name, gas, { per = 1, target } = {}) {
    this.rows.push({ name, gas, per, each: Math.ceil(gas / per), target });
  }

  signTyped(wallet, primary, value) {
    const domain = { name: 'Galen', version: '1', chainId: 31337, verifyingContract: this.hub.address };
    return wallet.signTypedData(domain, { [primary]: DOMAIN_TYPES[primary] }, value);
  }

  async entries(id, label, n, payout = (i) => account(`payout ${label}`, i)) {
    const roots = range(n).map((i) => word(`release ${label}`, i)).sort();
    return Promise.all(roots.map(async (releaseRoot, i) => {
      const wallet = new Wallet(word(`release key ${label}`, i));
      const entry = {
        releaseRoot, releaseAddr: wallet.address, payout: payout(i),
        bundleDigest: word(`bundle ${label}`, i), minPayout: ESCROW / 1000n, keyVersion: 1,
        sig: signature(i), ys: ys[i % ys.length],
      };
      entry.consent = await this.signTyped(wallet, 'ShareConsent', { ...entry, requestId: id });
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
  async delivered(label, n, payout) {
    const id = await this.replied(Math.min(n, 20), Math.max(n, 20));
    const entries = await this.entries(id, label, n, payout);
    const gas = await this.hub.call(this.hospital, 'deliver', [id, word('manifest'), entries, true]);
    return { id, entries, gas };
  }
}

const bodyHash = (entry) => keccak256(coder.encode(
  ['bytes32', 'address', 'bytes32', 'uint256', 'uint32', 'bytes32', 'bytes32', 'bytes32'],
  [entry.releaseRoot, entry.releaseAddr, entry.bundleDigest, entry.minPayout, entry.keyVersion,
    keccak256(entry.sig), keccak256(entry.ys), keccak256(entry.consent)],
));

/** OpenZeppelin's StandardMerkleTree without sorting, of one part that begins at index 0. */
function partTree(id, entries) {
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
    for (let at = 2 * n - 2 - index; at > 0; at = (at - 1) >> 1) proof.push(tree[((at + 1) ^ 1) - 1]);
    return proof;
  };
}

async function measureDirectory(bench) {
  const { hub, gm, rm } = bench;
  const key = `0x${vectors.setup.group_key}`;
  const fingerprint = `0x${vectors.setup.fingerprint}`;
  bench.row('setHospital', await hub.call(gm, 'setHospital', [bench.hospital, true]));
  bench.row('setGroupKey', await hub.call(gm, 'setGroupKey', [fingerprint, key, points]));
  bench.row('confirmGroupKey', await hub.call(rm, 'confirmGroupKey', [1, fingerprint]));
  bench.row('setRevocationList, first', await hub.call(rm, 'setRevocationList', [word('list', 1)]));
  bench.row('setRevocationList, later', await hub.call(rm, 'setRevocationList', [word('list', 2)]));
  bench.row('setProfile, first', await hub.call(bench.patient, 'setProfile', [word('profile', 1)]));
  bench.row('setProfile, later', await hub.call(bench.patient, 'setProfile', [word('profile', 2)]));

  const newcomer = new Wallet(word('newcomer'));
  const profile = {
    owner: newcomer.address, profileCid: word('profile', 3), nonce: 1_800_000_000, expiry: 1_900_000_000,
  };
  const profileSig = await bench.signTyped(newcomer, 'Profile', profile);
  bench.row('setProfileFor, first', await hub.call(bench.relay, 'setProfileFor', [
    profile.owner, profile.profileCid, profile.nonce, profile.expiry, profileSig,
  ]));
}

/** The revocation manager's office goes to a key we can sign with, in its two steps. */
async function measureRotation(bench) {
  const { hub, gm, rm, rmWallet } = bench;
  await hub.provider.send('anvil_setBalance', [rmWallet.address, toBeHex(10n ** 18n)]);
  await hub.provider.send('anvil_impersonateAccount', [rmWallet.address]);
  bench.row('proposeManager', await hub.call(rm, 'proposeManager', [rmWallet.address]));
  bench.row('acceptRevocationManager', await hub.call(rmWallet.address, 'acceptRevocationManager', []));
  for (const [name, size] of [['first', 1], ['later', 2]]) {
    const head = { keyVersion: 1, size, head: word('registry', size) };
    const sig = await bench.signTyped(rmWallet, 'RegistryHead', head);
    bench.row(`commitMembers, ${name}`,
      await hub.call(gm, 'commitMembers', [head.keyVersion, head.size, head.head, sig]));
  }
}

async function measureStoring(bench) {
  const { hub } = bench;
  bench.row('storeData', await hub.call(bench.patient, 'storeData',
    [word('cid'), word('root'), signature(0)]), { target: 65_000 });
  bench.row('storeDataFor', await hub.call(bench.relay, 'storeDataFor',
    [word('cid', 1), word('root', 1), signature(1), bench.patient, 1]), { target: 65_000 });
  bench.row('storeDataFor, already stored', await hub.call(bench.relay, 'storeDataFor',
    [word('cid', 1), word('root', 1), signature(1), bench.patient, 1]));
  for (const n of [100, 400]) {
    const items = range(n).map((i) => ({
      cid: word(`batch ${n} cid`, i), merkleRoot: word(`batch ${n} root`, i), sig: signature(i),
      owner: account('patient', i), keyVersion: 1,
    }));
    bench.row(`storeBatch(${n}), a record`, await hub.call(bench.relay, 'storeBatch', [items]),
      { per: n, target: 42_000 });
  }
  const wrapped = `0x${Buffer.from('e'.repeat(420)).toString('hex')}`;
  bench.row('postShare, key of 420 bytes', await hub.call(bench.patient, 'postShare',
    [account('doctor', 0), word('share'), wrapped]));
}

async function measurePurchasing(bench) {
  const { hub, buyer, hospital, relay } = bench;
  const terms = [20, 400, 3 * DAY, 14 * DAY, 7 * DAY, 14 * DAY];
  await hub.call(buyer, 'request', [word('template')], ESCROW); // the counter's first use costs more
  bench.row('request', await hub.call(buyer, 'request', [word('template')], ESCROW), { target: 80_000 });
  bench.row('requestWithTerms', await hub.call(buyer, 'requestWithTerms', [word('template'), terms], ESCROW),
    { target: 80_000 });
  bench.row('reply', await hub.call(hospital, 'reply', [2n, word('offer')], BOND), { target: 60_000 });

  const deals = {};
  for (const n of [1, 20, 64, 100, 400]) {
    deals[n] = await bench.delivered(`of ${n}`, n);
    bench.row(`deliver of ${n} with the seal, an entry`, deals[n].gas,
      { per: n, target: n >= 20 ? 38_000 : undefined });
  }
  const id = await bench.replied(20, 40);
  const entries = await bench.entries(id, 'in parts', 40);
  for (const [i, seal] of [[0, false], [1, true]]) {
    bench.row(`deliver of 20 as part ${i + 1} of 2, an entry`, await hub.call(hospital, 'deliver',
      [id, seal ? word('manifest') : ZeroHash, entries.slice(20 * i, 20 * i + 20), seal]),
    { per: 20, target: 38_000 });
  }

  for (const n of [20, 64]) {
    const deal = deals[n];
    bench.row(`finalize by push to ${n} fresh accounts, a recipient`, await hub.call(buyer,
      'finalizeWithBodyHashes', [deal.id, true, deal.entries.map((e) => e.payout), deal.entries.map(bodyHash)]),
    { per: n, target: 44_000 });
  }
  for (const n of [20, 64]) {
    const hostile = (i) => account(`hostile ${n}`, i);
    for (const i of range(n)) await hub.provider.send('anvil_setCode', [hostile(i), '0x5b600056']);
    const deal = await bench.delivered(`hostile ${n}`, n, hostile);
    bench.row(`finalize by push to ${n} accounts that burn all gas, a recipient`, await hub.call(buyer,
      'finalizeWithBodyHashes', [deal.id, true, deal.entries.map((e) => e.payout), deal.entries.map(bodyHash)]),
    { per: n, target: 64_000 });
  }

  bench.row('finalize without recipients', await hub.call(buyer, 'finalize', [deals[400].id, true, []]));
  const claimOf = (deal, index) => {
    const entry = deal.entries[index];
    return [deal.id, 0, index, entry.payout, bodyHash(entry), partTree(deal.id, deal.entries)(index)];
  };
  bench.row('claim of 1 in 400, fresh account and status word', await hub.call(relay, 'claim',
    claimOf(deals[400], 0)), { target: 110_000 });
  bench.row('claim of 1 in 400, later', await hub.call(relay, 'claim', claimOf(deals[400], 1)),
    { target: 110_000 });
  await hub.passTime(7 * DAY);
  bench.row('claim of 1 in 100 that finalizes', await hub.call(relay, 'claim', claimOf(deals[100], 99)),
    { target: 110_000 });
  bench.row('claim of the only entry: finalizes, pays the hospital', await hub.call(relay, 'claim',
    claimOf(deals[1], 0)), { target: 110_000 });

  const owed = account('hostile 20', 0);
  await hub.provider.send('anvil_setCode', [owed, '0x']);
  bench.row('withdraw to a fresh account', await hub.call(relay, 'withdraw', [owed]), { target: 65_000 });

  bench.row('expire, open', await hub.call(relay, 'expire', [1n]));
  await hub.passTime(14 * DAY);
  bench.row('expire, replied', await hub.call(relay, 'expire', [2n]));
  bench.row('retireGroupKey', await hub.call(bench.gm, 'retireGroupKey', [1, false]));
}

async function measure(artifact, hardfork) {
  const chain = await startChain(hardfork);
  try {
    const accounts = await chain.provider.send('eth_accounts', []);
    const hub = new Measured(chain.provider, artifact);
    const bench = new Bench(hub, accounts);
    bench.row('deployment', await hub.deploy(accounts[9], bench.gm, bench.rm));
    await measureDirectory(bench);
    await measureRotation(bench);
    await measureStoring(bench);
    await measurePurchasing(bench);
    return bench.rows;
  } finally {
    chain.stop();
  }
}

const digits = (n) => n.toString().replace(/\B(?=(\d{3})+$)/g, ',');

function render(rows, codeBytes) {
  const lines = rows.map(({ name, gas, per, each, target }) =>
    `| ${name} | ${digits(each)} | ${target ? digits(target) : ''} | ${per > 1 ? digits(gas) : ''} |`);
  return `# Gas

What DataHub's calls cost, measured by \`make gas\` (tools/gas-table.mjs) on Anvil, whole transactions:
intrinsic gas, calldata and its floor (EIP-7623) included. Prague and Osaka agree. Signatures are real,
362 bytes. No call needs more than ${digits(TX_GAS_CAP)} (2^24, EIP-7825) at its documented maximum. The
contract has ${digits(codeBytes)} bytes of code; a chain takes at most 24,576 (EIP-170).

| call | gas | at most | whole call |
|---|--:|--:|--:|
${lines.join('\n')}
`;
}

const [artifactPath, ...flags] = process.argv.slice(2);
if (!artifactPath || flags.some((flag) => flag !== '--check')) {
  console.error('usage: gas-table.mjs ARTIFACT.json [--check]');
  process.exit(2);
}
const artifact = JSON.parse(fs.readFileSync(artifactPath, 'utf8'));
const prague = await measure(artifact, 'prague');
const osaka = await measure(artifact, 'osaka');
const text = render(prague, artifact.deployedBytecode.length / 2 - 1);
console.log(text);

const wrong = [];
prague.forEach((row, i) => {
  if (row.target && row.each > row.target) wrong.push(`${row.name}: ${row.each} is above ${row.target}`);
  if (row.gas !== osaka[i].gas) wrong.push(`${row.name}: ${row.gas} on Prague, ${osaka[i].gas} on Osaka`);
});
if (flags.includes('--check')) {
  const committed = fs.existsSync(table) ? fs.readFileSync(table, 'utf8') : '';
  if (committed !== text) wrong.push('docs/gas.md is not what was measured: run `make gas`');
} else {
  fs.writeFileSync(table, text);
}
for (const line of wrong) console.error(`gas-table: ${line}`);
process.exit(wrong.length ? 1 : 0);
