/**
 * Exponential smoothing, corrected for its start: the first value is the first point and not a pull towards zero.
 *
 * `weight` is in [0, 1): 0 leaves the series as it is. A value that is not finite leaves the average as it was.
 */
export class Smoother {
  readonly weight: number;
  #sum = 0;
  #mass = 0;

  constructor(weight: number) {
    this.weight = weight;
  }

  push(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    this.#sum = this.weight * this.#sum + (1 - this.weight) * value;
    this.#mass = this.weight * this.#mass + (1 - this.weight);
    return this.#sum / this.#mass;
  }
}
