import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { greyDicomElements, madeUpData, programsMissing, writeDicom } from '@cxr-align/testkit';

// `npm run orthanc`: a real archive, with kills of it and of the service in between. ORTHANC_IMAGES: how many; 40 unless given.
const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const missing =
  process.env.TEST_ORTHANC === undefined
    ? 'npm run orthanc runs it'
    : (programsMissing(['Orthanc']) ?? (existsSync(plugin) ? undefined : 'orthanc-dicomweb is not on this machine'));
const images = Number(process.env.ORTHANC_IMAGES ?? 40);
const bin = fileURLToPath(new URL('../bin/cxr-align.js', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'orthanc-'));
const root = '1.2.826.0.1.3680043.10.511';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something holds. @throws where it does not in so many seconds. */
async function until(what: string, holds: () => Promise<boolean>, seconds = 120): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`${what}: not in ${seconds} s`);
    await pause(100);
  }
}

/** A program that can be killed and started again. */
class Restarted {
  private child?: ChildProcess;
  constructor(
    private readonly command: string,
    private readonly args: string[],
    private readonly isReady: () => Promise<boolean>,
  ) {}

  async start(): Promise<void> {
    this.child = spawn(this.command, this.args, { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] });
    await until(`${this.command} starts`, this.isReady);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

/** Films of one patient each, four to a study. */
function film(i: number): Uint8Array {
  const study = `${root}.${1 + Math.floor(i / 4)}`;
  return writeDicom(
    greyDicomElements(
      Array.from({ length: 400 }, (_, at) => (at * (7 + (i % 13))) % 4096),
      {
        '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'],
        '00080018': ['UI', `${study}.1.${i}`],
        '00080060': ['CS', 'DX'],
        '00100010': ['PN', `Nobody^${Math.floor(i / 4)}`],
        '00100020': ['LO', `P${Math.floor(i / 4)}`],
        '00180015': ['CS', 'CHEST'],
        '0020000d': ['UI', study],
        '0020000e': ['UI', `${study}.1`],
        '00280010': ['US', 20],
        '00280011': ['US', 20],
      },
    ),
  );
}

(missing === undefined ? describe : describe.skip)(
  `the service beside Orthanc${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let archive: Restarted;
    let service: Restarted;
    let archiveUrl: string;
    const get = async <T>(path: string): Promise<T> => (await (await fetch(`${archiveUrl}${path}`)).json()) as T;

    beforeAll(async () => {
      const data = await madeUpData(60);
      const trained = spawnSync(
        process.execPath,
        [
          bin,
          'train',
          '--data',
          data,
          '--out',
          'run',
          '--model',
          'linear',
          '--engine',
          'wasm',
          '--epochs',
          '1',
          '--set',
          'bootstrap=0',
        ],
        { cwd: place, encoding: 'utf8' },
      );
      expect({ code: trained.status, err: trained.status === 0 ? '' : trained.stderr }).toEqual({ code: 0, err: '' });
      const [httpPort, servicePort] = [await freePort(), await freePort()];
      archiveUrl = `http://127.0.0.1:${httpPort}`;
      mkdirSync(join(place, 'storage'));
      writeFileSync(
        join(place, 'orthanc.json'),
        JSON.stringify({
          Name: 'test',
          StorageDirectory: join(place, 'storage'),
          IndexDirectory: join(place, 'storage'),
          Plugins: [plugin],
          HttpPort: httpPort,
          DicomServerEnabled: false,
          RemoteAccessAllowed: false,
          AuthenticationEnabled: false,
          OverwriteInstances: false,
          DicomWeb: {
            Enable: true,
            Root: '/dicom-web/',
            Servers: { cxr: { Url: `http://127.0.0.1:${servicePort}/` } },
          },
        }),
      );
      archive = new Restarted('Orthanc', ['orthanc.json'], async () => (await fetch(`${archiveUrl}/system`)).ok);
      service = new Restarted(
        process.execPath,
        [
          ...[bin, 'serve', '--run', 'run', '--engine', 'wasm', '--listen', `127.0.0.1:${servicePort}`],
          ...['--spool', 'spool', '--archive', `${archiveUrl}/dicom-web`, '--audit', 'audit.jsonl'],
        ],
        async () => (await fetch(`http://127.0.0.1:${servicePort}/health`)).ok,
      );
      await archive.start();
      await service.start();
    }, 300_000);

    afterAll(async () => {
      await service?.end('SIGTERM');
      await archive?.end('SIGTERM');
    });

    it(`answers for ${images} films, none lost and none twice, while it and the archive are killed`, async () => {
      const began = Date.now();
      for (let i = 0; i < images; i++) {
        const body = new Uint8Array(film(i));
        await until(
          'the archive stores a film',
          async () => (await fetch(`${archiveUrl}/instances`, { method: 'POST', body })).ok,
        );
      }
      const films = await get<string[]>('/instances');
      expect(films).toHaveLength(images);
      // The archive tells the service of each film, again and again until it is accepted; both are killed now and then.
      const tell = (instance: string): Promise<void> =>
        until('the service accepts a film', async () => {
          const sent = await fetch(`${archiveUrl}/dicom-web/servers/cxr/stow`, {
            method: 'POST',
            body: JSON.stringify({ Resources: [instance], Synchronous: true }),
          });
          return sent.ok;
        });
      const kills = 6;
      let killed = 0;
      for (const [i, instance] of films.entries()) {
        await tell(instance);
        if (killed < kills && i + 1 >= ((killed + 1) * images) / (kills + 1)) {
          const victim = killed++ % 2 === 0 ? service : archive;
          await victim.end('SIGKILL');
          await victim.start();
        }
      }
      await until(
        'all results are in the archive',
        async () => readdirSync(join(place, 'spool', 'done')).length === images,
        60 + images,
      );
      const seconds = (Date.now() - began) / 1000;
      const studies = await get<string[]>('/studies');
      expect(studies).toHaveLength(Math.ceil(images / 4));
      const count = { DX: 0, SR: 0, OT: 0, PR: 0 };
      for (const study of studies)
        for (const { MainDicomTags, Instances } of await get<
          { MainDicomTags: { Modality: keyof typeof count }; Instances: string[] }[]
        >(`/studies/${study}/series`))
          count[MainDicomTags.Modality] += Instances.length;
      expect(count).toMatchObject({ DX: images, SR: images, OT: images });
      // The report refers to its image, in the same study.
      const [study] = studies;
      const series = await get<{ MainDicomTags: { Modality: string }; Instances: string[] }[]>(
        `/studies/${study}/series`,
      );
      const [report] = series.find(({ MainDicomTags }) => MainDicomTags.Modality === 'SR')!.Instances;
      const tags = await get<Record<string, unknown>>(`/instances/${report}/tags?simplify`);
      expect(tags).toMatchObject({ VerificationFlag: 'UNVERIFIED', PatientName: expect.stringContaining('Nobody') });
      expect(JSON.stringify(tags.CurrentRequestedProcedureEvidenceSequence)).toContain(tags.StudyInstanceUID as string);
      console.log(`${images} films in ${seconds.toFixed(1)} s, ${killed} kills`);
    }, 3_600_000);
  },
);
