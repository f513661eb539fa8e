// Another node's inbox over TLS, in a process of its own since the tests block theirs: written from
// docs/messages-between-nodes.md, not from Galen's code. Arguments: certificate, key, file that gets one
// line a message. Prints its port.
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';

const [certificate, key, log] = process.argv.slice(2);
const seen = new Set();
const server = https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }, (q, r) => {
  const parts = [];
  q.on('data', (part) => parts.push(part));
  q.on('end', () => {
    const digest = `0x${crypto.createHash('sha256').update(Buffer.concat(parts)).digest('hex')}`;
    fs.appendFileSync(log, `${q.method} ${q.url} ${q.headers['content-type']} ${digest}\n`);
    const known = seen.has(digest);
    seen.add(digest);
    r.writeHead(known ? 200 : 202, { 'content-type': 'application/json' });
    r.end(JSON.stringify({ digest, known }));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
