// kill -9 of the node that acts and of another one, each role's in turn, at every step of the three
// workflows and a dispute, and a restart: all of it is completed, nothing is lost, and nothing is on
// the chain twice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Interface } from 'ethers';
import { root } from '../cli/galen.mjs';
import { ROLES, Town, life, make, sleep, until } from './town.mjs';

const abi = new Interface(JSON.parse(fs.readFileSync(
  process.env.GALEN_ARTIFACT ?? path.join(root, 'build/contracts/DataHub.json'))).abi);
const seed = Number(process.env.GALEN_FUZZ_SEED ?? Date.now() % 1e6) || 1;
let state = seed;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 8) % below;
};

let town;
before(async () => { town = await Town.build(); });
after(async () => town?.close());

test('killed at every step, and all of it is done', { timeout: 290000 }, async (t) => {
  t.diagnostic(`GALEN_FUZZ_SEED=${seed}`);
  const killed = Object.fromEntries(ROLES.map((role) => [role, 0]));
  for (const step of life(town)) {
    const attempt = make(step, 1).catch(() => {});
    const delay = random(120), otherDelay = random(120);
    // Who receives: of the others, one that was killed least.
    const others = ROLES.filter((role) => role !== step.who);
    const least = Math.min(...others.map((role) => killed[role]));
    const [other] = others.filter((role) => killed[role] === least);
    killed[other] += 1;
    await Promise.all([[step.who, delay], [other, otherDelay]].map(async ([role, ms]) => {
      await sleep(ms);
      await town.kill(role);
      await town.start(role);
    }));
    await attempt;
    // What was on its way arrives by itself; what was not begun is asked for again.
    const arrived = step.done && await until(step.name, step.done, 2500).catch(() => false);
    if (!arrived) await make(step);
    t.diagnostic(`${step.name}: ${step.who} killed after ${delay} ms, ${other} after ${otherDelay} ms, ${arrived ? 'came by itself' : 'made again'}`);
  }
});

test('no record is lost', async () => {
  const [doctor, hospital, patient] = await Promise.all(['doctor', 'hospital', 'patient'].map(async (role) =>
    (await town.get(role, '/records')).map((row) => row.merkleRoot).sort()));
  assert.equal(doctor.length, 2); // the patient's and the neighbour's
  assert.deepEqual(hospital, doctor);
  assert.equal(patient.length, 1);
  assert.ok(doctor.includes(patient[0]));
  assert.equal((await town.get('patient', `/records/${patient[0]}`)).record.category, 'Cardiology');
});

test('nothing is on the chain twice', async () => {
  const events = await town.events(abi);
  for (const [name, count] of Object.entries({ GroupKeyProposed: 1, GroupKeyConfirmed: 1, MembersCommitted: 1,
    DataStored: 2, RequestOpen: 2, ReplySubmitted: 2, EntryDelivered: 4, Delivered: 2, Disputed: 1, VerdictGiven: 2,
    Ruled: 1, OpeningRequested: 1, GroupManagerApproved: 1, RevocationManagerApproved: 1 }))
    assert.equal(events[name], count, name);
  // Every transaction that an account made is in its home's log, once.
  for (const role of ROLES) {
    const sent = Number(await town.chain.rpc('eth_getTransactionCount', [town.address[role], 'latest']));
    const rows = (await town.get(role, '/transactions?limit=1000'))
      .filter((row) => ['succeeded', 'reverted'].includes(row.status));
    assert.equal(rows.length, sent, role);
    assert.equal(new Set(rows.map((row) => row.nonce)).size, sent, role);
  }
  town.checkLogs();
});
