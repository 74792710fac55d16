"""The live stream: protocol `lamina.v1` over one websocket per tab."""
