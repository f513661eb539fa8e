// chain_tool as a function: run({op, …}) → its answer. close() when done.
import { spawn } from 'node:child_process';
import readline from 'node:readline';

export function startTool() {
  const child = spawn(process.env.CHAIN_TOOL, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  let ended = false;
  readline.createInterface({ input: child.stdout }).on('line', (line) => waiting.shift().resolve(JSON.parse(line)));
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => {
    ended = true;
    for (const { reject } of waiting) reject(new Error(`chain_tool ended: ${code ?? signal}`));
    resolve(code);
  }));
  return {
    run(request) {
      if (ended) return Promise.reject(new Error('chain_tool has ended'));
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request, (_, v) => (typeof v === 'bigint' ? v.toString() : v))}\n`);
      });
    },
    // The exit code: 0, also under a leak checker.
    close() {
      child.stdin.end();
      return exited;
    },
  };
}
