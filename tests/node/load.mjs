// A constant rate of requests, sent when they are due whether or not earlier ones were answered, so
// that a node that stalls is seen to. Prints one JSON line: rate, p50, p99, max in milliseconds.
//   node load.mjs URL TOKEN IDENTITY RATE SECONDS
import http from 'node:http';

const [url, token, identity, rate, seconds] = process.argv.slice(2);
const targets = ['/api/v1/session', '/api/v1/records', '/api/v1/notifications', '/api/v1/transactions',
  '/api/v1/shares', '/api/v1/gas/report', '/api/v1/health', '/api/v1/openings'];
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const { hostname, port } = new URL(url);
const headers = { authorization: `Bearer ${token}`, 'galen-identity': identity };
const took = [];
let failed = 0, sent = 0;
const total = rate * seconds;

function one(due) {
  const request = http.get({ hostname, port, agent, headers, path: targets[sent++ % targets.length] },
    (answer) => {
      if (answer.statusCode >= 400 && answer.statusCode !== 503) failed++;
      answer.resume();
      answer.on('end', () => { took.push(performance.now() - due); finish(); });
    });
  request.on('error', () => { failed++; finish(); });
}
let done = 0;
function finish() {
  if (++done < total) return;
  took.sort((a, b) => a - b);
  const at = (part) => Number(took[Math.min(took.length - 1, Math.floor(part * took.length))].toFixed(2));
  console.log(JSON.stringify({ requests: total, rate: Number(rate), failed, p50: at(0.5), p99: at(0.99),
    max: at(1) }));
  agent.destroy();
}
const begun = performance.now();
const timer = setInterval(() => {
  while (sent < total && begun + sent * 1000 / rate <= performance.now()) one(begun + sent * 1000 / rate);
  if (sent >= total) clearInterval(timer);
}, 1);
