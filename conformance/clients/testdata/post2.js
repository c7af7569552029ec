// Posts over one session of node's http2 at a time, on four streams at once,
// until the termination is over. A session that received a GOAWAY closes by
// itself, and the next request opens another. So does one that node had not
// sent yet when it read the GOAWAY: that it refuses itself.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const { NGHTTP2_REFUSED_STREAM } = http2.constants;

const [origin, certificate] = process.argv.slice(2);
const options = certificate ? { ca: fs.readFileSync(certificate) } : {};
let requests = 0, connections = 0, closeAsked = 0, closed = 0, refused = 0;
let session;

function open() {
  connections++;
  const s = http2.connect(origin, options);
  s.on('error', fail);
  s.on('frameError', (type, code) => fail(new Error(`frame ${type}: error ${code}`)));
  s.on('goaway', (code, last) => {
    if (code !== 0) fail(new Error(`GOAWAY ${code}, last stream ${last}`));
    closeAsked++;
    if (s === session) session = undefined;
  });
  s.on('close', () => {
    closed++;
    if (s === session) session = undefined;
  });
  return s;
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

function post() {
  session ??= open();
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST' });
    let headers;
    stream.on('response', (h) => { headers = h; });
    stream.on('error', (error) => stream.rstCode === NGHTTP2_REFUSED_STREAM || reject(error));
    stream.on('close', () => {
      if (stream.rstCode === NGHTTP2_REFUSED_STREAM) resolve(undefined);
      else if (headers && stream.rstCode === 0) resolve(headers);
      else reject(new Error(`stream ended: ${stream.rstCode}`));
    });
    stream.resume();
    stream.end('x');
  });
}

async function client() {
  for (let left = 5000; left > 0; left--) {
    const headers = await post();
    if (!headers) {
      refused++;
      continue;
    }
    if (headers[':status'] !== 200) throw new Error(`status ${headers[':status']}`);
    requests++;
    if (headers.termination === 'over') left = Math.min(left, 10);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Promise.all([client(), client(), client(), client()]).then(() => {
  const last = session;
  const report = () => console.log(requests, connections, closeAsked, closed, refused);
  if (last) last.close(report);
  else report();
}).catch(fail);
