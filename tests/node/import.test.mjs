// Imports of FHIR files: what was stored is not stored again, whenever the node or the command was killed
// (kill -9); how far they are, and how they ended, is shown to their doctor alone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Wallet } from 'ethers';
import { binary } from '../cli/galen.mjs';
import { makeNdjson, makeTooLarge } from '../cli/fhir.mjs';
import { Node } from './node.mjs';
import { until } from './serve.mjs';
import { Stage } from './stage.mjs';

let stage;
before(async () => {
  stage = await Stage.start();
  await stage.makePeople();
  for (const name of ['patient-1', 'patient-2', 'hospital']) await stage.post(name, '/profile/card'); // so they are known here
  await stage.setUpGroup();
  await until('the membership', async () => (await stage.get('doctor', '/group/membership')).isMember);
});
after(async () => stage?.stop());

const call = (body, { patient = 'patient-1', hospital = 'hospital', more = '' } = {}) => stage.node.call('POST',
  `/records/import?patient=${patient}&hospital=${hospital}${more}`,
  { as: 'doctor', body, headers: { 'content-type': 'application/octet-stream' } });
async function send(body, options) {
  const answer = await call(body, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}
const imports = () => stage.get('doctor', '/records/imports');
const counts = ({ state, records, stored, already, failed }) => ({ state, records, stored, already, failed });
// Rows of the doctor's, of any patient.
const count = async () => (await stage.get('doctor', '/records?limit=1000')).length;
const underWay = (least) => until('an import under way', async () => {
  const [one] = await imports();
  return one?.state === 'running' && one.stored >= least && one;
}, 60000);

test('the same file twice, and a changed one', async () => {
  const before = await count();
  const first = await send(makeNdjson(7));
  assert.equal(first.stored.length, 7);
  assert.deepEqual(counts(first.import), { state: 'done', records: 7, stored: 7, already: 0, failed: 0 });
  assert.equal(first.import.summary, '7 stored');
  assert.ok(first.records.every((row) => !row.already));
  const tried = await send(makeNdjson(8), { more: '&dryRun=true' });
  assert.deepEqual(tried.records.map((row) => row.already), [...Array(7).fill(true), false]);
  assert.equal(tried.import, undefined);

  const again = await send(makeNdjson(7));
  assert.equal(again.stored.length, 0);
  assert.deepEqual(counts(again.import), { state: 'done', records: 7, stored: 0, already: 7, failed: 0 });
  assert.equal(again.import.summary, '0 stored, 7 were already');
  const { address } = await stage.get('doctor', '/contacts/hospital');
  assert.equal((await send(makeNdjson(7), { hospital: address })).stored.length, 0, 'the hospital by its address');

  // One encounter says something else now; and another patient's records are others.
  const changed = await send(makeNdjson(7, (i, own) => { if (i === 3) own[2].valueQuantity.value = 301; }));
  assert.equal(changed.import.summary, '1 stored, 6 were already');
  assert.equal(await count(), before + 8);
  const other = await send(makeNdjson(2), { patient: 'patient-2' });
  assert.equal(other.import.summary, '2 stored');
  assert.equal(other.import.patient, (await stage.get('doctor', '/contacts/patient-2')).address);
  assert.deepEqual((await imports()).map((one) => one.stored), [2, 1, 0, 0, 7]);
  assert.equal((await stage.get('doctor', '/records/imports?limit=1&offset=1')).length, 1);
});

test('two at once store each record once', async () => {
  const before = await count();
  const both = await Promise.all([1, 2].map(() => send(makeNdjson(30, (i, own) => { own[1].onsetDateTime = '2023-01-01'; }))));
  assert.equal(both[0].stored.length + both[1].stored.length, 30);
  assert.equal(await count(), before + 30);
});

test('a record that cannot be stored is named, the others are', async () => {
  const file = makeNdjson(3, (i, own) => {
    own[0].id = `large-${i}`;
    for (const one of own.slice(1)) one.encounter = { reference: `Encounter/large-${i}` };
    if (i === 1) makeTooLarge(own);
  });
  const { import: made } = await send(file);
  assert.deepEqual(counts(made), { state: 'done', records: 3, stored: 2, already: 0, failed: 1 });
  assert.equal(made.summary, '2 stored, 1 could not be');
  assert.equal(made.failures[0].encounter, 'large-1');
  assert.match(made.failures[0].problem, /larger than one block/);
  assert.deepEqual((await imports())[0], made, 'it is told later, too');
});

test('one that cannot go on says why', async () => {
  const before = (await imports()).length;
  const answer = await call(makeNdjson(2), { patient: Wallet.createRandom().address }); // whose keys are not known here
  assert.equal(answer.status, 404, answer.text);
  const [made] = await imports();
  assert.equal((await imports()).length, before + 1);
  assert.deepEqual(counts(made), { state: 'failed', records: 2, stored: 0, already: 0, failed: 0 });
  assert.match(made.problem, /keys of the patient/);
});

test('nobody else sees them', async () => {
  for (const name of ['patient-1', 'hospital', 'buyer'])
    await stage.fails(403, 'forbidden', name, 'GET', '/records/imports');
  const { identity } = await stage.node.ok('POST', '/accounts', { operator: true, body: { name: 'doctor-2', role: 'doctor' } });
  assert.ok(identity);
  assert.deepEqual(await stage.get('doctor-2', '/records/imports'), []);
});

const tale = (n, name) => makeNdjson(n, (i, own) => { own[1].code.coding[0].display = `${name} ${i}`; });

test('others act meanwhile', { timeout: 120000 }, async () => {
  const whole = send(tale(200, 'lent'));
  await underWay(1);
  await stage.post('patient-1', '/profile/card');
  assert.equal((await imports())[0].state, 'running');
  assert.equal((await whole).import.stored, 200);
});

test('the node is killed: it is interrupted, and the same file goes on', { timeout: 240000 }, async () => {
  const before = await count(), file = tale(80, 'killed node');
  const lost = call(file).catch(() => 'lost');
  const { records } = await underWay(5);
  assert.equal(records, 80);
  await stage.node.stop('SIGKILL');
  assert.equal(await lost, 'lost');
  stage.node = await Node.start(stage.home);
  const [cut] = await imports();
  assert.equal(cut.state, 'interrupted');
  assert.match(cut.hint, /same file again/);
  assert.ok(cut.stored >= 5 && cut.stored < 80, cut.stored);
  assert.equal(await count(), before + cut.stored, 'each record that it counts is there, and no other');
  const { import: rest } = await send(file);
  assert.deepEqual(counts(rest), { state: 'done', records: 80, stored: 80 - cut.stored, already: cut.stored, failed: 0 });
  assert.equal(await count(), before + 80);
});

test('the node stops: the same', { timeout: 240000 }, async () => {
  const before = await count(), file = tale(80, 'stopped node');
  const ended = call(file).catch(() => undefined);
  await underWay(5);
  await stage.node.stop('SIGTERM');
  const answer = await ended;
  assert.ok(answer === undefined || [502, 503].includes(answer.status), answer?.text);
  stage.node = await Node.start(stage.home);
  const [cut] = await imports();
  assert.equal(cut.state, 'interrupted');
  const { import: rest } = await send(file);
  assert.equal(rest.stored, 80 - cut.stored);
  assert.equal(await count(), before + 80);
});

test('the command line: the same home, the same records', { timeout: 240000 }, async () => {
  const before = await count(), file = path.join(stage.folder, 'visits.ndjson');
  fs.writeFileSync(file, tale(80, 'killed command'));
  const words = ['record', 'import', file, '--as', 'doctor', '--patient', 'patient-1', '--hospital', 'hospital'];
  const child = spawn(binary, [...words, '--home', stage.home.dir, '--password-file', stage.home.passwordFile, '--json'],
    { stdio: 'ignore' });
  const dead = new Promise((resolve) => child.on('close', resolve));
  await underWay(5);
  child.kill('SIGKILL');
  await dead;
  const [cut] = stage.home.ok('record', 'imports', '--as', 'doctor');
  assert.equal(cut.state, 'interrupted');
  assert.equal(await count(), before + cut.stored);
  const [row] = stage.home.ok(...words);
  assert.equal(row.import.summary, `${80 - cut.stored} stored, ${cut.stored} were already`);
  assert.equal((await send(fs.readFileSync(file, 'utf8'))).import.summary, '0 stored, 80 were already');
  assert.equal(await count(), before + 80);
  assert.ok(stage.home.ok('record', 'imports').length > 8);
});

test('what is kept says nothing of the patients', async () => {
  await stage.node.stop('SIGTERM');
  for (const name of fs.readdirSync(stage.home.dir).filter((one) => /^galen\.db|^imports/.test(one))) {
    const bytes = fs.readFileSync(path.join(stage.home.dir, name));
    for (const secret of ['visit-1', 'large-1', 'Hypertension', '38341003', 'killed node'])
      assert.ok(!bytes.includes(secret), `${name} holds ${secret}`);
  }
  stage.node = await Node.start(stage.home);
});
