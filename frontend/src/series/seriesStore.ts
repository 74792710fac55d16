/** The curves of one run: a pyramid per key, and a smoothed one beside it for as long as smoothing is asked for. */
import { Pyramid, type Sample } from "./pyramid";
import { Smoother } from "./smoothing";

interface Smoothed {
  smoother: Smoother;
  pyramid: Pyramid;
}

export class SeriesStore {
  #series = new Map<string, Pyramid>();
  #smoothed = new Map<string, Smoothed>();

  keys(): string[] {
    return [...this.#series.keys()];
  }

  get(key: string): Pyramid | undefined {
    return this.#series.get(key);
  }

  clear(): void {
    this.#series.clear();
    this.#smoothed.clear();
  }

  push(key: string, sample: Sample): void {
    let pyramid = this.#series.get(key);
    if (!pyramid) {
      pyramid = new Pyramid();
      this.#series.set(key, pyramid);
    }
    pyramid.pushBucket(sample);
    const smoothed = this.#smoothed.get(key);
    if (smoothed) pushSmoothed(smoothed, sample);
  }

  /** The series smoothed with a weight in (0, 1). Made once, then kept up as points arrive. */
  smoothed(key: string, weight: number): Pyramid | undefined {
    const raw = this.#series.get(key);
    if (!raw) return undefined;
    const known = this.#smoothed.get(key);
    if (known?.smoother.weight === weight) return known.pyramid;
    const made: Smoothed = { smoother: new Smoother(weight), pyramid: new Pyramid() };
    for (const sample of raw.samples()) pushSmoothed(made, sample);
    this.#smoothed.set(key, made);
    return made.pyramid;
  }
}

function pushSmoothed({ smoother, pyramid }: Smoothed, sample: Sample): void {
  pyramid.push(sample.x, smoother.push(sample.last));
}
