import { useMemo } from "react";
import type { GraphDocument } from "@/graph/document";
import classes from "./models.module.css";
import { BAR_HEIGHT, BAR_WIDTH, drawThumbnail } from "./thumbnail";
import { useLayerColours } from "./useLayerColours";

/** Short graphs keep their size and stand in the middle; long ones shrink. */
const LEAST_WIDTH = 230;
const LEAST_HEIGHT = 64;

/** The picture of a graph; decorative, since its card names it. */
export function GraphPicture({ graph }: { graph: GraphDocument | null }) {
  const colourOf = useLayerColours();
  const picture = useMemo(() => graph && drawThumbnail(graph), [graph]);
  if (!picture || picture.bars.length === 0) return <div className={classes.picture} />;
  const width = Math.max(picture.width, LEAST_WIDTH);
  const height = Math.max(picture.height, LEAST_HEIGHT);
  const [left, top] = [(picture.width - width) / 2, (picture.height - height) / 2];
  return (
    <div className={classes.picture}>
      <svg aria-hidden="true" viewBox={`${left} ${top} ${width} ${height}`}>
        {picture.edges.map((edge) => (
          <path
            key={edge.id}
            d={edge.path}
            fill="none"
            stroke="var(--lm-text-faint)"
            strokeOpacity="0.55"
            strokeWidth="1.5"
          />
        ))}
        {picture.bars.map((bar) => (
          <rect
            key={bar.id}
            x={bar.x}
            y={bar.y}
            width={BAR_WIDTH}
            height={BAR_HEIGHT}
            rx="3.5"
            fill={colourOf(bar.type)}
          />
        ))}
      </svg>
    </div>
  );
}
