interface ListPart<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Every part of a list of the server, one after the other. */
export async function readAll<T>(read: (after: string | null) => Promise<ListPart<T>>): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  do {
    const part: ListPart<T> = await read(after);
    all.push(...part.items);
    after = part.next;
  } while (after);
  return all;
}
