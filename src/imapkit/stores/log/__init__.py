"""The log model shared by all stores: entries, columns, mailbox states, and what each mutation means. No input or output.

The rule it must not break: whatever a store holds in memory is what its entries say, applied in order.
"""
