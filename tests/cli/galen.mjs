// Drives the real binary: a folder, a chain of its own, homes, and calls with parsed answers.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const root = process.env.GALEN_SOURCE_ROOT;
export const binary = process.env.GALEN_BINARY;

export function makeFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'galen-test-cli-'));
}

const anvilProgram = () => {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  return path.join(root, `node_modules/@foundry-rs/anvil-linux-${arch}/bin/anvil`);
};

// Anvil on a port of its own choosing: {url, stop(), rpc(method, params)}.
export async function startChain({ host = '127.0.0.1', args = [] } = {}) {
  // Into a file: calls of the binary block this process, and a pipe that nobody reads would fill.
  const log = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'galen-test-anvil-')), 'log');
  const out = fs.openSync(log, 'w');
  const child = spawn(anvilProgram(), ['--host', host, '--port', '0', '--hardfork', 'prague',
    '--accounts', '1', ...args], { stdio: ['ignore', out, 'ignore'] });
  fs.closeSync(out);
  const forget = () => fs.rmSync(path.dirname(log), { recursive: true, force: true });
  let ended = false;
  child.on('exit', () => { ended = true; });
  let url;
  for (const until = Date.now() + 30000; !url;) {
    const found = /Listening on ([\d.]+:\d+)/.exec(fs.readFileSync(log, 'utf8'));
    if (found) {
      url = `http://${found[1]}`;
    } else if (ended || Date.now() > until) {
      child.kill();
      forget();
      throw new Error(ended ? 'anvil ended' : 'anvil did not start');
    } else {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const rpc = async (method, params = []) => {
    const answer = await (await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })).json();
    assert.ok(!answer.error, JSON.stringify(answer.error));
    return answer.result;
  };
  const stop = () => new Promise((done) => {
    child.on('exit', () => { forget(); done(); });
    child.kill();
  });
  return { url, rpc, stop };
}

// One home and its password file.
export class Home {
  constructor(folder, name) {
    this.dir = path.join(folder, name);
    this.passwordFile = path.join(folder, `${name}.password`);
    this.password = `correct horse ${name}`;
    fs.writeFileSync(this.passwordFile, `${this.password}\n`, { mode: 0o600 });
  }

  // A home that opens quickly (least Argon2id cost); galen init makes the real thing.
  make({ rpc = '', store = '' } = {}) {
    const done = spawnSync(process.env.GALEN_MAKE_HOME, [this.dir, this.password, store, rpc],
      { encoding: 'utf8', timeout: 60000 });
    assert.equal(done.status, 0, done.stderr);
  }

  // Runs galen; the answer has code, out, err, and with --json (default) the parsed json.
  run(...words) {
    const options = typeof words.at(-1) === 'object' ? words.pop() : {};
    const args = [...words, '--home', this.dir];
    if (options.password !== null)
      args.push('--password-file', options.password ?? this.passwordFile);
    if (options.json !== false) args.push('--json');
    const done = spawnSync(binary, args, {
      encoding: 'utf8', timeout: 120000, input: options.input ?? '',
      env: { ...process.env, NO_COLOR: '1', ...options.env },
    });
    const answer = { code: done.status, out: done.stdout, err: done.stderr };
    if (options.json !== false && done.stdout.trim() !== '') {
      try { answer.json = JSON.parse(done.stdout); } catch { answer.json = undefined; }
    }
    return answer;
  }

  // The same, for what must work: the JSON result.
  ok(...words) {
    const done = this.run(...words);
    assert.equal(done.code, 0, `galen ${words.filter((w) => typeof w === 'string').join(' ')}: ` +
      `exit ${done.code}\n${done.err}${done.out}`);
    return done.json;
  }
}

// Carries all sealed mail among these homes and lets everybody act on it, until nothing moves.
export function settle(homes, folder) {
  const mail = path.join(folder, 'mail.json');
  for (let moved = 1; moved > 0;) {
    moved = 0;
    for (const from of homes) {
      from.run('inbox', 'export', '--output', mail, '--delivered', { json: false });
      for (const to of homes) if (to !== from) moved += to.ok('inbox', 'import', mail).taken;
    }
    for (const home of homes) assert.equal(home.ok('sync').refused, 0);
    // What a sync made of an event is mail too.
    for (const home of homes) moved += home.ok('status').messagesOut;
  }
}

// Every file below a folder with its bytes, for showing that nothing changed.
export function snapshot(dir) {
  const files = {};
  for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && !/-(wal|shm)$/.test(entry.name))
      files[file] = fs.readFileSync(file).toString('hex');
  }
  return files;
}

const today = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

// A cardiology record that a purchase can use.
export function makeRecord(patient, hospital, overrides = {}) {
  return {
    type: 'galen.record/1', patient, issued: today(),
    hospital: { name: 'hospital', address: hospital }, category: 'Cardiology',
    demographics: {
      age: 57, gender: 'female',
      location: { state: 'MA', country: 'US' },
    },
    medical_data: {
      diagnosis: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'I10', display: 'Essential hypertension' },
        // No set of diagnoses that all have: two patients' records may be sold together.
        { system: 'http://snomed.info/sct', code: `${1000000 + parseInt(patient.slice(2, 9), 16)}`, display: 'Beside it' }],
      treatment: [{ system: 'http://snomed.info/sct', code: '268400002', display: '12 lead ECG' }],
      lab_results: [{ system: 'http://loinc.org', code: '2089-1', display: 'LDL', value: '131.50', unit: 'mg/dL' }],
    },
    notes: 'canary-note-7c1d: walks daily',
    ...overrides,
  };
}
