// An endpoint that stands before another and is faulty as a file says, read for every request: one of
// the words below, and a number for some. Arguments: the other's URL, the file. Prints its port.
import fs from 'node:fs';
import http from 'node:http';

const [target, file] = process.argv.slice(2);
const good = (body, answer) => {
  const forward = http.request(target, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
    (r) => { answer.writeHead(r.statusCode, { 'content-type': 'application/json' }); r.pipe(answer); });
  forward.on('error', () => answer.destroy());
  forward.end(JSON.stringify(body));
};
const result = (body, answer, value) =>
  answer.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: value }));
const error = (body, answer, code, message) =>
  answer.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, error: { code, message } }));
const wants = ({ method, params }, blocks) => method === 'eth_getLogs' &&
  Number(params[0].toBlock) - Number(params[0].fromBlock) >= blocks;

let asked = 0; // for logs, since the file was changed
let blocks = 0; // asked for
let since = 0;

const kinds = {
  good,
  'down-after': (body, answer, n) => {
    if (fs.statSync(file).mtimeMs !== since) { asked = 0; since = fs.statSync(file).mtimeMs; }
    if (body.method === 'eth_getLogs') asked += 1;
    return asked > n ? answer.destroy() : good(body, answer);
  },
  // an endpoint that has states from block n on, and takes those before for empty
  history: (body, answer, n) => {
    if (body.method !== 'eth_getCode' || body.params[1] === 'latest') return good(body, answer);
    if (Number(body.params[1]) < n) return result(body, answer, '0x');
    return good({ ...body, params: [body.params[0], 'latest'] }, answer);
  },
  down: (body, answer) => answer.destroy(),
  slow: (body, answer, ms) => setTimeout(good, ms, body, answer),
  // what is sent arrives, and its sender never learns so
  'lost-answer': (body, answer) => {
    if (body.method !== 'eth_sendRawTransaction') return good(body, answer);
    const forward = http.request(target, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
      (r) => { r.resume(); r.on('end', () => answer.destroy()); });
    return forward.end(JSON.stringify(body));
  },
  garbage: (body, answer) => answer.end('{"jsonrpc":"2.0","id":'),
  html: (body, answer) => { answer.statusCode = 502; answer.end('<html>bad gateway</html>'); },
  'other-shape': (body, answer) => result(body, answer, { what: [body.method] }),
  cap: (body, answer, n) => (wants(body, n)
    ? error(body, answer, -32005, `eth_getLogs requests are capped at a ${n} block range`) : good(body, answer)),
  'too-large': (body, answer, n) => {
    if (!wants(body, n)) return good(body, answer);
    answer.statusCode = 413;
    return answer.end('payload too large');
  },
  'no-history': (body, answer) => (body.method === 'eth_getCode' && body.params[1] !== 'latest'
    ? error(body, answer, -32000, 'missing trie node') : good(body, answer)),
  liar: (body, answer) => (body.method === 'eth_call'
    ? result(body, answer, `0x${'00'.repeat(12)}${'66'.repeat(20)}`) : good(body, answer)),
  // a rollup, which charges for its data on the chain below
  rollup: (body, answer, fee) => (body.method !== 'eth_getTransactionReceipt' ? good(body, answer)
    : fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      .then((r) => r.json()).then(({ result: receipt }) =>
        result(body, answer, receipt && { ...receipt, l1Fee: `0x${fee.toString(16)}` }))),
  // blocks whose hashes are others every n questions
  restless: (body, answer, n) => {
    if (body.method !== 'eth_getBlockByNumber') return good(body, answer);
    const mark = Math.floor(blocks++ / n).toString(16).padStart(64, 'f');
    return fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      .then((r) => r.json()).then(({ result: block }) =>
        result(body, answer, block && { ...block, hash: `0x${mark}` }));
  },
  'other-chain': (body, answer) => (body.method === 'eth_chainId'
    ? result(body, answer, '0x2a') : good(body, answer)),
};

http.createServer((request, answer) => {
  let text = '';
  request.on('data', (chunk) => { text += chunk; });
  request.on('end', () => {
    const [kind, number] = fs.readFileSync(file, 'utf8').trim().split(' ');
    kinds[kind](JSON.parse(text), answer, Number(number));
  });
}).listen(0, '127.0.0.1', function listening() { console.log(this.address().port); });
process.stdin.on('end', () => process.exit()).resume();
