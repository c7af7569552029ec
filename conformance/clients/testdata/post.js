// Posts over four kept connections of node's http until the termination is
// over. node sends nothing twice: a request that fails has an error.
'use strict';
const http = require('http');

const [host, port] = process.argv[2].split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
let requests = 0, closeAsked = 0;
const sockets = new Set();

function post() {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, agent, method: 'POST' }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve(response));
    });
    request.on('socket', (socket) => sockets.add(socket));
    request.on('error', reject);
    request.end('x');
  });
}

async function client() {
  for (let left = 5000; left > 0; left--) {
    const { statusCode, headers } = await post();
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    requests++;
    if (headers.connection === 'close') closeAsked++;
    if (headers.termination === 'over') left = Math.min(left, 10);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Promise.all([client(), client(), client(), client()]).then(() => {
  console.log(requests, sockets.size, closeAsked);
  agent.destroy();
});
