// Measures DataHub's calls as whole transactions (intrinsic gas, calldata and its EIP-7623 floor
// included) on an Anvil of its own, and writes the table docs/gas.md.
// Usage: gas-table.mjs ARTIFACT.json [--check]
// Ends with 1 when a figure is above its target, when the hardforks differ, or, with --check, when
// the committed table is not what was measured. --check writes nothing.
import fs from 'node:fs';
import path from 'node:path';
import { Wallet, ZeroHash, toBeHex } from 'ethers';
import { root } from './forge-binaries.mjs';
import {
  BOND, Bench, DAY, ESCROW, account, bodyHash, partTree, points, range, signature, vectors, word,
} from './gas-bench.mjs';
import { Measured, TX_GAS_CAP, startChain } from './gas-chain.mjs';
import { measureDisputing, measureOpening, measureProving, measureVerifying } from './gas-disputes.mjs';

const table = path.join(root, 'docs', 'gas.md');

async function measureDirectory(bench) {
  const { gm, rm, hospital, patient, relay } = bench;
  const key = `0x${vectors.setup.group_key}`;
  const fingerprint = `0x${vectors.setup.fingerprint}`;
  await bench.measure('setHospital', gm, 'setHospital', [hospital, true]);
  await bench.measure('setGroupKey', gm, 'setGroupKey', [fingerprint, key, points]);
  await bench.measure('confirmGroupKey', rm, 'confirmGroupKey', [1, fingerprint]);
  for (const [i, when] of ['first', 'later'].entries()) {
    await bench.measure(`setRevocationList, ${when}`, rm, 'setRevocationList', [word('list', i)]);
  }
  for (const [i, when] of ['first', 'later'].entries()) {
    await bench.measure(`setProfile, ${when}`, patient, 'setProfile', [word('profile', i)]);
  }
  const newcomer = new Wallet(word('newcomer'));
  const profile = {
    owner: newcomer.address,
    profileCid: word('profile', 3),
    nonce: 1_800_000_000,
    expiry: 1_900_000_000,
  };
  const sig = await bench.signTyped(newcomer, 'Profile', profile);
  await bench.measure('setProfileFor, first', relay, 'setProfileFor',
    [...Object.values(profile), sig]);
}

/** Each office goes over in its two steps, the revocation manager's to a key we can sign with. */
async function measureRotation(bench, successor) {
  const { hub, rm, rmWallet } = bench;
  await hub.call(bench.gm, 'proposeManager', [successor]);
  await bench.measure('acceptGroupManager', successor, 'acceptGroupManager', []);
  bench.gm = successor;
  const next = rmWallet.address;
  await hub.provider.send('anvil_setBalance', [next, toBeHex(10n ** 18n)]);
  await hub.provider.send('anvil_impersonateAccount', [next]);
  await bench.measure('proposeManager', rm, 'proposeManager', [next]);
  await bench.measure('acceptRevocationManager', next, 'acceptRevocationManager', []);
  for (const [i, when] of ['first', 'later'].entries()) {
    const head = { keyVersion: 1, size: i + 1, head: word('registry', i) };
    const sig = await bench.signTyped(rmWallet, 'RegistryHead', head);
    await bench.measure(`commitMembers, ${when}`, bench.gm, 'commitMembers',
      [...Object.values(head), sig]);
  }
}

async function measureStoring(bench) {
  const { patient, relay } = bench;
  await bench.measure('storeData', patient, 'storeData',
    [word('cid'), word('root'), signature(0)], { target: 65_000 });
  const record = [word('cid', 1), word('root', 1), signature(1), patient, 1];
  await bench.measure('storeDataFor', relay, 'storeDataFor', record, { target: 65_000 });
  await bench.measure('storeDataFor, already stored', relay, 'storeDataFor', record);
  for (const n of [100, 400]) {
    const items = range(n).map((i) => ({
      cid: word(`batch ${n} cid`, i),
      merkleRoot: word(`batch ${n} root`, i),
      sig: signature(i),
      owner: account('patient', i),
      keyVersion: 1,
    }));
    await bench.measure(`storeBatch(${n}), a record`, relay, 'storeBatch', [items],
      { per: n, target: 42_000 });
  }
  const wrapped = `0x${Buffer.from('e'.repeat(420)).toString('hex')}`;
  await bench.measure('postShare, key of 420 bytes', patient, 'postShare',
    [account('doctor', 0), word('share'), wrapped]);
}

async function measureAsking(bench) {
  const { hub, buyer, hospital } = bench;
  const terms = [20, 400, 3 * DAY, 14 * DAY, 7 * DAY, 14 * DAY];
  const template = word('template');
  const limit = { value: ESCROW, target: 80_000 };
  await hub.call(buyer, 'request', [template], ESCROW); // the counter's first use costs more
  await bench.measure('request', buyer, 'request', [template], limit);
  await bench.measure('requestWithTerms', buyer, 'requestWithTerms', [template, terms], limit);
  await bench.measure('reply', hospital, 'reply', [2n, word('offer')],
    { value: BOND, target: 60_000 });
}

/** Returns the deals delivered, by their number of entries. */
async function measureDelivering(bench) {
  const deals = {};
  for (const n of [1, 20, 64, 100, 400]) {
    deals[n] = await bench.delivered(`of ${n}`, n);
    bench.row(`deliver of ${n} with the seal, an entry`, deals[n].gas,
      { per: n, target: n >= 20 ? 38_000 : undefined });
  }
  const id = await bench.replied(20, 40);
  const entries = await bench.entries(id, 'in parts', 40);
  for (const [i, manifest] of [ZeroHash, word('manifest')].entries()) {
    const part = entries.slice(20 * i, 20 * i + 20);
    await bench.measure(`deliver of 20 as part ${i + 1} of 2, an entry`, bench.hospital, 'deliver',
      [id, manifest, part, i === 1], { per: 20, target: 38_000 });
  }
  return deals;
}

async function measurePushing(bench, deals) {
  const { hub, buyer } = bench;
  const push = (deal, to, target) => {
    const n = deal.entries.length;
    const payouts = deal.entries.map((entry) => entry.payout);
    return bench.measure(`finalize by push to ${n} ${to}, a recipient`, buyer,
      'finalizeWithBodyHashes', [deal.id, true, payouts, deal.entries.map(bodyHash)],
      { per: n, target });
  };
  for (const n of [20, 64]) await push(deals[n], 'fresh accounts', 44_000);
  for (const n of [20, 64]) {
    const hostile = (i) => account(`hostile ${n}`, i);
    for (const i of range(n)) await hub.provider.send('anvil_setCode', [hostile(i), '0x5b600056']);
    const deal = await bench.delivered(`hostile ${n}`, n, hostile);
    await push(deal, 'accounts that burn all gas', 64_000);
  }
}

async function measureClaiming(bench, deals) {
  const { hub, buyer, relay } = bench;
  const claim = (title, deal, index) => {
    const entry = deal.entries[index];
    const proof = partTree(deal.id, deal.entries)(index);
    return bench.measure(title, relay, 'claim',
      [deal.id, 0, index, entry.payout, bodyHash(entry), proof], { target: 110_000 });
  };
  await bench.measure('finalize without recipients', buyer, 'finalize', [deals[400].id, true, []]);
  await claim('claim of 1 in 400, fresh account and status word', deals[400], 0);
  await claim('claim of 1 in 400, later', deals[400], 1);
  await hub.passTime(7 * DAY);
  await claim('claim of 1 in 100 that finalizes', deals[100], 99);
  await claim('claim of the only entry: finalizes, pays the hospital', deals[1], 0);

  const owed = account('hostile 20', 0);
  await hub.provider.send('anvil_setCode', [owed, '0x']);
  await bench.measure('withdraw to a fresh account', relay, 'withdraw', [owed],
    { target: 65_000 });
}

/** What comes last: it ends the first two requests and the group key. */
async function measureEnding(bench) {
  await bench.measure('expire, open', bench.relay, 'expire', [1n]);
  await bench.hub.passTime(14 * DAY);
  await bench.measure('expire, replied', bench.relay, 'expire', [2n]);
  await bench.measure('retireGroupKey', bench.gm, 'retireGroupKey', [1, false]);
}

async function measure(artifact, hardfork) {
  const chain = await startChain(hardfork);
  try {
    const accounts = await chain.provider.send('eth_accounts', []);
    const hub = new Measured(chain.provider, artifact);
    const bench = new Bench(hub, accounts);
    bench.row('deployment', await hub.deploy(accounts[9], bench.gm, bench.rm));
    await measureDirectory(bench);
    await measureRotation(bench, accounts[8]);
    await measureStoring(bench);
    await measureVerifying(bench);
    await measureAsking(bench);
    const deals = await measureDelivering(bench);
    await measurePushing(bench, deals);
    await measureClaiming(bench, deals);
    await measureProving(bench);
    await measureOpening(bench, await measureDisputing(bench));
    await measureEnding(bench);
    return bench;
  } finally {
    chain.stop();
  }
}

const digits = (n) => n.toString().replace(/\B(?=(\d{3})+$)/g, ',');

function render({ rows, compared }, codeBytes) {
  const lines = rows.map(({ title, gas, per, each, target }) => {
    const whole = per > 1 ? digits(gas) : '';
    return `| ${title} | ${digits(each)} | ${target ? digits(target) : ''} | ${whole} |`;
  });
  return `# Gas

What DataHub's calls cost, measured by \`make gas\` (tools/gas-table.mjs) on Anvil, whole
transactions: intrinsic gas, calldata and its floor (EIP-7623) included. Prague and Osaka agree.
Signatures are real, 362 bytes. No call needs more than ${digits(TX_GAS_CAP)} (2^24, EIP-7825) at its
documented maximum. The contract has ${digits(codeBytes)} bytes of code; a chain takes at most 24,576
(EIP-170).

| call | gas | at most | whole call |
|---|--:|--:|--:|
${lines.join('\n')}

"Execution alone" is a transaction less its 21,000 and its calldata: what another contract pays, 2,600 for
the first call apart. Signatures and consents are real wherever the contract verifies them; \`K1\` to \`K4\` are
the sums in which a point outside its subgroup is found ([groupsig.md](groupsig.md)), and of all ways to be
invalid, failing at the pairing is the dearest. "A storage word each" is the worst that 400 indices can be:
those of a delivery of 12,800 entries, 32 apart.

A contract that keeps the signature in storage (\`tools/SignatureInStorage.sol\`, the record's metadata as one
struct) takes ${digits(compared)} for the same record and signature as storeData here: 17 new storage words instead of
one. (121,346 has been claimed for such a contract; the 12 words of the signature alone cost 265,200.) DataHub
keeps one word, whose place is a hash over all the rest, and puts the rest into the event.
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
prague.rows.forEach((row, i) => {
  const { title, gas, each, target } = row;
  if (target && each > target) wrong.push(`${title}: ${each} is above ${target}`);
  if (gas !== osaka.rows[i].gas) wrong.push(`${title}: ${gas} on Prague, ${osaka.rows[i].gas} on Osaka`);
});
if (flags.includes('--check')) {
  const committed = fs.existsSync(table) ? fs.readFileSync(table, 'utf8') : '';
  if (committed !== text) wrong.push('docs/gas.md is not what was measured: run `make gas`');
} else {
  fs.writeFileSync(table, text);
}
for (const line of wrong) console.error(`gas-table: ${line}`);
process.exit(wrong.length ? 1 : 0);
