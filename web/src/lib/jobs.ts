// Long work of the server, followed to its end.
import { admin, api } from './api';
import type { Schema } from './types';

export type Job = Schema<'JobBody'>;

/** How often it is asked how far a job is. */
export const POLL_MS = 500;

/** A job as it is now, and again and again until it no longer runs. */
export async function* following(job: Job): AsyncGenerator<Job, void, void> {
  for (let now = job; ; now = await api.get<Job>(admin(`jobs/${job.id}/`))) {
    yield now;
    if (now.state !== 'running') return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
