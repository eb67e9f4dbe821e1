// Closed-loop load: N clients, each asks again when answered. Prints one JSON line. Same client for every peer.
import { Pool } from 'undici';
import { randomUUID } from 'node:crypto';

const o = JSON.parse(process.argv[2]); // {url, headers, clients, seconds, body} or {…, reserve, release, stayPath, variables}
const url = new URL(o.url);
const pool = new Pool(url.origin, { connections: o.clients, pipelining: 1 });
const headers = { 'content-type': 'application/json', accept: 'application/json', ...o.headers };
const post = async (body) => {
  const r = await pool.request({ path: url.pathname, method: 'POST', headers, body });
  const text = await r.body.text();
  if (r.statusCode !== 200 || text.includes('"errors"')) throw new Error(`${r.statusCode} ${text.slice(0, 300)}`);
  return text;
};
const waits = []; let done = 0; let all = 0; let stop = false; const held = new Set(); let twice = 0;
const timed = async (body) => { const t = performance.now(); const text = await post(body); waits.push(performance.now() - t); done++; all++; return text; };
const dig = (value, path) => path.split('.').reduce((v, k) => v?.[k], value);
async function reader() { const body = JSON.stringify(o.body); while (!stop) await timed(body); }
async function writer(n) {
  while (!stop) {
    const key = randomUUID();
    const answer = JSON.parse(await timed(JSON.stringify({ query: o.reserve, variables: { ...o.variables, key, tracking: `T${key}` } })));
    const stay = dig(answer, o.stayPath); const door = dig(answer, o.doorPath);
    if (!stay) throw new Error('not reserved: ' + JSON.stringify(answer).slice(0, 300));
    if (held.has(door)) twice++;
    held.add(door);
    // Other answers of this moment come in before this one lets its door go.
    await new Promise((resume) => setImmediate(resume));
    held.delete(door);
    await timed(JSON.stringify({ query: o.release, variables: { stay, key: randomUUID() } }));
  }
}
const warm = o.warm ?? 1; const work = Array.from({ length: o.clients }, (_, n) => (o.reserve ? writer(n) : reader()));
await new Promise((r) => setTimeout(r, warm * 1000));
waits.length = 0; done = 0; const t0 = performance.now();
await new Promise((r) => setTimeout(r, o.seconds * 1000));
// A peer that needs longer than that for a few answers is still measured, not divided by nothing.
for (const least = Math.min(o.clients, 4); done < least && performance.now() - t0 < 180_000; ) await new Promise((r) => setTimeout(r, 50));
const seconds = (performance.now() - t0) / 1000; const n = done; const sorted = waits.slice().sort((a, b) => a - b);
stop = true; await Promise.all(work); await pool.close();
if (!n) throw new Error('not one answer in three minutes');
console.log(JSON.stringify({ rps: n / seconds, p50: sorted[Math.floor(n * 0.5)], p99: sorted[Math.floor(n * 0.99)], n, all, twice }));
