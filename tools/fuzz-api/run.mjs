// `make fuzz-api`: Schemathesis against a node with every role and some data. What it makes up from
// docs/openapi.yaml, good and bad, is sent as each role and as nobody; an answer that the file does not
// describe, or a failure of the node, is a finding.
//
//   node tools/fuzz-api/run.mjs [-n EXAMPLES] [-s SEED] [ROLE…]    ROLE: gm rm hospital doctor buyer patient nobody
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../tests/cli/galen.mjs';
import { Stage } from '../../tests/node/stage.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: {
  examples: { type: 'string', short: 'n', default: '30' },
  seed: { type: 'string', short: 's', default: String(Math.floor(Math.random() * 2 ** 31)) },
} });
const who = { gm: 'gm', rm: 'rm', hospital: 'hospital', doctor: 'doctor', buyer: 'buyer', patient: 'patient-1',
  nobody: undefined };
const roles = positionals.length > 0 ? positionals : Object.keys(who);
for (const role of roles)
  if (!(role in who)) {
    console.error(`fuzz-api: ${role} is no role; there are: ${Object.keys(who).join(' ')}`);
    process.exit(2);
  }
const build = path.join(root, 'build/fuzz-api');

function run(node, role) {
  const report = path.join(build, `${role}.json`);
  const args = ['--config-file', path.join(root, 'tools/fuzz-api/schemathesis.toml'), 'run',
    path.join(root, 'docs/openapi.yaml'), '--url', node.url, '--max-examples', values.examples,
    '--seed', values.seed, '--report', 'ndjson', '--report-ndjson-path', path.join(build, `${role}.ndjson`)];
  // Schemathesis spoils one of the ways to sign in, and these headers stand beside it.
  if (who[role] !== undefined)
    args.push('--exclude-checks', 'ignored_auth', '-H', `Authorization: Bearer ${node.token}`, '-H', `Galen-Identity: ${who[role]}`);
  const out = fs.openSync(path.join(build, `${role}.log`), 'w');
  const child = spawn(path.join(build, 'venv/bin/st'), args,
    { cwd: build, stdio: ['ignore', out, out], env: { ...process.env, NO_COLOR: '1', SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: path.join(root, 'tools/fuzz-api'), PYTHONDONTWRITEBYTECODE: '1' } });
  return new Promise((resolve) => child.on('close', resolve)).finally(() => fs.closeSync(out));
}

const stage = await Stage.start();
let failed = 0;
try {
  await stage.makePeople();
  await stage.setUpGroup();
  await stage.storeRecords();
  await stage.recordsAreAnchored();
  await stage.sell();
  console.log(`fuzz-api: seed ${values.seed}, ${values.examples} examples an operation`);
  for (const role of roles) {
    const begun = Date.now();
    const code = await run(stage.node, role);
    const log = fs.readFileSync(path.join(build, `${role}.log`), 'utf8');
    const cases = /^ *\d+ generated.*$/m.exec(log)?.[0].trim() ?? '';
    console.log(`fuzz-api: ${role}: ${code === 0 ? 'nothing found' : `build/fuzz-api/${role}.log says what was found`}` +
      ` (${Math.round((Date.now() - begun) / 1000)} s) ${cases}`);
    if (code !== 0) failed++;
  }
  const bad = stage.node.server.said().split('\n').filter((line) => /broken|Sanitizer/.test(line));
  if (bad.length > 0) {
    console.log(bad.join('\n'));
    failed++;
  }
} finally {
  fs.writeFileSync(path.join(build, 'node.log'), stage.node?.server.said() ?? '');
  await stage.stop();
}
process.exitCode = failed > 0 ? 1 : 0;
