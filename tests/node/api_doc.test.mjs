// The examples of docs/api.md, run as they stand, one after another; check() is what they claim.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Wallet } from 'ethers';
import { root } from '../cli/galen.mjs';
import { openapi } from './node.mjs';
import { Stage } from './stage.mjs';

const guide = fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8');
const wallet = Wallet.createRandom();
let stage;

before(async () => {
  stage = await Stage.start((home, folder) => {
    const keystore = path.join(folder, 'keystore.json'), secret = path.join(folder, 'secret');
    fs.writeFileSync(keystore, wallet.encryptSync('a keystore password', { scrypt: { N: 1024 } }));
    fs.writeFileSync(secret, 'a keystore password\n');
    home.ok('account', 'import', keystore, '--name', 'wallet', '--role', 'buyer',
      '--keystore-password-file', secret);
    home.ok('account', 'new', 'alice', '--role', 'patient');
  });
});
after(() => stage?.stop());

test('the examples work', async () => {
  const examples = [...guide.matchAll(/^```js\n(.*?)^```$/gms)].map((m) => m[1]);
  assert.ok(examples.length >= 8);
  const checks = examples.join('').split('check(').length - 1;
  const script = path.join(stage.folder, 'examples.mjs');
  fs.writeFileSync(script, `import assert from 'node:assert/strict';
import { Wallet } from '${path.join(root, 'node_modules/ethers/lib.esm/index.js')}';
const wallet = new Wallet('${wallet.privateKey}');
let checked = 0;
const check = (claim) => { assert.ok(claim); checked++; };
${examples.join('\n')}
console.log(checked);
process.exit();
`);
  // Not spawnSync: the chain's and the node's pipes are this process's to read.
  const child = spawn(process.execPath, [script], { env: { ...process.env, GALEN_URL: stage.node.url,
    GALEN_HOME: stage.home.dir, GALEN_PASSWORD: stage.home.password } });
  let out = '', err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, err);
  assert.equal(Number(out), checks);
});

test('the table of errors has every code, with its status', () => {
  const rows = [...guide.matchAll(/^\| (\d{3}) \| (.*?) \|/gm)];
  const codes = rows.flatMap(([, , text]) => [...text.matchAll(/`([a-z-]+)`/g)].map((m) => m[1]));
  assert.deepEqual(codes.toSorted(), openapi.components.schemas.Problem.properties.code.enum.toSorted());
  const statuses = new Set(Object.values(openapi.paths).flatMap((item) => Object.values(item))
    .flatMap((operation) => Object.keys(operation.responses ?? {})).filter((status) => status >= '400'));
  assert.deepEqual(rows.map((row) => row[1]), [...statuses, '405'].toSorted());
});

test('every path that the guide names is described', () => {
  for (const [, named] of guide.matchAll(/`(?:GET|POST|DELETE)? ?(\/api\/v1\/[a-z/]+|\/metrics)`/g))
    assert.ok(openapi.paths[named], named);
});
