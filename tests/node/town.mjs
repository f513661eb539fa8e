// Six nodes that know each other by contact cards alone: doctor, patient, hospital, buyer, GM, RM,
// each a process with a home and an address of its own, and one chain. Where this machine lets it,
// each is a host of its own in a network namespace, behind one bridge; else each has an address of
// loopback.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Home, makeFolder, makeRecord, startChain } from '../cli/galen.mjs';
import { serve, sleep, until } from './serve.mjs';

export const ROLES = ['gm', 'rm', 'hospital', 'doctor', 'patient', 'buyer'];
const ETHER = 10n ** 18n;
const run = (...words) => spawnSync(words[0], words.slice(1), { encoding: 'utf8' });

/** Hosts of one's own: {kind, bridge, of(i): {address, prefix}, close()}. */
function makeHosts() {
  const id = `${process.pid % 10000}`;
  const net = `10.${200 + (process.pid >> 8) % 50}.${process.pid % 256}`;
  const bridge = `gb${id}`;
  const made = [];
  const close = () => {
    for (const name of made) run('ip', 'netns', 'del', name);
    run('ip', 'link', 'del', bridge);
  };
  const begin = [['link', 'add', bridge, 'type', 'bridge'],
    ['addr', 'add', `${net}.1/24`, 'dev', bridge], ['link', 'set', bridge, 'up']];
  const can = process.getuid?.() === 0 && begin.every((words) => run('ip', ...words).status === 0);
  const of = (i) => {
    const name = `g${id}n${i}`, link = `g${id}v${i}`;
    const steps = [['netns', 'add', name],
      ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name],
      ['link', 'set', link, 'master', bridge, 'up'],
      ['-n', name, 'addr', 'add', `${net}.${10 + i}/24`, 'dev', 'eth0'],
      ['-n', name, 'link', 'set', 'eth0', 'up'], ['-n', name, 'link', 'set', 'lo', 'up']];
    made.push(name);
    for (const words of steps) {
      const done = run('ip', ...words);
      if (done.status !== 0) return undefined;
    }
    return { address: `${net}.${10 + i}`, prefix: ['ip', 'netns', 'exec', name] };
  };
  if (can && of(99)) return { kind: 'network namespaces', gate: `${net}.1`, network: `${net}.0/24`, of, close };
  close();
  return { kind: 'addresses of loopback', gate: '127.0.0.1', network: '127.0.0.0/8', close() {},
    of: (i) => ({ address: `127.${1 + (process.pid >> 8) % 250}.${process.pid % 256}.${10 + i}`, prefix: [] }) };
}

export class Town {
  nodes = {};
  lives = {}; // how often each was started
  homes = {};
  hosts = {};
  address = {};

  /** config: members for every config.json; ipfs(role, host): a Kubo node's RPC
   *  address; host is this machine's for all of them. */
  static async build({ config = {}, chainArgs = [], ipfs = () => undefined } = {}) {
    const kubo = {};
    const town = new Town();
    town.folder = makeFolder();
    town.net = makeHosts();
    town.chain = await startChain({ host: town.net.gate, args: chainArgs });
    for (const [i, role] of ROLES.entries()) {
      const home = new Home(town.folder, role);
      home.make({ rpc: town.chain.url });
      town.homes[role] = home;
      town.hosts[role] = town.net.of(i);
      kubo[role] = await ipfs(role, town.net.gate);
      const words = kubo[role] ? ['--ipfs', kubo[role]] : [];
      town.address[role] = home.ok('account', 'new', role, '--role', role, ...words).address;
      await town.chain.rpc('anvil_setBalance', [town.address[role], `0x${(100n * ETHER).toString(16)}`]);
    }
    // The managers meet first: the contract names both.
    const cards = (from, to) => {
      const file = path.join(town.folder, 'card.json');
      town.homes[from].run('profile', 'export', '--output', file, '--inbox', town.inbox(from), { json: false });
      town.homes[to].ok('profile', 'import', file);
    };
    const deploy = town.homes.gm.run('contract', 'deploy', '--rm', town.address.rm);
    assert.equal(deploy.code, 0, deploy.err);
    town.contract = deploy.json.contract;
    for (const role of ROLES) {
      if (role !== 'gm') town.homes[role].ok('contract', 'use', town.contract, '--rpc', town.chain.url);
      const file = path.join(town.homes[role].dir, 'config.json');
      const now = JSON.parse(fs.readFileSync(file, 'utf8'));
      const more = { inbox_allow_networks: [town.net.network], k_anonymity: 2, ...config };
      if (kubo[role]) more.ipfs = kubo[role];
      fs.writeFileSync(file, JSON.stringify({ ...now, ...more }));
    }
    for (const from of ROLES) for (const to of ROLES) if (from !== to) cards(from, to);
    // A second patient in the first one's home: nobody's record is sold alone.
    town.address.neighbour = town.homes.patient.ok('account', 'new', 'neighbour', '--role', 'patient').address;
    for (const to of ['doctor', 'hospital']) {
      const file = path.join(town.folder, 'card.json');
      town.homes.patient.run('profile', 'export', '--as', 'neighbour', '--output', file,
        '--inbox', town.inbox('patient'), { json: false });
      town.homes[to].ok('profile', 'import', file);
    }
    await Promise.all(ROLES.map((role) => town.start(role)));
    return town;
  }

  listen(role) { return `${this.hosts[role].address}:8440`; }
  inbox(role) { return `http://${this.listen(role)}/api/v1/inbox`; }

  async start(role) {
    this.lives[role] = (this.lives[role] ?? 0) + 1;
    this.nodes[role] = await serve(this.homes[role],
      { listen: this.listen(role), prefix: this.hosts[role].prefix });
  }
  async kill(role) {
    this.lives[role] += 0.5;
    await this.nodes[role].stop('SIGKILL');
  }

  call(role, method, target, body) {
    return this.nodes[role === 'neighbour' ? 'patient' : role].call(method, `/api/v1${target}`, { as: role, body });
  }
  async get(role, target) {
    const answer = await this.call(role, 'GET', target);
    assert.equal(answer.status, 200, `${role} GET ${target}: ${answer.text}`);
    return answer.json;
  }
  /** Tries until it works: what it needs may still be on its way. */
  async soon(role, target, body = {}, ms = 60000) {
    let last;
    const lives = () => this.lives[role === 'neighbour' ? 'patient' : role];
    const life = lives();
    try {
      return await until(`${role} POST ${target}`, async () => {
        // Whoever asked a node that was killed looks what became of it before asking again.
        if (lives() !== life) throw new Error(`${role} was killed`);
        last = await this.call(role, 'POST', target, body).catch((error) => ({ status: 0, text: `${error}` }));
        return last.status >= 200 && last.status < 300 && (last.json ?? true);
      }, ms);
    } catch (error) {
      throw new Error(`${error.message}: ${last?.status} ${last?.text}`);
    }
  }

  /** How often the contract said something: by event name. */
  async events(abi) {
    const logs = await this.chain.rpc('eth_getLogs', [{ address: this.contract, fromBlock: '0x0', toBlock: 'latest' }]);
    const counts = {};
    for (const log of logs) {
      const name = abi.parseLog(log)?.name;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** Nothing in any log that should never be there. */
  checkLogs() {
    for (const role of ROLES) assert.doesNotMatch(this.nodes[role].said(), /level=broken| broken /, role);
  }

  async close() {
    await Promise.all(Object.values(this.nodes).map((node) => node.stop()));
    await this.chain?.stop();
    this.net.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

export const template = {
  category: 'Cardiology', demographics: { age: true, gender: true, location: false, ethnicity: false },
  medical_data: { diagnosis: true, treatment: false, medications: false, lab_results: true },
  time_period: '1 year', min_records: 1, price_wei: '1000000000000000005',
};

/**
 * The life of a town, as steps: {name, who, act(), done()}. done tells, from the outside, whether the
 * step has been made, however often it was tried; a step that needs none is done when act returns.
 */
export function life(town) {
  const { address } = town;
  const post = (who, target, body) => town.soon(who, target, body);
  const has = async (who, target, test) => {
    const answer = await town.call(who, 'GET', target).catch(() => undefined);
    return answer?.status === 200 && test(answer.json);
  };
  let record, cidShare, requestId, second;
  const keyVersion = (version) => async () => {
    const answer = await town.call('patient', 'GET', '/contract').catch(() => undefined);
    return answer?.status === 200 && answer.json.groupKey?.current === version;
  };
  const request = (state, id = () => requestId) => () =>
    has('buyer', `/requests/${id()}`, (row) => state.includes(row.state));
  const find = (known) => async () => {
    const list = await town.get('buyer', '/requests');
    const mine = list.find((row) => row.buyer === address.buyer && row.requestId !== known());
    return mine?.requestId;
  };
  const findFirst = find(() => undefined), findSecond = find(() => requestId);
  return [
    { name: "GM's half of the group key", who: 'gm', act: () => post('gm', '/group/setup', { rm: 'rm' }) },
    { name: "RM's half", who: 'rm', act: () => post('rm', '/group/setup') },
    { name: 'the key is proposed', who: 'gm', act: () => post('gm', '/group/propose') },
    { name: 'the key is confirmed', who: 'rm', act: () => post('rm', '/group/confirm'), done: keyVersion(1) },
    { name: 'the hospital is accredited', who: 'gm',
      act: () => post('gm', '/group/hospitals', { hospital: 'hospital', accredited: true }) },
    { name: 'the doctor is invited', who: 'gm', act: () => post('gm', '/group/invitations', { doctor: 'doctor' }) },
    { name: 'the doctor answers', who: 'doctor', act: () => post('doctor', '/group/join', { licence: 'licence 7' }) },
    { name: 'the doctor is a member', who: 'gm', act: () => post('gm', '/group/approvals', { doctor: 'doctor' }) },
    { name: 'GM shows RM the registry', who: 'gm', act: () => post('gm', '/group/commit') },
    { name: 'RM countersigns it', who: 'rm', act: () => post('rm', '/group/countersign') },
    { name: 'the registry is committed', who: 'gm', act: async () => {
      await until('the countersignature', async () => (await post('gm', '/group/commit')).sentTo === undefined);
    }, done: () => has('gm', '/group/registry', ([row]) => row?.committed === 1) },
    { name: 'a record is stored', who: 'doctor',
      act: () => post('doctor', '/records', { record: makeRecord(address.patient, address.hospital), releases: 3 }),
      done: () => has('doctor', '/records', (list) => list.length > 0) },
    { name: "the neighbour's record is stored", who: 'doctor',
      act: () => post('doctor', '/records', { record: makeRecord(address.neighbour, address.hospital), releases: 3 }),
      done: async () => (await has('neighbour', '/records', (list) => list.some((row) => row.state === 'anchored')))
        || has('doctor', '/records', (list) => list.length > 1) },
    { name: 'the neighbour has it', who: 'hospital', act: async () => {},
      done: () => has('neighbour', '/records', (list) => list.some((row) => row.state === 'anchored')) },
    { name: 'the hospital relays it, the patient has it', who: 'hospital', act: async () => {},
      done: () => has('patient', '/records', (list) => {
        record = list.find((row) => row.state === 'anchored')?.merkleRoot;
        return record !== undefined;
      }) },
    { name: 'the record is shared', who: 'patient',
      act: () => post('patient', '/shares', { record, doctor: 'doctor', fields: ['/category', '/medical_data'] }),
      done: () => has('patient', '/shares', (list) => list.length > 0) },
    { name: 'the doctor opens it', who: 'doctor', act: async () => {
      await until('the share', () => has('doctor', '/shares', (list) => {
        cidShare = list[0]?.cidShare;
        return cidShare !== undefined;
      }), 60000);
      const opened = await post('doctor', `/shares/${cidShare}/open`);
      assert.equal(opened.passed, true, JSON.stringify(opened.checks));
    } },
    { name: 'data is requested', who: 'buyer', act: async () => {
      if (!await findFirst()) await post('buyer', '/requests', { template });
    }, done: async () => (requestId = await findFirst().catch(() => undefined)) !== undefined },
    { name: 'the hospital offers', who: 'hospital', act: () => post('hospital', `/requests/${requestId}/reply`),
      done: request(['replied', 'filled', 'verified', 'finalized']) },
    { name: 'the hospital asks', who: 'hospital', act: () => post('hospital', `/requests/${requestId}/ask`) },
    { name: 'the patient consents', who: 'patient',
      act: async () => {
        await until('to be asked', () => has('patient', '/consents', (list) => list.length > 0), 60000);
        await post('patient', `/requests/${requestId}/consent`, { accept: true });
        await post('neighbour', `/requests/${requestId}/consent`, { accept: true, keepKey: true });
      } },
    { name: 'the hospital delivers', who: 'hospital', act: () => post('hospital', `/requests/${requestId}/deliver`),
      done: request(['filled', 'verified', 'finalized']) },
    { name: 'the kept key comes', who: 'patient', act: () => until('the kept key', () =>
      has('buyer', '/notifications?limit=1000', (list) => list.some((one) => one.kind === 'key-received')), 60000) },
    { name: 'the buyer verifies', who: 'buyer', act: async () => {
      const verified = await post('buyer', `/requests/${requestId}/verify`);
      assert.equal(verified.passed, true, JSON.stringify(verified));
    } },
    { name: 'the buyer pays', who: 'buyer', act: () => post('buyer', `/requests/${requestId}/finalize`),
      done: request(['finalized']) },
    { name: 'more is requested', who: 'buyer', act: async () => {
      if (!await findSecond()) await post('buyer', '/requests', { template });
    }, done: async () => (second = await findSecond().catch(() => undefined)) !== undefined },
    { name: 'offered', who: 'hospital', act: () => post('hospital', `/requests/${second}/reply`),
      done: request(['replied', 'filled', 'verified', 'finalized'], () => second) },
    { name: 'asked', who: 'hospital', act: () => post('hospital', `/requests/${second}/ask`) },
    { name: 'consented', who: 'patient', act: async () => {
      await until('to be asked', () => has('patient', '/consents',
        (list) => list.some((row) => row.requestId === second)), 60000);
      await post('patient', `/requests/${second}/consent`, { accept: true, keepKey: true });
      await post('neighbour', `/requests/${second}/consent`, { accept: true, keepKey: true });
    } },
    { name: 'delivered', who: 'hospital', act: () => post('hospital', `/requests/${second}/deliver`),
      done: request(['filled', 'verified', 'finalized'], () => second) },
    { name: 'the buyer disputes it', who: 'buyer', act: async () => {
      await post('buyer', `/requests/${second}/verify`);
      await post('buyer', `/requests/${second}/dispute`, { reason: 'values that cannot be', entries: [0] });
    }, done: () => has('buyer', `/disputes/${second}`, () => true) },
    { name: 'the managers have the kept key', who: 'patient', act: () => until('evidence and key', async () =>
      await has('gm', `/disputes/${second}`, ({ entries: [entry] }) => entry.values !== undefined && !entry.missing)
      && has('rm', `/disputes/${second}`, ({ entries: [entry] }) => entry.values !== undefined && !entry.missing), 60000) },
    { name: 'GM rules fraud', who: 'gm', act: () => post('gm', `/requests/${second}/rule`, { verdict: 'fraud' }) },
    { name: 'RM rules fraud', who: 'rm', act: () => post('rm', `/requests/${second}/rule`, { verdict: 'fraud' }),
      done: () => has('rm', `/contract/requests/${second}`, (row) => row.entries.fraud === 1) },
    { name: 'the buyer asks who signed', who: 'buyer', act: () => post('buyer', `/requests/${second}/open`, { entry: 0 }),
      done: () => has('buyer', '/openings', (list) => list.length > 0) },
    { name: 'GM agrees', who: 'gm', act: async () => approve(town, 'gm') },
    { name: 'RM agrees', who: 'rm', act: async () => approve(town, 'rm') },
    { name: 'the buyer learns the name', who: 'buyer', act: async () => {
      const [{ id }] = await until('the result', async () => {
        const list = await town.get('buyer', '/openings');
        return list[0]?.state === 'opened' && list;
      }, 60000);
      const shown = await town.get('buyer', `/openings/${id}`);
      assert.equal(shown.doctor.wallet, address.doctor);
    } },
  ];
}

async function approve(town, who) {
  const [{ id }] = await until(`${who} to know of it`, async () => {
    const list = await town.get(who, '/openings').catch(() => []);
    return list.length > 0 && list;
  }, 60000);
  await town.soon(who, `/openings/${id}/approve`, { agree: true });
}

/** Once the step has been made, or the time is over. */
export async function make(step, ms = 60000) {
  await step.act();
  if (step.done) await until(step.name, step.done, ms);
}
export { sleep, until };
