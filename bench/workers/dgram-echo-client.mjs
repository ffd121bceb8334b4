// Measures round trips by node:dgram: sealed or not, no acknowledgements, a connected socket, no promise in the way.
import { createSocket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { datagramCodec } from '../lib/datagram-codec.mjs';
import { report } from '../lib/report-line.mjs';
import { RoundTrips } from '../lib/round-trips.mjs';
import { exitWithParent } from './arguments.mjs';

exitWithParent();

const [trips = '0', port = '0', messageBytes = '64', sealed = ''] = process.argv.slice(2);
const { wrap, unwrap } = datagramCodec(sealed !== '');
const roundTrips = new RoundTrips(Number(trips), Number(messageBytes));
const socket = createSocket('udp4');
let startMs = 0;

socket.on('message', (datagram) => {
  const answer = unwrap(datagram);
  roundTrips.add(performance.now() - startMs, answer);
  if (roundTrips.isComplete) report(roundTrips.summary());
  else ask();
});
socket.connect(Number(port), '127.0.0.1', ask);

function ask() {
  const question = roundTrips.nextQuestion();
  startMs = performance.now();
  socket.send(wrap(question));
}
