"""The service's API: send requests and read the answers. Independent of polling, rendering and notebooks."""
