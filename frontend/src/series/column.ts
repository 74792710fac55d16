/** A column of numbers that grows by doubling: appending is cheap and reading is a plain typed array. */
export class Column {
  #values: Float64Array;
  length = 0;

  constructor(capacity = 32) {
    this.#values = new Float64Array(capacity);
  }

  /** Valid up to `length`; a new array after growth, so never keep it. */
  get values(): Float64Array {
    return this.#values;
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? Number.NaN;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }
}
