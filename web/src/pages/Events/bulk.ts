// What a selection means to the API: deleting, exporting and tagging many events.
import { admin, api, ApiError, withQuery, type Query } from '../../lib/api';
import { following, type Job } from '../../lib/jobs';
import { chunks, spansWithout } from '../../lib/selection.svelte';
import type { EventObject, Page } from '../../lib/types';

export const EVENTS = '/api/v2/storage/events/';
/** Events that can be tagged at a time: one request each. */
export const TAG_AT_ONCE = 1000;

/** Which events: these, or all that match up to the anchor without some. */
export type Target =
  | { kind: 'ids'; ids: readonly number[] }
  | { kind: 'all'; query: Query; anchor: number; excluded: readonly number[]; total: number };

/** How many events a target has. */
export function countOf(target: Target): number {
  return target.kind === 'ids' ? target.ids.length : Math.max(0, target.total - target.excluded.length);
}

/** The queries that together ask for exactly the target: the API takes 1,000 ids at a time and knows no "all but". */
export function queriesOf(target: Target): Query[] {
  if (target.kind === 'ids') return chunks(target.ids).map((ids) => ({ ids: ids.join(',') }));
  return spansWithout(target.excluded, target.anchor).map((span) => ({
    ...target.query,
    before_id: span.before,
    ...(span.after === null ? {} : { after_id: span.after }),
  }));
}

/** Addresses of the export, in the order of ids; more than one only where one request cannot say it. */
export function exportLinks(target: Target, format: 'csv' | 'ndjson'): string[] {
  return queriesOf(target).map((query) => withQuery(`${EVENTS}export/`, { ...(format === 'csv' ? { format } : {}), ...query }));
}

/** Deletes a target. `progress` hears of every step; `stop.asked` ends it after the current one. */
export async function deleteTarget(
  target: Target,
  progress: (done: number) => void,
  stop: { asked: boolean },
): Promise<{ deleted: number; stopped: boolean }> {
  let deleted = 0;
  for (const query of queriesOf(target)) {
    if (stop.asked) return { deleted, stopped: true };
    const answer = await api.del<{ deleted: number } | Job | undefined>(EVENTS, query);
    if (answer === undefined) deleted += 1;
    else if ('deleted' in answer) deleted += answer.deleted;
    else {
      const before = deleted;
      const job = await follow(answer, (done) => progress(before + done), stop);
      deleted += job.done;
      if (job.state === 'stopped') return { deleted, stopped: true };
    }
    progress(deleted);
  }
  return { deleted, stopped: false };
}

async function follow(job: Job, progress: (done: number) => void, stop: { asked: boolean }): Promise<Job> {
  let last = job;
  let told = false;
  for await (const now of following(job)) {
    last = now;
    progress(now.done);
    if (now.state === 'failed') throw new ApiError(500, 'internal', '', undefined, { job: now.id });
    if (now.state === 'running' && stop.asked && !told) {
      told = true;
      await api.del(admin(`jobs/${job.id}/`));
    }
  }
  return last;
}

/** The ids of a target; for "all that match" at most 1,000 are asked for. */
export async function idsOf(target: Target): Promise<number[]> {
  if (target.kind === 'ids') return [...target.ids];
  const query = { ...target.query, before_id: target.anchor, limit: TAG_AT_ONCE };
  const page = await api.get<Page<EventObject>>(EVENTS, query);
  const excluded = new Set(target.excluded);
  return page.objects.map((event) => event.id).filter((id) => !excluded.has(id));
}

/** Sets one tag. */
export function setTag(id: number, tag: string, data: string): Promise<unknown> {
  return api.post(`${EVENTS}${id}/meta/`, { tag, data });
}

/** Changes the value of one tag. */
export function changeTag(id: number, tag: string, data: string): Promise<unknown> {
  return api.put(`${EVENTS}${id}/meta/${encodeURIComponent(tag)}/`, { data });
}

/** Removes one tag. */
export function removeTag(id: number, tag: string): Promise<unknown> {
  return api.del(`${EVENTS}${id}/meta/${encodeURIComponent(tag)}/`);
}

/** Tags events one by one; an event that refuses does not stop the others, a lost connection or right does. */
export async function tagAll(
  ids: readonly number[],
  tag: string,
  data: string,
  progress: (done: number) => void,
  stop: { asked: boolean },
): Promise<{ done: number; failures: { id: number; reason: string }[] }> {
  const failures: { id: number; reason: string }[] = [];
  let done = 0;
  for (const id of ids) {
    if (stop.asked) break;
    try {
      await setTag(id, tag, data);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0 || error.status === 401 || error.status === 403) throw error;
      failures.push({ id, reason: error.detail });
    }
    done += 1;
    progress(done);
  }
  return { done, failures };
}
