import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api } from './api';
import { can, logIn, logOut, session, type SessionBody } from './session.svelte';

const body = (role: 'viewer' | 'operator' | 'admin'): SessionBody => ({
  user: { name: 'm.krause', role }, site: { name: 'Hafen Nord', time_zone: 'Europe/Berlin' }, time: '2026-11-22T21:00:00Z', notices: [], idle_until: null,
});
type Answer = [number, unknown];
let answers: Record<string, Answer>;
beforeEach(() => {
  answers = {};
  session.leave();
  vi.stubGlobal('fetch', vi.fn(async (path: string, init: RequestInit) => {
    const found = answers[`${init.method} ${path}`];
    if (!found) throw new TypeError('no answer');
    return new Response(found[0] === 204 ? null : JSON.stringify(found[1]), { status: found[0] });
  }));
});
afterEach(() => vi.unstubAllGlobals());
const SESSION = '/api/admin/v1/session/';

it('knows what each role may', async () => {
  answers[`POST ${SESSION}`] = [200, body('operator')];
  await logIn('m.krause', 'x');
  expect([session.state, can('viewer'), can('operator'), can('admin')]).toEqual(['in', true, true, false]);
  answers[`DELETE ${SESSION}`] = [204, null];
  await logOut();
  expect([session.state, can('viewer')]).toEqual(['anonymous', false]);
});

it('finds out at start whether to log in or to set up', async () => {
  answers[`GET ${SESSION}`] = [401, { errorType: 'invalid_auth' }];
  answers['GET /api/admin/v1/site/'] = [200, { name: 'Watchpost', setup_required: true }];
  await session.refresh();
  expect(session.state).toBe('setup');
  answers['GET /api/admin/v1/site/'] = [200, { name: 'Hafen Nord', setup_required: false }];
  await session.refresh();
  expect([session.state, session.site.name]).toEqual(['anonymous', 'Hafen Nord']);
});

it('keeps the page when a live session ends, and goes on after the log-in', async () => {
  session.take(body('admin'));
  answers['GET /x'] = [401, { errorType: 'invalid_auth' }];
  const asked = api.get('/x');
  await vi.waitFor(() => expect(session.state).toBe('ended'));
  expect([session.state, session.user?.name]).toEqual(['ended', 'm.krause']);
  answers[`POST ${SESSION}`] = [401, { errorType: 'wrong_login' }];
  await expect(logIn('m.krause', 'no')).rejects.toMatchObject({ code: 'wrong_login' });
  expect(session.state).toBe('ended');
  answers[`POST ${SESSION}`] = [200, body('admin')];
  answers['GET /x'] = [200, { n: 1 }];
  await logIn('m.krause', 'yes');
  expect(session.state).toBe('in');
  expect(await asked, 'the request that hit the end goes on by itself').toEqual({ n: 1 });
});

it('gives up what waited when the user leaves instead', async () => {
  session.take(body('admin'));
  answers['GET /x'] = [401, { errorType: 'invalid_auth' }];
  const asked = api.get('/x').catch((error: { code: string }) => error.code);
  await vi.waitFor(() => expect(session.state).toBe('ended'));
  session.leave();
  expect(await asked).toBe('invalid_auth');
});

it('waits with the reason when the server does not answer at start', async () => {
  session.state = 'loading';
  await session.refresh();
  expect([session.state, (session.error as { code: string }).code]).toEqual(['loading', 'offline']);
});
