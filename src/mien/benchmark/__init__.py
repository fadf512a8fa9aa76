"""Measurements that go into tables, with records: speed, memory, accuracy, framing, networks, the stream."""
