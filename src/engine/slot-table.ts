/**
 * Objects by engine handle. A handle is `generation << slotBits | slot`: an array access finds the slot, a comparison tells a stale handle.
 */
export class SlotTable<T extends { readonly handle: number }> {
  readonly #slotMask: number;
  readonly #slots: (T | undefined)[] = [];
  #size = 0;

  constructor(slotBits: number) {
    this.#slotMask = 2 ** slotBits - 1;
  }

  get size(): number {
    return this.#size;
  }

  set(item: T): void {
    const slot = item.handle & this.#slotMask;
    while (this.#slots.length <= slot) this.#slots.push(undefined);
    if (this.#slots[slot] === undefined) this.#size++;
    this.#slots[slot] = item;
  }

  get(handle: number): T | undefined {
    const item = this.#slots[handle & this.#slotMask];
    return item !== undefined && item.handle === handle ? item : undefined;
  }

  delete(handle: number): void {
    if (this.get(handle) === undefined) return;
    this.#slots[handle & this.#slotMask] = undefined;
    this.#size--;
  }

  /** A copy: entries may be deleted while it is walked. */
  values(): T[] {
    return this.#slots.filter((item) => item !== undefined);
  }
}
