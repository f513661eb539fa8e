// galen inbox deliver: over TLS to a node that is not Galen's code, behind the guard.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Home, makeFolder, root, startChain } from './galen.mjs';

const withOpenssl = spawnSync('openssl', ['version']).status === 0;
const options = { skip: withOpenssl ? false : 'no openssl program to make certificates with' };
let folder, chain, gm, rm, server, rmAddress;
const file = (name) => path.join(folder, name);

function openssl(...words) {
  const done = spawnSync('openssl', words, { cwd: folder, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
}
function makeCertificates() {
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test CA');
  openssl('req', ...ec, '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=node');
  fs.writeFileSync(file('san'), 'subjectAltName=IP:127.0.0.1\n');
  openssl('x509', '-req', '-in', 'node.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial',
    '-out', 'node.pem', '-days', '2', '-extfile', 'san');
}
async function startServer() {
  const child = spawn(process.execPath, [path.join(root, 'tests/cli/inbox_server.mjs'), file('node.pem'),
    file('node.key'), file('log')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  return { port, stop: () => child.kill() };
}
function configure(home, members) {
  const at = path.join(home.dir, 'config.json');
  const config = JSON.parse(fs.readFileSync(at, 'utf8'));
  for (const key of Object.keys(config)) if (key.startsWith('inbox_')) delete config[key];
  fs.writeFileSync(at, JSON.stringify({ ...config, ...members }), { mode: 0o600 });
}
// RM's card with this inbox, given to GM.
function liveAt(inbox) {
  rm.ok('profile', 'export', '--inbox', inbox, '--output', file('rm.card'));
  gm.ok('profile', 'import', file('rm.card'));
}

before(async () => {
  if (!withOpenssl) return;
  folder = makeFolder();
  makeCertificates();
  chain = await startChain();
  server = await startServer();
  gm = new Home(folder, 'gm');
  rm = new Home(folder, 'rm');
  for (const home of [gm, rm]) home.make({ rpc: chain.url });
  const gmAddress = gm.ok('account', 'new', 'manager', '--role', 'gm').address;
  rmAddress = rm.ok('account', 'new', 'authority', '--role', 'rm').address;
  await chain.rpc('anvil_setBalance', [gmAddress, '0x8ac7230489e80000']);
  const { contract } = gm.ok('contract', 'deploy', '--rm', rmAddress);
  rm.ok('contract', 'use', contract);
  liveAt(`https://127.0.0.1:${server.port}/api/v1/inbox`);
  gm.ok('group', 'setup', '--rm', 'authority'); // puts GM's half of the group key into the outbox
}, options);
after(async () => {
  server?.stop();
  await chain?.stop();
  if (folder) fs.rmSync(folder, { recursive: true, force: true });
});

function fails(members, problem) {
  configure(gm, members);
  const done = gm.ok('inbox', 'deliver', '--now');
  assert.equal(done.delivered, 0);
  assert.equal(done.waiting, 1);
  assert.equal(done.recipients[0].recipient, rmAddress);
  assert.match(done.recipients[0].problem, problem);
  assert.ok(!fs.existsSync(file('log')), 'the server was asked');
}

test('nothing goes to a private address that is not named', options, () => {
  fails({}, /not at a public address.*inbox_allow_networks/);
  fails({ inbox_ca: file('ca.pem') }, /not at a public address/);
  fails({ inbox_allow_networks: ['10.0.0.0/8'], inbox_ca: file('ca.pem') }, /not at a public address/);
});

test('nothing goes to a node whose certificate nobody vouches for', options, () => {
  const inbox_allow_networks = ['127.0.0.0/8'];
  fails({ inbox_allow_networks }, /cannot be trusted.*inbox_ca/);
  fails({ inbox_allow_networks, inbox_ca: file('nowhere.pem') }, /cannot be trusted/);
  fails({ inbox_allow_networks, inbox_ca: file('node.key') }, /cannot be trusted/);
  liveAt(`https://localhost:${server.port}/api/v1/inbox`); // the certificate names 127.0.0.1
  fails({ inbox_allow_networks, inbox_ca: file('ca.pem') }, /cannot be trusted/);
});

test('delivered once, as the protocol says', options, () => {
  configure(gm, { inbox_allow_networks: ['127.0.0.0/8'], inbox_ca: file('ca.pem') });
  liveAt(`https://127.0.0.1:${server.port}/api/v1/inbox/`);
  assert.equal(gm.ok('inbox', 'deliver').delivered, 0, 'it is not due yet');
  const done = gm.ok('inbox', 'deliver', '--now', '--to', 'authority');
  assert.equal(done.delivered, 1);
  assert.equal(done.waiting, 0);
  assert.equal(gm.ok('inbox', 'deliver', '--now').recipients.length, 0);
  const lines = fs.readFileSync(file('log'), 'utf8').trim().split('\n');
  assert.equal(lines.length, 1);
  assert.match(lines[0], new RegExp(`^POST /api/v1/inbox/${rmAddress} application/jose 0x[0-9a-f]{64}$`));
});

test('bad configuration is said', options, () => {
  for (const members of [{ inbox_allow_networks: ['127.0.0.1/8'] }, { inbox_allow_networks: ['localhost'] },
    { inbox_hourly: -1 }, { inbox_nonsense: 1 }]) {
    configure(gm, members);
    const done = gm.run('inbox', 'deliver');
    assert.equal(done.code, 2);
    assert.match(done.err, /config\.json/);
  }
});
