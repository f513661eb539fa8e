// A home with every role behind one node, and what they do over HTTP before a test begins. Each acts by the
// operator's token and its name.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Home, makeFolder, makeRecord, startChain } from '../cli/galen.mjs';
import { Node } from './node.mjs';
import { until } from './serve.mjs';

export const HOUR = 3600;
export const patients = ['patient-1', 'patient-2', 'patient-3', 'patient-4'];
export const people = { hospital: 'hospital', doctor: 'doctor', buyer: 'buyer',
  ...Object.fromEntries(patients.map((name) => [name, 'patient'])) };
export const template = {
  category: 'Cardiology', demographics: { age: true, gender: true, location: false, ethnicity: false },
  medical_data: { diagnosis: true, treatment: false, medications: false, lab_results: true },
  time_period: '1 year', min_records: 2, price_wei: '1000000000000000005',
};
const TEN_ETHER = '0x8ac7230489e80000';

export class Stage {
  address = {};

  // The managers, a contract of theirs, and the node. prepare(home) comes before the node starts.
  static async start(prepare = () => {}) {
    const stage = new this();
    try {
      stage.folder = makeFolder();
      stage.chain = await startChain();
      stage.home = new Home(stage.folder, 'home');
      stage.home.make({ rpc: stage.chain.url });
      for (const name of ['gm', 'rm']) {
        stage.address[name] = stage.home.ok('account', 'new', name, '--role', name).address;
        await stage.fund(name);
      }
      stage.address.contract = stage.home.ok('contract', 'deploy').contract;
      await prepare(stage.home, stage.folder);
      stage.node = await Node.start(stage.home);
    } catch (error) {
      await stage.stop();
      throw error;
    }
    return stage;
  }

  async stop() {
    await this.node?.stop();
    await this.stopChain();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async stopChain() {
    await this.chain?.stop();
    this.chain = undefined;
  }

  fund(name) {
    return this.chain.rpc('anvil_setBalance', [this.address[name], TEN_ETHER]);
  }

  async later(seconds) {
    await this.chain.rpc('evm_increaseTime', [seconds]);
    await this.chain.rpc('evm_mine');
  }

  get(as, target) {
    return this.node.ok('GET', target, { as });
  }

  post(as, target, body = {}) {
    return this.node.ok('POST', target, { as, body });
  }

  async fails(status, code, as, method, target, body) {
    const answer = await this.node.call(method, target, { as, body });
    assert.equal(answer.status, status, `${method} ${target}: ${answer.status} ${answer.text}`);
    assert.equal(answer.json.code, code, answer.text);
    return answer.json;
  }

  // Does a step as soon as what it waits for has come: until then it is 4xx.
  soon(as, target, body = {}) {
    return until(`POST ${target} as ${as}`, async () => {
      const answer = await this.node.call('POST', target, { as, body });
      if (answer.status === 200) return answer.json;
      assert.ok([404, 409, 422].includes(answer.status), `POST ${target}: ${answer.status} ${answer.text}`);
      await this.node.call('POST', '/sync', { as });
      return false;
    }, 60000);
  }

  requestIs(as, id, wanted) {
    return until(`request ${id} to be ${wanted}`, async () => {
      await this.node.call('POST', '/sync', { as });
      const shown = await this.get(as, `/requests/${id}`);
      return shown.state === wanted && shown;
    }, 60000);
  }

  async makePeople() {
    for (const [name, role] of Object.entries(people)) {
      const made = await this.node.ok('POST', '/accounts', { operator: true, body: { name, role } });
      assert.equal(made.role, role);
      this.address[name] = made.identity;
    }
    for (const name of ['hospital', 'buyer', 'doctor']) await this.fund(name);
  }

  async setUpGroup() {
    await this.post('gm', '/group/setup', { rm: 'rm' });
    await this.soon('rm', '/group/setup');
    await this.soon('gm', '/group/propose?dryRun=true');
    await this.soon('gm', '/group/propose');
    await this.soon('rm', '/group/confirm');
    await this.soon('gm', '/group/hospitals', { hospital: 'hospital', accredited: true });
    await this.soon('gm', '/group/invitations', { doctor: 'doctor' });
    await this.soon('doctor', '/group/join', { licence: 'licence 1' });
    await this.soon('gm', '/group/approvals', { doctor: 'doctor' });
  }

  record(patient, overrides) {
    return makeRecord(this.address[patient], this.address.hospital, overrides);
  }

  // A record of each patient; the node's relay anchors them. Merkle roots by patient.
  async storeRecords() {
    const roots = {};
    for (const name of patients) {
      const body = { record: this.record(name, { notes: name }), releases: 4 };
      roots[name] = (await this.soon('doctor', '/records', body)).merkleRoot;
    }
    return roots;
  }

  recordsAreAnchored() {
    return Promise.all(patients.map((name) => until(`${name}'s records`, async () => {
      const list = await this.get(name, '/records');
      return list.length > 0 && list.every((row) => row.state === 'anchored');
    })));
  }

  // The hospital has as many answers as were given.
  everyAnswer(id, given) {
    return until(`${given} answers`, async () => {
      const dry = await this.node.call('POST', `/requests/${id}/deliver?dryRun=true`, { as: 'hospital', body: {} });
      return dry.status === 200 && dry.json.entries === given;
    });
  }

  async everyoneAccepts(id, names = patients) {
    let given = 0;
    for (const name of names)
      given += (await this.soon(name, `/requests/${id}/consent`, { accept: true })).given.length;
    await this.everyAnswer(id, given);
  }

  // A request, up to its delivery.
  async sell(consent = (id) => this.everyoneAccepts(id)) {
    const { requestId } = await this.post('buyer', '/requests',
      { template, maxRecords: 10, verifyWindow: HOUR, ruleWindow: 2 * HOUR });
    await this.soon('hospital', `/requests/${requestId}/reply`, { k: 2 });
    await this.requestIs('hospital', requestId, 'replied');
    await this.soon('hospital', `/requests/${requestId}/ask`);
    await consent(requestId);
    await this.soon('hospital', `/requests/${requestId}/deliver`);
    await this.requestIs('buyer', requestId, 'filled');
    return requestId;
  }
}
