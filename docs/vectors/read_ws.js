// Checks the parser of ws: replay vectors -o v.json; node read_ws.js v.json

const fs = require('node:fs');
const path = require('node:path');

// `ws` keeps its parser to itself, so it is taken from beside the entry point of the package.
const lib = path.join(path.dirname(require.resolve('ws')), 'lib');
const Receiver = require(path.join(lib, 'receiver.js'));
const PerMessageDeflate = require(path.join(lib, 'permessage-deflate.js'));
const { parse } = require(path.join(lib, 'extension.js'));

// A parser with what was agreed.
function parser(vector) {
  const isServer = vector.receiver === 'server';
  const extensions = {};
  if (vector.extensions) {
    const deflate = new PerMessageDeflate({ threshold: 0, isServer }, isServer);
    // Old releases take the side as the second argument.
    deflate.accept(parse(vector.extensions)['permessage-deflate']);
    extensions['permessage-deflate'] = deflate;
  }
  return new Receiver({ isServer, extensions, allowSynchronousEvents: true });
}

// What the parser makes of the octets, and whether it fails.
function read(vector) {
  return new Promise((done) => {
    const receiver = parser(vector);
    const events = [];
    const note = (kind, data, code) => events.push([kind, data.toString('hex'), code ?? null]);
    receiver.on('message', (data, isBinary) => note(isBinary ? 'binary' : 'text', data));
    receiver.on('ping', (data) => note('ping', data));
    receiver.on('pong', (data) => note('pong', data));
    receiver.on('conclude', (code, reason) => {
      note('close', reason, code === 1005 ? null : code);
      done({ events, failed: false }); // it reads nothing behind a Close
    });
    receiver.on('error', () => done({ events, failed: true }));
    receiver.on('finish', () => done({ events, failed: false }));
    for (const write of vector.writes) receiver.write(Buffer.from(write, 'hex'));
    receiver.end();
  });
}

async function main(file) {
  let wrong = 0;
  for (const vector of JSON.parse(fs.readFileSync(file)).vectors) {
    const expected = vector.events.map((one) => [one.kind, one.data ?? '', one.code ?? null]);
    const { events, failed } = await read(vector);
    const fits = vector.verdict === 'either' || failed === (vector.verdict === 'invalid');
    if (!fits || (!failed && JSON.stringify(events) !== JSON.stringify(expected))) {
      wrong += 1;
      console.log(vector.id, vector.receiver, vector.verdict, JSON.stringify(vector.failure));
    }
  }
  process.exitCode = wrong ? 1 : 0;
}

main(process.argv[2]);
