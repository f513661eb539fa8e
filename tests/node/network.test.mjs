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

test('nor does the chain, what a node tells strangers, or a core dump', async () => {
  const canary = 'canary-note-7c1d', hex = Buffer.from(canary).toString('hex');
  const last = Number(await town.chain.rpc('eth_blockNumber'));
  let transactions = 0;
  for (let number = 0; number <= last; number++) {
    const block = await town.chain.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
    transactions += block.transactions.length;
    assert.ok(!JSON.stringify(block).includes(hex), `block ${number}`);
  }
  const counts = await Promise.all(ROLES.map((role) =>
    town.chain.rpc('eth_getTransactionCount', [town.address[role], 'latest'])));
  const sent = counts.reduce((sum, count) => sum + Number(count), 0);
  assert.ok(sent > 10 && transactions >= sent, `${transactions} of ${sent}`);
  for (const role of ROLES) {
    const node = town.nodes[role];
    const metrics = await node.call('GET', '/metrics', { operator: true });
    assert.equal(metrics.status, 200);
    assert.ok(!metrics.text.includes(canary), `${role}'s metrics`);
    // The note comes back in no refusal of what carries it.
    for (const target of ['/records', '/requests']) {
      const answer = await town.call(role, 'POST', target, { record: { notes: canary }, template: canary });
      assert.ok(answer.status >= 400 && !answer.text.includes(canary), answer.text);
    }
    assert.ok(!node.said().includes(canary), `${role}'s log`);
    // No core is written, whatever ends the process.
    assert.match(fs.readFileSync(`/proc/${node.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m);
  }
});
