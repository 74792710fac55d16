import "react";

declare module "react" {
  interface CSSProperties {
    /** A custom property, as in `style={{ "--share": 0.4 }}`. */
    [variable: `--${string}`]: string | number | undefined;
  }
}
