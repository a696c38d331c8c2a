/** Something read from the server: what is there stays while the next read is under way, or has failed. */
export class Loaded<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  #read: (signal: AbortSignal) => Promise<T>;
  #current: AbortController | null = null;

  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read;
  }

  /** Reads; a read that was under way is given up. */
  load = async (): Promise<void> => {
    this.#current?.abort();
    const mine = new AbortController();
    this.#current = mine;
    try {
      const data = await this.#read(mine.signal);
      if (mine.signal.aborted) return;
      this.data = data;
      this.error = null;
    } catch (error) {
      if (!mine.signal.aborted) this.error = error;
    }
  };

  /** The page is left. */
  stop = (): void => this.#current?.abort();
}
