// What is made of the table of commands: --help, the manual page, completion in three shells. And the
// environment that the program accepts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { binary, makeFolder, root } from './galen.mjs';

let folder;
before(() => { folder = makeFolder(); });
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const run = (program, args, options = {}) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: 60000, ...options });
const galen = (...args) => {
  const done = run(binary, args);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
};
const there = (program) => run('sh', ['-c', `command -v ${program}`]).status === 0;

// "noun verb" of every command, from --help.
const commands = () => galen('--help').split('\n')
  .filter((line) => line.startsWith('galen '))
  .map((line) => /^galen ([a-z-]+(?: [a-z][a-z-]*)?)/.exec(line)[1]);

test('the manual page has every command and option, and is sound', (t) => {
  const page = galen('man');
  const names = commands();
  assert.ok(names.length > 80, names.length);
  for (const name of names) assert.match(page, new RegExp(`^\\.Cm ${name}$`, 'm'));
  for (const option of galen('--help').match(/--[a-z-]+/g))
    assert.ok(page.includes(`Fl ${option.slice(1)}`), option);
  if (!there('mandoc') && !there('man')) return t.skip('neither mandoc nor man here');
  const file = path.join(folder, 'galen.1');
  fs.writeFileSync(file, page);
  const lint = there('mandoc') ? run('mandoc', ['-T', 'lint', '-W', 'warning', file])
    : run('man', ['--warnings', '-l', '-Tutf8', '-Z', file], { env: { ...process.env, MANROFFSEQ: '' } });
  assert.equal(lint.status, 0, lint.stdout + lint.stderr);
  assert.equal(lint.stderr, '');
});

// What the shell would offer after these words; the last is the one being typed.
function complete(shell, words) {
  const script = path.join(folder, shell === 'zsh' ? '_galen' : `galen.${shell}`);
  if (!fs.existsSync(script)) fs.writeFileSync(script, galen('completion', shell));
  const programs = {
    bash: ['bash', ['--norc', '--noprofile', '-euc', `source "$1"; shift; COMP_WORDS=(galen "$@")
      COMP_CWORD=$#; _galen; printf '%s\\n' "\${COMPREPLY[@]:-}"`, 'bash', script, ...words]],
    fish: ['fish', ['--no-config', '-c', `source ${script}; complete -C '${['galen', ...words].join(' ')}'`]],
    // compadd is for the line editor alone: here it prints, and _files says that it was asked.
    zsh: ['zsh', ['-fuc', `compdef() { }; compadd() { shift; print -l -- "$@" }; _files() { print FILES }
      source "$1"; shift; words=(galen "$@"); CURRENT=$#words; _galen`, 'zsh', script, ...words]],
  };
  const done = run(...programs[shell], { cwd: folder, env: { ...process.env, HOME: folder } });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(done.stderr, '');
  return done.stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\t')[0]);
}

for (const shell of ['bash', 'zsh', 'fish'])
  test(`completion in ${shell}`, (t) => {
    if (!there(shell)) return t.skip(`no ${shell} here`);
    fs.writeFileSync(path.join(folder, 'keystore.json'), '{}');
    const offers = (words, expected, not = []) => {
      const found = complete(shell, words);
      for (const word of expected) assert.ok(found.includes(word), `${words}: no ${word} in ${found}`);
      for (const word of not) assert.ok(!found.includes(word), `${words}: ${word} in ${found}`);
    };
    offers([''], ['init', 'account', 'record', 'serve', 'demo'], ['new', 'import']);
    offers(['account', ''], ['new', 'list', 'import', 'export'], ['account', 'grant']);
    offers(['--json', 'account', ''], ['new', 'list'], ['grant']);
    offers(['account', 'new', '--'], ['--role', '--home', '--password-file'], ['--output']);
    offers(['account', 'new', '--role', ''], ['doctor', 'patient', 'gm', 'rm'], ['--home']);
    offers(['request', 'rule', '--verdict', ''], ['pay', 'refund', 'fraud']);
    offers(['share', 'grant', '--'], ['--field', '--expires', '--on-chain'], ['--role']);
    offers(['serve', '--'], ['--listen', '--tls-key']);
    offers(['completion', ''], ['bash', 'zsh', 'fish'], ['init']);
    offers(['account', 'import', 'key'], [shell === 'zsh' ? 'FILES' : 'keystore.json']);
    offers(['record', 'export', '--output', 'key'], [shell === 'zsh' ? 'FILES' : 'keystore.json']);
  });

test('every command is offered by bash', () => {
  for (const name of commands()) {
    const [noun, verb] = name.split(' ');
    assert.ok(complete('bash', [verb === undefined ? noun.slice(0, 2) : noun,
      ...(verb === undefined ? [] : [verb.slice(0, 2)])]).includes(verb ?? noun), name);
  }
});

test('an unknown shell', () => {
  const done = run(binary, ['completion', 'csh']);
  assert.equal(done.status, 2);
  assert.match(done.stderr, /bash, zsh or fish/);
});

// ---- environment ----

const outside = (extra) => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GALEN_')));
  return run(binary, ['--version'], { env: { ...env, ...extra } });
};

test('an unknown GALEN_ variable is refused, and the known ones are listed', () => {
  for (const extra of [{}, { GALEN_HOME: '/x' }, { GALEN_ANVIL: '/x' }, { GALEN_LOG: 'json' }, { GALEN_LOG: '' },
    { GALEN: 'x' }])
    assert.equal(outside(extra).status, 0, JSON.stringify(extra));
  for (const name of ['GALEN_HOEM', 'GALEN_', 'GALEN_HOME2', `GALEN_\u001b[31m${'X'.repeat(500)}`]) {
    const done = outside({ [name]: 'secret-canary' });
    assert.equal(done.status, 2);
    assert.match(done.stderr, /unknown environment variable GALEN_/);
    assert.match(done.stderr, /GALEN_HOME, GALEN_LOG, GALEN_ANVIL/);
    assert.ok(!done.stderr.includes('canary') && !done.stderr.includes('\u001b'), done.stderr);
  }
  const bad = outside({ GALEN_LOG: 'xml' });
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /GALEN_LOG is logfmt or json/);
});

test('docs/operation.md, the manual page and the code name the same variables and keys', () => {
  const doc = fs.readFileSync(path.join(root, 'docs/operation.md'), 'utf8');
  const rows = (heading) => {
    const section = doc.split(/^## /m).find((part) => part.startsWith(heading));
    assert.ok(section, heading);
    return [...section.matchAll(/^\| `([A-Za-z_]+)` \|/gm)].map((row) => row[1]).sort();
  };
  const source = (dir) => fs.readdirSync(path.join(root, dir), { recursive: true })
    .filter((file) => file.endsWith('.c'))
    .map((file) => fs.readFileSync(path.join(root, dir, file), 'utf8')).join('\n');
  const read = [...new Set([...source('src').matchAll(/getenv\("([A-Z_]+)"\)/g)].map((found) => found[1]))]
    .filter((name) => name !== 'GALEN_SOURCE_ROOT').sort();
  const manual = [...galen('man').matchAll(/^\.It Ev ([A-Z_]+)$/gm)].map((found) => found[1]).sort();
  assert.deepEqual(rows('Environment'), read);
  assert.deepEqual(manual, read);

  const config = ['config.c', 'post_config.c']
    .map((file) => fs.readFileSync(path.join(root, 'src/workflow', file), 'utf8')).join('\n');
  const keys = [...config.matchAll(/const char \*const (?:required|own|post_config_keys)\[\] = \{([^}]*)\}/g)]
    .flatMap((list) => [...list[1].matchAll(/"([a-z_]+)"/g)].map((found) => found[1])).sort();
  for (const key of ['type', 'rpc', 'inbox_bytes']) assert.ok(keys.includes(key), key);
  assert.deepEqual(rows('config.json'), keys);
});

// ---- the service ----

const analyze = (...args) => run('systemd-analyze', args);
test('the service unit is sound', (t) => {
  if (!there('systemd-analyze')) return t.skip('no systemd-analyze here');
  const unit = path.join(folder, 'galen.service');
  const text = fs.readFileSync(path.join(root, 'packaging/galen.service.in'), 'utf8');
  const command = /^ExecStart=@bindir@\/galen (.*)$/m.exec(text);
  assert.ok(command);
  fs.writeFileSync(unit, text.replace(/@bindir@\/galen/, binary));
  const verified = analyze('verify', '--man=no', unit);
  assert.equal(verified.status, 0, verified.stderr);
  // What it says of other units of this machine is not ours.
  assert.doesNotMatch(verified.stderr, /galen/);
  const security = analyze('security', '--no-pager', '--offline=yes', '--threshold=20', unit);
  assert.equal(security.status, 0, security.stdout + security.stderr);
  // Its options are the program's.
  const serve = galen('serve', '--help');
  for (const option of command[1].match(/--[a-z-]+/g)) assert.ok(serve.includes(option), option);
});
