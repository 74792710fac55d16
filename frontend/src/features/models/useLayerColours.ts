import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { catalogQuery } from "@/api/queries";
import { groupColour, OTHER_COLOUR } from "@/ui/groupColour";

/** The colour of a layer type's palette group, as on the canvas. */
export function useLayerColours(): (type: string) => string {
  const catalog = useQuery(catalogQuery).data;
  return useCallback(
    (type) => {
      const group = catalog?.layers.find((layer) => layer.name === type)?.group;
      const index = catalog?.groups.findIndex(({ id }) => id === group) ?? -1;
      return index < 0 ? OTHER_COLOUR : groupColour(index);
    },
    [catalog],
  );
}
