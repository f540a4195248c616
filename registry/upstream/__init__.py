"""External connections: asking other indexes, keeping what they said, fetching each file once."""
