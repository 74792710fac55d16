/** The studio's icons: 16 px line drawings that take the text's colour. Decorative: the control carries the name. */
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

export const ModelsIcon = icon(
  <>
    <path d="M8 1.8 14 5 8 8.2 2 5z" />
    <path d="m2 8.2 6 3.2 6-3.2M2 11.2l6 3.2 6-3.2" />
  </>,
);
export const StudioIcon = icon(
  <>
    <rect x="1.8" y="2" width="5" height="4" rx="1" />
    <rect x="9.2" y="10" width="5" height="4" rx="1" />
    <path d="M4.3 6v3.5c0 1.4 1 2.5 2.5 2.5h2.4" />
  </>,
);
export const RunsIcon = icon(
  <>
    <path d="M2 2v12h12" />
    <path d="M4.6 5c1 4.4 3.5 6 9 6.2" />
  </>,
);
export const DataIcon = icon(
  <>
    <ellipse cx="8" cy="3.8" rx="5.6" ry="2" />
    <path d="M2.4 3.8v8.4c0 1.1 2.5 2 5.6 2s5.6-.9 5.6-2V3.8M2.4 8c0 1.1 2.5 2 5.6 2s5.6-.9 5.6-2" />
  </>,
);
export const SettingsIcon = icon(
  <>
    <path d="M2 4.5h6.5M12.5 4.5H14M2 11.5h1.5M7.5 11.5H14" />
    <circle cx="10.5" cy="4.5" r="2" />
    <circle cx="5.5" cy="11.5" r="2" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1" />
  </>,
);
export const MoonIcon = icon(<path d="M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z" />);
export const LanguageIcon = icon(
  <>
    <path d="M1.8 3.6h7M5.3 2v1.6M7.6 3.6c-.6 2.7-2.7 5-5.5 6M3.2 5.6c.8 1.8 2.2 3.1 4 3.9" />
    <path d="m7.6 14 3-7 3 7M8.6 11.8h4" />
  </>,
);
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />);
export const CloseIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const CheckIcon = icon(<path d="m3 8.5 3.2 3.2L13 4.8" />);
export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.6" />
    <path d="m10.5 10.5 3.5 3.5" />
  </>,
);
export const DownloadIcon = icon(<path d="M8 2v8.4M4.6 7.2 8 10.6l3.4-3.4M2.4 13.6h11.2" />);
export const StopIcon = icon(<rect x="3.6" y="3.6" width="8.8" height="8.8" rx="1.4" fill="currentColor" />);
export const PlayIcon = icon(<path d="M4.6 2.8v10.4L13 8z" fill="currentColor" />);
export const TrashIcon = icon(
  <path d="M2.6 4.2h10.8M6.2 4.2V2.4h3.6v1.8M4 4.2l.6 9.4h6.8l.6-9.4M6.7 7v4M9.3 7v4" />,
);
export const EditIcon = icon(<path d="M10.6 2.6 13.4 5.4 5.6 13.2 2.4 13.6l.4-3.2z" />);
export const LinkIcon = icon(
  <path d="M6.8 9.2a2.6 2.6 0 0 0 3.8 0l2.2-2.2a2.7 2.7 0 0 0-3.8-3.8l-.8.8M9.2 6.8a2.6 2.6 0 0 0-3.8 0L3.2 9a2.7 2.7 0 0 0 3.8 3.8l.8-.8" />,
);
export const MoreIcon = icon(
  <>
    <circle cx="3.4" cy="8" r=".7" fill="currentColor" />
    <circle cx="8" cy="8" r=".7" fill="currentColor" />
    <circle cx="12.6" cy="8" r=".7" fill="currentColor" />
  </>,
);
export const ArrowUpIcon = icon(<path d="M8 13V3.4M4.4 7 8 3.4 11.6 7" />);
export const ArrowDownIcon = icon(<path d="M8 3v9.6M4.4 9 8 12.6 11.6 9" />);
export const ChevronRightIcon = icon(<path d="m6 3.4 4.6 4.6L6 12.6" />);
export const ChevronDownIcon = icon(<path d="m3.4 6 4.6 4.6L12.6 6" />);
export const ChevronLeftIcon = icon(<path d="M10 3.4 5.4 8l4.6 4.6" />);
export const WarningIcon = icon(
  <>
    <path d="M8 2 14.6 13.6H1.4z" />
    <path d="M8 6.4v3.2M8 11.6v.1" />
  </>,
);
export const ErrorIcon = icon(
  <>
    <circle cx="8" cy="8" r="6.2" />
    <path d="M8 4.8v3.8M8 11v.1" />
  </>,
);
export const InfoIcon = icon(
  <>
    <circle cx="8" cy="8" r="6.2" />
    <path d="M8 7.4v3.8M8 5v.1" />
  </>,
);
export const RefreshIcon = icon(<path d="M13.4 3v3.4H10M13 6.4A5.4 5.4 0 1 0 13.4 9" />);
export const TableIcon = icon(
  <>
    <rect x="2" y="2.6" width="12" height="10.8" rx="1.4" />
    <path d="M2 6.2h12M2 9.8h12M6.4 6.2v7.2" />
  </>,
);
export const ChartIcon = icon(<path d="M2 2v12h12M5 10.5l2.6-3.4 2.2 1.8 3.4-4.6" />);
export const CopyIcon = icon(
  <>
    <rect x="5.2" y="5.2" width="8.4" height="8.4" rx="1.4" />
    <path d="M10.8 5.2V3.8c0-.8-.6-1.4-1.4-1.4H3.8c-.8 0-1.4.6-1.4 1.4v5.6c0 .8.6 1.4 1.4 1.4h1.4" />
  </>,
);
export const DisconnectedIcon = icon(
  <>
    <path d="M2 6.4A9 9 0 0 1 5.4 4.3M14 6.4a9 9 0 0 0-5.4-2.6M4.4 9a5.4 5.4 0 0 1 2.4-1.4M11.6 9a5 5 0 0 0-1-.8M6.6 11.4a2.2 2.2 0 0 1 2.8 0" />
    <path d="m2.4 2.4 11.2 11.2" />
  </>,
);

/** The mark: three sheets, one filled. */
export function LaminaMark({ size = 26 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32">
      <rect width="32" height="32" rx="8" fill="var(--lm-accent)" />
      <g fill="none" stroke="#fff" strokeWidth="2.4" strokeLinejoin="round">
        <path d="M16 6.5 26 12l-10 5.5L6 12z" fill="#fff" />
        <path d="m6 16.8 10 5.5 10-5.5" strokeOpacity=".85" />
        <path d="m6 21.4 10 5.5 10-5.5" strokeOpacity=".5" />
      </g>
    </svg>
  );
}
