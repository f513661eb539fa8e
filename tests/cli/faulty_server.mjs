// A server that answers as its argument says, in a process of its own since the tests block theirs;
// prints its port. It counts requests at /count.
import http from 'node:http';

const kinds = {
  hang: () => {},
  'other-bytes': (_, r) => r.end('not what was asked for'),
  'too-long': (_, r) => r.end(Buffer.alloc(3 << 20)),
  missing: (_, r) => { r.statusCode = 404; r.end('no'); },
  redirect: (_, r) => { r.statusCode = 302; r.setHeader('Location', 'http://127.0.0.1:1/'); r.end(); },
  forbidden: (_, r) => { r.statusCode = 403; r.end('no'); },
  'other-cid': (_, r) => r.end('{"Key":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","Size":1}'),
  html: (_, r) => r.end('<html>hello</html>'),
  empty: (_, r) => r.end(),
  refusing: (_, r) => { r.statusCode = 500; r.end('{"Message":"disk \\u001b[31mfull","Code":0,"Type":"error"}'); },
  cut: (_, r) => { r.writeHead(200, { 'content-length': 100 }); r.write('x'); r.socket.destroy(); },
  good: (_, r) => r.end(Buffer.from(process.argv[3], 'hex')),
};
let count = 0;
const server = http.createServer((q, r) => {
  if (q.url === '/count') return r.end(String(count));
  count += 1;
  q.resume();
  return q.on('end', () => kinds[process.argv[2]](q, r));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
