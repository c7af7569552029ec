// Posts with node's fetch until the termination is over. A body that streams
// cannot be sent twice.
'use strict';
const [url] = process.argv.slice(2);
let requests = 0, closeAsked = 0;

async function client() {
  for (let left = 5000; left > 0; left--) {
    const body = new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('x')); c.close(); } });
    const response = await fetch(url, { method: 'POST', body, duplex: 'half' });
    await response.text();
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    requests++;
    if (response.headers.get('connection') === 'close') closeAsked++;
    if (response.headers.get('termination') === 'over') left = Math.min(left, 10);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Promise.all([client(), client(), client(), client()]).then(() => console.log(requests, closeAsked));
