// The rows of verified signatures, disputes, rulings, fraud proofs and openings, for gas-table.mjs.
import { keccak256, toBeHex } from 'ethers';
import {
  DAY, ESCROW, bodyHash, partTree, range, signature, word,
} from './gas-bench.mjs';
import { Measured, compileHere } from './gas-chain.mjs';
import { FAULTS, sign } from './gas-signer.mjs';

const VERDICTS = { Pay: 1, Refund: 2, Fraud: 3 };
const partOf = (count) => ESCROW / BigInt(count + 1);
const disputeBond = (count) => (partOf(count) + 9n) / 10n;

/** Signatures that the contract verifies, and what storing one would cost. */
export async function measureVerifying(bench) {
  const { hub, patient, relay } = bench;
  const msg32 = word('message');
  for (const [fault, valid] of [[undefined, true], ['pairing', false]]) {
    const { sig, ys } = sign(msg32, fault);
    const args = [msg32, sig, ys, 1];
    const [answer] = await hub.read('verifySignature', args);
    if (answer !== valid) throw new Error(`verifySignature says ${answer}, not ${valid}`);
    bench.row(`verifySignature, ${valid ? 'valid' : `invalid at the ${fault}`}: execution alone`,
      await hub.execute(relay, 'verifySignature', args), { target: 240_000 });
  }

  const verified = (i) => {
    const [cid, merkleRoot] = [word('verified cid', i), word('verified root', i)];
    const { sig, ys } = sign(bench.message('galen/record/1', merkleRoot, patient));
    return [cid, merkleRoot, sig, patient, 1, ys];
  };
  await bench.measure('storeDataVerified', relay, 'storeDataVerified', verified(0),
    { target: 300_000 });
  const before = verified(1);
  await hub.call(relay, 'storeDataFor', before.slice(0, 5));
  await bench.measure('storeDataVerified, stored before', relay, 'storeDataVerified', before,
    { target: 300_000 });

  const other = new Measured(hub.provider, compileHere('SignatureInStorage'));
  await other.deploy(relay);
  const record = [word('cid'), word('root'), signature(0)];
  bench.compared = await other.call(patient, 'storeData', record);
}

const place = (deal, index) => [0, index, deal.entries[index], partTree(deal.id, deal.entries)(index)];

/** proveInvalidEntry for each way an entry can be invalid, in a delivery of 400 and of one. */
export async function measureProving(bench) {
  const { relay } = bench;
  const signed = (entry, fault) =>
    Object.assign(entry, sign(bench.message('galen/release/1', entry.releaseRoot,
      entry.releaseAddr), fault));
  const withForgedConsent = (entry) => {
    signed(entry);
    entry.consent = `0x${'11'.repeat(64)}1b`;
  };
  const kinds = {
    ...Object.fromEntries(Object.keys(FAULTS).map((fault) =>
      [`signature invalid at ${/^K/.test(fault) ? '' : 'the '}${fault}`, (entry) => signed(entry, fault)])),
    'consent invalid': withForgedConsent,
  };
  const prove = (title, deal, index) => bench.measure(`proveInvalidEntry, ${title}`, relay,
    'proveInvalidEntry', [deal.id, ...place(deal, index)], { target: 420_000 });

  const many = await bench.delivered('invalid', 400, undefined,
    (entry, i) => Object.values(kinds)[i]?.(entry));
  await bench.hub.call(bench.buyer, 'dispute', [many.id, [0]], disputeBond(400));
  for (const [i, kind] of Object.keys(kinds).entries()) await prove(kind, many, i);

  const one = await bench.delivered('only invalid', 1, undefined,
    (entry) => signed(entry, 'pairing'));
  await prove('signature invalid at the pairing, the only entry', one, 0);

  const fine = await bench.delivered('valid', 1, undefined, (entry) => signed(entry));
  const proof = [fine.id, ...place(fine, 0)];
  const refused = await bench.hub.call(relay, 'proveInvalidEntry', proof)
    .then(() => 'taken', (error) => error.message);
  if (!refused.includes('EntryIsValid')) throw new Error(`proof against a valid entry: ${refused}`);
}

// dispute takes at most 400 indices of up to 65,535 entries: at its dearest each lies in a storage word of
// its own. A request is made to look as if so many had been delivered; nothing else of it is changed.
async function scatter(bench, deal, count) {
  const { hub } = bench;
  const question = { to: hub.address, data: hub.abi.encodeFunctionData('getRequest', [deal.id]) };
  const { accessList } = await hub.provider.send('eth_createAccessList', [question, 'latest']);
  for (const key of accessList.flatMap(({ storageKeys }) => storageKeys)) {
    const old = BigInt(await hub.provider.send('eth_getStorageAt', [hub.address, key, 'latest']));
    const value = (old & ~(0xffffn << 176n)) | (BigInt(count) << 176n);
    await hub.provider.send('anvil_setStorageAt', [hub.address, key, toBeHex(value, 32)]);
    const [info] = await hub.read('getRequest', [deal.id]);
    if (info.count === BigInt(count)) return;
    await hub.provider.send('anvil_setStorageAt', [hub.address, key, toBeHex(old, 32)]);
  }
  throw new Error('the request\'s count is not where it was');
}

/** Disputes and rulings; returns a deal whose first entry was ruled Fraud. */
export async function measureDisputing(bench) {
  const { hub, buyer, gm, rmWallet, relay } = bench;
  const rm = rmWallet.address;
  let fraud;
  for (const n of [1, 20, 400]) {
    for (const [verdict, value] of Object.entries(VERDICTS)) {
      const deal = await bench.delivered(`disputed ${n} ${verdict}`, n);
      const indices = range(n);
      const bond = disputeBond(n) * BigInt(n);
      if (verdict === 'Pay') {
        await bench.measure(`dispute of ${n}`, buyer, 'dispute', [deal.id, indices],
          { value: bond, per: n });
        await bench.measure(`rule of ${n}, first vote`, gm, 'rule', [deal.id, indices, value],
          { per: n });
      } else {
        const args = [deal.id, false, []];
        if (n === 400 && verdict === 'Refund') {
          await bench.measure('finalize(false) over 400', buyer, 'finalize', args,
            { value: bond, per: n });
        } else {
          await hub.call(buyer, 'finalize', args, bond);
        }
        await hub.call(gm, 'rule', [deal.id, indices, value]);
      }
      await bench.measure(`rule of ${n}, second vote, ${verdict}`, rm, 'rule',
        [deal.id, indices, value], { per: n });
      if (verdict === 'Fraud') fraud = deal;
      if (n === 20 && verdict === 'Pay') await measureRuledPay(bench, deal);
    }
  }

  const words = range(400).map((i) => 32 * i);
  const wide = await bench.delivered('scattered', 20);
  await scatter(bench, wide, 32 * 400);
  await bench.measure('dispute of 400, a storage word each', buyer, 'dispute', [wide.id, words],
    { value: 400n * disputeBond(32 * 400), per: 400 });
  for (const [who, title] of [[gm, 'first vote'], [rm, 'second vote, Fraud']]) {
    await bench.measure(`rule of 400, ${title}, a storage word each`, who, 'rule',
      [wide.id, words, VERDICTS.Fraud], { per: 400 });
  }

  const silent = await bench.delivered('unruled', 20);
  await hub.call(buyer, 'dispute', [silent.id, [0]], disputeBond(20));
  await hub.passTime(21 * DAY);
  await hub.call(relay, 'expire', [silent.id]);
  await measureClaim(bench, 'claim of an unruled entry, bond to the buyer', silent, 0);
  return fraud;
}

function measureClaim(bench, title, deal, index) {
  const [part, , entry, proof] = place(deal, index);
  return bench.measure(title, bench.relay, 'claim',
    [deal.id, part, index, entry.payout, bodyHash(entry), proof], { target: 110_000 });
}

async function measureRuledPay(bench, deal) {
  await bench.hub.call(bench.buyer, 'finalize', [deal.id, true, []]);
  await measureClaim(bench, 'claim of an entry ruled Pay, with its bond', deal, 0);
}

/** An opening of the deal's first entry. */
export async function measureOpening(bench, deal) {
  const { buyer, gm, rmWallet } = bench;
  const [part, index, entry, proof] = place(deal, 0);
  await bench.measure('requestOpening, 1 of 400', buyer, 'requestOpening',
    [keccak256(entry.sig), deal.id, part, index, entry, proof]);
  const openingId = deal.id << 16n;
  await bench.measure('approveOpeningGroupManager, first', gm, 'approveOpeningGroupManager',
    [openingId, word('share', 1)]);
  await bench.measure('approveOpeningRevocationManager, completes', rmWallet.address,
    'approveOpeningRevocationManager', [openingId, word('share', 2)]);
}
