import { Skeleton } from "@mantine/core";
import { useTabTitle } from "@/ui/useTabTitle";
import classes from "./StudioPage.module.css";

/** The page's outline while it loads, in the geometry it will have. */
export function StudioSkeleton({ label }: { label: string }) {
  useTabTitle(label);
  return (
    <div className={classes.studio} aria-busy="true" role="status" aria-label={label}>
      <div className={classes.skeletonBar}>
        <Skeleton width={180} height={18} />
        <Skeleton width={96} height={30} />
      </div>
      <div className={classes.middle}>
        <div className={classes.skeletonPalette}>
          <Skeleton height={28} mb={10} />
          {Array.from({ length: 12 }, (_, index) => (
            <Skeleton key={index} height={14} width={`${90 - ((index * 17) % 40)}%`} />
          ))}
        </div>
        <div className={classes.skeletonCanvas}>
          {Array.from({ length: 4 }, (_, index) => (
            <Skeleton key={index} width={208} height={64} radius={8} />
          ))}
        </div>
        <div className={classes.skeletonInspector}>
          <Skeleton height={30} />
          {Array.from({ length: 5 }, (_, index) => (
            <Skeleton key={index} height={44} />
          ))}
        </div>
      </div>
    </div>
  );
}
