import { checkServiceOptions, type ServiceOptions, startService } from '@cxr-align/service';
import { printText } from '../print.js';
import { stoppable } from '../usage/stopping.js';
import { type Command, commonFlags, printResult } from './command.js';
import { atLeast, openAnswerer, type ServiceFlags, serviceFlags, textOfFile } from './service-flags.js';

const flags = {
  ...commonFlags,
  ...serviceFlags,
  listen: {
    type: 'string',
    default: '127.0.0.1:8080',
    describe: 'Address to listen on, HOST:PORT; port 0: a free one',
  },
  'token-file': {
    type: 'string',
    describe: 'File with the token that callers have to send as Authorization: Bearer; needed beyond this machine',
  },
  'tls-cert': { type: 'string', describe: 'Certificate in PEM, for TLS; with --tls-key' },
  'tls-key': { type: 'string', describe: 'Key of the certificate in PEM' },
  spool: { type: 'string', describe: 'Folder of accepted studies that wait; with --archive, for POST /studies' },
  archive: {
    type: 'string',
    describe: 'DICOMweb address where the results of studies are stored, as http://host/dicom-web',
  },
  'archive-authorization-file': {
    type: 'string',
    describe: 'File with the Authorization header for the archive, such as: Basic …',
  },
  'max-body': {
    type: 'number',
    default: 128,
    describe: 'MiB that the body of a request may have',
    coerce: atLeast('max-body', 0.001),
  },
  'max-waiting': {
    type: 'number',
    default: 64,
    describe: 'Images that may wait for their turn; more are answered with 429',
    coerce: atLeast('max-waiting', 0),
  },
  'max-spooled': {
    type: 'number',
    default: 10_000,
    describe: 'Instances that may wait in the spool; more are answered with 503',
    coerce: atLeast('max-spooled', 1),
  },
  timeout: {
    type: 'number',
    default: 30,
    describe: 'Seconds that a request may wait for its turn, and that its body may take to come',
    coerce: atLeast('timeout', 0.1),
  },
} as const;

interface Flags extends ServiceFlags {
  json: boolean;
  listen: string;
  tokenFile?: string;
  tlsCert?: string;
  tlsKey?: string;
  spool?: string;
  archive?: string;
  archiveAuthorizationFile?: string;
  maxBody: number;
  maxWaiting: number;
  maxSpooled: number;
  timeout: number;
}

/** `cxr-align serve`: a model over HTTP and DICOMweb, until it is stopped. */
export const serve: Command = {
  builder: (yargs) =>
    yargs
      .options(flags)
      .implies({ 'tls-cert': 'tls-key', 'tls-key': 'tls-cert', 'archive-authorization-file': 'archive' })
      .example('$0 serve --run runs/first', 'POST /predict on this machine')
      .example(
        '$0 serve --run runs/first --spool spool --archive http://localhost:8042/dicom-web',
        'studies by DICOMweb, their results back to the archive',
      ),
  handler: async (given) => {
    const args = given as unknown as Flags;
    const options: ServiceOptions = {
      listen: args.listen,
      ...(args.tokenFile !== undefined && { token: textOfFile('token-file', args.tokenFile) }),
      ...(args.tlsCert !== undefined && {
        tls: { cert: textOfFile('tls-cert', args.tlsCert), key: textOfFile('tls-key', args.tlsKey!) },
      }),
      spool: args.spool,
      ...(args.archive !== undefined && { archive: archiveOf(args.archive, args) }),
      audit: args.audit,
      maxBody: args.maxBody * 2 ** 20,
      maxWaiting: args.maxWaiting,
      maxSpooled: args.maxSpooled,
      timeoutMs: 1000 * args.timeout,
      onFault: (message) => printText(`cxr-align: ${message}`, process.stderr),
    };
    checkServiceOptions(options);
    const answerer = await openAnswerer(args);
    const service = await startService(answerer, options).catch(async (error: unknown) => {
      await answerer.close();
      throw error;
    });
    printResult(args.json, { url: service.url, model: answerer.model }, () => `${args.run} on ${service.url}`);
    await untilStopped();
    printText('stopping: what was accepted is finished or kept', process.stderr);
    await service.stop();
  },
};

function archiveOf(url: string, { archiveAuthorizationFile: file }: Flags) {
  const headers = file === undefined ? undefined : { authorization: textOfFile('archive-authorization-file', file) };
  return { url, headers };
}

/** Waits for a signal, which is how a service ends well. */
export async function untilStopped(): Promise<void> {
  await stoppable(
    ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    () => '',
  );
}
