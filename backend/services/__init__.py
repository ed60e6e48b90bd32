"""The use cases, one function each: who may, what changes, in one transaction with its audit event and messages."""
