// Six nodes over the wire, with two Kubo nodes that are peers: the patient's side has one, the buyer's the
// other. The three workflows, a dispute and an opening; blocks cross from one Kubo to the other.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeFolder } from '../cli/galen.mjs';
import { ROLES, Town, life, make, until } from '../node/town.mjs';
import { Kubo } from './kubo.mjs';

// Who has which: the managers and the hospital, doctor and patient on one side, the buyer on the other.
const side = { gm: 0, rm: 0, hospital: 0, doctor: 0, patient: 0, buyer: 1 };
let folder, town;
const kubos = [];
before(async () => {
  folder = makeFolder();
  town = await Town.build({ ipfs: async (role, host) => {
    const n = side[role];
    if (kubos[n] === undefined) {
      fs.mkdirSync(path.join(folder, `${n}`));
      kubos[n] = new Kubo(path.join(folder, `${n}`), { host, isOnline: true });
      await kubos[n].init();
      await kubos[n].start();
    }
    return kubos[n].api;
  } });
  kubos[1].meet(kubos[0]);
});
after(async () => {
  await town?.close();
  await Promise.all(kubos.map((kubo) => kubo.stop()));
  fs.rmSync(folder, { recursive: true, force: true });
});

test('the life of a town', { timeout: 280000 }, async (t) => {
  t.diagnostic(`six nodes in ${town.net.kind}, two Kubo nodes`);
  for (const step of life(town)) await make(step);
  for (const role of ROLES)
    await until(`${role} to have given its Kubo all`, async () => {
      const { json } = await town.call(role, 'GET', '/health');
      return json.status === 'ok' && json.store.good && json.store.waiting === 0;
    });
});

test('blocks are at the Kubo of who made them, and cross to the other', async (t) => {
  const own = kubos.map((kubo) => kubo.pins());
  assert.ok(own[0].length > 0 && own[1].length > 0);
  for (const [at, pins] of own.entries()) {
    const [cid] = pins.filter((one) => !own[1 - at].includes(one));
    assert.ok(cid !== undefined);
    assert.equal(await kubos[1 - at].get(cid).then((bytes) => bytes.equals(kubos[at].bytes(cid))), true);
  }
  t.diagnostic(`${own[0].length} and ${own[1].length} blocks pinned`);
});

test('no block tells what only its readers may know', () => {
  for (const kubo of kubos)
    for (const cid of kubo.pins()) assert.ok(!kubo.bytes(cid).includes('canary-note-7c1d'), cid);
  town.checkLogs();
});
