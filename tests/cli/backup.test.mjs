// galen backup and restore through the real binary.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Home, makeFolder, snapshot } from './galen.mjs';

let folder, home;
before(() => {
  folder = makeFolder();
  home = new Home(folder, 'home');
  home.make();
  home.ok('account', 'new', 'p-1', '--role', 'patient');
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('a home comes back, under its own password', () => {
  const file = path.join(folder, 'own.backup');
  const made = home.ok('backup', file);
  assert.equal(made.bytes, fs.statSync(file).size);
  const copy = new Home(folder, 'copy');
  const refused = copy.run('restore', file); // with the password of another home
  assert.equal(refused.code, 1);
  assert.match(refused.err, /wrong password/);
  assert.ok(!fs.existsSync(copy.dir));
  copy.passwordFile = home.passwordFile;
  assert.equal(copy.ok('restore', file).files, made.files);
  assert.deepEqual(copy.ok('account', 'list'), home.ok('account', 'list'));
  copy.ok('account', 'export', '--keystore-password-file', home.passwordFile, '--output',
    path.join(folder, 'keystore.json'), { json: false }); // its keys open

  const before = snapshot(copy.dir);
  const again = copy.run('restore', file);
  assert.equal(again.code, 1);
  assert.match(again.err, /there already/);
  assert.deepEqual(snapshot(copy.dir), before);
  assert.equal(home.run('backup', file).code, 1); // nothing is overwritten
});

test('a backup under a password of its own', () => {
  const file = path.join(folder, 'other.backup');
  const password = path.join(folder, 'backup.password');
  fs.writeFileSync(password, 'of the backup alone\n', { mode: 0o600 });
  home.ok('backup', file, '--backup-password-file', password);
  const copy = new Home(folder, 'copy2');
  copy.passwordFile = home.passwordFile;
  assert.equal(copy.run('restore', file).code, 1);
  fs.mkdirSync(copy.dir); // an empty folder is no home
  copy.ok('restore', file, '--backup-password-file', password);
  assert.equal(copy.ok('account', 'list').length, 1);
});

test('a mistyped password makes no backup', () => {
  const file = path.join(folder, 'none.backup');
  const wrong = path.join(folder, 'wrong.password');
  fs.writeFileSync(wrong, 'not it\n', { mode: 0o600 });
  assert.equal(home.run('backup', file, { password: wrong }).code, 1);
  assert.ok(!fs.existsSync(file));
  assert.deepEqual(fs.readdirSync(home.dir).filter((name) => name.startsWith('.backup')), []);
});
