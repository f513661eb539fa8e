// A Kubo node of one's own, its repository in a folder: on free ports of an address of this machine,
// loopback unless told otherwise; offline, or online and with no peers but those that it is told of.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const program = process.env.GALEN_KUBO;

async function freePort(host) {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, host, resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Kubo {
  constructor(dir, { host = '127.0.0.1', isOnline = false } = {}) {
    this.host = host;
    this.isOnline = isOnline;
    this.env = { ...process.env, IPFS_PATH: dir, IPFS_TELEMETRY: 'off' };
    this.dir = dir;
  }

  run(...args) {
    return execFileSync(program, args, { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  async init() {
    this.apiPort = await freePort(this.host);
    this.gatewayPort = await freePort(this.host);
    this.run('init', '--profile=test,lowpower', '--empty-repo');
    this.run('config', '--json', 'Addresses.API', `"/ip4/${this.host}/tcp/${this.apiPort}"`);
    this.run('config', '--json', 'Addresses.Gateway', `"/ip4/${this.host}/tcp/${this.gatewayPort}"`);
    this.swarm = `/ip4/${this.host}/tcp/${await freePort(this.host)}`;
    this.run('config', '--json', 'Addresses.Swarm', JSON.stringify(this.isOnline ? [this.swarm] : []));
    if (this.isOnline) this.run('config', 'Routing.Type', 'none');
    this.run('bootstrap', 'rm', '--all');
  }

  get api() { return `http://${this.host}:${this.apiPort}`; }

  get gateway() { return `http://${this.host}:${this.gatewayPort}`; }

  async start() {
    const log = fs.openSync(path.join(this.dir, 'log'), 'a');
    this.child = spawn(program, this.isOnline ? ['daemon'] : ['daemon', '--offline'], { env: this.env, stdio: ['ignore', log, log] });
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

  /** Makes another one a peer. */
  meet(other) {
    this.run('swarm', 'connect', `${other.swarm}/p2p/${other.run('config', 'Identity.PeerID')}`);
  }

  /** A block, wherever among the peers it is. */
  async get(cid) {
    const answer = await fetch(`${this.api}/api/v0/block/get?timeout=20s&arg=${cid}`, { method: 'POST' });
    if (!answer.ok) throw new Error(await answer.text());
    return Buffer.from(await answer.arrayBuffer());
  }

  /** One of its own. */
  bytes(cid) {
    return execFileSync(program, ['block', 'get', '--offline', cid], { env: this.env });
  }

  /** The pinned raw blocks. */
  pins() {
    return this.run('pin', 'ls', '--type=recursive', '--quiet').split('\n')
      .filter((cid) => cid.startsWith('bafkrei')).sort();
  }
}
