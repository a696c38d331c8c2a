// The real binary, on a free port and a data directory of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const BINARY = process.env['WATCHPOST_BIN'] ?? join(import.meta.dirname, '../../target/release/watchpost');
const START_MS = 30_000;

// A release binary holds the page: an older one would be tested in place of what is here.
const PAGE = join(import.meta.dirname, '../../web/dist/index.html');
if (BINARY.includes('/release/') && existsSync(PAGE) && statSync(BINARY).mtimeMs < statSync(PAGE).mtimeMs) {
  throw new Error(`${BINARY} is older than the page: cargo build --release`);
}

export const PASSWORD = 'correct horse battery';
export const ADMIN = 'admin';

/** This process's, without what would change a server's settings. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WATCHPOST_')));
  // The room on the disk under the tests is not their affair.
  return { ...own, WATCHPOST_RETENTION_ROOM_PERCENT: '0' };
}

/** What fakes a process's clock (Debian's libfaketime), if it is here. */
const CLOCK = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64']
  .map((dir) => `${dir}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

/** A running server. */
export class Server {
  /** Where the servers of this process listen, or listened. */
  static readonly origins = new Set<string>();
  readonly dir = mkdtempSync(join(tmpdir(), 'watchpost-web-'));
  url = '';
  /** Everything it wrote to its log. */
  log = '';
  /** What it was asked to listen on: kept over a restart. */
  #listen = '127.0.0.1:0';
  #process: ChildProcess | null = null;
  #cookie: { name: string; value: string } | null = null;
  /** Days that its clock is ahead. */
  #ahead = 0;

  /** `args`: flags of `serve` beside those that every server here gets. */
  constructor(private readonly args: string[] = []) {}

  /** Starts it, and waits until it listens. */
  static async start(args: string[] = []): Promise<Server> {
    const server = new Server(args);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const child = spawn(BINARY, ['serve', '--data-dir', this.dir, '--listen', this.#listen, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment(), ...this.#clock() },
    });
    this.#process = child;
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    this.url = await new Promise((found, failed) => {
      let out = '';
      const late = setTimeout(() => failed(new Error(`no start within ${START_MS} ms\n${this.log}`)), START_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
        const line = /listening on (https?:\/\/\S+)/.exec(out);
        if (line?.[1]) {
          clearTimeout(late);
          found(line[1]);
        }
      });
      child.once('exit', (code) => failed(new Error(`ended with ${code}\n${this.log}`)));
    });
    this.#listen = new URL(this.url).host;
    Server.origins.add(this.url);
  }

  /** Ends it as a power cut would, or in order. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  #clock(): NodeJS.ProcessEnv {
    if (this.#ahead === 0 || !CLOCK) return {};
    return { LD_PRELOAD: CLOCK, FAKETIME: `+${this.#ahead}d`, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };
  }

  /** Starts it anew so many days later: what it has stored is that old then. Sessions are over. False where no clock can be faked. */
  async later(days: number): Promise<boolean> {
    if (!CLOCK) return false;
    await this.stop();
    this.#ahead += days;
    this.#cookie = null;
    await this.start();
    return true;
  }

  /** Ends it and removes its data. */
  async destroy(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The code that the set-up page asks for. */
  setupCode(): string {
    return readFileSync(join(this.dir, 'setup-code'), 'utf8').trim();
  }

  /** Runs a command on the same data; its JSON. */
  async command<T>(args: string[], stdin = ''): Promise<T> {
    const child = spawn(BINARY, [...args, '--json', '--data-dir', this.dir], { stdio: ['pipe', 'pipe', 'pipe'], env: environment() });
    child.stdin.end(stdin);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((done) => child.once('exit', done));
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${err}`);
    return JSON.parse(out) as T;
  }

  /** A camera that keeps a connection and answers triggers of `type`, until it is stopped. */
  simulateCamera(token: string, type: string): { stop: () => Promise<void> } {
    const args = ['simulate-camera', '--server', this.url, '--token', token, '--type', type, '--rate', '0'];
    const child = spawn(BINARY, args, { stdio: 'ignore', env: environment() });
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    return {
      stop: async () => {
        if (child.exitCode === null) child.kill('SIGKILL');
        await ended;
      },
    };
  }

  /** A call of the administration as the administrator, in a session: license keys may not manage people. */
  async manage(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    this.#cookie ??= await this.logIn(ADMIN);
    const { name, value } = this.#cookie;
    const answer = await fetch(`${this.url}/api/admin/v1/${path}`, {
      method,
      headers: { Cookie: `${name}=${value}`, Origin: this.url, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** Logs a user in without a page; the cookie. */
  async logIn(name: string, password = PASSWORD): Promise<{ name: string; value: string }> {
    const answer = await fetch(`${this.url}/api/admin/v1/session/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: this.url },
      body: JSON.stringify({ name, password }),
    });
    const cookie = /^(\w+)=([^;]+)/.exec(answer.headers.getSetCookie()[0] ?? '');
    if (!cookie?.[1] || !cookie[2]) throw new Error(`log-in of ${name}: ${answer.status} ${await answer.text()}`);
    return { name: cookie[1], value: cookie[2] };
  }

  /** Makes a user. */
  async user(name: string, role: 'admin' | 'operator' | 'viewer'): Promise<void> {
    await this.command(['user', 'add', name, '--role', role, '--password-stdin'], `${PASSWORD}\n`);
  }

  /** Makes a license key: for what a test prepares through the API. */
  async key(): Promise<string> {
    return (await this.command<{ license_key: string }>(['key', 'create', '--name', 'test'])).license_key;
  }
}

/** The event API with a license key. */
export class Api {
  constructor(private readonly server: Server, private readonly key: string) {}

  /** A call with any credential, `LKey …` or `Acc …`; the status and the body as they come. */
  async raw(method: string, path: string, authorization: string, body?: unknown): Promise<{ status: number; text: string }> {
    const answer = await fetch(this.server.url + path, {
      method,
      headers: { Authorization: authorization, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    // The administration is for people.
    const manage = path.startsWith('/api/admin/v1/') ? path.slice('/api/admin/v1/'.length) : null;
    const { status, text } = manage === null ? await this.raw(method, path, `LKey ${this.key}`, body) : await this.server.manage(method, manage, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Adds a camera; its id. */
  async camera(name: string, timezone = 'Europe/Berlin'): Promise<number> {
    return (await this.call<{ id: number }>('POST', '/api/v2/cameras/', { name, timezone })).id;
  }

  /** Stores events, 500 at a time; their ids in order. */
  async events(items: { camid: number; name: string; time?: string; age_ms?: number; meta?: Record<string, string> }[]): Promise<number[]> {
    const ids: number[] = [];
    for (let from = 0; from < items.length; from += 500) {
      const done = await this.call<{ objects: { status: number; id?: number; errorDetail?: string }[] }>(
        'POST', '/api/v2/storage/events/bulk/', items.slice(from, from + 500),
      );
      for (const item of done.objects) {
        if (item.id === undefined) throw new Error(item.errorDetail ?? `status ${item.status}`);
        ids.push(item.id);
      }
    }
    return ids;
  }

  /** Makes an event type of the site's own on a camera. */
  async type(camid: number, name: string): Promise<void> {
    await this.call('POST', `/api/v2/cameras/${camid}/event_processing/events/`, { name, notify: true });
  }
}
