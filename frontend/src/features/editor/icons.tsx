/** The canvas' own icons, drawn like those of `@/ui/icons`. */

import type { ReactNode } from "react";

function icon(drawing: ReactNode) {
  return function Icon({ size = 16 }: { size?: number }) {
    return (
      <svg
        aria-hidden="true"
        width={size}
        height={size}
        viewBox="0 0 16 16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {drawing}
      </svg>
    );
  };
}

export const MinusIcon = icon(<path d="M3 8h10" />);
export const ZoomInIcon = icon(<path d="M8 3v10M3 8h10" />);
export const FitIcon = icon(<path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3" />);
export const ArrangeIcon = icon(
  <>
    <rect x="5.5" y="1.8" width="5" height="3.6" rx="1" />
    <rect x="1.5" y="10.6" width="5" height="3.6" rx="1" />
    <rect x="9.5" y="10.6" width="5" height="3.6" rx="1" />
    <path d="M8 5.4V8M4 10.6V8h8v2.6" />
  </>,
);
export const MapIcon = icon(
  <>
    <rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.6" />
    <rect x="8" y="7.6" width="4" height="3.4" rx=".6" />
  </>,
);
export const OutlineIcon = icon(<path d="M2.5 3.6h5M5 8h8.5M5 12.4h6M2.5 3.6v8.8H5M2.5 8H5" />);
export const UndoIcon = icon(<path d="M5.4 2.8 2.4 5.8l3 3M2.6 5.8h6.6a4 4 0 0 1 0 8H6" />);
export const RedoIcon = icon(<path d="m10.6 2.8 3 3-3 3M13.4 5.8H6.8a4 4 0 0 0 0 8H10" />);
export const KeyboardIcon = icon(
  <>
    <rect x="1.4" y="3.6" width="13.2" height="8.8" rx="1.6" />
    <path d="M4 6.4h.1M6.7 6.4h.1M9.3 6.4h.1M12 6.4h.1M4.6 9.6h6.8" />
  </>,
);
export const ChainIcon = icon(
  <path d="M6.8 9.2a2.6 2.6 0 0 0 3.8 0l2-2a2.7 2.7 0 0 0-3.8-3.8l-.6.6M9.2 6.8a2.6 2.6 0 0 0-3.8 0l-2 2a2.7 2.7 0 0 0 3.8 3.8l.6-.6" />,
);
export const ResetIcon = icon(<path d="M2.6 3v3.4H6M3 6.4A5.4 5.4 0 1 1 2.6 9" />);
export const PaletteIcon = icon(
  <>
    <rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.6" />
    <path d="M6 2.8v10.4" />
  </>,
);
export const PropertiesIcon = icon(
  <>
    <rect x="1.8" y="2.8" width="12.4" height="10.4" rx="1.6" />
    <path d="M10 2.8v10.4" />
  </>,
);
