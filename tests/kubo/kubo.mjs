// A Kubo node of one's own: offline, on free ports of loopback, its repository in a folder.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const program = process.env.GALEN_KUBO;

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Kubo {
  constructor(dir) {
    this.env = { ...process.env, IPFS_PATH: dir, IPFS_TELEMETRY: 'off' };
    this.dir = dir;
  }

  run(...args) {
    return execFileSync(program, args, { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  async init() {
    this.apiPort = await freePort();
    this.gatewayPort = await freePort();
    this.run('init', '--profile=test,lowpower', '--empty-repo');
    this.run('config', '--json', 'Addresses.API', `"/ip4/127.0.0.1/tcp/${this.apiPort}"`);
    this.run('config', '--json', 'Addresses.Gateway', `"/ip4/127.0.0.1/tcp/${this.gatewayPort}"`);
    this.run('config', '--json', 'Addresses.Swarm', '[]');
    this.run('bootstrap', 'rm', '--all');
  }

  get api() { return `http://127.0.0.1:${this.apiPort}`; }

  get gateway() { return `http://127.0.0.1:${this.gatewayPort}`; }

  async start() {
    const log = fs.openSync(path.join(this.dir, 'log'), 'a');
    this.child = spawn(program, ['daemon', '--offline'], { env: this.env, stdio: ['ignore', log, log] });
    this.ended = new Promise((resolve) => this.child.on('exit', resolve));
    for (const until = Date.now() + 60_000; ;) {
      const up = await fetch(`${this.api}/api/v0/id`, { method: 'POST' }).then((a) => a.ok, () => false);
      if (up) return;
      if (this.child.exitCode !== null || Date.now() > until) {
        throw new Error(`Kubo did not start: ${fs.readFileSync(path.join(this.dir, 'log'), 'utf8')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop() {
    this.child?.kill();
    await this.ended;
  }

  /** The pinned raw blocks. */
  pins() {
    return this.run('pin', 'ls', '--type=recursive', '--quiet').split('\n')
      .filter((cid) => cid.startsWith('bafkrei')).sort();
  }
}
