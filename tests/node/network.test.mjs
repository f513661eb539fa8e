// Six nodes over the wire: the three workflows, a dispute, a ruling and an opening, without any
// store in common.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Interface } from 'ethers';
import { root } from '../cli/galen.mjs';
import { ROLES, Town, life, make } from './town.mjs';

const abi = new Interface(JSON.parse(fs.readFileSync(
  process.env.GALEN_ARTIFACT ?? path.join(root, 'build/contracts/DataHub.json'))).abi);
let town;
before(async () => { town = await Town.build(); });
after(async () => town?.close());

test('the life of a town', { timeout: 280000 }, async (t) => {
  t.diagnostic(`six nodes in ${town.net.kind}`);
  for (const step of life(town)) {
    const begun = performance.now();
    await make(step);
    t.diagnostic(`${step.name}: ${Math.round(performance.now() - begun)} ms`);
  }
});

test('each thing happened once', async () => {
  const events = await town.events(abi);
  for (const [name, count] of Object.entries({ GroupKeyProposed: 1, GroupKeyConfirmed: 1, MembersCommitted: 1, DataStored: 2,
    RequestOpen: 2, ReplySubmitted: 2, EntryDelivered: 4, Delivered: 2, Disputed: 1, VerdictGiven: 2, Ruled: 1,
    OpeningRequested: 1, GroupManagerApproved: 1, RevocationManagerApproved: 1 }))
    assert.equal(events[name], count, name);
});

test('no home holds what is not its own', () => {
  const canary = 'canary-note-7c1d';
  for (const role of ROLES) {
    const files = fs.readdirSync(town.homes[role].dir, { recursive: true, withFileTypes: true });
    for (const entry of files.filter((one) => one.isFile())) {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      assert.ok(!fs.readFileSync(file).includes(canary), `${role}: ${file}`);
    }
    assert.ok(!town.nodes[role].said().includes(canary), `${role}'s log`);
  }
  town.checkLogs();
});
