// galen groupsig without a home: a folder of its own, and calls with parsed answers.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { binary, makeFolder, root } from './galen.mjs';

export const vectors = (name) =>
  JSON.parse(fs.readFileSync(path.join(root, 'tests/vectors', name), 'utf8'));
export const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');
export const random32 = () => crypto.randomBytes(32).toString('hex');

export class Folder {
  constructor() {
    this.dir = makeFolder();
    this.passwordFile = this.write('password', 'correct horse battery\n');
  }

  path(name) { return path.join(this.dir, name); }

  write(name, data) {
    fs.writeFileSync(this.path(name), data, { mode: 0o600 });
    return this.path(name);
  }

  // Key folders that open quickly (least Argon2id cost); galen makes the real thing.
  makeKeys(...names) {
    for (const name of names)
      assert.equal(spawnSync(process.env.GALEN_MAKE_HOME, [this.path(name), 'correct horse battery']).status, 0);
  }

  remove() { fs.rmSync(this.dir, { recursive: true, force: true }); }

  // Runs `galen groupsig …words`; HOME leads nowhere, so that a home would be missed.
  run(...words) {
    const options = typeof words.at(-1) === 'object' ? words.pop() : {};
    const args = [...(options.json === false ? [] : ['--json']), 'groupsig', ...words];
    if (options.password !== null) args.push('--password-file', options.password ?? this.passwordFile);
    const done = spawnSync(binary, args, {
      encoding: 'utf8', timeout: 60000, input: options.input ?? '', cwd: this.dir,
      env: { ...process.env, NO_COLOR: '1', HOME: this.path('nowhere'), GALEN_HOME: '' },
    });
    const answer = { code: done.status, out: done.stdout, err: done.stderr };
    if (options.json !== false && done.stdout !== '') answer.json = JSON.parse(done.stdout);
    return answer;
  }

  // The same at once with others; resolves to the JSON of one that succeeds.
  async start(...words) {
    const child = spawn(binary, ['--json', 'groupsig', ...words, '--password-file', this.passwordFile],
      { cwd: this.dir, stdio: ['ignore', 'pipe', 'inherit'], timeout: 60000 });
    let out = '';
    child.stdout.on('data', (data) => { out += data; });
    const [code] = await once(child, 'close');
    assert.equal(code, 0, out);
    return JSON.parse(out);
  }

  expect(code, ...words) {
    const done = this.run(...words);
    const shown = words.map((word) => (typeof word === 'string' ? word.slice(0, 60) : '')).join(' ');
    assert.equal(done.code, code, `galen groupsig ${shown}: exit ${done.code}\n${done.err}${done.out.slice(0, 600)}`);
    return done;
  }

  ok(...words) { return this.expect(0, ...words).json; }
}
