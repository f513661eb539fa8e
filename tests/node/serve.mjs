// `galen serve` on a home: its address, the operator's token, calls, and how it ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { binary } from '../cli/galen.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Polls until the function gives something true, which is returned; fails after ms.
export async function until(what, ask, ms = 30000) {
  for (const end = Date.now() + ms; ;) {
    const got = await ask();
    if (got) return got;
    if (Date.now() > end) assert.fail(`waited ${ms} ms for: ${what}`);
    await sleep(25);
  }
}

// Starts the node and waits until it takes requests. options: args, env, listen, and
// prefix, the words of a program to run it under.
export async function serve(home, { args = [], env = {}, listen = '127.0.0.1:0', prefix = [] } = {}) {
  const out = [], err = [];
  const [program, ...before] = [...prefix, binary];
  const child = spawn(program, [...before, 'serve', '--listen', listen, '--home', home.dir,
    '--password-file', home.passwordFile, '--json', ...args],
  { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', ...env } });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  child.stdout.on('data', (data) => out.push(data));
  child.stderr.on('data', (data) => err.push(data));
  let over = false;
  ended.then(() => { over = true; });
  const said = () => Buffer.concat(err).toString();
  const first = await until('the node to take requests', () => {
    assert.ok(!over, `galen serve ended: ${said()}${Buffer.concat(out)}`);
    return /\{"url":"([^"]+)"\}/.exec(Buffer.concat(out).toString());
  });
  const url = first[1];
  const token = fs.readFileSync(path.join(home.dir, 'node.token'), 'utf8');

  // as: an identity (by the operator's token); cookie: a session's; neither: nobody.
  const call = async (method, target, { body, as, cookie, headers = {}, operator } = {}) => {
    const all = { ...headers };
    if (as || operator) all.authorization = `Bearer ${token}`;
    if (as) all['galen-identity'] = as;
    if (cookie) all.cookie = cookie;
    if (body !== undefined && !all['content-type']) all['content-type'] = 'application/json';
    const answer = await fetch(url + target, {
      method, headers: all,
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const type = answer.headers.get('content-type') ?? '';
    const json = /[/+]json/.test(type) ? JSON.parse(text) : undefined;
    return { status: answer.status, headers: answer.headers, text, json };
  };
  // What must work: the JSON answer.
  const ok = async (method, target, options) => {
    const answer = await call(method, target, options);
    assert.ok(answer.status >= 200 && answer.status < 300,
      `${method} ${target}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const stop = async (signal = 'SIGTERM') => {
    if (!over) child.kill(signal);
    return ended;
  };
  return { url, token, call, ok, stop, ended, said, pid: child.pid };
}
