/** A button that goes somewhere: a real link, so it can be opened in another tab. */
import { Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Anchor = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> & {
  ref?: Ref<HTMLAnchorElement>;
};

function ButtonAnchor(props: Anchor & ButtonProps) {
  return <Button component="a" {...props} />;
}

export const ButtonLink = createLink(ButtonAnchor);
