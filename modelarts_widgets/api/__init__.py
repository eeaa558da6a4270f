"""The service's API: send requests and read the responses. Independent of polling, rendering and notebooks."""
