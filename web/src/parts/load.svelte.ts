// Something a region shows: asked for, failed, there, or there and being asked for again.

/** One answer of the server and how it stands. Old data stays while new is on its way. */
export class Load<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  busy = $state(false);
  #running: AbortController | null = null;
  readonly #ask: (signal: AbortSignal) => Promise<T>;

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#ask = ask;
  }

  /** Ask, or ask again; an earlier question that is still open is dropped. Never throws. */
  run = async (): Promise<void> => {
    this.#running?.abort();
    const mine = (this.#running = new AbortController());
    this.busy = true;
    this.error = null;
    try {
      const data = await this.#ask(mine.signal);
      if (this.#running === mine) this.data = data;
    } catch (error) {
      if (this.#running === mine) this.error = error;
    } finally {
      if (this.#running === mine) {
        this.busy = false;
        this.#running = null;
      }
    }
  };

  /** Drop what is under way, when the page goes. */
  stop(): void {
    this.#running?.abort();
    this.#running = null;
  }
}

/** Have the browser save what a path of ours answers. */
export function download(href: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = '';
  document.body.append(link);
  link.click();
  link.remove();
}
