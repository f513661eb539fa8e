// A server that speaks as much of Kubo's RPC API as the store asks, over blocks in memory, and is faulty
// as its mode says.
import http from 'node:http';
import { createHash } from 'node:crypto';

const letters = 'abcdefghijklmnopqrstuvwxyz234567';
function cidOf(bytes) {
  const all = [1, 0x55, 0x12, 32, ...createHash('sha256').update(bytes).digest()];
  let text = 'b', left = 0, bits = 0;
  for (const byte of all) {
    left = ((left << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) text += letters[(left >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + letters[(left << (5 - bits)) & 31] : text;
}

// The bytes of a multipart form's only file.
function fileOf(body, type) {
  const end = body.lastIndexOf(`\r\n--${/boundary=(.*)$/.exec(type)[1]}`);
  return body.subarray(body.indexOf('\r\n\r\n') + 4, end);
}

export class FakeKubo {
  blocks = new Map();
  mode = 'good'; // down, hang, refuse, html, other-cid, lie
  held = [];

  static async start() {
    const kubo = new FakeKubo();
    kubo.server = http.createServer((request, answer) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => kubo.answer(request, answer, Buffer.concat(parts)));
    });
    await new Promise((resolve) => kubo.server.listen(0, '127.0.0.1', resolve));
    kubo.url = `http://127.0.0.1:${kubo.server.address().port}`;
    return kubo;
  }

  letGo() {
    for (const answer of this.held.splice(0)) answer.destroy();
  }

  async stop() {
    this.letGo();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  answer(request, answer, body) {
    const url = new URL(request.url, this.url);
    const command = url.pathname.slice('/api/v0/'.length), cid = url.searchParams.get('arg');
    const refuse = (message) => {
      answer.statusCode = 500;
      answer.end(JSON.stringify({ Message: message, Code: 0, Type: 'error' }));
    };
    if (this.mode === 'down') return answer.destroy();
    if (this.mode === 'hang') return this.held.push(answer);
    if (this.mode === 'refuse') return refuse('disk full');
    if (this.mode === 'html') return answer.end('<html>hello</html>');
    switch (command) {
      case 'id': return answer.end(JSON.stringify({ ID: '12D3KooW', AgentVersion: 'kubo/fake' }));
      case 'block/put': {
        const bytes = fileOf(body, request.headers['content-type']);
        this.blocks.set(cidOf(bytes), bytes);
        const named = this.mode === 'other-cid' ? cidOf('another') : cidOf(bytes);
        return answer.end(JSON.stringify({ Key: named, Size: bytes.length }));
      }
      case 'block/get':
        if (!this.blocks.has(cid)) return refuse('block was not found locally (offline)');
        return answer.end(this.mode === 'lie' ? 'not what was asked for' : this.blocks.get(cid));
      case 'pin/rm': return answer.end('{}');
      case 'block/rm': this.blocks.delete(cid); return answer.end('');
      default: return refuse(`unknown command ${command}`);
    }
  }
}
