// The verifier in C against the verifier on the EVM: the same verdict on every case of evm_cases.c,
// under keys that DataHub itself took. Coordinates come to the contract from outside, so others
// than the library's must be refused.
// GROUPSIG_SEED repeats a run, EVM_CASES says how many cases (435).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import readline from 'node:readline';
import { test } from 'node:test';
import { sha256 } from 'ethers';
import { Measured, startChain } from '../../tools/gas-chain.mjs';

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const seed = process.env.GROUPSIG_SEED ?? randomBytes(16).toString('hex');
const count = Number(process.env.EVM_CASES ?? 435);

test(`${count} cases, GROUPSIG_SEED=${seed}`, { timeout: 3_600_000 }, async (t) => {
  const chain = await startChain('prague');
  t.after(chain.stop);
  const [manager, other] = await chain.provider.send('eth_accounts', []);
  const hub = new Measured(chain.provider, readJson(process.env.DATAHUB_ARTIFACT));
  await hub.deploy(manager, manager, other);
  const verifier = new Measured(chain.provider, readJson(process.env.VERIFIER_ARTIFACT));
  await verifier.deploy(manager);

  const tool = spawn(process.env.EVM_CASES_TOOL, [seed, String(count)],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => tool.on('close', resolve));
  const keys = [];
  const seen = new Map(); // kind → [refused, valid]
  for await (const line of readline.createInterface({ input: tool.stdout })) {
    const [word, n, ...rest] = line.split(' ');
    if (word === 'key') {
      await hub.call(manager, 'setGroupKey', [sha256(rest[0]), ...rest]);
      const [{ data }] = await hub.read('getGroupKey', [Number(n) + 1]);
      keys.push(data);
    } else if (word === 'case') {
      const [valid, ownYs, msg32, sig, ys, ...what] = rest;
      const expected = valid === '1' && ownYs === '1';
      const [verdict] = await verifier.read('verify', [msg32, sig, ys, keys[n]]);
      assert.equal(verdict, expected, `${what.join(' ')}: ${line}`);
      const kind = seen.get(what.join(' ')) ?? [0, 0];
      kind[Number(expected)] += 1;
      seen.set(what.join(' '), kind);
    }
  }
  assert.equal(await ended, 0);
  let total = 0;
  for (const [kind, [refused, valid]] of seen) {
    t.diagnostic(`${kind}: ${valid} valid, ${refused} refused`);
    total += refused + valid;
  }
  assert.equal(total, count);
  if (count < 400) return; // too few for every kind
  for (const kind of ['as made', 'small secrets', 'nonces of zero']) {
    assert.equal(seen.get(kind)[0], 0, `${kind}: all valid`);
  }
  const refusing = [...seen.values()].filter(([refused]) => refused > 0).length;
  assert.equal(refusing, seen.size - 3, 'every fault was refused at least once');
});
