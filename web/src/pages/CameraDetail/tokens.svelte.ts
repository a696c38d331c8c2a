import { admin, api } from '../../lib/api';
import type { Schema, Told } from '../../lib/types';

/** A camera's token, without its secret. */
export type Token = Omit<Told<Schema<'SiteToken'>>, 'access'> & { access: 'all' | 'watch' | 'ingest' };

/** A token with its secret, as made, shown or rotated. */
export type Shown = Omit<Schema<'ShownToken'>, 'access'> & { access: Token['access'] };

/** The tokens of one camera. */
export class Tokens {
  readonly camera: number;
  list = $state<Token[] | null>(null);
  error = $state<unknown>(null);

  constructor(camera: number) {
    this.camera = camera;
  }

  async load(): Promise<void> {
    this.error = null;
    try {
      this.list = (await api.get<{ objects: Token[] }>(admin(`cameras/${this.camera}/tokens/`))).objects;
    } catch (cause) {
      this.error = cause;
    }
  }

  /** Makes one; `expires_s` null = never ends. */
  async create(access: Token['access'], expires_s: number | null): Promise<Shown> {
    const body = expires_s === null ? { access } : { access, expires_s };
    const made = await api.post<Shown>(admin(`cameras/${this.camera}/tokens/`), body);
    void this.load();
    return made;
  }

  /** Shows the secret; the server notes who looked. */
  show(id: number): Promise<Shown> {
    return api.post<Shown>(admin(`tokens/${id}/show/`), {});
  }

  async rotate(id: number, overlap_s: number): Promise<Shown> {
    const made = await api.post<Shown>(admin(`tokens/${id}/rotate/`), { overlap_s });
    void this.load();
    return made;
  }

  async revoke(id: number): Promise<void> {
    await api.del(admin(`tokens/${id}/`));
    await this.load();
  }
}
